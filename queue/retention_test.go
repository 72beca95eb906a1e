package queue

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// single makes each message a segment, of 65 octets or a few more.
var single = amqp.Table{"x-stream-max-segment-size-bytes": int32(1)}

func with(args amqp.Table, key string, value any) amqp.Table {
	all := amqp.Table{key: value}
	for key, value := range args {
		all[key] = value
	}
	return all
}

// each publishes messages one after the other.
func (r *river) each(bodies string) {
	r.t.Helper()
	for _, body := range strings.Fields(bodies) {
		r.publish(body)
	}
}

func TestStreamLosesItsOldestSegmentsByLength(t *testing.T) {
	flows(t, with(single, "x-max-length-bytes", int32(140)), func(t *testing.T, r *river) {
		c := r.consume("next", -1)
		r.each("a b c d")
		r.gets(c, "0:a 1:b 2:c 3:d")
		r.holds("2:c 3:d")
		r.gets(r.consume(int64(0), -1), "2:c 3:d")
		r.gets(r.consume(amqp.Timestamp(0), -1), "2:c 3:d")
		wantStored(t, r, 2)
		r.restart(true)
		r.holds("2:c 3:d")
		r.each("e")
		r.holds("3:d 4:e")
		r.restart(false) // which forgets that these are two segments
		r.holds("3:d 4:e")
		r.each("f")
		r.holds("5:f")
	})
}

// wantStored compares how many messages the store has.
func wantStored(t *testing.T, r *river, want int) {
	t.Helper()
	n := 0
	if err := r.house.store.Expiries(1, func(uint64, int64) { n++ }); err != nil {
		t.Fatal(err)
	}
	if n != want {
		t.Errorf("the store has %d messages, want %d", n, want)
	}
}

func TestStreamKeepsItsLastSegment(t *testing.T) {
	flows(t, amqp.Table{"x-max-length-bytes": int32(0), "x-max-age": "1s"}, func(t *testing.T, r *river) {
		r.each("a b c")
		r.house.forward(time.Hour)
		r.each("d")
		r.holds("0:a 1:b 2:c 3:d")
	})
}

func TestStreamLosesWholeSegmentsOnly(t *testing.T) {
	flows(t, amqp.Table{"x-stream-max-segment-size-bytes": int32(195), "x-max-length-bytes": int32(250)}, func(t *testing.T, r *river) {
		r.each("a b c") // 65 octets each
		r.holds("0:a 1:b 2:c")
		r.each("d")
		r.holds("3:d")
		r.each("e f")
		r.holds("3:d 4:e 5:f")
	})
}

func TestStreamLosesItsOldestSegmentsByAge(t *testing.T) {
	flows(t, with(single, "x-max-age", "10s"), func(t *testing.T, r *river) {
		r.each("a")
		r.house.forward(5 * time.Second)
		r.each("b")
		r.house.forward(time.Second)
		r.each("c")
		r.house.forward(4 * time.Second) // 10 s
		r.holds("0:a 1:b 2:c")
		r.house.forward(time.Millisecond)
		r.holds("1:b 2:c")
		r.house.forward(time.Hour)
		r.holds("2:c")
		r.restart(true)
		r.each("d")
		r.house.forward(time.Hour)
		r.holds("3:d")
	})
}

func TestAgeOfSegmentsSurvives(t *testing.T) {
	for _, orderly := range []bool{true, false} {
		flows(t, with(amqp.Table{"x-stream-max-segment-size-bytes": int32(noteEvery)}, "x-max-age", "10s"), func(t *testing.T, r *river) {
			large := strings.Repeat("x", noteEvery)
			r.publish(large)
			r.each("a")
			r.house.forward(8 * time.Second)
			r.publish(large)
			r.restart(orderly)
			if got := r.Stats().Ready; got != 3 {
				t.Fatalf("%d messages, want 3", got)
			}
			r.house.forward(3 * time.Second)
			if got := r.Stats().Ready; got != 2 {
				t.Errorf("%d messages, want the oldest gone", got)
			}
		})
	}
}

func TestPoliciesOfStreams(t *testing.T) {
	flows(t, with(single, "x-max-length-bytes", int32(400)), func(t *testing.T, r *river) {
		r.each("a b c d e")
		r.Follow(map[string]any{"max-length-bytes": int64(200)})
		r.holds("2:c 3:d 4:e")
		r.Follow(map[string]any{"max-length-bytes": int64(10_000)}) // comes before the argument
		r.each("f g h i")
		r.holds("2:c 3:d 4:e 5:f 6:g 7:h 8:i")
		r.Follow(nil)
		r.holds("3:d 4:e 5:f 6:g 7:h 8:i")
		r.Follow(map[string]any{"max-age": "1m"})
		r.house.forward(time.Minute)
		r.each("j")
		r.house.forward(time.Millisecond)
		r.holds("9:j")
		r.Follow(map[string]any{"stream-max-segment-size-bytes": int64(1000), "max-length-bytes": int64(0)})
		r.each("k l m")
		r.holds("9:j 10:k 11:l 12:m")
	})
}

// TestStreamLetsGoOfWhatIsWrittenOnly, for the store would not know what is meant.
func TestStreamLetsGoOfWhatIsWrittenOnly(t *testing.T) {
	flows(t, with(single, "x-max-length-bytes", int32(0)), func(t *testing.T, r *river) {
		var ms []*amqp.Message
		for _, body := range []string{"a", "b", "c"} {
			ms = append(ms, message(body, amqp.Fields{}))
		}
		records := r.hand(nil, ms...)
		synctest.Wait()
		if got := r.Stats().Ready; got != 3 {
			t.Errorf("%d messages, want 3", got)
		}
		r.house.store.Append(store.Batch{Records: records})
		synctest.Wait()
		r.holds("2:c")
		wantStored(t, r, 1)
	})
}

func TestSlowConsumerOfAStreamMissesWhatIsGone(t *testing.T) {
	flows(t, with(single, "x-max-length-bytes", int32(140)), func(t *testing.T, r *river) {
		c := r.consume("first", 1)
		r.each("a b c d e f")
		r.gets(c, "0:a")
		c.room = -1
		r.Wake(c)
		r.gets(c, "4:e 5:f")
	})
}

func TestSegmentsAreUnitedWhenThereAreMany(t *testing.T) {
	flows(t, single, func(t *testing.T, r *river) {
		for range 5 * segmentsMost {
			r.publish("x")
		}
		if n := len(r.segments.full); n >= segmentsMost {
			t.Errorf("%d segments, want fewer than %d", n, segmentsMost)
		}
		messages := r.segments.last.messages
		for _, s := range r.segments.full {
			messages += s.messages
		}
		if messages != 5*segmentsMost {
			t.Errorf("%d messages in segments, want %d", messages, 5*segmentsMost)
		}
		r.Follow(map[string]any{"max-length-bytes": int64(65 * segmentsMost)})
		synctest.Wait()
		if n := r.Stats().Ready; n > segmentsMost || n < segmentsMost-64 {
			t.Errorf("%d messages are left, want about %d", n, segmentsMost)
		}
		before := r.Stats()
		r.restart(true)
		if got := r.Stats(); got != before {
			t.Errorf("after a restart: got %+v, want %+v", got, before)
		}
	})
}

func TestSegmentsAreNeverTooManyToBeStored(t *testing.T) {
	var s segments
	for i := range segmentsMost {
		s.full = append(s.full, segment{hi: 1<<56 - uint64(i), messages: 1 << 48, bytes: 1 << 52, size: 1 << 52, time: 1 << 43})
	}
	if n := len(s.doc(1).Value); n > store.DocMost {
		t.Errorf("%d octets, want at most %d", n, store.DocMost)
	}
}

func TestUnreadableEndsOfSegmentsAreOneSegment(t *testing.T) {
	flows(t, with(single, "x-max-length-bytes", int32(140)), func(t *testing.T, r *river) {
		r.each("a b")
		r.house.store.Append(store.Batch{Docs: []store.Doc{{Kind: store.Deliveries, Key: "1", Value: []byte("?")}}})
		old := r.house.store.(*store.Memory)
		old.Close()
		r.house.store = old.Reopen()
		r.declare(r.decl.Arguments)
		if err := r.Recover(Kept{Delivered: []byte("?")}); err == nil || !strings.Contains(err.Error(), "where the segments of a stream end") {
			t.Errorf("got %v, want an error that says what could not be read", err)
		}
		r.holds("0:a 1:b")
		r.each("c d")
		r.holds("2:c 3:d")
	})
}

// BenchmarkStreamReplay reads a stream from the store by one consumer and by several.
func BenchmarkStreamReplay(b *testing.B) {
	const messages = 100_000
	for _, consumers := range []int{1, 4} {
		b.Run(fmt.Sprint(consumers), func(b *testing.B) {
			r := &river{house: newHouse(), t: b}
			r.declare(nil)
			for range messages / 100 {
				var ms []*amqp.Message
				for range 100 {
					ms = append(ms, message(strings.Repeat("x", 100), persistent))
				}
				r.house.store.Append(store.Batch{Records: r.hand(nil, ms...)})
			}
			b.ReportAllocs()
			for b.Loop() {
				done := make(chan struct{})
				for range consumers {
					c := &counter{left: messages, done: done}
					if err := r.Consume(c, ConsumeOptions{Arguments: amqp.Table{"x-stream-offset": "first"}, Prefetch: 1}); err != nil {
						b.Fatal(err)
					}
					defer r.Cancel(c)
				}
				for range consumers {
					<-done
				}
			}
			b.ReportMetric(float64(b.N*messages*consumers)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// A counter is a Consumer that counts.
type counter struct {
	left int
	done chan<- struct{}
}

func (c *counter) Deliver(es []Entry) int {
	if c.left -= len(es); c.left == 0 {
		go func() { c.done <- struct{}{} }()
	}
	return len(es)
}

func (*counter) Flush()     {}
func (*counter) Cancelled() {}
