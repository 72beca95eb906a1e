package server

import (
	"crypto/tls"
	"math"
	"syscall"
)

// Quiet reports whether all that clients have sent has been carried out, and all
// there is to tell them written. It looks at one connection after the other: two
// looks in a row that return the same count of octets show that nothing has come
// in between. A connection that is blocked counts as quiet.
func (s *Server) Quiet() (octets uint64, quiet bool) {
	for _, c := range s.open() {
		if !c.quiet() {
			return 0, false
		}
		octets += c.reader.BytesRead()
	}
	return octets, true
}

// quiet reports whether the connection waits for its client.
func (c *connection) quiet() bool {
	if c.heartbeat.paused.Load() {
		return true
	}
	c.mu.Lock()
	waking := c.waking // and will have to close a channel, unless its client is quick
	c.mu.Unlock()
	done := c.carriedOut.Load()
	more, ended := c.hasMore(done)
	return !waking && c.outbox.isEmpty() && done == c.reader.BytesRead() && !more && !ended
}

// idle notes that all that has been read is carried out.
func (c *connection) idle() { c.carriedOut.Store(c.reader.BytesRead()) }

// busy notes that there is something to carry out that has not been read.
func (c *connection) busy() { c.carriedOut.Store(math.MaxUint64) }

// An arrival is a connection in memory that knows how many octets its client has
// sent.
type arrival interface{ Arrived() uint64 }

// hasMore reports whether a client has sent something that nobody has read yet, and
// whether it has ended what it has to say; done is how much has been read.
func (c *connection) hasMore(done uint64) (octets, end bool) {
	conn := c.conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	switch conn := conn.(type) {
	case arrival:
		return conn.Arrived() != done, false
	case syscall.Conn:
		return readable(conn)
	}
	return false, false
}
