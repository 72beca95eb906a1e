package server

import "github.com/harebellmq/harebell/vhost"

// A Transfer is what has gone over connections.
type Transfer struct {
	Received, Sent uint64 // octets
	Reads, Writes  uint64 // in how many turns
}

func (t Transfer) plus(u Transfer) Transfer {
	return Transfer{Received: t.Received + u.Received, Sent: t.Sent + u.Sent, Reads: t.Reads + u.Reads, Writes: t.Writes + u.Writes}
}

// transfer returns what has gone over the connection.
func (c *connection) transfer() Transfer {
	c.outbox.mu.Lock()
	defer c.outbox.mu.Unlock()
	return Transfer{Received: c.reader.BytesRead(), Sent: c.outbox.sent, Reads: c.reader.Reads(), Writes: c.outbox.writes}
}

// A total is what has happened on channels, and what has gone over connections.
type total struct {
	Counts
	Transfer
}

func (t total) plus(u total) total {
	return total{t.Counts.plus(u.Counts), t.Transfer.plus(u.Transfer)}
}

// A past is what has happened on channels and connections that have ended: in each
// virtual host, and in those that are gone.
type past struct {
	in   map[*vhost.VirtualHost]*total
	gone total
}

// pastOf returns the past in a virtual host. The lock is held.
func (s *Server) pastOf(v *vhost.VirtualHost) *total {
	p := &s.past
	if t := p.in[v]; t != nil {
		return t
	}
	if p.in == nil {
		p.in = make(map[*vhost.VirtualHost]*total)
	}
	for other, t := range p.in {
		if other.Deleted() {
			p.gone = p.gone.plus(*t)
			delete(p.in, other)
		}
	}
	t := new(total)
	p.in[v] = t
	return t
}

// now adds up what has happened until now on connections, and on those of their channels
// that have not ended. The lock is held, so that nothing is counted twice, or not at all, as
// it ends.
func (s *Server) now(wanted func(*connection) bool) (t total) {
	for c := range s.connections {
		if c.shown.Load() == nil || !wanted(c) {
			continue
		}
		t.Transfer = t.Transfer.plus(c.transfer())
		c.mu.Lock()
		for _, ch := range c.channels {
			ch.mu.Lock()
			if !ch.ended {
				t.Counts = t.Counts.plus(ch.total())
			}
			ch.mu.Unlock()
		}
		c.mu.Unlock()
	}
	return t
}

// all adds up what has happened since the broker began.
func (s *Server) all() total {
	t := s.now(func(*connection) bool { return true }).plus(s.past.gone)
	for _, past := range s.past.in {
		t = t.plus(*past)
	}
	return t
}

// Totals returns what has happened on all channels since the broker began, also on
// those that are closed.
func (s *Server) Totals() (Counts, Churn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all().Counts, s.churn
}

// Transferred returns what has gone over all connections since the broker began, also
// over those that have ended. It leaves out clients that have not been let in.
func (s *Server) Transferred() Transfer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all().Transfer
}

// TotalsIn is Totals and Transferred for one virtual host.
func (s *Server) TotalsIn(v *vhost.VirtualHost) (Counts, Transfer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.now(func(c *connection) bool { return c.vhost == v })
	if past := s.past.in[v]; past != nil {
		t = t.plus(*past)
	}
	return t.Counts, t.Transfer
}

// channelOpened counts a channel.
func (s *Server) channelOpened() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.churn.ChannelsOpened++
}

// channelEnded counts that a channel ends, and keeps what has happened on it. It
// reports false the second time.
func (s *Server) channelEnded(ch *channel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.ended {
		return false
	}
	ch.ended = true
	past := s.pastOf(ch.conn.vhost)
	past.Counts = past.Counts.plus(ch.total())
	s.churn.ChannelsClosed++
	return true
}
