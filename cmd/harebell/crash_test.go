package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// kills is how often the broker is killed under load; HAREBELL_KILLS sets it.
func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv("HAREBELL_KILLS")
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("HAREBELL_KILLS is %q, want a number of at least 1", text)
	}
	return n
}

// A ledger is what the clients of a broker know, and so what the broker must
// know too after a crash.
type ledger struct {
	mu        sync.Mutex
	confirmed map[string]bool
	acked     map[string]time.Time
}

func newLedger() *ledger {
	return &ledger{confirmed: make(map[string]bool), acked: make(map[string]time.Time)}
}

func (l *ledger) confirm(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.confirmed[id] = true
}

func (l *ledger) ack(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[id] = time.Now()
}

// crashQueues are bound to one fanout exchange: what each is declared with besides
// being durable. Those that are not consumed from grow, and page by their size.
var crashQueues = []struct {
	name     string
	args     amqp091.Table
	consumed bool
}{
	{"crash.one", nil, true},
	{"crash.two", nil, true},
	{"crash.quorum", amqp091.Table{"x-queue-type": "quorum", "x-delivery-limit": int32(-1)}, true},
	{"crash.priority", amqp091.Table{"x-max-priority": int32(5)}, false},
}

const crashExchange = "crash"

// ackDurable is how long after an ack a crash may still undo it, with a margin
// for a busy machine; the broker promises a twentieth of it.
const ackDurable = time.Second

// TestKilledBrokerKeepsItsPromises kills the broker under confirmed load again
// and again, and looks each time whether every confirmed message is there that
// nobody acked, and none that was acked a second before the kill.
func TestKilledBrokerKeepsItsPromises(t *testing.T) {
	dir := t.TempDir()
	books := make(map[string]*ledger)
	for _, q := range crashQueues {
		books[q.name] = newLedger()
	}
	for round := range kills(t) {
		p := start(t, "--data-dir", dir)
		declareCrash(t, p)
		killed := underLoad(t, p, round, books)
		after := start(t, "--data-dir", dir)
		for _, q := range crashQueues {
			checkPromises(t, after, q.name, books[q.name], killed)
		}
		after.stop()
		if t.Failed() {
			return
		}
	}
}

func declareCrash(t *testing.T, p *process) {
	t.Helper()
	ch := p.channel()
	if err := ch.ExchangeDeclare(crashExchange, "fanout", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	for _, q := range crashQueues {
		if _, err := ch.QueueDeclare(q.name, true, false, false, false, q.args); err != nil {
			t.Fatal(err)
		}
		if err := ch.QueueBind(q.name, "", crashExchange, false, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// underLoad publishes and consumes for longer than acks take to last, kills the
// broker at a random confirm, and returns when that was.
func underLoad(t *testing.T, p *process, round int, books map[string]*ledger) time.Time {
	t.Helper()
	var clients sync.WaitGroup
	confirms := make(chan string, 1024)
	for i := range 3 {
		clients.Go(func() { publishConfirmed(p, fmt.Sprintf("%d.%d", round, i), confirms) })
	}
	for _, q := range crashQueues {
		if q.consumed {
			clients.Go(func() { consumeHalf(p, q.name, books[q.name]) })
		}
	}
	begun, extra := time.Now(), rand.IntN(500)
	for id := range confirms {
		for _, book := range books {
			book.confirm(id)
		}
		if time.Since(begun) > ackDurable+200*time.Millisecond {
			if extra--; extra < 0 {
				break
			}
		}
	}
	killed := time.Now()
	p.kill()
	go func() { clients.Wait(); close(confirms) }()
	for id := range confirms { // confirmed before the kill, heard after it
		for _, book := range books {
			book.confirm(id)
		}
	}
	return killed
}

// publishConfirmed publishes until the broker is gone, with up to 100 messages
// unconfirmed, and reports each confirm.
func publishConfirmed(p *process, prefix string, confirmed chan<- string) {
	c, err := amqp091.Dial("amqp://guest:guest@" + p.address + "/")
	if err != nil {
		return
	}
	defer c.Close()
	ch, err := c.Channel()
	if err != nil || ch.Confirm(false) != nil {
		return
	}
	var waiting []*amqp091.DeferredConfirmation
	var ids []string
	body := make([]byte, 300)
	for n := 0; ; n++ {
		id := fmt.Sprintf("%s.%d", prefix, n)
		d, err := ch.PublishWithDeferredConfirm(crashExchange, "", false, false, amqp091.Publishing{
			DeliveryMode: amqp091.Persistent, MessageId: id, Priority: uint8(n % 7), Body: body[:rand.IntN(len(body))],
		})
		if err == nil {
			waiting, ids = append(waiting, d), append(ids, id)
		}
		for err != nil && len(waiting) > 0 || len(waiting) >= 100 {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			ok, failed := waiting[0].WaitContext(ctx)
			cancel()
			if failed == nil && ok {
				confirmed <- ids[0]
			}
			waiting, ids = waiting[1:], ids[1:]
		}
		if err != nil {
			return
		}
	}
}

// consumeHalf acks every second message, in batches and singly, and keeps the
// others unacked.
func consumeHalf(p *process, queue string, book *ledger) {
	c, err := amqp091.Dial("amqp://guest:guest@" + p.address + "/")
	if err != nil {
		return
	}
	defer c.Close()
	ch, err := c.Channel()
	if err != nil {
		return
	}
	deliveries, err := ch.Consume(queue, "", false, false, false, false, nil)
	if err != nil {
		return
	}
	n := 0
	for d := range deliveries {
		if n++; n%2 == 0 && d.Ack(false) == nil {
			book.ack(d.MessageId)
		}
	}
}

// checkPromises takes all out of a queue and holds it against the ledger. Closing
// the channel puts it back.
func checkPromises(t *testing.T, p *process, queue string, book *ledger, killed time.Time) {
	t.Helper()
	ch := p.channel()
	defer ch.Close()
	held, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	deliveries, err := ch.Consume(queue, "", false, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	present := make(map[string]bool)
	for range held.Messages {
		d, ok := <-deliveries
		if !ok {
			t.Fatalf("%s: the broker ended a check:\n%s", queue, p.log)
		}
		if present[d.MessageId] {
			t.Errorf("%s: message %s is there twice", queue, d.MessageId)
		}
		present[d.MessageId] = true
		if at, acked := book.acked[d.MessageId]; acked {
			if killed.Sub(at) > ackDurable {
				t.Errorf("%s: message %s is back, %v after its ack", queue, d.MessageId, killed.Sub(at))
			}
			delete(book.acked, d.MessageId) // the crash undid it
		}
	}
	lost := 0
	for id := range book.confirmed {
		if _, acked := book.acked[id]; !acked && !present[id] {
			if lost++; lost < 10 {
				t.Errorf("%s: confirmed message %s is lost", queue, id)
			}
		}
	}
	if left, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil); err != nil || left.Messages != 0 {
		t.Errorf("%s: %d messages after the last, error %v", queue, left.Messages, err)
	}
	if len(book.confirmed) == 0 {
		t.Errorf("%s: nothing was confirmed; the test shows nothing", queue)
	}
	t.Logf("%s: %d confirmed, %d acked, %d there, %d lost", queue, len(book.confirmed), len(book.acked), len(present), lost)
}
