package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// crashStreams are bound to one fanout exchange. The second keeps little.
var crashStreams = map[string]amqp091.Table{
	"crash.stream":       {"x-queue-type": "stream"},
	"crash.stream.short": {"x-queue-type": "stream", "x-max-length-bytes": int32(200_000), "x-stream-max-segment-size-bytes": int32(20_000)},
}

// A log is what the clients of a stream know of it.
type log struct {
	mu    sync.Mutex
	at    map[int64]string // what was delivered, by its offset
	first int64            // the lowest offset that a consumer found last
}

// see notes a delivery, and reports an offset that had another message before.
func (l *log) see(t *testing.T, stream string, offset int64, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before, seen := l.at[offset]; seen && before != id {
		t.Errorf("%s: offset %d has message %s, had %s", stream, offset, id, before)
	}
	l.at[offset] = id
}

// begins returns where the stream was seen to begin last.
func (l *log) begins() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}

// TestKilledBrokerKeepsItsStreams kills the broker under confirmed load again and
// again, and looks each time whether every confirmed message is there, in order, each
// that was delivered under the same offset, and nothing that was seen to be gone.
func TestKilledBrokerKeepsItsStreams(t *testing.T) {
	dir := t.TempDir()
	confirmed := newLedger()
	logs := make(map[string]*log)
	for stream := range crashStreams {
		logs[stream] = &log{at: make(map[int64]string)}
	}
	for round := range kills(t) {
		p := start(t, "--data-dir", dir)
		declareCrashStreams(t, p)
		streamsUnderLoad(t, p, round, confirmed, logs)
		after := start(t, "--data-dir", dir)
		checkStream(t, after, "crash.stream", confirmed, logs["crash.stream"])
		checkShortStream(t, after, "crash.stream.short", logs["crash.stream.short"])
		after.stop()
		if t.Failed() {
			return
		}
	}
}

func declareCrashStreams(t *testing.T, p *process) {
	t.Helper()
	ch := p.channel()
	if err := ch.ExchangeDeclare(crashExchange, "fanout", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	for stream, args := range crashStreams {
		if _, err := ch.QueueDeclare(stream, true, false, false, false, args); err != nil {
			t.Fatal(err)
		}
		if err := ch.QueueBind(stream, "", crashExchange, false, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// streamsUnderLoad publishes and reads, and kills the broker at some confirm after
// something was seen to be cut off.
func streamsUnderLoad(t *testing.T, p *process, round int, book *ledger, logs map[string]*log) {
	t.Helper()
	var clients sync.WaitGroup
	confirms := make(chan string, 1024)
	for i := range 3 {
		clients.Go(func() { publishConfirmed(p, fmt.Sprintf("%d.%d", round, i), confirms) })
	}
	for stream, l := range logs {
		clients.Go(func() { readAll(t, p, stream, l) })
		clients.Go(func() { lookForFirst(p, stream, l) })
	}
	left, begun := 2000+700*round, time.Now()
	for id := range confirms {
		book.confirm(id)
		left--
		if left < 0 && logs["crash.stream.short"].begins() > 0 || time.Since(begun) > 20*time.Second {
			break
		}
	}
	p.kill()
	go func() { clients.Wait(); close(confirms) }()
	for id := range confirms { // confirmed before the kill, heard after it
		book.confirm(id)
	}
}

// reads starts a consumer of a stream. If the broker is gone there are no deliveries.
func reads(p *process, stream, offset string) (deliveries <-chan amqp091.Delivery, end func()) {
	none := make(chan amqp091.Delivery)
	close(none)
	c, err := amqp091.Dial("amqp://guest:guest@" + p.address + "/")
	if err != nil {
		return none, func() {}
	}
	end = func() { c.Close() }
	ch, err := c.Channel()
	if err != nil || ch.Qos(1000, 0, false) != nil {
		return none, end
	}
	deliveries, err = ch.Consume(stream, "", false, false, false, false, amqp091.Table{"x-stream-offset": offset})
	if err != nil {
		return none, end
	}
	return deliveries, end
}

func offsetOf(d *amqp091.Delivery) int64 {
	offset, _ := d.Headers["x-stream-offset"].(int64)
	return offset
}

// readAll reads until the broker is gone.
func readAll(t *testing.T, p *process, stream string, l *log) {
	deliveries, end := reads(p, stream, "first")
	defer end()
	for d := range deliveries {
		l.see(t, stream, offsetOf(&d), d.MessageId)
		d.Ack(false)
	}
}

// lookForFirst looks again and again where the stream begins, until the broker is
// gone.
func lookForFirst(p *process, stream string, l *log) {
	for {
		deliveries, end := reads(p, stream, "first")
		d, ok := <-deliveries
		end()
		if !ok {
			return
		}
		l.mu.Lock()
		l.first = max(l.first, offsetOf(&d))
		l.mu.Unlock()
	}
}

// takeAll reads a stream from the first message to the last.
func takeAll(t *testing.T, p *process, stream string, l *log) (offsets []int64, ids []string) {
	t.Helper()
	ch := p.channel()
	defer ch.Close()
	held, err := ch.QueueDeclarePassive(stream, true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	deliveries, end := reads(p, stream, "first")
	defer end()
	for range held.Messages {
		d := takeOne(t, deliveries, stream)
		l.see(t, stream, offsetOf(&d), d.MessageId)
		offsets, ids = append(offsets, offsetOf(&d)), append(ids, d.MessageId)
		d.Ack(false)
	}
	return offsets, ids
}

func takeOne(t *testing.T, deliveries <-chan amqp091.Delivery, stream string) (d amqp091.Delivery) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	select {
	case d, ok := <-deliveries:
		if !ok {
			t.Fatalf("%s: the broker ended a check", stream)
		}
		return d
	case <-ctx.Done():
		t.Fatalf("%s: there are fewer messages than it says", stream)
		return d
	}
}

func checkStream(t *testing.T, p *process, stream string, book *ledger, l *log) {
	t.Helper()
	offsets, ids := takeAll(t, p, stream, l)
	present, last := make(map[string]bool), make(map[string]int)
	for i, id := range ids {
		if i > 0 && offsets[i] <= offsets[i-1] {
			t.Errorf("%s: offset %d after %d", stream, offsets[i], offsets[i-1])
		}
		publisher, number, _ := cutLast(id)
		if before, seen := last[publisher]; seen && number <= before {
			t.Errorf("%s: message %s after number %d of the same publisher", stream, id, before)
		}
		present[id], last[publisher] = true, number
	}
	lost := 0
	for id := range book.confirmed {
		if !present[id] {
			if lost++; lost < 10 {
				t.Errorf("%s: confirmed message %s is lost", stream, id)
			}
		}
	}
	for offset, id := range l.at {
		if !present[id] {
			t.Errorf("%s: message %s at offset %d was delivered and is lost", stream, id, offset)
		}
	}
	t.Logf("%s: %d confirmed, %d delivered before, %d there, %d lost", stream, len(book.confirmed), len(l.at), len(ids), lost)
}

func checkShortStream(t *testing.T, p *process, stream string, l *log) {
	t.Helper()
	offsets, _ := takeAll(t, p, stream, l)
	if len(offsets) == 0 {
		t.Fatalf("%s: nothing is there", stream)
	}
	if offsets[0] < l.first {
		t.Errorf("%s: it begins at offset %d, and had begun at %d already", stream, offsets[0], l.first)
	}
	if l.first == 0 {
		t.Errorf("%s: nothing was ever cut off; the test shows nothing", stream)
	}
	t.Logf("%s: offsets %d to %d, seen to begin at %d", stream, offsets[0], offsets[len(offsets)-1], l.first)
}

// cutLast parts an id into publisher and number.
func cutLast(id string) (publisher string, number int, err error) {
	i := strings.LastIndexByte(id, '.')
	_, err = fmt.Sscan(id[i+1:], &number)
	return id[:i], number, err
}
