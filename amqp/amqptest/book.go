package amqptest

import (
	"slices"
	"sync"
	"time"

	"github.com/harebellmq/harebell/internal/event"
)

const (
	// bookMost is how many events a book holds unless it is told otherwise.
	bookMost = 1 << 16

	// bookOctets is how many octets of bodies it holds.
	bookOctets = 64 << 20
)

// A book is where the events of a broker are written down. It implements
// event.Watcher.
type book struct {
	now  func() time.Time
	most int // events

	mu      sync.Mutex // guards what follows
	written []record
	torn    int // events before the first of written, which have been forgotten
	crowded int // of those, the ones that there was no room for
	octets  int // of bodies in written
	unheard map[conversation]map[uint64]*event.Event
	turned  chan struct{} // closed at the next event; nil if nobody waits
}

// A record is an event and when it was.
type record struct {
	event.Event
	at time.Time
}

// A conversation is one channel of one connection.
type conversation struct {
	connection string
	channel    uint16
}

func newBook(now func() time.Time, most int) *book {
	return &book{now: now, most: most, unheard: make(map[conversation]map[uint64]*event.Event)}
}

// Event implements event.Watcher.
func (b *book) Event(e event.Event) {
	at := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complete(&e)
	b.written = append(b.written, record{e, at})
	b.octets += size(&e)
	for len(b.written) > b.most || b.octets > bookOctets && len(b.written) > 1 {
		b.octets -= size(&b.written[0].Event)
		b.written[0] = record{}
		b.written = b.written[1:]
		b.torn++
		b.crowded++
	}
	if b.turned != nil {
		close(b.turned)
		b.turned = nil
	}
}

// size is how many octets an event keeps alive.
func size(e *event.Event) int {
	if e.Message == nil {
		return 0
	}
	return len(e.Message.Body)
}

// complete notes which publishes wait to hear what became of them, and puts into
// a confirm what it is about. The lock is held.
func (b *book) complete(e *event.Event) {
	c := conversation{e.Connection, e.Channel}
	switch e.Kind {
	case event.Published:
		if e.Tag == 0 {
			return
		}
		if b.unheard[c] == nil {
			b.unheard[c] = make(map[uint64]*event.Event)
		}
		published := *e
		b.unheard[c][e.Tag] = &published
	case event.Confirmed, event.Refused:
		if published := b.unheard[c][e.Tag]; published != nil {
			e.Exchange, e.RoutingKey, e.Message = published.Exchange, published.RoutingKey, published.Message
			delete(b.unheard[c], e.Tag)
		}
	case event.ChannelClosed:
		delete(b.unheard, c)
	case event.ConnectionClosed:
		for other := range b.unheard {
			if other.connection == c.connection {
				delete(b.unheard, other)
			}
		}
	}
}

// read returns the events with a number above after that all matchers pick, and a
// channel that is closed when there may be more.
func (b *book) read(after int, pick []Matcher) (events []Event, more <-chan struct{}) {
	b.mu.Lock()
	skip := min(max(after-b.torn, 0), len(b.written))
	written, first := slices.Clone(b.written[skip:]), b.torn+skip+1
	if b.turned == nil {
		b.turned = make(chan struct{})
	}
	more = b.turned
	b.mu.Unlock()
	for i := range written {
		e := public(&written[i].Event)
		e.Number, e.Time = first+i, written[i].at
		if matches(pick, &e) {
			events = append(events, e)
		}
	}
	return events, more
}

// last returns the number of the last event.
func (b *book) last() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.torn + len(b.written)
}

// forgotten returns how many events have been forgotten.
func (b *book) forgotten() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.torn
}

// crowdedOut returns how many events have been forgotten for want of room.
func (b *book) crowdedOut() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.crowded
}

// erase forgets everything so far.
func (b *book) erase() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.torn += len(b.written)
	b.written, b.octets, b.crowded = nil, 0, 0
}
