package server

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/store"
)

// A slowStore takes its time to say that something is on disk.
type slowStore struct{ store.Store }

func (s slowStore) Append(b store.Batch) {
	if done := b.Done; done != nil {
		b.Done = func(err error) { time.AfterFunc(time.Second, func() { done(err) }) }
	}
	s.Store.Append(b)
}

func (s slowStore) Sync() error {
	time.Sleep(time.Second)
	return s.Store.Sync()
}

// TestHeldRepliesAreNotOvertaken sends a reply to wait for the disk, and what
// could overtake it in the same packet.
func TestHeldRepliesAreNotOvertaken(t *testing.T) {
	declare := `1 queue.declare queue="durable" durable`
	publish := []string{`1 basic.publish exchange="" routing-key="q"`, `1 header size=1`, `1 body "x"`}
	for name, test := range map[string]struct {
		before, together, want []string
	}{
		"by a delivery": {
			together: append([]string{declare, `1 basic.consume queue="q" consumer-tag="c" no-ack`}, publish...),
			want:     []string{"1 queue.declare-ok", "1 basic.consume-ok", "1 basic.deliver", "1 header", "1 body"},
		},
		"by a confirm": {
			together: append([]string{declare, `1 confirm.select`}, publish...),
			want:     []string{"1 queue.declare-ok", "1 confirm.select-ok", "1 basic.ack"},
		},
		"by the confirm of a return": {
			before:   []string{`1 confirm.select`},
			together: []string{declare, `1 basic.publish exchange="" routing-key="nowhere" mandatory`, `1 header size=0`},
			want:     []string{"1 queue.declare-ok", "1 basic.return", "1 header", "1 basic.ack"},
		},
		"by a redelivery": {
			before:   append([]string{`1 basic.consume queue="q" consumer-tag="c"`}, publish...),
			together: []string{declare, `1 basic.recover requeue`},
			want:     []string{"1 queue.declare-ok", "1 basic.recover-ok", "1 basic.deliver", "1 header", "1 body"},
		},
		"by the end of the connection": {
			together: []string{declare, `1 channel.open`},
			want:     []string{"1 queue.declare-ok", "0 connection.close"},
		},
		"by the end of the channel": {
			together: []string{declare, `1 queue.declare queue="nowhere" passive`},
			want:     []string{"1 queue.declare-ok", "1 channel.close"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := dial(t, serverOn(t, slowStore{store.NewMemory()}))
				c.login()
				for _, line := range append([]string{`1 channel.open`, `1 queue.declare queue="q"`}, test.before...) {
					c.do(line)
				}
				synctest.Wait()
				c.listen()
				var packet []byte
				for _, line := range test.together {
					packet = append(packet, c.octets(line)...)
				}
				c.send(packet)
				time.Sleep(time.Minute / 4)
				synctest.Wait()
				if heard := methods(c.listen()); !slices.Equal(heard, test.want) {
					t.Errorf("got %q, want %q", heard, test.want)
				}
			})
		})
	}
}

func TestFailedStoreBreaksNoPromise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		c := dial(t, serverOn(t, st))
		c.login()
		c.do(`1 channel.open`)
		synctest.Wait()
		c.listen()
		st.Fail(store.ErrClosed)
		c.do(`1 queue.declare queue="q" durable`)
		synctest.Wait()
		want := []string{`0 connection.close reply-code=541 reply-text="INTERNAL_ERROR - the store failed; see the broker's log" class-id=0 method-id=0`}
		if heard := c.listen(); !slices.Equal(heard, want) {
			t.Errorf("got %q, want %q", heard, want)
		}
	})
}

func TestConfirmsOfAClosedChannelDoNotReachTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &lateStore{Store: store.NewMemory()}
		c := dial(t, serverOn(t, st))
		c.login()
		for _, line := range []string{
			`1 channel.open`, `1 queue.declare queue="q" durable`, `1 confirm.select`,
			`1 basic.publish exchange="" routing-key="q"`, `1 header size=1 delivery-mode=2`, `1 body "x"`,
			`1 channel.close reply-code=200 reply-text=""`,
			`1 channel.open`, `1 confirm.select`,
		} {
			c.do(line)
			synctest.Wait()
		}
		c.listen()
		if len(st.late) != 1 {
			t.Fatalf("records on their way: got %d, want 1", len(st.late))
		}
		st.Store.Append(store.Batch{Records: st.late})
		synctest.Wait()
		if heard := c.listen(); heard != nil {
			t.Errorf("got %q, want nothing", heard)
		}
	})
}

// A lateStore keeps records back.
type lateStore struct {
	store.Store
	late []*store.Record
}

func (s *lateStore) Append(b store.Batch) {
	s.late = append(s.late, b.Records...)
	b.Records = nil
	s.Store.Append(b)
}
