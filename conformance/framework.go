package conformance

import (
	"fmt"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// What follows declares what frameworks declare, by the same methods with the same
// arguments, and sends a message through it as they do. The names have a prefix, so
// that several rules may hold at once.

// A topology is what a framework declares, and what is deleted in the end.
type topology struct {
	*session
	prefix string
}

func (s *session) topology() *topology {
	s.t.Helper()
	s.confirm()
	return &topology{s, unique(s.t) + "."}
}

// durableQueue declares a durable queue, and one more time: each process of an
// application does.
func (p *topology) durableQueue(name string, args amqp.Table) string {
	p.t.Helper()
	name = p.prefix + name
	p.t.Cleanup(func() { drop(p.t, func(ch *amqp.Channel) { ch.QueueDelete(name, false, false, false) }) })
	for range 2 {
		_, err := p.QueueDeclare(name, true, false, false, false, args)
		p.ok(err)
	}
	return name
}

// durableExchange is durableQueue for an exchange.
func (p *topology) durableExchange(name, kind string, args amqp.Table) string {
	p.t.Helper()
	name = p.prefix + name
	p.t.Cleanup(func() { drop(p.t, func(ch *amqp.Channel) { ch.ExchangeDelete(name, false, false) }) })
	for range 2 {
		p.ok(p.ExchangeDeclare(name, kind, true, false, false, false, args))
	}
	return name
}

// chain binds an exchange to another one.
func (p *topology) chain(to, from, key string) {
	p.t.Helper()
	p.ok(p.ExchangeBind(to, key, from, false, nil))
}

// put publishes a persistent message that must be confirmed.
func (p *topology) put(exchange, key, body string) {
	p.t.Helper()
	if !p.confirmed(exchange, key, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte(body)}) {
		p.t.Fatalf("%s: got a nack, want an ack", body)
	}
}

func TestCeleryWithClassicQueues(t T) {
	t.Parallel()
	p := open(t).topology()
	x := p.durableExchange("celery", "direct", nil)
	queue := p.durableQueue("celery", amqp.Table{"x-max-priority": int32(10)})
	p.bind(queue, x, "celery", nil)

	// Remote control and events: transient, and gone with their worker.
	pidbox := p.exchange("fanout", nil)
	control := p.prefix + "celery@worker.celery.pidbox"
	_, err := p.QueueDeclare(control, false, true, true, false, amqp.Table{"x-expires": int32(10_000), "x-message-ttl": int32(300_000)})
	p.ok(err)
	p.bind(control, pidbox, "", nil)
	events := p.durableExchange("celeryev", "topic", nil)
	watcher := p.prefix + "celeryev.1"
	_, err = p.QueueDeclare(watcher, false, true, true, false, amqp.Table{"x-expires": int32(60_000), "x-message-ttl": int32(5_000)})
	p.ok(err)
	p.bind(watcher, events, "#", nil)

	p.ok(p.Qos(4, 0, true))
	p.put(x, "celery", "task")
	worker := p.consume(queue)
	d := worker.next()
	p.ok(d.Reject(true)) // retried by the broker, as a worker that shuts down does
	d = worker.next()
	if string(d.Body) != "task" || !d.Redelivered {
		t.Errorf("got %q, redelivered %v, want the task again", d.Body, d.Redelivered)
	}
	p.ok(d.Ack(false))
	p.put(events, "worker.heartbeat", "event")
	p.consume(watcher).want("event")
	p.put(pidbox, "", "control")
	p.consume(control).want("control")
}

// delayLevels declares the delays of NServiceBus and of Celery's native delayed
// delivery: a quorum queue for each bit of a number of seconds, in which a message
// expires, or which it passes by. Destinations are bound to the last exchange.
func (p *topology) delayLevels(name func(level int) string, last string) (first, delivery string) {
	p.t.Helper()
	const highest = 27
	exchanges := make([]string, highest+1)
	for level := highest; level >= 0; level-- {
		exchanges[level] = p.durableExchange(name(level), "topic", nil)
	}
	delivery = p.durableExchange(last, "topic", nil)
	for level := highest; level >= 0; level-- {
		next := delivery
		if level > 0 {
			next = exchanges[level-1]
		}
		queue := p.durableQueue(name(level), amqp.Table{
			"x-queue-type": "quorum", "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
			"x-message-ttl": int64(1000) << level, "x-dead-letter-exchange": next,
		})
		words := strings.Repeat("*.", highest-level)
		p.bind(queue, exchanges[level], words+"1.#", nil)
		p.chain(next, exchanges[level], words+"0.#")
	}
	return exchanges[highest], delivery
}

// delayKey is the routing key of a message that is to be delayed by so many seconds.
func delayKey(seconds uint, destination string) string {
	bits := fmt.Sprintf("%028b", seconds)
	return strings.Join(strings.Split(bits, ""), ".") + "." + destination
}

func TestCeleryWithQuorumQueues(t T) {
	slow(t)
	t.Parallel()
	p := open(t).topology()
	queue := p.durableQueue("tasks", amqp.Table{"x-queue-type": "quorum"})
	x := p.durableExchange("tasks", "topic", nil)
	p.bind(queue, x, "tasks", nil)
	first, delivery := p.delayLevels(func(level int) string { return fmt.Sprintf("celery_delayed_%d", level) }, "celery_delayed_delivery")
	p.chain(x, delivery, "#.tasks")
	p.bind(queue, x, "#.tasks", nil)

	p.ok(p.Qos(4, 0, false)) // what Celery does for queues without a global prefetch
	worker := p.consume(queue)
	p.put(first, delayKey(1, "tasks"), "later")
	p.put(first, delayKey(0, "tasks"), "now")
	p.put(x, "tasks", "first")
	worker.want("now first later")
}

func TestNServiceBus(t T) {
	slow(t)
	t.Parallel()
	p := open(t).topology()
	endpoint := func(name string) string {
		queue := p.durableQueue(name, amqp.Table{"x-queue-type": "quorum"})
		x := p.durableExchange(name, "fanout", nil)
		p.bind(queue, x, "", nil)
		return queue
	}
	p.durableQueue("nsb.v2.verify-stream-flag-enabled", amqp.Table{"x-queue-type": "stream"}) // it wants a broker that has them
	sales, failed := endpoint("Sales"), endpoint("error")
	event := p.durableExchange("Shop:OrderPlaced", "fanout", nil)
	base := p.durableExchange("System:Object", "fanout", nil)
	p.chain(base, event, "")
	p.chain(sales, event, "") // an exchange has its queue's name

	first, delivery := p.delayLevels(func(level int) string { return fmt.Sprintf("nsb.v2.delay-level-%02d", level) }, "nsb.v2.delay-delivery")
	p.chain(sales, delivery, "#."+sales)

	p.ok(p.Qos(10, 0, false))
	receiver := p.consume(sales)
	p.put(event, "", "event")
	receiver.want("event")
	p.put(first, delayKey(1, sales), "timeout")
	receiver.want("timeout")
	p.put(failed, "", "poison")
	p.consume(failed).want("poison")
}

func TestMassTransit(t T) {
	t.Parallel()
	p := open(t).topology()
	message := p.durableExchange("Shop:SubmitOrder", "fanout", nil)
	x := p.durableExchange("submit-order", "fanout", nil)
	queue := p.durableQueue("submit-order", amqp.Table{"x-queue-type": "quorum"})
	p.bind(queue, x, "", nil)
	p.chain(x, message, "")
	failed := p.durableExchange("submit-order_error", "fanout", nil)
	errors := p.durableQueue("submit-order_error", amqp.Table{"x-queue-type": "quorum"})
	p.bind(errors, failed, "", nil)

	// The bus's own endpoint, for answers: it goes with its process.
	answers := p.prefix + "host_bus_1"
	p.ok(p.ExchangeDeclare(answers, "fanout", false, true, false, false, nil))
	_, err := p.QueueDeclare(answers, false, true, true, false, amqp.Table{"x-expires": int32(60_000)})
	p.ok(err)
	p.bind(answers, answers, "", nil)

	p.ok(p.Qos(16, 0, false))
	receiver := p.consume(queue)
	p.put(message, "", "command")
	receiver.want("command")
	p.put(answers, "", "answer")
	p.consume(answers).want("answer")
	p.put(failed, "", "fault")
	p.consume(errors).want("fault")
}

func TestMassTransitScheduler(t T) {
	t.Parallel()
	p := open(t).topology()
	delay := p.pluggedIn("x-delayed-message", amqp.Table{"x-delayed-type": "fanout"})
	x := p.durableExchange("submit-order", "fanout", nil)
	queue := p.durableQueue("submit-order", nil)
	p.bind(queue, x, "", nil)
	p.chain(x, delay, "")
	p.send(delay, "", delayedBy(int64(100), "later"))
	p.consume(queue).want("later")
}

func TestSpringCloudStream(t T) {
	t.Parallel()
	p := open(t).topology()
	x := p.durableExchange("orders", "topic", nil)
	dead := p.durableExchange("DLX", "direct", nil)
	group := p.prefix + "orders.billing"
	letters := p.durableQueue("orders.billing.dlq", amqp.Table{
		"x-queue-type": "quorum", "x-dead-letter-exchange": "", "x-dead-letter-routing-key": group, "x-message-ttl": int32(100),
	})
	p.bind(letters, dead, group, nil)
	queue := p.durableQueue("orders.billing", amqp.Table{
		"x-queue-type": "quorum", "x-dead-letter-exchange": dead, "x-dead-letter-routing-key": group,
		"x-single-active-consumer": true, "x-delivery-limit": int32(5),
	})
	p.bind(queue, x, "#", nil)

	p.ok(p.Qos(1, 0, false))
	listener := p.consume(queue)
	p.put(x, "orders", "order")
	p.ok(listener.next().Reject(false))
	d := listener.next() // after some time among the dead letters
	if got := deaths(t, d); len(got) != 2 || got[0]["reason"] != "expired" || got[1]["reason"] != "rejected" {
		t.Errorf("x-death: got %v, want it expired among the dead letters, where it came by a rejection", got)
	}
	p.ok(d.Ack(false))
}

func TestSpringAnonymousGroup(t T) {
	t.Parallel()
	p := open(t).topology()
	x := p.durableExchange("orders", "topic", nil)
	queue := p.prefix + "orders.anonymous.1"
	_, err := p.QueueDeclare(queue, false, true, true, false, amqp.Table{"x-queue-master-locator": "client-local"})
	p.ok(err)
	p.bind(queue, x, "#", nil)
	listener := p.consumeWith(queue, false, true, nil)
	p.put(x, "orders", "order")
	listener.want("order")
}
