package vhost

import (
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/queue"
)

func TestTransientQueuesMayBeRefused(t *testing.T) {
	s := newSiteIn(t, Broker{RefuseTransient: "not any more: 100 %"})
	for _, name := range []string{"q", "amq.gen-q"} {
		_, _, err := s.DeclareQueue(queue.Declaration{Name: name}, "me", nil)
		s.wantError(err, amqp.InternalError, "not any more: 100 %")
	}
	_, err := s.CheckQueue("q", "me")
	s.wantError(err, amqp.NotFound, "no queue 'q' in vhost '/'")
	s.queue(queue.Declaration{Name: "durable", Durable: true})
	if _, _, err := s.DeclareQueue(queue.Declaration{Name: "exclusive", Exclusive: true}, "me", nil); err != nil {
		t.Errorf("exclusive: got %v, want it allowed", err)
	}
	if _, err := s.NewReplyQueue(); err != nil {
		t.Errorf("for replies: got %v, want it allowed", err)
	}
}

func TestQueueModeMayBeRefused(t *testing.T) {
	lazy := queue.Declaration{Name: "q", Durable: true, Arguments: amqp.Table{"x-queue-mode": "lazy"}}
	s := newSite(t)
	s.queue(lazy)
	s.rules.RefuseQueueMode = true
	s.restart()
	s.queue(lazy) // it is there
	lazy.Name = "other"
	_, _, err := s.DeclareQueue(lazy, nil, nil)
	s.wantError(err, amqp.PreconditionFailed, "invalid arg 'x-queue-mode' for queue 'other' in vhost '/' of queue type rabbit_classic_queue")
	first := queue.Declaration{Name: "v1", Arguments: amqp.Table{"x-queue-version": int32(1)}}
	_, _, err = s.DeclareQueue(first, nil, nil)
	s.wantError(err, amqp.PreconditionFailed, `invalid arg 'x-queue-version' for queue 'v1' in vhost '/': "unsupported queue version '1'"`)
	s.queue(queue.Declaration{Name: "v2", Arguments: amqp.Table{"x-queue-version": int32(2)}})
}

func TestThreeHashesMayBeRefused(t *testing.T) {
	s := newSite(t)
	s.queue(queue.Declaration{Name: "q", Durable: true})
	s.bind(toQueue("amq.topic", "q", "#.a.#.b.#"))
	s.rules.TwoHashes = true
	s.restart()
	if !s.publish("amq.topic", "a.b", "m", amqp.Fields{}) {
		t.Error("a binding that was there is gone")
	}
	_, err := s.Bind(toQueue("amq.topic", "q", "#.#.x.#"), nil)
	s.wantError(err, amqp.PreconditionFailed, "Topic binding key '#.#.x.#' uses 3 '#' wildcards, at most 2 are allowed")
	s.bind(toQueue("amq.topic", "q", "#.##.#.x#"))
	s.bind(toQueue("amq.direct", "q", "#.#.#"))
}

func TestCCOfDeadLettersMayBeDropped(t *testing.T) {
	for name, test := range map[string]struct {
		arguments amqp.Table
		want      bool
	}{
		"with a key of the queue": {amqp.Table{"x-dead-letter-routing-key": "dead"}, false},
		"with the message's keys": {nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSiteIn(t, Broker{DropCC: true})
			s.queue(queue.Declaration{Name: "q", Arguments: dying("amq.fanout", test.arguments)})
			dead := s.queue(queue.Declaration{Name: "dead"})
			s.bind(toQueue("amq.fanout", "dead", ""))
			s.publish("", "q", "m", amqp.Fields{Headers: amqp.Table{"CC": []any{"cc"}}})
			s.reject("q")
			e, _, ok, err := dead.Get(true)
			if !ok || err != nil {
				t.Fatalf("get: ok %v, error %v", ok, err)
			}
			if _, there := e.Message.Properties.Header("CC"); there != test.want {
				t.Errorf("CC there: got %v, want %v", there, test.want)
			}
		})
	}
}

// What was made when it was allowed may be restored when it is not.
func TestRestoreMakesWhatClientsMayNot(t *testing.T) {
	before := newSite(t)
	before.queue(queue.Declaration{Name: "q", Arguments: amqp.Table{"x-queue-mode": "lazy"}})
	before.bind(toQueue("amq.topic", "q", "#.#.#"))
	snapshot, err := before.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	s := newSiteIn(t, Broker{RefuseTransient: "not any more", RefuseQueueMode: true, TwoHashes: true})
	if err := s.Restore(snapshot); err != nil {
		t.Fatal(err)
	}
	if !s.publish("amq.topic", "a", "m", amqp.Fields{}) {
		t.Error("not routed, want the queue and its binding to be there")
	}
}
