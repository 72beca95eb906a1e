package server

import (
	"bytes"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

func testOutbox() *outbox {
	o := &outbox{frameMax: 8192}
	o.init()
	return o
}

// joined returns the pieces as one.
func joined(pieces net.Buffers) []byte { return bytes.Join(pieces, nil) }

func TestOutboxKeepsTheOrder(t *testing.T) {
	o := testOutbox()
	body := bytes.Repeat([]byte("large "), byReference/4)
	large := amqp.NewMessage("", "q", nil, body)
	small := amqp.NewMessage("", "q", nil, []byte("small"))
	method := amqp.AppendMethod(nil, 1, &amqp.BasicGetEmpty{})

	var want []byte
	for _, m := range []*amqp.Message{&small, &large, &small, &large} {
		o.appendContent(method, 1, m)
		want = amqp.AppendContent(append(want, method...), 1, m, o.frameMax)
	}
	o.append(method)
	want = append(want, method...)
	if o.size != len(want) {
		t.Errorf("size: got %d, want %d", o.size, len(want))
	}
	pieces, _, ok := o.take(nil)
	if got := joined(pieces); !ok || !bytes.Equal(got, want) {
		t.Errorf("take: got %d octets, %v, want the %d that were appended", len(got), ok, len(want))
	}
	byReference := slices.ContainsFunc(pieces, func(p []byte) bool { return &p[0] == &body[0] })
	if !byReference {
		t.Error("a large body: got a copy, want it written from where it lies")
	}
}

func TestOutboxPutsConfirmsLast(t *testing.T) {
	o := testOutbox()
	cf := &confirms{channel: 1, outbox: o}
	cf.Confirm(1, 1, true)
	returned := amqp.AppendMethod(nil, 1, &amqp.BasicReturn{ReplyCode: amqp.NoRoute})
	o.append(returned)
	pieces, _, _ := o.take(nil)
	want := amqp.AppendBasicAck(slices.Clone(returned), 1, 1, false)
	if got := joined(pieces); !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
}

func TestOutboxSaysWhenThereIsRoom(t *testing.T) {
	o := testOutbox()
	isOpen := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	if !isOpen(o.room()) {
		t.Error("empty: got no room, want some")
	}
	o.append(make([]byte, outboxFull-1))
	if !isOpen(o.room()) {
		t.Error("one octet short of full: got no room, want some")
	}
	o.append(make([]byte, 1))
	room := o.room()
	if isOpen(room) || o.room() != room {
		t.Error("full: got room, want one channel to wait for it")
	}
	o.starved = append(o.starved, &consumer{tag: "c"})
	_, starved, _ := o.take(nil)
	if !isOpen(room) {
		t.Error("taken: got no room, want some")
	}
	if len(starved) != 1 || starved[0].tag != "c" {
		t.Errorf("starved: got %v, want the one consumer", starved)
	}
}

func TestOutboxEnds(t *testing.T) {
	o := testOutbox()
	o.append([]byte("last words"))
	o.end()
	if pieces, _, ok := o.take(nil); !ok || string(joined(pieces)) != "last words" {
		t.Errorf("got %q, %v, want the last words", pieces, ok)
	}
	if pieces, _, ok := o.take(nil); ok {
		t.Errorf("after the end: got %q, want nothing", pieces)
	}
}

func TestBrokenOutboxTakesNothing(t *testing.T) {
	o := testOutbox()
	o.append(make([]byte, outboxFull))
	room := o.room()
	o.breakOff()
	<-room // or the reader waits for ever
	if pieces, _, ok := o.take(nil); ok {
		t.Errorf("got %q, want nothing", pieces)
	}
}

func TestOutboxBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := testOutbox()
		var written []string
		go func() {
			var out net.Buffers
			for {
				next, _, ok := o.take(out)
				if !ok {
					return
				}
				out = next
				written = append(written, string(joined(out)))
			}
		}()
		beat := func() {
			o.beat()
			synctest.Wait()
		}
		heartbeat := string(amqp.AppendHeartbeat(nil))
		beat()
		beat() // a heartbeat is no reason to leave out the next
		o.append([]byte("busy"))
		o.flush()
		synctest.Wait()
		beat()
		beat()
		o.end()
		synctest.Wait()
		if want := []string{heartbeat, heartbeat, "busy", heartbeat}; !slices.Equal(written, want) {
			t.Errorf("got %q, want %q", written, want)
		}
	})
}

// A socket takes so many octets at once.
type socket struct {
	room int
	got  []byte
}

func (s *socket) some(b []byte) int {
	n := min(len(b), s.room)
	s.got = append(s.got, b[:n]...)
	return n
}

func TestOutboxWritesLittleAtOnce(t *testing.T) {
	large := make([]byte, nowMost+1)
	ack := string(amqp.AppendBasicAck(nil, 1, 1, false))
	for name, test := range map[string]struct {
		room      int
		prepare   func(o *outbox)
		now, rest string
	}{
		"reply":               {100, func(o *outbox) { o.append([]byte("reply")) }, "reply", ""},
		"nothing":             {100, func(*outbox) {}, "", ""},
		"some of a reply":     {2, func(o *outbox) { o.append([]byte("reply")) }, "re", "ply"},
		"socket is full":      {0, func(o *outbox) { o.append([]byte("reply")) }, "", "reply"},
		"write loop is awake": {100, func(o *outbox) { o.append([]byte("reply")); o.signal() }, "", "reply"},
		"much":                {1 << 20, func(o *outbox) { o.append(large) }, "", string(large)},
		"first delivery":      {100, func(o *outbox) { deliver(o, "one") }, "one", ""},
		"last confirm":        {100, func(o *outbox) { confirm(o, 1) }, ack, ""},
		"first confirm":       {100, func(o *outbox) { confirm(o, 2) }, "", ack},
		"confirm in a hurry":  {100, func(o *outbox) { o.wrote = time.Now().Add(time.Hour); confirm(o, 1) }, ack, ""},
		"confirm in parts":    {2, func(o *outbox) { confirm(o, 1) }, ack[:2], ack[2:]},
		"confirm before a cut": {100, func(o *outbox) {
			cf := &confirms{channel: 1, outbox: o}
			cf.cutAfter(cf.next())
			cf.Confirm(1, 1, true)
		}, "", ack},
		"delivery in a hurry": {100, func(o *outbox) { o.wrote = time.Now().Add(time.Hour); deliver(o, "one") }, "", "one"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &socket{room: test.room}
			o := testOutbox()
			o.some, o.parked = s.some, true
			test.prepare(o)
			o.flush()
			if string(s.got) != test.now {
				t.Errorf("written at once: %.20q, want %.20q", s.got, test.now)
			}
			o.end()
			pieces, _, _ := o.take(nil)
			if got := joined(pieces); string(got) != test.rest {
				t.Errorf("left to the write loop: %.20q, want %.20q", got, test.rest)
			}
		})
	}
}

func TestWriteLoopBeginsWhenThereIsNeedForIt(t *testing.T) {
	large := make([]byte, nowMost+1)
	for name, test := range map[string]struct {
		prepare func(o *outbox)
		needed  bool
	}{
		"nothing to write": {func(o *outbox) { o.flush() }, false},
		"a reply":          {func(o *outbox) { o.append([]byte("reply")); o.flush() }, false},
		"a heartbeat":      {func(o *outbox) { o.beat() }, false},
		"much":             {func(o *outbox) { o.append(large); o.flush() }, true},
		"the last confirm": {func(o *outbox) { confirm(o, 1) }, false},
		"the first of two": {func(o *outbox) { confirm(o, 2) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &socket{room: 1 << 20}
				o := testOutbox()
				o.some = s.some
				runs := 0
				loop := func() {
					runs++
					for _, _, ok := o.take(nil); ok; _, _, ok = o.take(nil) {
					}
				}
				o.start(loop)
				test.prepare(o)
				synctest.Wait()
				begun := runs == 1
				if begun != test.needed {
					t.Errorf("begun: %v, want %v", begun, test.needed)
				}
				if rest := o.end(); (rest == nil) != test.needed {
					t.Errorf("left to who ends the outbox: %v, want %v", rest != nil, !test.needed)
				}
			})
		})
	}
}

// confirm reports the first of so many messages.
func confirm(o *outbox, published int) {
	cf := &confirms{channel: 1, outbox: o}
	for range published {
		cf.next()
	}
	cf.Confirm(1, 1, true)
}

// deliver adds something that is no reply.
func deliver(o *outbox, text string) {
	o.buf = append(o.buf, text...)
	o.grew(len(o.buf) - len(text))
}

func BenchmarkOutbox(b *testing.B) {
	o := testOutbox()
	m := amqp.NewMessage("", "q", nil, make([]byte, 16))
	method := amqp.AppendBasicDeliver(nil, 1, "consumer", 1, false, "", "q")
	var out net.Buffers
	b.ReportAllocs()
	for b.Loop() {
		for range 64 {
			o.appendContent(method, 1, &m)
		}
		out, _, _ = o.take(out)
	}
}
