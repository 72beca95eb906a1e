package badger

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/store"
)

// handedOut returns a record that a consumer has got.
func handedOut(queue, seq uint64) (*store.Record, receipt) {
	r, told := awaited(queue, seq)
	r.Refs()[0].HandOut()
	return r, told
}

func gathered(records ...*store.Record) *group {
	g := new(group)
	g.add(&store.Batch{Records: records})
	return g
}

func TestWhatConsumersHaveGotIsHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gr := newGrace()
		defer gr.timer.Stop()
		out, _ := handedOut(1, 1)
		ready, _ := awaited(1, 2)
		g := gathered(out, ready)
		all := g.bytes
		gr.holdBack(g)
		if len(g.records) != 1 || g.records[0] != ready {
			t.Errorf("left in the group: %v, want the one that nobody has got", g.records)
		}
		if gr.young.bytes == 0 || g.bytes+gr.young.bytes != all {
			t.Errorf("%d octets left and %d held back of %d", g.bytes, gr.young.bytes, all)
		}
		begun := time.Now()
		for turns := 1; ; turns++ {
			<-gr.timer.C
			if late := gr.turn(); len(late.records) > 0 {
				if turns != 2 || time.Since(begun) != 2*graceTime || late.records[0] != out {
					t.Errorf("turn %d after %v: got %v, want it at the second", turns, time.Since(begun), late.records)
				}
				break
			}
		}
		if gr.armed {
			t.Error("the timer runs, and nothing is held back")
		}
	})
}

func TestFanoutIsHeldBackWhenAllHaveGotIt(t *testing.T) {
	gr := newGrace()
	defer gr.timer.Stop()
	r := record(text("both"), store.Ref{Queue: 1, Seq: 1}, store.Ref{Queue: 2, Seq: 1})
	r.Refs()[0].HandOut()
	g := gathered(r)
	gr.holdBack(g)
	if len(g.records) != 1 {
		t.Error("held back although one queue still has it")
	}
	r.Refs()[1].HandOut()
	gr.holdBack(g)
	if len(g.records) != 0 {
		t.Error("not held back although both consumers have it")
	}
}

func TestAForcedGroupGetsWhatWasHeldBack(t *testing.T) {
	gr := newGrace()
	defer gr.timer.Stop()
	old, _ := handedOut(1, 1)
	young, _ := handedOut(1, 2)
	gr.holdBack(gathered(old))
	gr.turn()
	gr.holdBack(gathered(young))
	last, _ := handedOut(1, 3)
	g := gathered(last)
	g.dones = append(g.dones, func(error) {})
	gr.holdBack(g)
	if len(g.records) != 3 || g.records[0] != old || g.records[1] != young || g.records[2] != last {
		t.Errorf("got %v, want all three in their order", g.records)
	}
}

func TestHoldingBackStopsWhereItDoesNotPay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gr := newGrace()
		defer gr.timer.Stop()
		held := func() bool {
			r, _ := handedOut(1, 1)
			g := gathered(r)
			gr.holdBack(g)
			return len(g.records) == 0
		}
		wait := func() {
			<-gr.timer.C
			gr.turn()
			<-gr.timer.C
			gr.turn()
		}
		for pause := shortPause; pause <= 2*longPause; pause *= 2 {
			if !held() {
				t.Fatalf("not tried again before a pause of %v", pause)
			}
			wait() // and nobody acks
			time.Sleep(min(pause, longPause) - time.Nanosecond)
			if held() {
				t.Fatalf("held back before the end of a pause of %v", pause)
			}
			time.Sleep(time.Nanosecond)
		}
		r, _ := handedOut(1, 1)
		gr.holdBack(gathered(r))
		r.Refs()[0].Settle()
		wait()
		if !held() || gr.pause != 0 {
			t.Errorf("a pause of %v after an ack in time, want none", gr.pause)
		}
	})
}

func TestHoldingBackLastsLongerWhereMuchIsPublished(t *testing.T) {
	gr := newGrace()
	defer gr.timer.Stop()
	turn := func(n, acked int) {
		g := new(group)
		for i := range n {
			r, _ := handedOut(1, uint64(i+1))
			if i < acked {
				r.Refs()[0].Settle()
				r.Release()
			}
			g.records = append(g.records, r)
		}
		gr.learn(g)
	}
	want := func(wait, pause time.Duration) {
		t.Helper()
		if gr.wait != wait || gr.pause != pause {
			t.Errorf("waits for %v, with a pause of %v, want %v and %v", gr.wait, gr.pause, wait, pause)
		}
	}
	many := 2 * graceBusy * int(graceMost/graceTime)
	for wait := 2 * graceTime; wait <= graceMost; wait *= 2 {
		turn(many, 0)
		want(wait, 0)
	}
	turn(many, 0)
	want(graceTime, shortPause)

	turn(many, 0)
	turn(many, 0)
	want(4*graceTime, shortPause)
	for range graceShorter - 1 {
		turn(many, many/2)
		want(4*graceTime, 0)
	}
	turn(many, many/2)
	want(2*graceTime, 0)
	turn(graceBusy, graceBusy) // is less than in two graceTime
	want(graceTime, 0)
	turn(graceBusy-1, 0)
	want(graceTime, shortPause)
}

func TestWhatIsHeldBackIsWrittenInTheEnd(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *Store, receipt){
		"by itself": func(t *testing.T, _ *Store, told receipt) {
			if !<-told {
				t.Error("refused")
			}
		},
		"at a sync": func(t *testing.T, s *Store, told receipt) {
			write(t, s, store.Batch{})
			select {
			case ok := <-told:
				if !ok {
					t.Error("refused")
				}
			default:
				t.Error("not written when all before it was to be")
			}
		},
		"at the end": func(t *testing.T, s *Store, _ receipt) {},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, Options{})
			r, told := handedOut(1, 1)
			s.Append(store.Batch{Records: []*store.Record{r}})
			end(t, s, told)
			s = reopen(t, s, dir, Options{})
			expectSeqs(t, s, 1, 1)
		})
	}
}

func TestWhatIsHeldBackIsRefusedWhenTheDiskFails(t *testing.T) {
	o, broken := breakable()
	s := open(t, t.TempDir(), o)
	broken.Store(true)
	r, told := handedOut(1, 1)
	s.Append(store.Batch{Records: []*store.Record{r}})
	if <-told {
		t.Error("confirmed")
	}
	if err := s.Err(); !errors.Is(err, errDisk) {
		t.Errorf("Err() = %v, want %v", err, errDisk)
	}
}
