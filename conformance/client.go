package conformance

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// run is part of every name, so that two runs against one broker do not meet.
var run = strings.ToLower(rand.Text()[:6])

// names counts the names given out in this run.
var names atomic.Int64

// unique returns a name nobody else uses.
func unique(t T) string {
	return fmt.Sprintf("conformance.%s.%d.%s", run, names.Add(1), t.Name())
}

// A session is a connection of the official client with one channel. Its lower
// case methods fail the test if the broker does not do as asked.
type session struct {
	*amqp.Channel
	t          T
	connection *amqp.Connection
	closed     chan *amqp.Error // of the channel
	lost       chan *amqp.Error // of the connection
	returns    chan amqp.Return
}

// open connects and opens a channel. Both end with the test.
func open(t T) *session {
	t.Helper()
	connection, err := amqp.Dial(target.url)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { connection.Close() })
	return newSession(t, connection, connection.NotifyClose(make(chan *amqp.Error, 1)))
}

// sibling opens another channel of the same connection.
func (s *session) sibling() *session {
	s.t.Helper()
	return newSession(s.t, s.connection, s.lost)
}

func newSession(t T, connection *amqp.Connection, lost chan *amqp.Error) *session {
	t.Helper()
	channel, err := connection.Channel()
	if err != nil {
		t.Fatalf("open a channel: %v", err)
	}
	return &session{
		Channel:    channel,
		t:          t,
		connection: connection,
		closed:     channel.NotifyClose(make(chan *amqp.Error, 1)),
		lost:       lost,
		returns:    channel.NotifyReturn(make(chan amqp.Return, 100)),
	}
}

// ok fails the test if the broker refused.
func (s *session) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("refused: %v", err)
	}
}

// queue declares an exclusive queue with a name of its own.
func (s *session) queue(args amqp.Table) string {
	s.t.Helper()
	name := unique(s.t)
	_, err := s.QueueDeclare(name, false, false, true, false, args)
	s.ok(err)
	return name
}

// shared declares a durable queue that any connection may use; it is deleted
// when the test ends.
func (s *session) shared(args amqp.Table) string {
	s.t.Helper()
	name := unique(s.t)
	s.t.Cleanup(func() { drop(s.t, func(ch *amqp.Channel) { ch.QueueDelete(name, false, false, false) }) })
	_, err := s.QueueDeclare(name, true, false, false, false, args)
	s.ok(err)
	return name
}

// exchange declares a transient exchange with a name of its own; it is deleted
// when the test ends.
func (s *session) exchange(kind string, args amqp.Table) string {
	s.t.Helper()
	name := s.exchangeName()
	s.ok(s.ExchangeDeclare(name, kind, false, false, false, false, args))
	return name
}

// exchangeName returns a new name and deletes what the test may declare under it.
func (s *session) exchangeName() string {
	s.t.Helper()
	name := unique(s.t)
	s.t.Cleanup(func() { drop(s.t, func(ch *amqp.Channel) { ch.ExchangeDelete(name, false, false) }) })
	return name
}

// drop runs a deletion on a connection of its own, as a test may have lost its.
func drop(t T, deletion func(*amqp.Channel)) {
	t.Helper()
	connection, err := amqp.Dial(target.url)
	if err != nil {
		t.Errorf("clean up: %v", err)
		return
	}
	defer connection.Close()
	channel, err := connection.Channel()
	if err != nil {
		t.Errorf("clean up: %v", err)
		return
	}
	deletion(channel)
}

// bind binds a queue to an exchange.
func (s *session) bind(queue, exchange, key string, args amqp.Table) {
	s.t.Helper()
	s.ok(s.QueueBind(queue, key, exchange, false, args))
}

// bound declares an exclusive queue bound to an exchange.
func (s *session) bound(exchange, key string, args amqp.Table) string {
	s.t.Helper()
	queue := s.queue(nil)
	s.bind(queue, exchange, key, args)
	return queue
}

// publish publishes a body without properties.
func (s *session) publish(exchange, key string, bodies ...string) {
	s.t.Helper()
	for _, body := range bodies {
		s.send(exchange, key, amqp.Publishing{Body: []byte(body)})
	}
}

// send publishes a message.
func (s *session) send(exchange, key string, p amqp.Publishing) {
	s.t.Helper()
	s.ok(s.PublishWithContext(context.Background(), exchange, key, false, false, p))
}

// mandatory publishes a message that is to be returned if it has nowhere to go.
func (s *session) mandatory(exchange, key, body string) {
	s.t.Helper()
	s.ok(s.PublishWithContext(context.Background(), exchange, key, true, false, amqp.Publishing{Body: []byte(body)}))
}

// returned waits for a basic.return.
func (s *session) returned() amqp.Return {
	s.t.Helper()
	return receive(s.t, s.returns, "basic.return")
}

// wantReady waits for a queue to have so many messages ready: a queue.declare may
// overtake what was published just before it. To show that something is absent
// use wantDrain, as basic.get does not overtake.
func (s *session) wantReady(queue string, want int) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("%d messages ready", want), func() bool {
		return s.inspect(queue).Messages == want
	})
}

// inspect declares a queue passively.
func (s *session) inspect(queue string) amqp.Queue {
	s.t.Helper()
	q, err := s.QueueDeclarePassive(queue, false, false, false, false, nil)
	s.ok(err)
	return q
}

// get takes a message, to be acked later.
func (s *session) get(queue string) amqp.Delivery {
	s.t.Helper()
	d, found, err := s.Get(queue, false)
	s.ok(err)
	if !found {
		s.t.Fatalf("get: got nothing, want a message")
	}
	return d
}

// drain takes all messages there are and returns their bodies.
func (s *session) drain(queue string) string {
	s.t.Helper()
	var bodies []string
	for {
		d, found, err := s.Get(queue, true)
		s.ok(err)
		if !found {
			return strings.Join(bodies, " ")
		}
		bodies = append(bodies, string(d.Body))
	}
}

// wantDrain compares the bodies of all messages, separated by spaces.
func (s *session) wantDrain(queue, want string) {
	s.t.Helper()
	if got := s.drain(queue); got != want {
		s.t.Fatalf("messages: got %q, want %q", got, want)
	}
}

// confirm puts the channel into confirm mode.
func (s *session) confirm() {
	s.t.Helper()
	s.ok(s.Confirm(false))
}

// confirmed publishes a message on a channel in confirm mode, waits for the
// confirm and reports whether it was an ack.
func (s *session) confirmed(exchange, key string, p amqp.Publishing) bool {
	s.t.Helper()
	confirmation, err := s.PublishWithDeferredConfirm(exchange, key, false, false, p)
	s.ok(err)
	return s.outcome(confirmation)
}

// outcome waits for a confirm and reports whether it is an ack.
func (s *session) outcome(confirmation *amqp.DeferredConfirmation) bool {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	acked, err := confirmation.WaitContext(ctx)
	if err != nil {
		s.t.Fatalf("wait for a confirm: %v", err)
	}
	return acked
}

// refused expects the broker to close the channel, and only the channel.
func (s *session) refused(code uint16, format string, args ...any) {
	s.t.Helper()
	s.compare(receive(s.t, s.closed, "channel.close"), code, format, args...)
	ch, err := s.connection.Channel()
	if err != nil {
		s.t.Fatalf("connection after a channel error: %v", err)
	}
	ch.Close()
}

func (s *session) compare(got *amqp.Error, code uint16, format string, args ...any) {
	s.t.Helper()
	if got == nil {
		s.t.Fatalf("closed without an error, want %d", code)
	}
	want := codeName(code) + " - " + fmt.Sprintf(format, args...)
	if got.Code != int(code) || got.Reason != want {
		s.t.Fatalf("refused with\n got %d %s\nwant %d %s", got.Code, got.Reason, code, want)
	}
}

// receive takes one value that must come.
func receive[V any](t T, values <-chan V, what string) V {
	t.Helper()
	select {
	case v, open := <-values:
		if !open {
			t.Fatalf("closed while waiting for %s", what)
		}
		return v
	case <-time.After(patience):
		t.Fatalf("no %s within %v", what, patience)
	}
	panic("unreachable")
}

// eventually repeats a question until the answer is yes, for what the broker
// does in its own time and tells nobody. It asks at intervals, as asking without
// a pause would slow the broker down.
func eventually(t T, what string, answer func() bool) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(patience); !answer(); <-again.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// gone expects that an exchange is not there any more.
func (s *session) gone(exchange string) {
	s.t.Helper()
	eventually(s.t, "exchange deleted", func() bool {
		ch, err := s.connection.Channel()
		s.ok(err)
		defer ch.Close()
		return ch.ExchangeDeclarePassive(exchange, "direct", false, false, false, false, nil) != nil
	})
}

// missing expects that a queue is not there any more.
func (s *session) missing(queue string) {
	s.t.Helper()
	eventually(s.t, "queue deleted", func() bool {
		ch, err := s.connection.Channel()
		s.ok(err)
		defer ch.Close()
		_, err = ch.QueueDeclarePassive(queue, false, false, false, false, nil)
		return err != nil
	})
}
