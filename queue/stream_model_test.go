package queue

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// A follower is a consumer that knows what it must get next.
type follower struct {
	*client
	next int // offset
}

// TestStreamIsWhatWasPublished does whatever comes to mind with a stream, and compares
// what its consumers get with what was published.
func TestStreamIsWhatWasPublished(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			args := amqp.Table{"x-stream-max-segment-size-bytes": int32(2000), "x-max-age": "1h"}
			flows(t, args, func(t *testing.T, r *river) { followStream(t, r, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
}

func followStream(t *testing.T, r *river, rng *rand.Rand) {
	var published []string
	var waiting []*store.Record // published, but not yet with the store
	var followers []*follower
	look := func() {
		synctest.Wait()
		first := int(r.first) - 1
		for _, f := range followers {
			for _, e := range f.take() {
				offset, _ := e.Message.Properties.Header("x-stream-offset")
				at := int(offset.(int64))
				if at != f.next && (at < f.next || at > first) {
					t.Fatalf("offset %d, want %d; the stream begins at %d", at, f.next, first)
				}
				if at >= len(published)-len(waiting) {
					t.Fatalf("offset %d was not written yet", at)
				}
				if got := string(e.Message.Body); got != published[at] {
					t.Fatalf("offset %d is %.20s, want %.20s", at, got, published[at])
				}
				f.next = at + 1
			}
		}
	}
	write := func() {
		r.house.store.Append(store.Batch{Records: waiting})
		waiting = nil
	}
	for range 300 {
		switch rng.IntN(12) {
		case 0, 1, 2, 3:
			var ms []*amqp.Message
			for range 1 + rng.IntN(20) {
				body := fmt.Sprint(len(published), " ", strings.Repeat("x", rng.IntN(3000)))
				published = append(published, body)
				ms = append(ms, message(body, amqp.Fields{}))
			}
			waiting = append(waiting, r.hand(nil, ms...)...)
		case 4, 5:
			write()
		case 6:
			f := &follower{client: &client{room: rng.IntN(20)}, next: rng.IntN(len(published) - len(waiting) + 1)}
			if err := r.Consume(f, ConsumeOptions{Prefetch: 1, Arguments: amqp.Table{"x-stream-offset": int64(f.next)}}); err != nil {
				t.Fatal(err)
			}
			followers = append(followers, f)
		case 7, 8, 9:
			if len(followers) > 0 {
				f := followers[rng.IntN(len(followers))]
				f.room = rng.IntN(100)
				r.Wake(f)
			}
		case 10:
			if n := len(followers); n > 3 {
				r.Cancel(followers[n-1])
				followers = followers[:n-1]
			}
		case 11:
			switch rng.IntN(4) {
			case 0:
				r.house.forward(time.Duration(rng.IntN(30)) * time.Minute)
			case 1:
				r.Follow(map[string]any{"max-length-bytes": int64(rng.IntN(200_000))})
			case 2:
				r.Follow(nil)
			case 3:
				orderly := rng.IntN(2) == 0
				if orderly {
					write()
				} else { // what the store has not got is lost, and its offsets are given again
					published, waiting = published[:len(published)-len(waiting)], nil
				}
				look()
				r.restart(orderly)
				for _, f := range followers { // as a client would, where it was
					f.room = rng.IntN(20)
					if err := r.Consume(f, ConsumeOptions{Prefetch: 1, Arguments: amqp.Table{"x-stream-offset": int64(f.next)}}); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		look()
	}
	write()
	look()
	for _, f := range followers {
		f.room = -1
		r.Wake(f)
	}
	look()
	for _, f := range followers {
		if f.next != len(published) {
			t.Errorf("a consumer got up to offset %d, want %d", f.next, len(published))
		}
	}
	if got, want := r.Stats().Ready, len(published)-int(r.first)+1; got != want {
		t.Errorf("%d messages are counted, want %d", got, want)
	}
	wantStored(t, r, r.Stats().Ready)
	if r.resident < r.tail.bytes || len(followers) == 0 && r.resident != r.tail.bytes {
		t.Errorf("%d octets are counted in memory, want %d", r.resident, r.tail.bytes)
	}
}
