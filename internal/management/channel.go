package management

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/vhost"
)

// A shownChannel is how a channel is shown.
type shownChannel struct {
	Name                   string `json:"name"`
	PID                    string `json:"pid,omitempty"` // by the control socket only
	Number                 uint16 `json:"number"`
	Node                   string `json:"node"`
	VHost                  string `json:"vhost"`
	User                   string `json:"user"`
	MadeBy                 string `json:"user_who_performed_action"`
	State                  string `json:"state"`
	Connection             *peer  `json:"connection_details"`
	Confirm                bool   `json:"confirm"`
	Transactional          bool   `json:"transactional"`
	PrefetchCount          int    `json:"prefetch_count"`
	GlobalPrefetchCount    int    `json:"global_prefetch_count"`
	ConsumerCount          int    `json:"consumer_count"`
	MessagesUnacknowledged int    `json:"messages_unacknowledged"`
	MessagesUnconfirmed    uint64 `json:"messages_unconfirmed"`
	MessagesUncommitted    int    `json:"messages_uncommitted"`
	AcksUncommitted        int    `json:"acks_uncommitted"`
	PendingRaftCommands    int    `json:"pending_raft_commands"`
	MessageStats           *tally `json:"message_stats,omitempty"`
}

func (ch shownChannel) name() string { return ch.Name }

// A detailedChannel is how one channel is shown that is asked for by its name.
type detailedChannel struct {
	shownChannel
	ConsumerDetails []consumer `json:"consumer_details"`
	Publishes       []traffic  `json:"publishes"`
	Deliveries      []traffic  `json:"deliveries"`
}

// channelName is RabbitMQ's.
func channelName(connection string, number uint16) string {
	return fmt.Sprintf("%s (%d)", connection, number)
}

func (s *Server) showChannel(info server.ChannelInfo) shownChannel {
	name := channelName(info.Connection.Name, info.Number)
	return shownChannel{
		Name: name, Number: info.Number, Node: s.node,
		VHost: info.Connection.VHost, User: info.Connection.User, MadeBy: info.Connection.User, State: "running",
		Connection: peerOf(info.Connection), Confirm: info.Confirming, Transactional: info.Transactional,
		PrefetchCount: info.Prefetch, GlobalPrefetchCount: info.GlobalPrefetch, ConsumerCount: info.Consumers,
		MessagesUnacknowledged: info.Unacked, MessagesUnconfirmed: info.Unconfirmed,
		MessagesUncommitted: info.Uncommitted, AcksUncommitted: info.AcksToCommit,
		MessageStats: s.activity(subject{kind: "channel", name: name}, channelCounts, countsOfChannel(info.Counts)),
	}
}

// channels are those of the connections that are wanted and may be seen.
func (s *Server) channels(c *call, wanted func(*server.ConnectionInfo) bool) iter.Seq[any] {
	return func(yield func(any) bool) {
		for info := range s.broker.Channels(func(info *server.ConnectionInfo) bool { return c.maySee(info) && wanted(info) }) {
			shown := s.showChannel(info)
			shown.PID = c.process(info.Process)
			if !yield(shown) {
				return
			}
		}
	}
}

func (s *Server) listChannels(c *call) error { return c.listPaged(s.channels(c, every)) }

func (s *Server) listVHostChannels(c *call) error {
	return c.inVHost(func(v *vhost.VirtualHost) error {
		return c.listPaged(s.channels(c, func(info *server.ConnectionInfo) bool { return info.VHost == v.Name() }))
	})
}

func (s *Server) listConnectionChannels(c *call) error {
	name := c.name("connection")
	if _, ok := s.broker.Connection(name); !ok {
		return errNotFound
	}
	return c.listPaged(s.channels(c, func(info *server.ConnectionInfo) bool { return info.Name == name }))
}

func (s *Server) getChannel(c *call) error {
	connection, number, ok := parseChannelName(c.name("channel"))
	if !ok {
		return errNotFound
	}
	for info := range s.broker.Channels(func(info *server.ConnectionInfo) bool { return info.Name == connection }) {
		switch {
		case info.Number != number:
		case !c.maySee(info.Connection):
			return notAuthorised("User not authorised to access object")
		default:
			return c.answerSampled(s.detailChannel(info), sampled{subject{kind: "channel", name: c.name("channel")}, func() []int64 {
				return countsOfChannel(s.countsOn(connection, number))
			}, []part{{msgRates, "message_stats", channelCounts}}})
		}
	}
	return errNotFound
}

// countsOn returns what has happened on a channel, nothing if it is closed.
func (s *Server) countsOn(connection string, number uint16) (counts server.Counts) {
	for info := range s.broker.Channels(func(info *server.ConnectionInfo) bool { return info.Name == connection }) {
		if info.Number == number {
			return info.Counts
		}
	}
	return counts
}

// parseChannelName takes a name apart.
func parseChannelName(name string) (connection string, number uint16, ok bool) {
	connection, rest, ok := strings.Cut(name, " (")
	n, err := strconv.ParseUint(strings.TrimSuffix(rest, ")"), 10, 16)
	return connection, uint16(n), ok && err == nil && channelName(connection, uint16(n)) == name
}

func (s *Server) detailChannel(info server.ChannelInfo) detailedChannel {
	shown := detailedChannel{shownChannel: s.showChannel(info), ConsumerDetails: []consumer{}}
	v, err := s.vhosts.Get(info.Connection.VHost)
	if err != nil { // it is being deleted
		shown.Publishes, shown.Deliveries = []traffic{}, []traffic{}
		return shown
	}
	shown.Publishes, shown.Deliveries = s.ofChannel(info, v)
	if info.Consumers == 0 {
		return shown
	}
	for item := range s.consumersOf(nil, v) {
		if consumer := item.(consumer); consumer.Channel.Name == shown.Name {
			shown.ConsumerDetails = append(shown.ConsumerDetails, consumer)
		}
	}
	return shown
}
