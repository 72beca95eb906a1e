// Package server is the conversation: it accepts connections, speaks AMQP 0-9-1
// with RabbitMQ's extensions on them, and carries out what clients ask on a
// registry of virtual hosts.
//
// A connection has two goroutines. The read loop owns everything a client can
// say: it parses, looks up, publishes, settles. The write loop owns the socket's
// other direction. Between them is the outbox, into which queues put deliveries
// too. There is no goroutine per channel, queue or consumer.
package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/internal/event"
	"github.com/harebellmq/harebell/store"
	"github.com/harebellmq/harebell/vhost"
)

// ErrServerClosed is returned by Serve after Shutdown.
var ErrServerClosed = errors.New("server closed")

// The limits a server proposes unless it is told others.
const (
	DefaultFrameMax         = 131072
	DefaultChannelMax       = 2047
	DefaultHeartbeat        = 60 * time.Second
	DefaultMaxMessageSize   = 16 << 20
	DefaultHandshakeTimeout = 10 * time.Second
	DefaultConsumerTimeout  = 30 * time.Minute
)

// A Server speaks AMQP. Its exported fields must not change once it serves.
type Server struct {
	VHosts *vhost.Registry
	Users  *auth.Users
	Logins auth.Backend // decides who may log in; nil means Users
	Store  store.Store  // whose room for more the readers wait for

	FrameMax         uint32 // octets; 0 means DefaultFrameMax
	ChannelMax       uint16 // 0 means DefaultChannelMax
	Limits           Limits
	Heartbeat        time.Duration    // whole seconds; 0 means DefaultHeartbeat, negative none
	MaxMessageSize   int64            // octets of a body; 0 means DefaultMaxMessageSize
	HandshakeTimeout time.Duration    // from accepting to open; 0 means DefaultHandshakeTimeout
	ConsumerTimeout  time.Duration    // for acking a delivery; 0 means DefaultConsumerTimeout, negative none
	Node             string           // the broker\'s name among others, of the form name@host
	Properties       amqp.Table       // what connection.start says of the server
	CertificateLogin CertificateLogin // who a client with a certificate is; "" means the DistinguishedName
	Clock            clock.Clock      // nil means clock.System
	Watch            event.Watcher    // is told what happens to messages; nil for nobody
	Tell             audit.Tell       // is told what clients do besides; nil for nobody
	Faults           Faults           // what is to go wrong, in tests; nil for nothing
	Log              zerolog.Logger   // the zero value writes nothing

	// What follows is in the manner of one or the other RabbitMQ.

	PerConsumerQos    bool // a prefetch with global is for each consumer
	ReturnReplies     bool // a mandatory reply by direct reply-to is returned though it is delivered
	NoConsumerTimeout bool // whatever ConsumerTimeout and the queues say

	alarms        alarms
	looking       atomic.Bool // look will be called
	opened        opened
	processes     atomic.Uint64         // how many connections and channels there have been
	draining      atomic.Pointer[drain] // nil until Drain
	newLimits     atomic.Pointer[Limits]
	newChannelMax atomic.Pointer[uint16]
	logins        logins

	mu          sync.Mutex // guards what follows
	listeners   map[net.Listener]bool
	connections map[*connection]bool
	closing     bool
	idle        chan struct{} // closed when closing and the last connection is gone
	past        past
	churn       Churn
}

// Serve accepts connections on l until Shutdown, and returns ErrServerClosed
// then, or the error that ended it. It closes l.
func (s *Server) Serve(l net.Listener) error {
	if !s.track(l) {
		l.Close()
		return ErrServerClosed
	}
	defer s.untrack(l)
	for {
		conn, err := l.Accept()
		if err != nil {
			if s.isClosing() {
				return ErrServerClosed
			}
			var temporary net.Error
			if errors.As(err, &temporary) && temporary.Timeout() {
				continue
			}
			if isTooManyFiles(err) {
				s.Log.Error().Err(err).Msg("connection not accepted")
				s.pause(50 * time.Millisecond)
				continue
			}
			return fmt.Errorf("accept on %s: %w", l.Addr(), err)
		}
		go s.ServeConn(conn)
	}
}

// pause waits, for a shortage that others have to end. They do so in their own
// time, whatever the server's clock shows.
func (s *Server) pause(d time.Duration) {
	over := make(chan struct{})
	clock.System.AfterFunc(d, func() { close(over) })
	<-over
}

// ServeConn speaks to one client until the connection has ended. It closes conn.
func (s *Server) ServeConn(conn net.Conn) {
	c := newConnection(s, conn)
	if !s.add(c) {
		conn.Close()
		return
	}
	defer s.remove(c)
	c.serve()
}

// Shutdown stops accepting, tells every client that the broker is going down and
// waits until they have gone, or ctx is done: then what is left is cut off. What
// has been confirmed by then is in the store's hands.
func (s *Server) Shutdown(ctx context.Context) error {
	open := s.stopAccepting()
	for _, c := range open {
		c.shutdown(amqp.Errorf(amqp.ConnectionForced, "broker forced connection closure with reason 'shutdown'"))
	}
	select {
	case <-s.idle:
		return nil
	case <-ctx.Done():
	}
	for _, c := range open {
		c.hangUp()
	}
	<-s.idle
	return ctx.Err()
}

// Close stops accepting and cuts every client off without a word, as the end of
// the process would. It returns when all have gone.
func (s *Server) Close() {
	for _, c := range s.stopAccepting() {
		c.hangUp()
	}
	<-s.idle
}

// CutConnections cuts every client off without a word; they may come back at
// once.
func (s *Server) CutConnections() {
	for _, c := range s.open() {
		c.hangUp()
	}
}

// stopAccepting closes the listeners, and returns the connections there are.
func (s *Server) stopAccepting() []*connection {
	s.mu.Lock()
	s.closing = true
	if s.idle == nil {
		s.idle = make(chan struct{})
		if len(s.connections) == 0 {
			close(s.idle)
		}
	}
	for l := range s.listeners {
		l.Close()
	}
	s.mu.Unlock()
	return s.open()
}

// open returns the connections there are.
func (s *Server) open() []*connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.connections))
}

func (s *Server) track(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	if s.listeners == nil {
		s.listeners = make(map[net.Listener]bool)
	}
	s.listeners[l] = true
	return true
}

func (s *Server) untrack(l net.Listener) {
	l.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

func (s *Server) add(c *connection) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	if s.connections == nil {
		s.connections = make(map[*connection]bool)
	}
	s.connections[c] = true
	return true
}

func (s *Server) remove(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.connections, c)
	if c.shown.Load() != nil {
		s.churn.ConnectionsClosed++
		past := s.pastOf(c.vhost)
		past.Transfer = past.Transfer.plus(c.transfer())
	}
	if s.closing && len(s.connections) == 0 {
		close(s.idle)
	}
	s.draining.Load().note()
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// Backend returns what decides who may log in.
func (s *Server) Backend() auth.Backend {
	if s.Logins == nil {
		return s.Users
	}
	return s.Logins
}

func (s *Server) clock() clock.Clock {
	if s.Clock == nil {
		return clock.System
	}
	return s.Clock
}

func (s *Server) frameMax() uint32 {
	if s.FrameMax == 0 {
		return DefaultFrameMax
	}
	return s.FrameMax
}

func (s *Server) channelMax() uint16 {
	most := s.ChannelMax
	if changed := s.newChannelMax.Load(); changed != nil {
		most = *changed
	}
	return cmp.Or(most, DefaultChannelMax)
}

func (s *Server) heartbeat() uint16 {
	switch {
	case s.Heartbeat == 0:
		return uint16(DefaultHeartbeat / time.Second)
	case s.Heartbeat < 0:
		return 0
	}
	return uint16(min(s.Heartbeat/time.Second, math.MaxUint16))
}

func (s *Server) maxMessageSize() int64 {
	if s.MaxMessageSize == 0 {
		return DefaultMaxMessageSize
	}
	return s.MaxMessageSize
}

// consumerTimeout returns the time for acking a delivery, 0 for ever.
func (s *Server) consumerTimeout() time.Duration {
	if s.ConsumerTimeout == 0 {
		return DefaultConsumerTimeout
	}
	return max(s.ConsumerTimeout, 0)
}

// Presents returns what clients are told about the server. It must not be changed.
func (s *Server) Presents() amqp.Table {
	if s.Properties == nil {
		return Properties(DefaultProduct, DefaultVersion, "development")
	}
	return s.Properties
}

func (s *Server) handshakeTimeout() time.Duration {
	if s.HandshakeTimeout == 0 {
		return DefaultHandshakeTimeout
	}
	return s.HandshakeTimeout
}
