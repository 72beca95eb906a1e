package management

import (
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/vhost"
)

// An overview is what is said of the broker as a whole.
type overview struct {
	ManagementVersion string       `json:"management_version"`
	RatesMode         string       `json:"rates_mode"`
	ExchangeTypes     []capability `json:"exchange_types"`
	ProductName       string       `json:"product_name"`
	ProductVersion    string       `json:"product_version"`
	RabbitMQVersion   string       `json:"rabbitmq_version"`
	HarebellVersion   string       `json:"harebell_version,omitempty"`
	ErlangVersion     string       `json:"erlang_version"`
	ErlangFullVersion string       `json:"erlang_full_version"`
	ClusterName       string       `json:"cluster_name"`
	DisableStats      bool         `json:"disable_stats"`
	EnableQueueTotals bool         `json:"enable_queue_totals"`

	QueueTotals  messageLevels `json:"queue_totals"`
	ObjectTotals objectTotals  `json:"object_totals"`
	*monitored
}

// monitored is what monitors see of it besides.
type monitored struct {
	MessageStats tally           `json:"message_stats"`
	ChurnRates   tally           `json:"churn_rates"`
	Node         string          `json:"node"`
	EventQueue   int             `json:"statistics_db_event_queue"`
	Listeners    []shownListener `json:"listeners"`
	Contexts     []webContext    `json:"contexts"`
}

// objectTotals are how many there are of what.
type objectTotals struct {
	Channels    int `json:"channels"`
	Connections int `json:"connections"`
	Consumers   int `json:"consumers"`
	Exchanges   int `json:"exchanges"`
	Queues      int `json:"queues"`
}

// A capability is something that the broker can do.
type capability struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Enabled     bool   `json:"enabled"`
}

func exchangeTypes() []capability {
	var all []capability
	for _, name := range exchange.Types() {
		all = append(all, capability{name, "exchange of type " + name, true})
	}
	return all
}

// A Listener is where the broker can be found.
type Listener struct {
	Protocol string // in RabbitMQ's words: amqp, amqp/ssl, http, https, http/prometheus, https/prometheus
	Address  net.Addr
}

func (l Listener) host() string {
	host, _, err := net.SplitHostPort(l.Address.String())
	if err != nil {
		return l.Address.String()
	}
	return host
}

func (l Listener) port() int {
	if tcp, ok := l.Address.(*net.TCPAddr); ok {
		return tcp.Port
	}
	return 0
}

type shownListener struct {
	Node     string   `json:"node"`
	Protocol string   `json:"protocol"`
	Address  string   `json:"ip_address"`
	Port     int      `json:"port"`
	Options  struct{} `json:"socket_opts"`
}

// A webContext is where something is told over HTTP.
type webContext struct {
	Node        string `json:"node,omitempty"`
	Description string `json:"description"`
	Path        string `json:"path"`
	IP          string `json:"ip"`
	Port        string `json:"port"`
}

func (s *Server) showListeners() []shownListener {
	shown := []shownListener{}
	for _, l := range s.options.Listeners {
		shown = append(shown, shownListener{Node: s.node, Protocol: l.Protocol, Address: l.host(), Port: l.port()})
	}
	return shown
}

// plugins are those of RabbitMQ's that do what is done here.
func (s *Server) plugins() []string {
	list := []string{"rabbitmq_management"}
	if slices.ContainsFunc(s.options.Listeners, func(l Listener) bool { return strings.HasSuffix(l.Protocol, "/prometheus") }) {
		list = append(list, "rabbitmq_prometheus")
	}
	return list
}

func (s *Server) contexts(node string) []webContext {
	shown := []webContext{}
	for _, l := range s.options.Listeners {
		what := ""
		switch l.Protocol {
		case "http", "https":
			what = "RabbitMQ Management"
		case "http/prometheus", "https/prometheus":
			what = "RabbitMQ Prometheus"
		default:
			continue
		}
		shown = append(shown, webContext{node, what, "/", l.host(), strconv.Itoa(l.port())})
	}
	return shown
}

// getOverview answers with the overview: who is no monitor sees of it what is in
// virtual hosts that he or she may open.
func (s *Server) getOverview(c *call) error {
	product, _ := s.broker.Presents()["product"].(string)
	own, _ := s.broker.Presents()["harebell"].(string)
	version := s.version()
	o := overview{
		ManagementVersion: version, RatesMode: "basic", ExchangeTypes: exchangeTypes(),
		ProductName: product, ProductVersion: version, RabbitMQVersion: version, HarebellVersion: own,
		ErlangVersion: runtime.Version(), ErlangFullVersion: runtime.Version(), ClusterName: s.clusterName(),
	}
	var ready, unacked int
	ready, unacked, o.ObjectTotals = s.totals(c)
	name := c.user.Name
	who := &call{server: s, user: c.user, identity: c.identity} // without the request, which is over soon
	lengthsOf := func(of subject) sampled {
		return sampled{of, func() []int64 {
			ready, unacked, _ := s.totals(who)
			return countsOfLevels(ready, unacked)
		}, []part{{lengths, "queue_totals", levelNames}}}
	}
	if !c.user.Has(auth.Monitoring, auth.Administrator) {
		of := subject{kind: "levels of user", name: name}
		o.QueueTotals = s.levels(of, ready, unacked)
		return c.answerSampled(o, lengthsOf(of))
	}
	counts, churn := s.broker.Totals()
	o.QueueTotals = s.levels(subject{kind: "levels"}, ready, unacked)
	o.monitored = &monitored{
		MessageStats: s.tally(subject{kind: "channels"}, channelCounts, countsOfChannel(counts)),
		ChurnRates:   s.tally(subject{kind: "churn"}, churnCounts, countsOfChurn(churn, s.vhosts.Churn())),
		Node:         s.node, Listeners: s.showListeners(), Contexts: s.contexts(s.node),
	}
	stats := sampled{subject{kind: "channels"}, func() []int64 {
		counts, _ := s.broker.Totals()
		return countsOfChannel(counts)
	}, []part{{msgRates, "message_stats", channelCounts}}}
	comings := sampled{subject{kind: "churn"}, func() []int64 {
		_, churn := s.broker.Totals()
		return countsOfChurn(churn, s.vhosts.Churn())
	}, []part{{msgRates, "churn_rates", churnCounts}}}
	return c.answerSampled(o, lengthsOf(subject{kind: "levels"}), stats, comings)
}

// totals adds up what the user may know of.
func (s *Server) totals(c *call) (ready, unacked int, t objectTotals) {
	for v := range s.visible(c) {
		queues, exchanges := v.Len()
		t.Queues += queues
		t.Exchanges += exchanges
		moreReady, moreUnacked, consumers := messages(v)
		ready, unacked, t.Consumers = ready+moreReady, unacked+moreUnacked, t.Consumers+consumers
	}
	for _, info := range s.broker.Connections() {
		if c.maySee(&info) {
			t.Connections++
			t.Channels += info.Channels
		}
	}
	return ready, unacked, t
}

// messages adds up what is in the queues of a virtual host.
func messages(v *vhost.VirtualHost) (ready, unacked, consumers int) {
	for _, name := range v.Queues() {
		if q := v.Find(name); q != nil {
			n := q.Stats()
			ready, unacked, consumers = ready+n.Ready, unacked+n.Unacked, consumers+n.Consumers
		}
	}
	return ready, unacked, consumers
}

// clusterName is the name of the broker for people.
//
// rabbitmq: the node's unless another was set
func (s *Server) clusterName() string {
	if name, ok := s.vhosts.Global(clusterName).(string); ok {
		return name
	}
	return s.node
}

const clusterName = "cluster_name"

type named struct {
	Name string `json:"name"`
}

func (s *Server) getClusterName(c *call) error { return c.answer(named{s.clusterName()}) }

func (s *Server) putClusterName(c *call) error {
	if err := administrators(c); err != nil {
		return err
	}
	b, err := c.body("name")
	if err != nil {
		return err
	}
	name, err := b.text("name")
	if err != nil {
		return err
	}
	if _, err := s.vhosts.SetGlobal(clusterName, name); err != nil {
		return refused(err)
	}
	return c.done(false)
}

func (s *Server) getVersion(c *call) error { return c.write(s.version()) }
