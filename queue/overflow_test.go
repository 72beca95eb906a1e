package queue

import (
	"slices"
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

func TestOverflow(t *testing.T) {
	tests := []struct {
		name      string
		arguments amqp.Table
		bodies    []string
		ready     string
		dead      string
		nacks     []uint64
	}{
		{"drop-head by count", amqp.Table{"x-max-length": int32(2)},
			[]string{"a", "b", "c", "d"}, "c d", "a:maxlen b:maxlen", nil},
		{"drop-head by octets", amqp.Table{"x-max-length-bytes": int64(4)},
			[]string{"aa", "bb", "c", "dd"}, "c dd", "aa:maxlen bb:maxlen", nil},
		{"drop-head, larger than the limit alone", amqp.Table{"x-max-length-bytes": int32(1)},
			[]string{"a", "bb"}, "", "a:maxlen bb:maxlen", nil},
		{"drop-head, both limits", amqp.Table{"x-max-length": int32(2), "x-max-length-bytes": int32(3), "x-overflow": "drop-head"},
			[]string{"a", "b", "c", "ddd"}, "ddd", "a:maxlen b:maxlen c:maxlen", nil},
		{"drop-head, nothing may stay", amqp.Table{"x-max-length": int32(0)},
			[]string{"a"}, "", "a:maxlen", nil},
		{"reject-publish by count", amqp.Table{"x-max-length": int32(2), "x-overflow": "reject-publish"},
			[]string{"a", "b", "c", "d"}, "a b", "", []uint64{3, 4}},
		{"reject-publish by octets", amqp.Table{"x-max-length-bytes": int32(3), "x-overflow": "reject-publish"},
			[]string{"aa", "bb", "c"}, "aa c", "", []uint64{2}},
		{"reject-publish, larger than the limit alone", amqp.Table{"x-max-length-bytes": int32(3), "x-overflow": "reject-publish"},
			[]string{"aaaa"}, "", "", []uint64{1}},
		{"reject-publish, nothing may stay", amqp.Table{"x-max-length": int32(0), "x-overflow": "reject-publish"},
			[]string{"a"}, "", "", []uint64{1}},
		{"reject-publish-dlx", amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish-dlx"},
			[]string{"a", "b", "c"}, "a", "b:maxlen c:maxlen", []uint64{2, 3}},
		{"the highest priority is the head", amqp.Table{"x-max-length": int32(2), "x-max-priority": int32(9)},
			[]string{"1", "5", "3"}, "3 1", "5:maxlen", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse()
			test.arguments["x-dead-letter-exchange"] = "dlx"
			q := h.open(t, Declaration{Arguments: test.arguments})
			var p publisher
			for i, body := range test.bodies {
				f := amqp.Fields{}
				if body[0] < 'a' {
					f.Priority = body[0] - '0'
				}
				h.send(q, message(body, f), &p, uint64(i+1))
			}
			wantWords(t, "ready", drain(t, q), test.ready)
			wantWords(t, "dead", h.deaths(), test.dead)
			if !slices.Equal(p.nacks, test.nacks) {
				t.Errorf("nacks: got %v, want %v", p.nacks, test.nacks)
			}
			if got, want := len(p.acks), len(test.bodies)-len(test.nacks); got != want {
				t.Errorf("acks: got %d, want %d", got, want)
			}
		})
	}
}

func TestWhatConsumersTakeAtOnceIsNeverTooMuch(t *testing.T) {
	for _, durable := range []bool{false, true} {
		h := newHouse()
		q := h.open(t, Declaration{Durable: durable, Arguments: amqp.Table{"x-max-length": int32(0)}})
		c := consume(t, q, &client{room: 2}, ConsumeOptions{})
		publish(q, "a", "b", "c")
		wantWords(t, "delivered", c.bodies(), "a b")
		wantStats(t, q, Stats{Unacked: 2, Consumers: 1})
	}
}

func TestWhatIsTooMuchDiesOfThatBeforeItExpires(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-dead-letter-exchange": "dlx", "x-max-length": int32(1), "x-message-ttl": int32(0)}})
	publish(q, "a", "b")
	wantWords(t, "dead, with room for one", h.deaths(), "a:expired b:expired")
	q = h.open(t, Declaration{Arguments: amqp.Table{"x-dead-letter-exchange": "dlx", "x-max-length": int32(0), "x-message-ttl": int32(0)}})
	publish(q, "a", "b")
	wantWords(t, "dead, with room for none", h.deaths(), "a:maxlen b:maxlen")
}

func TestExpiredAtOnceLeavesRoomForTheNext(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish"}})
	q.Publish(append(expiring("a", "0"), expiring("b", "1000")...))
	wantWords(t, "ready", drain(t, q), "b")
}

func TestWhatIsTooMuchByOctetsGoesBeforeTheNextComes(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-max-length-bytes": int32(2), "x-max-priority": int32(1)}})
	q.Publish([]Publishing{{Message: message("large", amqp.Fields{})}, {Message: message("b", amqp.Fields{Priority: 1})}})
	wantWords(t, "ready", drain(t, q), "b")
}

func TestRequeueDropsBeforeItDelivers(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-dead-letter-exchange": "dlx", "x-max-length": int32(1)}})
	publish(q, "a")
	e, _, _, _ := q.Get(false)
	publish(q, "b")
	f, _, _, _ := q.Get(false)
	c := consume(t, q, &client{room: -1}, ConsumeOptions{})
	q.Requeue([]Entry{e, f}, Nacked)
	wantWords(t, "dead", h.deaths(), "a:maxlen")
	wantWords(t, "delivered", c.bodies(), "b*")
}

func TestRequeueDropsWhatIsTooLarge(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-dead-letter-exchange": "dlx", "x-max-length-bytes": int32(2)}})
	c := consume(t, q, &client{room: -1}, ConsumeOptions{})
	publish(q, "aaa")
	q.Requeue(c.take(), Nacked)
	wantWords(t, "dead", h.deaths(), "aaa:maxlen")
	wantWords(t, "delivered again", c.bodies(), "")
}

func TestRejectPublishCountsOnlyWhatStays(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish"}})
	c := consume(t, q, &client{room: 2}, ConsumeOptions{})
	publish(q, "a", "b", "c", "d")
	wantWords(t, "delivered", c.bodies(), "a b")
	wantWords(t, "ready", drain(t, q), "c")
}

func TestRequeueBeyondTheLimitDropsTheHead(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-max-length": int32(1), "x-dead-letter-exchange": "dlx"}})
	publish(q, "a")
	e, _, _, _ := q.Get(false)
	publish(q, "b")
	q.Requeue([]Entry{e}, Nacked)
	wantWords(t, "dead", h.deaths(), "a:maxlen")
	wantWords(t, "ready", drain(t, q), "b")
}
