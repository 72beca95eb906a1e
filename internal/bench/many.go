package bench

import (
	"fmt"
	"time"
)

// manies are many of something, which exist while there is a load.
func manies() []Shape {
	shape := func(name, title string, bound time.Duration, flags string) Shape {
		return Shape{
			Name: "many/" + name, Title: title, Command: "many " + flags,
			Extra: restTime + 3*time.Second, Bound: bound, measure: (*trial).many,
		}
	}
	return []Shape{
		shape("connections-1000", "1,000 idle connections, each with a consumer", time.Minute,
			"--of connections --number 1000"),
		shape("connections-10000", "10,000 idle connections, each with a consumer", 2*time.Minute,
			"--of connections --number 10000"),
		shape("queues-1000", "1,000 durable queues", time.Minute,
			"--of queues --number 1000 --durable --confirm 200"),
		shape("queues-50000", "50,000 durable queues", 2*time.Minute,
			"--of queues --number 50000 --connections 16 --durable --confirm 200"),
		shape("bindings-100000", "100,000 topic bindings", 2*time.Minute,
			"--of bindings --number 100000 --connections 16"),
	}
}

// restTime is how long nothing happens before the memory is looked at: long enough for
// a broker to notice, which Harebell does within twenty seconds.
const restTime = 21 * time.Second

func (t *trial) many() error {
	w := t.watch()
	l, err := t.perf(t.shape.Command,
		"--rest", restTime.String(), "--warmup", warmup.String(), "--duration", t.plan.options.Time.String())
	w.stop()
	if err != nil {
		return err
	}
	if l.Load == nil {
		return fmt.Errorf("harebell perf %s: there was no load", t.shape.Command)
	}
	t.metrics[MakeTime] = l.Seconds
	t.metrics[Made] = l.perSecond(l.Made)
	t.note(l.Load)
	t.noteUsage(l.Load, w)
	if w != nil {
		before, _ := w.between(l.from(), l.from())
		idle, _ := w.between(l.to().Add(restTime), l.to().Add(restTime))
		t.metrics[Idle] = float64(max(0, idle.anon-before.anon))
	}
	return nil
}
