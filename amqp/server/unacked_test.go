package server

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// An unackedModel is unacked as nobody would build it: a map.
type unackedModel map[uint64]string

func (m unackedModel) upTo(tag uint64) []uint64 {
	tags := slices.Sorted(maps.Keys(m))
	return slices.DeleteFunc(tags, func(t uint64) bool { return tag != 0 && t > tag })
}

// named returns a delivery that can be told from others.
func named(name string) delivery {
	return delivery{queue: new(queue.FIFO), entry: queue.Entry{Message: &amqp.Message{RoutingKey: name}}}
}

func TestUnackedAgainstMap(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		var u unacked
		model := make(unackedModel)
		tag := uint64(0)
		var back []settlement // taken, for restore
		for range 400 {
			switch n := random.IntN(100); {
			case n < 55:
				tag += 1 + uint64(random.IntN(3)) // gaps are deliveries without ack
				if random.IntN(40) == 0 {
					tag += 1000
				}
				name := string(rune('a' + tag%26))
				u.add(tag, named(name))
				model[tag] = name
			case n < 85:
				x := pick(random, model, tag)
				d, ok := u.take(x)
				name, want := model[x]
				if ok != want || ok && d.entry.Message.RoutingKey != name {
					t.Fatalf("seed %d: take(%d): got %v, want %v", seed, x, ok, want)
				}
				if ok {
					back = append(back, settlement{tag: x, delivery: d})
				}
				delete(model, x)
			case n < 90:
				x := pick(random, model, tag)
				want := model.upTo(x)
				var got []uint64
				for tag, d := range u.upTo(x) {
					got = append(got, tag)
					back = append(back, settlement{tag: tag, delivery: d})
					delete(model, tag)
				}
				if !slices.Equal(got, want) {
					t.Fatalf("seed %d: upTo(%d): got %v, want %v", seed, x, got, want)
				}
			case n < 95:
				for _, x := range back {
					model[x.tag] = x.delivery.entry.Message.RoutingKey
				}
				u.restore(back)
				back = nil
			default:
				back = nil // committed
			}
			if u.count != len(model) {
				t.Fatalf("seed %d: count: got %d, want %d", seed, u.count, len(model))
			}
		}
		for x := range tag + 2 {
			if _, want := model[x]; u.has(x) != want {
				t.Fatalf("seed %d: has(%d): got %v, want %v", seed, x, !want, want)
			}
		}
	}
}

// pick returns a tag that is outstanding, mostly.
func pick(random *rand.Rand, model unackedModel, last uint64) uint64 {
	if tags := slices.Sorted(maps.Keys(model)); len(tags) > 0 && random.IntN(5) > 0 {
		return tags[random.IntN(len(tags))]
	}
	return uint64(random.IntN(int(last) + 2))
}

func TestUnackedLetsGoOfSettledBlocks(t *testing.T) {
	var u unacked
	u.add(1, named("stuck"))
	for tag := uint64(2); tag <= 100*unackedBlock; tag++ {
		u.add(tag, named(""))
		u.take(tag)
	}
	held := 0
	for _, b := range u.blocks {
		if b != nil {
			held++
		}
	}
	if held > 2 {
		t.Errorf("blocks held for one delivery: got %d, want 2 at most", held)
	}
	u.take(1)
	if len(u.blocks) != 0 {
		t.Errorf("blocks of nothing: got %d, want 0", len(u.blocks))
	}
}

func TestUnackedSlimsWhatIsOutForLong(t *testing.T) {
	st := store.NewMemory()
	q, err := queue.New(queue.Declaration{Name: "q", Durable: true}, queue.Config{ID: st.NextQueueID(), Store: st})
	if err != nil {
		t.Fatal(err)
	}
	m := amqp.Message{Persistent: true}
	r := new(store.Record)
	r.Init(&m, nil, 0)
	q.Publish([]queue.Publishing{{Message: &m, Record: r}})
	r.Release()
	st.Append(store.Batch{Records: []*store.Record{r}})
	e, _, ok, err := q.Get(false)
	if !ok || err != nil {
		t.Fatalf("get: got %v, %v, want a message", ok, err)
	}

	var u unacked
	u.add(1, delivery{queue: q, entry: e})
	for tag := uint64(2); tag <= 1+slimLag; tag++ {
		u.add(tag, named(""))
	}
	if _, d := u.at(1); d.entry.Message == nil {
		t.Errorf("%d deliveries later: got no message, want it still", slimLag)
	}
	u.add(2+slimLag, named(""))
	if _, d := u.at(1); d.entry.Message != nil {
		t.Errorf("%d deliveries later: got the message, want it left to the store", slimLag+1)
	}
	if _, d := u.at(2); d.entry.Message == nil {
		t.Error("a message that the store does not have: got none, want it")
	}
}

// BenchmarkUnacked is one delivery and its ack, with n others outstanding.
func BenchmarkUnacked(b *testing.B) {
	for name, outstanding := range map[string]uint64{"outstanding=0": 0, "outstanding=100": 100} {
		b.Run(name, func(b *testing.B) {
			var u unacked
			d := named("")
			for tag := range outstanding {
				u.add(tag+1, d)
			}
			tag := outstanding
			b.ReportAllocs()
			for b.Loop() {
				tag++
				u.add(tag, d)
				u.take(tag - outstanding)
			}
		})
	}
}
