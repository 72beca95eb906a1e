package amqptest

import (
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"

	"github.com/harebellmq/harebell/amqp/server"
)

// An entrance is an address that the broker listens on whenever it is up.
type entrance struct {
	addr net.Addr
	tls  *tls.Config // nil for a plain one
}

// Serve has the broker listen on l too. Over restarts it listens on the same
// address.
func (b *Broker) Serve(l net.Listener) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, err := b.up()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	b.others = append(b.others, &entrance{addr: l.Addr()})
	r.serve(l)
	return nil
}

// listen returns the address of the plain listener, and opens that if need be.
func (b *Broker) listen() (net.Addr, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.plain == nil {
		e, err := b.open(nil)
		if err != nil {
			return nil, err
		}
		b.plain = e
	}
	return b.plain.addr, nil
}

// open opens an entrance on a free loopback port. The lock is held.
func (b *Broker) open(secure *tls.Config) (*entrance, error) {
	r, err := b.up()
	if err != nil {
		return nil, err
	}
	e := &entrance{addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, tls: secure}
	return e, e.open(r)
}

// reopen opens all entrances there have been. The lock is held.
func (b *Broker) reopen(r *run) error {
	var failed []error
	for _, e := range append([]*entrance{b.plain, b.secure}, b.others...) {
		if e != nil {
			failed = append(failed, e.open(r))
		}
	}
	return errors.Join(failed...)
}

// open listens for a run, and notes the address.
func (e *entrance) open(r *run) error {
	l, err := net.Listen("tcp", e.addr.String())
	if err != nil {
		return err
	}
	e.addr = l.Addr()
	if e.tls != nil {
		l = tls.NewListener(l, e.tls)
	}
	r.serve(l)
	return nil
}

// serve accepts connections on l until the run ends.
func (r *run) serve(l net.Listener) {
	r.serving.Go(func() {
		if err := r.server.Serve(l); !errors.Is(err, server.ErrServerClosed) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.lost = append(r.lost, err)
		}
	})
}

// newPipe returns both ends of a connection in memory.
func newPipe() (client, server net.Conn) {
	client, server = net.Pipe()
	sent := new(atomic.Uint64)
	return &clientEnd{client, sent}, &serverEnd{server, sent}
}

// A clientEnd counts what the client sends.
type clientEnd struct {
	net.Conn
	sent *atomic.Uint64
}

func (c *clientEnd) Write(b []byte) (int, error) {
	c.sent.Add(uint64(len(b)))
	return c.Conn.Write(b)
}

// A serverEnd knows how much that is.
type serverEnd struct {
	net.Conn
	sent *atomic.Uint64
}

// Arrived returns how many octets the client has sent.
func (s *serverEnd) Arrived() uint64 { return s.sent.Load() }
