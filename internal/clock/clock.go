// Package clock is the broker's one source of time. Everything in the broker
// that waits (message TTL, queue expiry, heartbeats) asks a Clock, so that a
// test can hold the hands.
package clock

import "time"

// A Clock tells the time and calls back later.
type Clock interface {
	Now() time.Time

	// AfterFunc calls f in a goroutine of its own once d has passed.
	AfterFunc(d time.Duration, f func()) Timer
}

// A Timer is one pending call of AfterFunc.
type Timer interface {
	// Stop prevents the call, and reports false if it had been made or
	// stopped already.
	Stop() bool

	// Reset makes the call happen d from now, whether or not it had been made.
	Reset(d time.Duration) bool
}

// System is the clock of the machine. Inside a testing/synctest bubble it is
// the bubble's.
var System Clock = system{}

type system struct{}

func (system) Now() time.Time { return time.Now() }

func (system) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }
