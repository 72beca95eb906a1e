package server

import (
	"errors"
	"strings"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/vhost"
)

// newProcess numbers a connection or a channel.
func (s *Server) newProcess() uint64 { return s.processes.Add(1) }

// process identifies a connection, or one of its channels, in events.
func (c *connection) process(number uint64) audit.Process {
	return audit.Process{Began: c.connected.Unix(), Number: number}
}

// User implements audit.Actor.
func (c *connection) User() string { return c.user }

// Process implements audit.Actor.
func (c *connection) Process() audit.Process { return c.process(c.number) }

// socket is how the client is connected.
func (c *connection) socket() audit.Socket { return audit.Socket{Conn: c.conn, Mechanism: c.mechanism} }

// audited is what identifies the connection in events.
func (c *connection) audited() audit.Connection {
	return audit.Connection{Process: c.Process(), Socket: c.socket(), ClientName: c.clientName(), Properties: c.clientProperties}
}

// tellLogin tells of a login. A mistake in what a client sent is none.
func (c *connection) tellLogin(err error) {
	if c.server.Tell == nil {
		return
	}
	if err == nil {
		c.server.Tell(audit.LoggedIn{Socket: c.socket(), User: c.user})
		return
	}
	if refused, ok := errors.AsType[*errAccessRefused](err); ok {
		c.server.Tell(audit.LoginRefused{Socket: c.socket(), User: refused.user, NotHere: errors.Is(refused.cause, auth.ErrNotLocal)})
	}
}

// tellOpened tells that the connection is open.
func (c *connection) tellOpened() {
	if c.server.Tell == nil {
		return
	}
	c.server.Tell(audit.ConnectionCreated{
		Connection: c.audited(), User: c.user, VHost: c.vhost.Name(), Connected: c.connected,
		Heartbeat: c.heartbeat.every, FrameMax: c.frameMax, ChannelMax: c.channelMax,
	})
}

// tellEnded tells that the connection is gone, whether or not it was open.
func (c *connection) tellEnded() {
	if c.server.Tell == nil {
		return
	}
	c.server.Tell(audit.ConnectionClosed{Connection: c.audited()})
}

// process identifies the channel in events.
func (ch *channel) process() audit.Process { return ch.conn.process(ch.id) }

// tellOpened tells that the channel is open.
func (ch *channel) tellOpened() {
	c := ch.conn
	if c.server.Tell == nil {
		return
	}
	c.server.Tell(audit.ChannelCreated{
		Process: ch.process(), Connection: c.Process(), Socket: c.socket(), User: c.user, VHost: c.vhost.Name(), Number: ch.number,
	})
}

// tellEnded tells that the channel is gone.
func (ch *channel) tellEnded() {
	if tell := ch.conn.server.Tell; tell != nil {
		tell(audit.ChannelClosed{Process: ch.process(), User: ch.conn.user})
	}
}

// tellAdded tells that the consumer is there. That of direct reply-to is none to
// anybody else.
func (s *consumer) tellAdded(m *amqp.BasicConsume) {
	c := s.ch.conn
	if c.server.Tell == nil || s.getsReplies() {
		return
	}
	c.server.Tell(audit.ConsumerCreated{
		Channel: s.ch.process(), User: c.user, VHost: c.vhost.Name(), Queue: s.queue.Declaration().Name, Tag: s.tag,
		NoAck: s.noAck, Exclusive: m.Exclusive, Prefetch: s.prefetch, Arguments: m.Arguments,
	})
}

// getsReplies reports whether the consumer is one of direct reply-to.
func (s *consumer) getsReplies() bool {
	return strings.HasPrefix(s.queue.Declaration().Name, vhost.ReplyTo)
}

// tellGone tells that the consumer is gone, by its user's doing unless that is "".
func (s *consumer) tellGone(user string) {
	c := s.ch.conn
	if c.server.Tell == nil || s.getsReplies() {
		return
	}
	c.server.Tell(audit.ConsumerDeleted{
		Channel: s.ch.process(), User: user, VHost: c.vhost.Name(), Queue: s.queue.Declaration().Name, Tag: s.tag,
	})
}
