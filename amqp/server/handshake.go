package server

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/event"
	"github.com/harebellmq/harebell/vhost"
)

// penalty is how long a client that failed before its connection was open is
// kept waiting.
//
// rabbitmq: so that guessing passwords takes time
const penalty = 3 * time.Second

// protocolHeader is what a client must open with, and what it is answered if it
// opens with anything else.
var protocolHeader = [8]byte{'A', 'M', 'Q', 'P', 0, 0, 9, 1}

// errGone ends a connection of which nothing more needs to be said.
var errGone = errors.New("connection over")

// handshake leads the connection from accepting to open. Only the read loop is
// at work then; it writes by itself.
func (c *connection) handshake() error {
	header, err := c.reader.ReadProtocolHeader()
	if err != nil {
		if c.reader.BytesRead() == 0 && errors.Is(err, io.EOF) {
			c.log.Debug().Msg("connection closed without a word")
		}
		return errGone
	}
	// rabbitmq: 0-9 is served like 0-9-1
	if header != protocolHeader && header != [8]byte{'A', 'M', 'Q', 'P', 1, 1, 0, 9} {
		c.log.Warn().Str("header", protocolName(header)).Msg("not an AMQP 0-9-1 client")
		c.conn.Write(protocolHeader[:]) // the connection ends either way
		return errGone
	}
	c.send(&amqp.ConnectionStart{
		VersionMajor:     0,
		VersionMinor:     9,
		ServerProperties: c.server.Presents(),
		Mechanisms:       strings.Join(c.mechanisms(), " "),
		Locales:          "en_US",
	})
	if err := c.login(); err != nil {
		return err
	}
	if err := c.tune(); err != nil {
		return err
	}
	return c.open()
}

// protocolName says what a client that speaks something else may be speaking.
func protocolName(header [8]byte) string {
	switch {
	case header[0] == 0x16:
		return "TLS"
	case bytes.HasPrefix(header[:], []byte("GET ")) || bytes.HasPrefix(header[:], []byte("POST")) || bytes.HasPrefix(header[:], []byte("HEAD")):
		return "HTTP"
	case header == [8]byte{'A', 'M', 'Q', 'P', 0, 1, 0, 0} || header == [8]byte{'A', 'M', 'Q', 'P', 3, 1, 0, 0}:
		return "AMQP 1.0"
	case bytes.HasPrefix(header[:], []byte("AMQP")):
		return "another version of AMQP"
	}
	return "unknown"
}

// expect reads the next method on channel 0. It is nil if the client closes.
func (c *connection) expect() (amqp.Method, error) {
	for {
		c.idle()
		f, err := c.readFrame()
		if err != nil {
			return nil, err
		}
		switch {
		case f.Type == amqp.FrameHeartbeat:
			continue
		case f.Type != amqp.FrameMethod || f.Channel != 0:
			return nil, amqp.Errorf(amqp.UnexpectedFrame, "%s", f)
		}
		m, err := amqp.ParseMethod(f.Payload)
		if err != nil {
			return nil, err
		}
		if _, ok := m.(*amqp.ConnectionClose); ok {
			c.send(&amqp.ConnectionCloseOk{})
			return nil, errGone
		}
		return m, nil
	}
}

// misplaced is the error for a method that does not belong here.
func (c *connection) misplaced(m amqp.Method) error {
	err := amqp.Errorf(amqp.ChannelError, "unexpected method in connection state %s", c.state)
	err.Method = m.ID()
	return err
}

// tune negotiates the limits.
//
// spec: connection.tune; rabbitmq: the client's heartbeat rules both directions,
// and "no limit" is refused where the server has one.
func (c *connection) tune() error {
	c.state = stateTuning
	s := c.server
	channelMax := s.channelMax() // which may be another in a moment
	c.send(&amqp.ConnectionTune{ChannelMax: channelMax, FrameMax: s.frameMax(), Heartbeat: s.heartbeat()})
	m, err := c.expect()
	if err != nil {
		return err
	}
	ok, is := m.(*amqp.ConnectionTuneOk)
	if !is {
		return c.misplaced(m)
	}
	refuse := func(format string, args ...any) error {
		err := amqp.Errorf(amqp.NotAllowed, format, args...)
		err.Method = m.ID()
		return err
	}
	switch {
	case ok.FrameMax == 0 || ok.FrameMax > s.frameMax():
		return refuse("negotiated frame_max = %d is higher than the maximum allowed value (%d)", ok.FrameMax, s.frameMax())
	case ok.FrameMax < amqp.MinFrameMax:
		return refuse("negotiated frame_max = %d is lower than the minimum allowed value (%d)", ok.FrameMax, amqp.MinFrameMax)
	case ok.ChannelMax == 0 || ok.ChannelMax > channelMax:
		return refuse("negotiated channel_max = %d is higher than the maximum allowed value (%d)", ok.ChannelMax, channelMax)
	}
	c.frameMax, c.channelMax = ok.FrameMax, int(ok.ChannelMax)
	c.outbox.frameMax = ok.FrameMax
	c.reader.SetFrameMax(ok.FrameMax)
	c.heartbeat.start(c, time.Duration(ok.Heartbeat)*time.Second)
	return nil
}

// open lets the client into its virtual host.
//
// spec: connection.open
func (c *connection) open() error {
	c.state = stateOpening
	m, err := c.expect()
	if err != nil {
		return err
	}
	open, is := m.(*amqp.ConnectionOpen)
	if !is {
		return c.misplaced(m)
	}
	if err := c.server.enter(); err != nil {
		return withMethod(err, m.ID())
	}
	if err := c.enter(open.VirtualHost); err != nil {
		c.server.opened.connections.Add(-1)
		return withMethod(err, m.ID())
	}
	c.startExpiry()
	v := c.vhost
	c.publisher = v.NewPublisher()
	c.publisher.Before = c.notePublished
	c.show()
	c.server.tell(c.event(event.ConnectionOpened))
	c.tellOpened()
	c.send(&amqp.ConnectionOpenOk{})
	c.state = stateRunning
	return nil
}

// enter begins a session in a virtual host.
func (c *connection) enter(name string) error {
	v, err := c.server.VHosts.Get(name)
	if err != nil {
		return err
	}
	if err := v.Enter(c, c.user, func() { c.shutdown(vhost.Deleted(v.Name())) }); err != nil {
		return err
	}
	if c.session, err = c.identity.Enter(v.Name(), c.shutdown); err != nil {
		v.Release(c)
		return err
	}
	c.vhost = v
	return nil
}

// withMethod says which method an error is about, unless it says so itself.
func withMethod(err error, id amqp.MethodID) error {
	if e, ok := errors.AsType[*amqp.Error](err); ok && e.Method == 0 {
		e.Method = id
	}
	return err
}
