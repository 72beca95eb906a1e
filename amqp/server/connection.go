package server

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/vhost"
)

// closeTimeout is the longest a client may take to answer connection.close.
const closeTimeout = 30 * time.Second

// initialFrameMax is the largest frame before a limit has been agreed on: enough
// for a start-ok with a long token.
const initialFrameMax = 16 << 10

// A state is where a connection is in its life. Error texts name it.
type state string

const (
	stateHandshake state = "handshake"
	stateStarting  state = "starting"
	stateTuning    state = "tuning"
	stateOpening   state = "opening"
	stateRunning   state = "running"
	stateClosing   state = "closing"
)

// A connection is one client.
type connection struct {
	// immutable
	server *Server
	conn   net.Conn
	outbox outbox

	// owned by the read loop, and set before it begins to run
	reader           *amqp.Reader
	log              zerolog.Logger
	state            state
	clientProperties amqp.Table
	user             string
	vhost            *vhost.VirtualHost
	frameMax         uint32
	channelMax       int
	channels         map[uint16]*channel
	last             *channel // the one that the last frame was for
	publisher        *vhost.Publisher
	settling         settling
	held             []byte // replies that wait for the disk
	scratch          []byte
	deadline         clock.Timer // ends the handshake, or the wait for close-ok

	heartbeat heartbeat

	// going guards the one word that others may say to the connection.
	goingMu sync.Mutex
	going   *amqp.Error
}

func newConnection(s *Server, conn net.Conn) *connection {
	c := &connection{
		server:   s,
		conn:     conn,
		reader:   amqp.NewReader(conn),
		state:    stateHandshake,
		channels: make(map[uint16]*channel),
	}
	c.reader.SetFrameMax(initialFrameMax)
	c.outbox.init()
	c.log = s.Log.With().Str("conn", connectionName(conn)).Logger()
	return c
}

// connectionName is RabbitMQ's: "peer -> local".
func connectionName(conn net.Conn) string {
	return fmt.Sprintf("%s -> %s", conn.RemoteAddr(), conn.LocalAddr())
}

// serve speaks to the client until the end.
func (c *connection) serve() {
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.writeLoop()
	}()
	c.deadline = c.server.clock().AfterFunc(c.server.handshakeTimeout(), func() { c.conn.Close() })
	err := c.speak()

	c.heartbeat.stop()
	c.release()
	c.sayGoodbye(err)
	c.outbox.end()
	<-written
	c.deadline.Stop()
	c.conn.Close()
	if c.state != stateHandshake {
		c.log.Info().Msg("connection closed")
	}
}

// speak is the whole conversation. A panic is a bug that costs one client, not
// the broker.
func (c *connection) speak() (err error) {
	defer func() {
		if r := recover(); r != nil {
			c.log.Error().Interface("panic", r).Bytes("stack", debug.Stack()).Msg("bug in the broker: connection dropped")
			err = amqp.Errorf(amqp.InternalError, "the broker failed; see its log")
		}
	}()
	if err := c.handshake(); err != nil {
		return err
	}
	c.deadline.Stop()
	c.log = c.log.With().Str("vhost", c.vhost.Name()).Logger()
	c.log.Info().Msg("connection opened")
	return c.readLoop()
}

// readLoop carries out what the client says. Publishes and acks are gathered,
// and taken to their queues when there is nothing more to read at once.
func (c *connection) readLoop() error {
	for {
		if !c.reader.Buffered() {
			if err := c.settle(); err != nil {
				return err
			}
		}
		f, err := c.reader.ReadFrame()
		if err != nil {
			return err
		}
		if err := c.frame(f); err != nil {
			return err
		}
	}
}

// settle finishes what has been gathered, then sees that there is room for what
// comes next.
func (c *connection) settle() error {
	c.gathered()
	err := c.sync()
	c.outbox.flush()
	if err != nil {
		return err
	}
	c.heartbeat.paused.Store(true)
	c.outbox.waitForRoom()
	<-c.server.Store.Room()
	c.heartbeat.paused.Store(false)
	return c.told()
}

// gathered takes gathered publishes and acks to their queues.
func (c *connection) gathered() {
	c.publisher.Flush()
	c.settling.flush()
}

// told returns the error that somebody else wants the connection to end with.
func (c *connection) told() error {
	c.goingMu.Lock()
	defer c.goingMu.Unlock()
	if c.going != nil {
		return c.going
	}
	return nil
}

// shutdown ends the connection from outside.
func (c *connection) shutdown(why *amqp.Error) {
	c.goingMu.Lock()
	c.going = why
	c.goingMu.Unlock()
	c.conn.SetReadDeadline(time.Unix(1, 0)) // wakes the read loop
}

// frame carries out one frame.
func (c *connection) frame(f amqp.Frame) error {
	switch {
	case f.Type == amqp.FrameHeartbeat:
		return nil
	case f.Channel == 0:
		return c.onChannel0(f)
	}
	ch := c.last
	if ch == nil || ch.number != f.Channel {
		ch = c.channels[f.Channel]
		if ch == nil {
			return c.openChannel(f)
		}
		c.last = ch
	}
	return ch.frame(f)
}

// onChannel0 carries out the connection's own methods.
func (c *connection) onChannel0(f amqp.Frame) error {
	if f.Type != amqp.FrameMethod {
		return amqp.Errorf(amqp.UnexpectedFrame, "%s", f)
	}
	m, err := amqp.ParseMethod(f.Payload)
	if err != nil {
		return err
	}
	switch m := m.(type) {
	case *amqp.ConnectionClose:
		c.log.Debug().Uint16("code", uint16(m.ReplyCode)).Msg("connection.close")
		c.release()
		if err := c.sync(); err != nil {
			return err
		}
		c.send(&amqp.ConnectionCloseOk{})
		return errGone
	case *amqp.ConnectionUpdateSecret:
		// rabbitmq: with the internal user database any secret will do
		c.send(&amqp.ConnectionUpdateSecretOk{})
		return nil
	}
	return c.misplaced(m)
}

// openChannel takes the first frame of a channel, which must open it.
//
// spec: channel.open; rabbitmq: channels are counted, their numbers are free.
func (c *connection) openChannel(f amqp.Frame) error {
	if f.Type != amqp.FrameMethod {
		return amqp.Errorf(amqp.UnexpectedFrame, "%s", f)
	}
	m, err := amqp.ParseMethod(f.Payload)
	if err != nil {
		return err
	}
	if _, ok := m.(*amqp.ChannelOpen); !ok {
		return withMethod(amqp.Errorf(amqp.ChannelError, "expected 'channel.open'"), m.ID())
	}
	if len(c.channels) >= c.channelMax {
		return amqp.Errorf(amqp.NotAllowed, "number of channels opened (%d) has reached the negotiated channel_max (%d)", len(c.channels), c.channelMax)
	}
	ch := newChannel(c, f.Channel)
	c.channels[f.Channel] = ch
	ch.reply(&amqp.ChannelOpenOk{})
	return nil
}

// send appends a method on channel 0 to what is written.
func (c *connection) send(m amqp.Method) { c.write(0, m) }

// write appends a method to what is written, in order with all other replies.
func (c *connection) write(channel uint16, m amqp.Method) {
	c.scratch = amqp.AppendMethod(c.scratch[:0], channel, m)
	c.writeFrames(c.scratch)
	if c.state != stateRunning {
		c.outbox.flush()
	}
}

// writeFrames appends frames to what is written, behind replies that wait.
func (c *connection) writeFrames(frames []byte) {
	if len(c.held) > 0 {
		c.held = append(c.held, frames...)
		return
	}
	c.outbox.append(frames)
}

// hold appends a reply that promises something which is not on disk yet. It and
// all replies after it wait for the end of the batch, which waits for the disk.
func (c *connection) hold(channel uint16, m amqp.Method) {
	c.held = amqp.AppendMethod(c.held, channel, m)
}

// sync waits until what was promised in replies that are held is on disk, and
// lets them go.
func (c *connection) sync() error {
	if len(c.held) == 0 {
		return nil
	}
	if err := c.stored(); err != nil {
		return err
	}
	c.outbox.append(c.held)
	c.held = c.held[:0]
	return nil
}

// stored waits until everything handed to the store so far is on disk.
func (c *connection) stored() error {
	done := make(chan error, 1)
	c.vhost.Sync(func(err error) { done <- err })
	if err := <-done; err != nil {
		c.log.Error().Err(err).Msg("not stored")
		return amqp.Errorf(amqp.InternalError, "the store failed; see the broker's log")
	}
	return nil
}

// release gives back all that the connection holds: deliveries, consumers,
// exclusive queues.
func (c *connection) release() {
	if c.vhost == nil {
		return
	}
	c.publisher.Flush()
	c.settling.flush()
	for _, ch := range c.channels {
		ch.end()
	}
	clear(c.channels)
	c.last = nil
	c.vhost.Release(c)
}

// sayGoodbye ends the connection after an error, in the way that it deserves.
func (c *connection) sayGoodbye(err error) {
	if going := c.told(); going != nil && c.state == stateRunning {
		err = going
	}
	var refused *errAccessRefused
	switch {
	case errors.As(err, &refused):
		c.log.Warn().Err(refused.cause).Str("mechanism", refused.mechanism).Msg("login refused")
		if !c.capable("authentication_failure_close") {
			c.wait(penalty)
			return
		}
		c.close(refused.refusal(), penalty)
	case errors.Is(err, errGone), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), isReset(err):
		c.log.Debug().Err(err).Msg("client has gone")
	default:
		c.closeWith(err)
	}
}

// closeWith tells the client about an error that is nobody's but its own, or the
// broker's.
func (c *connection) closeWith(err error) {
	e, ok := errors.AsType[*amqp.Error](err)
	if !ok {
		c.log.Warn().Err(err).Msg("connection lost")
		return
	}
	c.log.Warn().Str("method", methodName(e.Method)).Str("code", e.Code.String()).Str("state", string(c.state)).Msg("connection refused: " + e.Text)
	timeout := penalty
	if c.state == stateRunning || c.state == stateOpening {
		timeout = closeTimeout
		if c.heartbeat.every > 0 {
			timeout = min(timeout, c.heartbeat.every)
		}
	}
	c.close(e, timeout)
}

func methodName(id amqp.MethodID) string {
	if id == 0 {
		return ""
	}
	return id.String()
}

// close sends connection.close and waits for the answer; all else that comes is
// thrown away.
//
// rabbitmq: a connection.close that crosses ours is answered
func (c *connection) close(e *amqp.Error, timeout time.Duration) {
	c.state = stateClosing
	c.held = nil
	c.send(&amqp.ConnectionClose{ReplyCode: e.Code, ReplyText: e.ReplyText(), ClassID: e.Method.Class(), MethodID: e.Method.Method()})
	c.conn.SetReadDeadline(time.Time{})
	c.deadline.Stop()
	c.deadline = c.server.clock().AfterFunc(timeout, func() { c.conn.Close() })
	for {
		f, err := c.reader.ReadFrame()
		if err != nil {
			c.drain()
			return
		}
		if f.Type != amqp.FrameMethod || f.Channel != 0 {
			continue
		}
		switch id, _ := amqp.MethodIDOf(f.Payload); id {
		case amqp.ConnectionCloseOkID:
			return
		case amqp.ConnectionCloseID:
			c.send(&amqp.ConnectionCloseOk{})
			return
		}
	}
}

// drain reads and forgets what still comes, so that the connection.close before
// it arrives: closing a socket with unread octets resets it. The deadline, or
// the client, ends it.
func (c *connection) drain() {
	io.Copy(io.Discard, c.conn) // how it ends does not matter
}

// wait keeps the client waiting.
func (c *connection) wait(d time.Duration) {
	c.deadline.Stop()
	c.deadline = c.server.clock().AfterFunc(d, func() { c.conn.Close() })
	c.drain()
}

// writeLoop writes what is in the outbox until its end.
func (c *connection) writeLoop() {
	var out net.Buffers
	for {
		next, starved, ok := c.outbox.take(out)
		if !ok {
			return
		}
		out = next
		for _, s := range starved {
			s.queue.Wake(s)
		}
		if err := c.writeOut(out); err != nil {
			c.outbox.breakOff()
			c.conn.Close() // ends the read loop too
			return
		}
	}
}

// writeOut writes pieces, leaving the slice as it is.
func (c *connection) writeOut(out net.Buffers) error {
	c.heartbeat.written.Store(true)
	if len(out) == 1 {
		_, err := c.conn.Write(out[0])
		return err
	}
	rest := append(net.Buffers(nil), out...)
	_, err := rest.WriteTo(c.conn)
	return err
}
