package amqptest

import (
	"context"
	"fmt"
	"strings"
)

// A Journal is what has happened in a broker, or in one virtual host, since the
// broker was started: every publish, where it was routed to, each delivery and
// what became of it, and how channels and connections ended. It goes on while one
// reads it. Something is told as it begins: a message that is dead-lettered is put
// into its next queue only then.
//
//	b.Journal().Expect(t, 2, amqptest.Delivered, amqptest.OnQueue("orders"))
//
// It keeps the last 65,536 events, and of their bodies the last 64 MiB; see
// WithJournal.
type Journal struct {
	book  *book
	after int // only events with a higher number
	scope []Matcher
}

// Journal returns the journal of all virtual hosts.
func (b *Broker) Journal() *Journal { return &Journal{book: b.book} }

// Journal returns what the journal has of the virtual host.
func (v *VirtualHost) Journal() *Journal {
	return &Journal{book: v.broker.book, scope: []Matcher{OnVHost(v.name)}}
}

// After returns the part of the journal that follows the event of that number, so
// that nothing has to be looked at twice.
func (j *Journal) After(number int) *Journal {
	return &Journal{book: j.book, after: number, scope: j.scope}
}

// Last returns the number of the last event in any virtual host, 0 if there has
// been none.
func (j *Journal) Last() int { return j.book.last() }

// Forgotten returns the number of the last event that has been forgotten, by Erase
// or for want of room, 0 if none has been.
func (j *Journal) Forgotten() int { return j.book.forgotten() }

// Events returns the events that all matchers pick, in the order in which they
// happened; without any, all events.
func (j *Journal) Events(pick ...Matcher) []Event {
	events, _ := j.read(pick)
	return events
}

// Count returns how many events all matchers pick.
func (j *Journal) Count(pick ...Matcher) int { return len(j.Events(pick...)) }

// Expect fails the test unless exactly want events have happened that all
// matchers pick, and returns those there are. What a client has just done may be
// under way still: see Await, and Idle.
func (j *Journal) Expect(tb TB, want int, pick ...Matcher) []Event {
	tb.Helper()
	events := j.Events(pick...)
	if len(events) != want {
		tb.Errorf("%s", j.differs(want, pick))
	}
	return events
}

// Await returns as soon as there are want events or more that all matchers pick,
// with these, and with an error that tells what has happened instead when ctx is
// done before.
func (j *Journal) Await(ctx context.Context, want int, pick ...Matcher) ([]Event, error) {
	for {
		events, more := j.read(pick)
		if len(events) >= want {
			return events, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return events, fmt.Errorf("amqptest: %s: %w", j.differs(want, pick), context.Cause(ctx))
		}
	}
}

// Erase forgets what has happened so far, in all virtual hosts.
func (j *Journal) Erase() { j.book.erase() }

// String tells all events, one on a line.
func (j *Journal) String() string {
	var b strings.Builder
	for _, e := range j.Events() {
		b.WriteString(e.String() + "\n")
	}
	return b.String()
}

func (j *Journal) read(pick []Matcher) ([]Event, <-chan struct{}) {
	return j.book.read(j.after, append(j.scope[:len(j.scope):len(j.scope)], pick...))
}

// shown is how many events an error shows.
const shown = 20

// differs says what was expected, and what has happened.
func (j *Journal) differs(want int, pick []Matcher) string {
	all := j.Events()
	var b strings.Builder
	fmt.Fprintf(&b, "events %s: got %d, want %d; of %d events in the journal", describe(pick), j.Count(pick...), want, len(all))
	if n := j.book.forgotten(); n > 0 {
		fmt.Fprintf(&b, ", %d earlier ones forgotten", n)
	}
	if skip := len(all) - shown; skip > 0 {
		fmt.Fprintf(&b, ", the last %d are", shown)
		all = all[skip:]
	} else if len(all) > 0 {
		b.WriteString(", which are")
	}
	for _, e := range all {
		mark := " "
		if len(pick) > 0 && matches(pick, &e) {
			mark = ">"
		}
		fmt.Fprintf(&b, "\n%s%s", mark, e)
	}
	return b.String()
}
