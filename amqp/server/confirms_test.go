package server

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

// answers returns what frames say, one word each: 3 for an ack, 3* for one with
// multiple, !3 for a nack.
func answers(t *testing.T, frames []byte) []string {
	t.Helper()
	var said []string
	r := amqp.NewReader(strings.NewReader(string(frames)))
	for {
		f, err := r.ReadFrame()
		if err != nil {
			return said
		}
		m, err := amqp.ParseMethod(f.Payload)
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, answer(m))
	}
}

func answer(m amqp.Method) string {
	var b strings.Builder
	var tag uint64
	var multiple bool
	switch m := m.(type) {
	case *amqp.BasicAck:
		tag, multiple = m.DeliveryTag, m.Multiple
	case *amqp.BasicNack:
		b.WriteByte('!')
		tag, multiple = m.DeliveryTag, m.Multiple
	}
	b.WriteByte('0' + byte(tag))
	if multiple {
		b.WriteByte('*')
	}
	return b.String()
}

func TestConfirms(t *testing.T) {
	type span = confirmSpan
	for name, test := range map[string]struct {
		reported []span
		want     string
	}{
		"one is acked alone":                      {[]span{{1, 1, true}}, "1"},
		"several in a row take one frame":         {[]span{{1, 3, true}}, "3*"},
		"neighbours are joined":                   {[]span{{1, 1, true}, {2, 2, true}, {3, 3, true}}, "3*"},
		"the order of reports does not matter":    {[]span{{3, 3, true}, {1, 1, true}, {2, 2, true}}, "3*"},
		"what is ahead of a gap goes singly":      {[]span{{1, 1, true}, {3, 4, true}}, "3 4 1"},
		"nothing is acked for another":            {[]span{{2, 3, true}}, "2 3"},
		"a nack ends a run of acks":               {[]span{{1, 2, true}, {3, 3, false}, {4, 5, true}}, "2* !3 5*"},
		"nacks in a row take one frame too":       {[]span{{1, 2, false}}, "!2*"},
		"a nack ahead of a gap is a nack as well": {[]span{{2, 2, false}}, "!2"},
	} {
		t.Run(name, func(t *testing.T) {
			var out outbox
			out.init()
			cf := &confirms{channel: 1, outbox: &out}
			for _, s := range test.reported {
				cf.Confirm(s.lo, s.hi, s.ok)
			}
			if got := strings.Join(answers(t, cf.emit(nil)), " "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestConfirmsAgainstList reports tags in a random order and checks that each is
// answered once, as it was reported.
func TestConfirmsAgainstList(t *testing.T) {
	const tags = 300
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 1))
		var out outbox
		out.init()
		cf := &confirms{channel: 1, outbox: &out}
		want := make([]bool, tags+1) // as it was reported, false before that
		order := random.Perm(tags)
		if seed%2 == 0 { // nearly in order, as it is
			slices.Sort(order)
			for range 20 {
				i := random.IntN(tags - 5)
				order[i], order[i+4] = order[i+4], order[i]
			}
		}
		answered := make([]bool, tags+1)
		note := func(frames []byte) {
			r := amqp.NewReader(strings.NewReader(string(frames)))
			for f, err := r.ReadFrame(); err == nil; f, err = r.ReadFrame() {
				m, err := amqp.ParseMethod(f.Payload)
				if err != nil {
					t.Fatal(err)
				}
				var tag uint64
				var multiple, ok bool
				switch m := m.(type) {
				case *amqp.BasicAck:
					tag, multiple, ok = m.DeliveryTag, m.Multiple, true
				case *amqp.BasicNack:
					tag, multiple = m.DeliveryTag, m.Multiple
				}
				lo := tag
				if multiple {
					lo = 1
				}
				for ; lo <= tag; lo++ {
					switch {
					case answered[lo] && lo == tag:
						t.Fatalf("seed %d: tag %d: got a second answer", seed, tag)
					case !answered[lo] && want[lo] != ok:
						t.Fatalf("seed %d: tag %d: got %v, want %v", seed, lo, ok, want[lo])
					}
					answered[lo] = true
				}
			}
		}
		for _, i := range order {
			tag := uint64(i + 1)
			want[tag] = random.IntN(10) > 0
			cf.Confirm(tag, tag, want[tag])
			if random.IntN(8) == 0 {
				note(cf.emit(nil))
			}
		}
		note(cf.emit(nil))
		for tag := 1; tag <= tags; tag++ {
			if !answered[tag] {
				t.Fatalf("seed %d: tag %d: got no answer, want one", seed, tag)
			}
		}
		if len(cf.above) != 0 || cf.sent != tags {
			t.Errorf("seed %d: got %v above %d, want nothing above %d", seed, cf.above, cf.sent, tags)
		}
	}
}

func TestClosedConfirmsAreSilent(t *testing.T) {
	var out outbox
	out.init()
	cf := &confirms{channel: 1, outbox: &out}
	cf.Confirm(1, 2, true)
	if got := answers(t, cf.close(nil)); !slices.Equal(got, []string{"2*"}) {
		t.Errorf("at the end: got %v, want [2*]", got)
	}
	cf.Confirm(3, 3, true)
	if got := answers(t, cf.emit(nil)); got != nil {
		t.Errorf("after the end: got %v, want nothing", got)
	}
}

func BenchmarkConfirms(b *testing.B) {
	var out outbox
	out.init()
	cf := &confirms{channel: 1, outbox: &out}
	buf := make([]byte, 0, 64)
	tag := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		tag++
		cf.Confirm(tag, tag, true)
		if tag%64 == 0 {
			buf = cf.emit(buf[:0])
			out.confirms = out.confirms[:0]
		}
	}
}
