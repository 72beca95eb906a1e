package badger

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestEarliestIsWaitedFor arms the timer twice: settlements must not wait as long as
// what was armed for before.
func TestEarliestIsWaitedFor(t *testing.T) {
	for name, waits := range map[string][2]time.Duration{
		"later first":   {lazySync, 25 * time.Millisecond},
		"earlier first": {25 * time.Millisecond, lazySync},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &Store{timer: stoppedTimer()}
				began := time.Now()
				s.armIn(waits[0])
				s.armIn(waits[1])
				<-s.timer.C
				if took := time.Since(began); took != 25*time.Millisecond {
					t.Errorf("fired after %v, want 25 ms", took)
				}
			})
		})
	}
}
