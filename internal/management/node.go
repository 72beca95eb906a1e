package management

import (
	"os"
	"runtime"
	"slices"
	"strconv"

	"github.com/harebellmq/harebell/internal/disk"
	"github.com/harebellmq/harebell/internal/process"
)

// A shownNode is how the broker is shown as a node.
type shownNode struct {
	Name               string       `json:"name"`
	Type               string       `json:"type"`
	Running            bool         `json:"running"`
	BeingDrained       bool         `json:"being_drained"`
	Partitions         []string     `json:"partitions"`
	OSPID              string       `json:"os_pid"`
	Uptime             int64        `json:"uptime"` // milliseconds
	Processors         int          `json:"processors"`
	RatesMode          string       `json:"rates_mode"`
	MemUsed            int64        `json:"mem_used"`
	MemUsedDetails     rate         `json:"mem_used_details"`
	MemLimit           int64        `json:"mem_limit"`
	MemAlarm           bool         `json:"mem_alarm"`
	DiskFree           *int64       `json:"disk_free,omitempty"`
	DiskFreeLimit      int64        `json:"disk_free_limit"`
	DiskFreeAlarm      bool         `json:"disk_free_alarm"`
	SocketsUsed        int          `json:"sockets_used"`
	FDUsed             *int         `json:"fd_used,omitempty"`
	SocketsTotal       *int         `json:"sockets_total,omitempty"`
	FDTotal            *int         `json:"fd_total,omitempty"`
	ProcUsed           int          `json:"proc_used"` // goroutines
	RunQueue           int64        `json:"run_queue"` // those that wait for a processor
	GCNum              int64        `json:"gc_num"`
	GCNumDetails       rate         `json:"gc_num_details"`
	GCReclaimed        int64        `json:"gc_bytes_reclaimed"`
	GCReclaimedDetails rate         `json:"gc_bytes_reclaimed_details"`
	ExchangeTypes      []capability `json:"exchange_types"`
	AuthMechanisms     []capability `json:"auth_mechanisms"`
	Applications       []any        `json:"applications"`
	EnabledPlugins     []string     `json:"enabled_plugins"`
	Contexts           []webContext `json:"contexts"`
	DBDir              string       `json:"db_dir"`
	LogFiles           []string     `json:"log_files"`
	ConfigFiles        []string     `json:"config_files"`
	ClusterLinks       []any        `json:"cluster_links"`
	churn              tally
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
	usage := process.Now()
	used := usage.Used()
	rates := s.rates.take(subject{kind: "memory"}, []int64{used, usage.Collections, usage.Collected})
	n := shownNode{
		Name: s.node, Type: "disc", Running: true, Partitions: []string{}, OSPID: strconv.Itoa(os.Getpid()),
		Uptime: s.rates.clock.Now().Sub(s.began).Milliseconds(), Processors: runtime.GOMAXPROCS(0), RatesMode: "basic",
		MemUsed: used, MemUsedDetails: rate{rates[0]}, MemLimit: s.options.Memory.Limit(), MemAlarm: slices.Contains(alarms, "memory"),
		DiskFreeLimit: s.options.Disk.Limit(), DiskFreeAlarm: slices.Contains(alarms, "disk"),
		SocketsUsed: len(s.broker.Connections()), ProcUsed: runtime.NumGoroutine(),
		RunQueue: usage.Runnable, GCNum: usage.Collections, GCNumDetails: rate{rates[1]}, GCReclaimed: usage.Collected, GCReclaimedDetails: rate{rates[2]},
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
	if open, ok := process.OpenFiles(); ok {
		n.FDUsed = &open
	}
	if most, ok := process.MaxFiles(); ok {
		n.FDTotal, n.SocketsTotal = &most, &most
	}
	if s.options.DataDir != "" {
		if free, err := disk.Free(s.options.DataDir); err == nil { // or the system cannot tell
			n.DiskFree = &free
		}
	}
	return n
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

func (s *Server) getNode(c *call) error {
	usage := sampled{subject{kind: "memory"}, usageCounts, []part{{nodeStats, "", usageNames}}}
	comings := sampled{subject{kind: "churn"}, func() []int64 {
		_, churn := s.broker.Totals()
		return countsOfChurn(churn, s.vhosts.Churn())
	}, []part{{nodeStats, "", churnCounts}}}
	return c.answerSampled(s.showNode(), usage, comings)
}

// usageNames are what of the process has rates and samples.
var usageNames = []string{"mem_used", "gc_num", "gc_bytes_reclaimed"}

func usageCounts() []int64 {
	u := process.Now()
	return []int64{u.Used(), u.Collections, u.Collected}
}
