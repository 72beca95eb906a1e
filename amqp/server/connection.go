package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/auth"
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
	in     io.Reader // of conn
	out    io.Writer // to conn
	outbox outbox
	tracer tracer
	alive  context.Context // done when the socket is closed
	die    context.CancelFunc
	hungUp sync.Once

	number    uint64    // among connections and channels
	connected time.Time // when it began

	// owned by the read loop, and set before it begins to run
	reader           *amqp.Reader
	log              zerolog.Logger
	state            state
	clientProperties amqp.Table
	mechanism        string
	identity         auth.Identity
	actor            // who the client is, and where
	frameMax         uint32
	channelMax       int
	channels         map[uint16]*channel // changed with mu held, for look
	last             *channel            // the one that the last frame was for
	publisher        *vhost.Publisher
	settling         settling
	counting         published
	incoming         incoming
	held             []byte // replies that wait for the disk
	scratch          []byte
	deadline         clock.Timer // hangs up, unless the client does what it should first
	expiry           clock.Timer // ends the connection with its identity; nil if that lasts

	heartbeat heartbeat

	shown        atomic.Pointer[ConnectionInfo] // nil until the connection is open
	channelCount atomic.Int32                   // how many channels there are
	carriedOut   atomic.Uint64                  // octets of what was read
	blocked      atomic.Bool                    // the client publishes, and the broker is short of something

	leaving chan struct{} // closed when why is set
	mu      sync.Mutex    // guards what follows, and the deadline of reading
	why     *amqp.Error   // what somebody else wants the connection to end with
	waking  bool          // the read loop will be woken, for what is overdue
}

func newConnection(s *Server, conn net.Conn) *connection {
	c := &connection{
		server:   s,
		conn:     conn,
		in:       conn,
		out:      conn,
		state:    stateHandshake,
		channels: make(map[uint16]*channel),
		leaving:  make(chan struct{}),

		number:    s.newProcess(),
		connected: s.clock().Now(),
	}
	prompt := newPrompt(conn)
	if prompt != nil {
		c.in, c.out = prompt, prompt
	}
	c.reader = amqp.NewReader(c.in)
	c.owner = c
	c.alive, c.die = context.WithCancel(context.Background())
	c.reader.SetFrameMax(initialFrameMax)
	c.incoming.most = s.maxIncoming()
	c.outbox.init()
	name := connectionName(conn)
	c.log = s.Log.With().Str("conn", name).Logger()
	c.tracer = newTracer(s.Log, name)
	if prompt != nil && !c.tracer.on {
		c.outbox.some = prompt.writeSome
	}
	return c
}

// connectionName is RabbitMQ's: "peer -> local".
func connectionName(conn net.Conn) string {
	return fmt.Sprintf("%s -> %s", conn.RemoteAddr(), conn.LocalAddr())
}

// serve speaks to the client until the end.
func (c *connection) serve() {
	written := make(chan struct{})
	c.outbox.start(func() {
		defer close(written)
		c.writeLoop()
	})
	c.hangUpIn(c.server.handshakeTimeout())
	err := c.speak()

	c.heartbeat.stop()
	c.release()
	c.sayGoodbye(err)
	c.tellEnded()
	writeLoop := c.outbox.end()
	c.hangUpIn(closeTimeout) // on a client that does not read what it is told last
	forgotten := c.forget()
	if writeLoop != nil {
		writeLoop()
	}
	<-written
	c.deadline.Stop()
	c.hangUp()
	<-forgotten
	if c.shown.Load() != nil { // it was open
		c.log.Info().Msg("connection closed")
	}
}

// forget reads what the client still says, until the connection is hung up: it may
// have to get rid of something, such as the answer to a close that has crossed its
// own, before it can read what it is told last. As a rule it has read that already,
// or can, and there is nothing.
func (c *connection) forget() (forgotten <-chan struct{}) {
	done := make(chan struct{})
	if more, _ := c.hasMore(c.reader.BytesRead()); !more && c.outbox.isEmpty() {
		close(done)
		return done
	}
	go func() {
		defer close(done)
		io.Copy(io.Discard, c.in) // how it ends does not matter
	}()
	return done
}

// hangUp closes the socket, which ends both loops. Anybody may call it.
func (c *connection) hangUp() {
	c.hungUp.Do(func() {
		c.die()
		c.conn.Close()
	})
}

// hangUpIn hangs up after a while, unless there is another deadline by then.
func (c *connection) hangUpIn(d time.Duration) {
	if c.deadline != nil {
		c.deadline.Stop()
	}
	c.deadline = c.server.clock().AfterFunc(d, c.hangUp)
}

// speak is the whole conversation. A panic is a bug that costs one client, not
// the broker.
func (c *connection) speak() (err error) {
	defer func() {
		if r := recover(); r != nil {
			c.logPanic(r)
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

func (c *connection) logPanic(r any) {
	c.server.Log.Error().Str("conn", connectionName(c.conn)).Interface("panic", r).Bytes("stack", debug.Stack()).
		Msg("bug in the broker: connection dropped")
}

// readLoop carries out what the client says. Publishes and acks are gathered,
// and taken to their queues when there is nothing more to read at once.
func (c *connection) readLoop() error {
	for {
		if !c.reader.Buffered() {
			if err := c.settle(); err != nil {
				return err
			}
			c.idle()
		}
		f, err := c.readFrame()
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) && c.readOn() {
				if err = c.closeOverdue(); err == nil {
					continue
				}
			}
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
	c.server.draining.Load().note()
	err := c.sync()
	c.outbox.flush()
	if err != nil {
		return err
	}
	if err := c.await(c.outbox.room()); err != nil {
		return err
	}
	return c.await(c.server.Store.Room())
}

// await waits for room, and not longer than the connection lives.
func (c *connection) await(room <-chan struct{}) error {
	select {
	case <-room:
		return nil
	default:
	}
	c.heartbeat.paused.Store(true)
	defer c.heartbeat.paused.Store(false)
	select {
	case <-room:
		return nil
	case <-c.leaving:
		return c.told()
	case <-c.alive.Done():
		return net.ErrClosed
	}
}

// catchUp finishes what has been gathered before a method that could tell the
// difference. It waits for room too: a few octets may ask for a large answer,
// and what has been read at once for many.
func (c *connection) catchUp() error {
	c.gathered()
	if len(c.held) < outboxFull && !c.outbox.isFull() {
		return nil
	}
	return c.settle()
}

// gathered takes gathered publishes and acks to their queues.
func (c *connection) gathered() {
	c.publisher.Flush()
	c.notePublished()
	c.settling.flush()
}

// told returns the error that somebody else wants the connection to end with.
func (c *connection) told() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why != nil {
		return c.why
	}
	return nil
}

// shutdown ends the connection from outside. The first reason counts.
func (c *connection) shutdown(why *amqp.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why != nil {
		return
	}
	c.why = why
	close(c.leaving)
	c.conn.SetReadDeadline(time.Unix(1, 0)) // wakes the read loop; if it fails that is awake
}

// readOn lets the read loop go on reading after it was woken, unless the
// connection is to end.
func (c *connection) readOn() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why != nil {
		return false
	}
	c.busy() // it has to close channels first
	c.waking = false
	c.conn.SetReadDeadline(time.Time{}) // if it fails the next read does too
	return true
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
		c.tellClosed(m.ReplyCode, m.ReplyText, true)
		if err := c.sync(); err != nil {
			return err
		}
		c.state = stateClosing
		c.send(&amqp.ConnectionCloseOk{})
		return errGone
	case *amqp.ConnectionUpdateSecret:
		return withMethod(c.updateSecret(m), m.ID())
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
	if err := c.server.enterChannel(); err != nil {
		return err
	}
	if err := c.session.OpenChannel(); err != nil {
		c.server.opened.channels.Add(-1)
		return err
	}
	ch := newChannel(c, f.Channel)
	c.mu.Lock()
	c.channels[f.Channel] = ch
	c.mu.Unlock()
	c.channelCount.Store(int32(len(c.channels)))
	c.server.channelOpened()
	ch.tellOpened()
	ch.reply(&amqp.ChannelOpenOk{})
	return nil
}

// release gives back all that the connection holds: deliveries, consumers,
// exclusive queues.
func (c *connection) release() {
	if c.vhost == nil {
		return
	}
	c.gathered()
	for _, ch := range c.channels {
		ch.end()
	}
	opened := len(c.channels)
	c.mu.Lock()
	clear(c.channels)
	c.mu.Unlock()
	c.channelCount.Store(0)
	c.last = nil
	c.stopExpiry()
	c.server.opened.connections.Add(-1)
	c.server.opened.channels.Add(-int64(opened))
	c.session.Leave()
	c.vhost.Release(c)
}
