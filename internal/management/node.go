package management

import (
	"os"
	"runtime"
	"slices"
	"strconv"

	"github.com/harebellmq/harebell/internal/disk"
	"github.com/harebellmq/harebell/internal/watermark"
)

// A shownNode is how the broker is shown as a node.
type shownNode struct {
	Name           string       `json:"name"`
	Type           string       `json:"type"`
	Running        bool         `json:"running"`
	BeingDrained   bool         `json:"being_drained"`
	Partitions     []string     `json:"partitions"`
	OSPID          string       `json:"os_pid"`
	Uptime         int64        `json:"uptime"` // milliseconds
	Processors     int          `json:"processors"`
	RatesMode      string       `json:"rates_mode"`
	MemUsed        int64        `json:"mem_used"`
	MemUsedDetails rate         `json:"mem_used_details"`
	MemLimit       int64        `json:"mem_limit"`
	MemAlarm       bool         `json:"mem_alarm"`
	DiskFree       *int64       `json:"disk_free,omitempty"`
	DiskFreeLimit  int64        `json:"disk_free_limit"`
	DiskFreeAlarm  bool         `json:"disk_free_alarm"`
	SocketsUsed    int          `json:"sockets_used"`
	FDUsed         *int         `json:"fd_used,omitempty"`
	ProcUsed       int          `json:"proc_used"` // goroutines
	ExchangeTypes  []capability `json:"exchange_types"`
	AuthMechanisms []capability `json:"auth_mechanisms"`
	Applications   []any        `json:"applications"`
	EnabledPlugins []string     `json:"enabled_plugins"`
	Contexts       []webContext `json:"contexts"`
	DBDir          string       `json:"db_dir"`
	LogFiles       []string     `json:"log_files"`
	ConfigFiles    []string     `json:"config_files"`
	ClusterLinks   []any        `json:"cluster_links"`
	churn          tally
}

// MarshalJSON implements json.Marshaler: the churn is among the other fields.
func (n shownNode) MarshalJSON() ([]byte, error) {
	type plain shownNode
	whole := marshal(plain(n))
	return append(append(whole[:len(whole)-1], ','), marshal(n.churn)[1:]...), nil
}

func (s *Server) showNode() shownNode {
	alarms := s.broker.Alarms()
	_, churn := s.broker.Totals()
	used := watermark.Used()
	rates := s.rates.take(subject{kind: "memory"}, []int64{used})
	n := shownNode{
		Name: s.node, Type: "disc", Running: true, Partitions: []string{}, OSPID: strconv.Itoa(os.Getpid()),
		Uptime: s.rates.clock.Now().Sub(s.began).Milliseconds(), Processors: runtime.GOMAXPROCS(0), RatesMode: "basic",
		MemUsed: used, MemUsedDetails: rate{rates[0]}, MemLimit: s.options.Memory.Limit(), MemAlarm: slices.Contains(alarms, "memory"),
		DiskFreeLimit: s.options.Disk.Limit(), DiskFreeAlarm: slices.Contains(alarms, "disk"),
		SocketsUsed: len(s.broker.Connections()), FDUsed: filesOpen(), ProcUsed: runtime.NumGoroutine(),
		ExchangeTypes: exchangeTypes(),
		AuthMechanisms: []capability{
			{"PLAIN", "SASL PLAIN authentication mechanism", true},
			{"AMQPLAIN", "QPid AMQPLAIN mechanism", true},
			{"EXTERNAL", "TLS peer verification, of clients with a certificate", true},
		},
		Applications: []any{}, EnabledPlugins: s.plugins(), Contexts: s.contexts(""),
		DBDir: s.options.DataDir, LogFiles: []string{}, ConfigFiles: []string{}, ClusterLinks: []any{},
		churn: s.tally(subject{kind: "churn"}, churnCounts, countsOfChurn(churn, s.vhosts.Churn())),
	}
	if s.options.DataDir != "" {
		if free, err := disk.Free(s.options.DataDir); err == nil { // or the system cannot tell
			n.DiskFree = &free
		}
	}
	return n
}

// filesOpen returns how many files the process has open, nil where nobody can tell.
func filesOpen() *int {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil
	}
	n := len(open) - 1 // the directory itself
	return &n
}

func (s *Server) listNodes(c *call) error { return c.list(all([]any{s.showNode()})) }

// ofNode is what concerns the node of the path.
func (s *Server) ofNode(do action) action {
	return func(c *call) error {
		if c.name("node") != s.node {
			return errNotFound
		}
		return do(c)
	}
}

func (s *Server) getNode(c *call) error { return c.answer(s.showNode()) }
