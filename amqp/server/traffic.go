package server

import (
	"cmp"
	"iter"
	"slices"

	"github.com/harebellmq/harebell/queue"
)

// apartMost is how many exchanges a channel knows what it has published to, and how many
// queues what came from, besides those it consumes. When there are more it begins anew.
const apartMost = 256

// sentTo is how many messages a channel has published to each exchange.
type sentTo map[string]*uint64

// add counts messages.
func (s *sentTo) add(exchange string, n uint64) {
	of := (*s)[exchange]
	if of == nil {
		if *s == nil || len(*s) >= apartMost {
			*s = make(sentTo)
		}
		of = new(uint64)
		(*s)[exchange] = of
	}
	*of += n
}

// countsOf returns what has happened with a queue on the channel. The lock is held.
func (ch *channel) countsOf(q queue.Queue) *Counts {
	c := ch.drained[q]
	if c != nil {
		return c
	}
	if ch.drained == nil || len(ch.drained) >= apartMost+2*len(ch.consumers) {
		ch.drained = make(map[queue.Queue]*Counts)
		for _, s := range ch.consumers {
			ch.drained[s.queue] = s.counts
		}
	}
	c = new(Counts)
	ch.drained[q] = c
	return c
}

// Traffic is what has happened between a channel and one queue, or one exchange.
type Traffic struct {
	Connection *ConnectionInfo // but for its numbers
	Channel    uint16
	Queue      queue.Queue // nil if this is about an exchange
	Exchange   string      // published to, if there is no queue
	Counts                 // but for Confirmed, Returned and Dropped
}

// Traffic returns what has happened between the channels of those connections that are
// wanted, by their names and numbers, and exchanges and queues, by their names.
func (s *Server) Traffic(wanted func(*ConnectionInfo) bool) iter.Seq[Traffic] {
	return func(yield func(Traffic) bool) {
		for _, c := range s.shown(wanted) {
			for _, t := range c.traffic() {
				if !yield(t) {
					return
				}
			}
		}
	}
}

func (c *connection) traffic() []Traffic {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []Traffic
	for _, ch := range c.channels {
		all = append(all, ch.traffic()...)
	}
	slices.SortStableFunc(all, func(a, b Traffic) int { return cmp.Compare(a.Channel, b.Channel) })
	return all
}

func (ch *channel) traffic() []Traffic {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.ended {
		return nil
	}
	var in, out []Traffic
	shown := ch.conn.shown.Load()
	for exchange, n := range ch.publishedTo {
		in = append(in, Traffic{Connection: shown, Channel: ch.number, Exchange: exchange, Counts: Counts{Published: *n}})
	}
	for q, counts := range ch.drained {
		if *counts != (Counts{}) {
			out = append(out, Traffic{Connection: shown, Channel: ch.number, Queue: q, Counts: *counts})
		}
	}
	slices.SortFunc(in, func(a, b Traffic) int { return cmp.Compare(a.Exchange, b.Exchange) })
	slices.SortFunc(out, func(a, b Traffic) int {
		return cmp.Compare(a.Queue.Declaration().Name, b.Queue.Declaration().Name)
	})
	return append(in, out...)
}
