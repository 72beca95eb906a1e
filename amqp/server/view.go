package server

import (
	"cmp"
	"crypto/tls"
	"iter"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

// A ConnectionInfo says what there is to know of an open connection.
type ConnectionInfo struct {
	Name       string // "peer -> local"
	Process    audit.Process
	ClientName string // what the client calls it, "" for nothing
	User       string
	VHost      string
	Channels   int

	Peer, Local Address
	Mechanism   string // of SASL
	Properties  amqp.Table
	FrameMax    uint32
	ChannelMax  int
	Heartbeat   time.Duration // 0 for none
	Since       time.Time
	TLS         *tls.ConnectionState // nil without

	State    string // such as "running"
	Transfer        // until now
	Pending  uint64 // octets that are to be sent
}

// An Address is one end of a connection.
type Address struct {
	Host string
	Port int
}

func addressOf(a net.Addr) Address {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return Address{Host: a.String()} // a pipe
	}
	n, _ := strconv.Atoi(port) // it was one
	return Address{host, n}
}

// show lets others see the connection: it is open.
func (c *connection) show() {
	info := &ConnectionInfo{
		Name: connectionName(c.conn), Process: c.Process(), ClientName: c.clientName(), User: c.user, VHost: c.vhost.Name(),
		Peer: addressOf(c.conn.RemoteAddr()), Local: addressOf(c.conn.LocalAddr()),
		Mechanism: c.mechanism, Properties: c.clientProperties, FrameMax: c.frameMax, ChannelMax: c.channelMax,
		Heartbeat: c.heartbeat.every, Since: c.server.clock().Now(),
	}
	if secure, ok := c.conn.(*tls.Conn); ok {
		state := secure.ConnectionState()
		info.TLS = &state
	}
	c.shown.Store(info)
	c.server.mu.Lock()
	c.server.churn.ConnectionsOpened++
	c.server.mu.Unlock()
}

// info returns what there is to know now, and reports false while the connection is
// not open.
func (c *connection) info() (info ConnectionInfo, ok bool) {
	shown := c.shown.Load()
	if shown == nil {
		return info, false
	}
	info = *shown
	info.Channels = int(c.channelCount.Load())
	info.Transfer = c.transfer()
	info.Pending = c.pending()
	switch {
	case c.told() != nil:
		info.State = string(stateClosing)
	case c.blocked.Load():
		info.State = "blocked"
	default:
		info.State = string(stateRunning)
	}
	return info, true
}

// pending returns how many octets are to be sent.
func (c *connection) pending() uint64 {
	c.outbox.mu.Lock()
	defer c.outbox.mu.Unlock()
	return uint64(c.outbox.size)
}

// Connections returns the connections that are open, by name. One whose client
// has not been let into its virtual host yet is not among them.
func (s *Server) Connections() []ConnectionInfo {
	var open []ConnectionInfo
	for _, c := range s.open() {
		if info, ok := c.info(); ok {
			open = append(open, info)
		}
	}
	slices.SortFunc(open, func(a, b ConnectionInfo) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ClientName, b.ClientName))
	})
	return open
}

// Connection returns the connection of that name, if it is open.
func (s *Server) Connection(name string) (info ConnectionInfo, ok bool) {
	for _, c := range s.open() {
		if shown := c.shown.Load(); shown != nil && shown.Name == name {
			return c.info()
		}
	}
	return info, false
}

// Owner returns the connection that an exclusive queue belongs to.
func Owner(o vhost.Owner) (info ConnectionInfo, ok bool) {
	if c, is := o.(*connection); is {
		return c.info()
	}
	return info, false
}

// A ChannelInfo says what there is to know of an open channel.
type ChannelInfo struct {
	Connection     *ConnectionInfo // but for its numbers
	Process        audit.Process
	Number         uint16
	Confirming     bool
	Transactional  bool
	Prefetch       int // of consumers to come
	GlobalPrefetch int // of all together
	Consumers      int
	Unacked        int
	Unconfirmed    uint64
	Uncommitted    int // messages
	AcksToCommit   int
	Counts         Counts
}

// Channels returns the channels of the connections that are wanted, by the names of
// these and their own numbers.
func (s *Server) Channels(wanted func(*ConnectionInfo) bool) iter.Seq[ChannelInfo] {
	return func(yield func(ChannelInfo) bool) {
		for _, c := range s.shown(wanted) {
			for _, ch := range c.channelInfos() {
				if !yield(ch) {
					return
				}
			}
		}
	}
}

// shown are the connections that are open and wanted, by name.
func (s *Server) shown(wanted func(*ConnectionInfo) bool) []*connection {
	open := slices.DeleteFunc(s.open(), func(c *connection) bool {
		shown := c.shown.Load()
		return shown == nil || !wanted(shown)
	})
	slices.SortFunc(open, func(a, b *connection) int { return cmp.Compare(a.shown.Load().Name, b.shown.Load().Name) })
	return open
}

func (c *connection) channelInfos() []ChannelInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []ChannelInfo
	for _, ch := range c.channels {
		if info, ok := ch.info(); ok {
			all = append(all, info)
		}
	}
	slices.SortFunc(all, func(a, b ChannelInfo) int { return cmp.Compare(a.Number, b.Number) })
	return all
}

// info reports false if the channel has ended.
func (ch *channel) info() (info ChannelInfo, ok bool) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.ended {
		return info, false
	}
	info = ChannelInfo{
		Connection: ch.conn.shown.Load(), Process: ch.process(), Number: ch.number, Confirming: ch.confirms != nil, Transactional: ch.tx != nil,
		Prefetch: ch.prefetch, GlobalPrefetch: ch.limit, Consumers: len(ch.consumers) - ch.gone, Unacked: ch.unacked.count, Counts: ch.total(),
	}
	if ch.confirms != nil {
		acked, nacked := ch.confirms.count()
		info.Unconfirmed = info.Counts.Published - ch.confirms.from - acked - nacked
	}
	if ch.tx != nil {
		info.Uncommitted, info.AcksToCommit = len(ch.tx.published), len(ch.tx.settled)
	}
	return info, true
}

// A ConsumerInfo says what there is to know of a consumer of a queue.
type ConsumerInfo struct {
	Connection *ConnectionInfo // but for its numbers
	Channel    uint16
	Tag        string
	Prefetch   int
	Timeout    time.Duration // for an ack, if the consumer has a say in it
	queue.Consuming
}

// Consumers returns the consumers of a queue, in the order in which they came.
func Consumers(q queue.Hosted) []ConsumerInfo {
	var all []ConsumerInfo
	for _, known := range q.Consumers() {
		if s, ok := known.Consumer.(*consumer); ok {
			all = append(all, ConsumerInfo{s.ch.conn.shown.Load(), s.ch.number, s.tag, s.prefetch, s.timeout, known})
		}
	}
	return all
}

// clientName returns what the client calls the connection.
//
// rabbitmq: client property connection_name
func (c *connection) clientName() string {
	name, _ := c.clientProperties["connection_name"].(string)
	return name
}

// CloseConnection ends the connection of that name, with the reason for its
// client, and reports false if there is none that is open.
//
// rabbitmq: CONNECTION_FORCED
func (s *Server) CloseConnection(name, reason string) (found bool) {
	for _, c := range s.open() {
		if shown := c.shown.Load(); shown != nil && shown.Name == name {
			c.shutdown(amqp.Errorf(amqp.ConnectionForced, "%s", reason))
			found = true
		}
	}
	return found
}
