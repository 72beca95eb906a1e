package amqptest

import "time"

// Now returns the time that the broker's clock shows.
func (b *Broker) Now() time.Time { return b.clock.Now() }

// Advance moves the broker's clock on by d, from one moment at which something is
// due to the next. When it returns everything that became due by the end is done,
// what followed from it included, and what there is to tell clients is on its way
// to them. What clients do meanwhile is not waited for; nor, on a store that is not
// in memory, what has to be read back from disk; nor a connection that closes a
// channel of its own after the consumer timeout, for which Idle waits. Two calls at
// once take turns.
func (b *Broker) Advance(d time.Duration) {
	if b.tb != nil {
		b.tb.Helper()
	}
	if d < 0 {
		b.fail("Advance by %v: time does not go back: want 0 or more", d)
	}
	b.clock.Advance(d)
}

// SetNow is Advance to a given time, which must not be earlier than Now.
func (b *Broker) SetNow(t time.Time) {
	if b.tb != nil {
		b.tb.Helper()
	}
	if !b.clock.Set(t) {
		b.fail("SetNow to %v: time does not go back: want %v or later", t, b.clock.Now())
	}
}
