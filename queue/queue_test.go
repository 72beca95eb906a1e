package queue

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/store"
)

// A client is a Consumer that takes what it has room for.
type client struct {
	room      int // -1 for any number
	got       []Entry
	flushed   int
	cancelled int
}

func (c *client) Deliver(es []Entry) int {
	n := len(es)
	if c.room >= 0 {
		n = min(n, c.room)
		c.room -= n
	}
	c.got = append(c.got, es[:n]...)
	return n
}

func (c *client) Flush()     { c.flushed++ }
func (c *client) Cancelled() { c.cancelled++ }

// take returns what the client has got, and forgets it.
func (c *client) take() []Entry {
	es := c.got
	c.got = nil
	return es
}

func (c *client) bodies() string { return bodies(c.got) }

func bodies(es []Entry) string {
	words := make([]string, len(es))
	for i := range es {
		words[i] = string(es[i].Message.Body)
		if es[i].Redelivered {
			words[i] += "*"
		}
	}
	return strings.Join(words, " ")
}

// A publisher is a Receipt that remembers what it was told.
type publisher struct {
	mu          sync.Mutex
	acks, nacks []uint64
}

func (p *publisher) Confirm(lo, hi uint64, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for tag := lo; tag <= hi; tag++ {
		if ok {
			p.acks = append(p.acks, tag)
		} else {
			p.nacks = append(p.nacks, tag)
		}
	}
}

// A house is a Host, with all that a queue needs.
type house struct {
	store  store.Store
	clock  clock.Clock
	memory *Memory

	mu     sync.Mutex // guards all below
	dead   []Dead
	unused int
	shut   bool // nobody takes dead letters
}

func newHouse() *house { return &house{store: store.NewMemory(), clock: newHands()} }

func (h *house) DeadLetter(_ Hosted, dead []Dead) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.shut {
		for i := range dead {
			dead[i].Untaken = true
		}
		return
	}
	h.dead = append(h.dead, dead...)
}

func (h *house) Unused(Queue) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unused++
}

// deaths returns the bodies and reasons of the dead, and forgets them.
func (h *house) deaths() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var words []string
	for _, d := range h.dead {
		words = append(words, fmt.Sprintf("%s:%s", d.Message.Body, d.Reason))
	}
	h.dead = nil
	return strings.Join(words, " ")
}

func (h *house) forward(d time.Duration) { h.clock.(*hands).forward(d) }

// open makes a queue, with what the store has of it.
func (h *house) open(t testing.TB, d Declaration) *FIFO {
	t.Helper()
	d.Name, d.VHost = "q", "/"
	q, err := newFIFO(d, Config{ID: 1, Store: h.store, Clock: h.clock, Memory: h.memory, Host: h})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// reopen starts the store again and returns the queue that is found then.
func (h *house) reopen(t testing.TB, d Declaration) *FIFO {
	t.Helper()
	old := h.store.(*store.Memory)
	old.Close()
	h.store = old.Reopen()
	h.store.Retain([]uint64{1})
	q := h.open(t, d)
	var k Kept
	for doc, err := range h.store.Docs(store.Deliveries) {
		if err != nil {
			t.Fatal(err)
		}
		k.Delivered = doc.Value
	}
	for doc, err := range h.store.Docs(store.Notes) {
		if err != nil {
			t.Fatal(err)
		}
		k.Notes = append(k.Notes, doc)
	}
	if err := q.Recover(k); err != nil {
		t.Fatal(err)
	}
	return q
}

// hands is a clock that a test moves.
type hands struct {
	mu     sync.Mutex // guards what follows, and the timers
	now    time.Time
	timers []*handTimer
}

type handTimer struct {
	clock *hands
	at    time.Time // zero when stopped
	f     func()
}

func newHands() *hands { return &hands{now: time.UnixMilli(1_000_000)} }

func (h *hands) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hands) AfterFunc(d time.Duration, f func()) clock.Timer {
	t := &handTimer{clock: h, f: f}
	t.Reset(d)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timers = append(h.timers, t)
	return t
}

func (t *handTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	was := !t.at.IsZero()
	t.at = time.Time{}
	return was
}

func (t *handTimer) Reset(d time.Duration) bool {
	was := t.Stop()
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	t.at = t.clock.now.Add(d)
	return was
}

// due returns the timers whose time has come, stopped.
func (h *hands) due() (due []*handTimer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.timers {
		if !t.at.IsZero() && !t.at.After(h.now) {
			t.at = time.Time{}
			due = append(due, t)
		}
	}
	return due
}

func (h *hands) forward(d time.Duration) {
	h.mu.Lock()
	h.now = h.now.Add(d)
	h.mu.Unlock()
	for _, t := range h.due() {
		t.f()
	}
}

func message(body string, f amqp.Fields) *amqp.Message {
	m := amqp.NewMessage("x", "key", f.Properties(), []byte(body))
	return &m
}

var persistent = amqp.Fields{DeliveryMode: 2}

// publish publishes transient messages in one batch.
func publish(q *FIFO, bodies ...string) {
	var ps []Publishing
	for _, body := range bodies {
		ps = append(ps, Publishing{Message: message(body, amqp.Fields{})})
	}
	q.Publish(ps)
}

// send publishes a message as a virtual host does.
func (h *house) send(q *FIFO, m *amqp.Message, receipt store.Receipt, tag uint64) {
	r := new(store.Record)
	r.Init(m, receipt, tag)
	q.Publish([]Publishing{{Message: m, Record: r}})
	r.Release()
	if len(r.Refs()) > 0 {
		h.store.Append(store.Batch{Records: []*store.Record{r}})
	}
}

func consume(t testing.TB, q *FIFO, c *client, o ConsumeOptions) *client {
	t.Helper()
	if err := q.Consume(c, o); err != nil {
		t.Fatal(err)
	}
	return c
}

// drain gets all that is ready, without acks.
func drain(t testing.TB, q *FIFO) string {
	t.Helper()
	var es []Entry
	for {
		e, left, ok, err := q.Get(true)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return bodies(es)
		}
		if got := q.Stats().Ready; got != left {
			t.Errorf("left: got %d, want %d", left, got)
		}
		es = append(es, e)
	}
}

func wantWords(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func wantStats(t testing.TB, q *FIFO, want Stats) {
	t.Helper()
	if got := q.Stats(); got != want {
		t.Errorf("stats: got %+v, want %+v", got, want)
	}
}

func wantText(t testing.TB, err error, want string) {
	t.Helper()
	if err == nil {
		t.Errorf("got no error, want %q", want)
		return
	}
	e, ok := err.(*amqp.Error)
	if !ok {
		t.Errorf("got %T, want *amqp.Error", err)
		return
	}
	if e.Text != want {
		t.Errorf("text: got %q, want %q", e.Text, want)
	}
}

func TestMessagesLeaveInOrder(t *testing.T) {
	q := newHouse().open(t, Declaration{})
	publish(q, "a", "b")
	publish(q, "c")
	wantStats(t, q, Stats{Ready: 3, ReadyBytes: 3})
	c := consume(t, q, &client{room: -1}, ConsumeOptions{})
	publish(q, "d")
	wantWords(t, "delivered", c.bodies(), "a b c d")
	wantStats(t, q, Stats{Unacked: 4, Consumers: 1})
	if c.flushed != 2 {
		t.Errorf("flushed %d times, want 2: once for each call that delivered", c.flushed)
	}
	q.Ack(c.take())
	wantStats(t, q, Stats{Consumers: 1})
}

func TestGetTakesTheNextMessage(t *testing.T) {
	q := newHouse().open(t, Declaration{})
	if _, _, ok, err := q.Get(false); ok || err != nil {
		t.Errorf("empty queue: got ok %v, error %v", ok, err)
	}
	publish(q, "a", "b", "c")
	e, left, ok, err := q.Get(false)
	if !ok || err != nil || left != 2 || string(e.Message.Body) != "a" {
		t.Errorf("got %v, left %d, ok %v, error %v", e, left, ok, err)
	}
	wantStats(t, q, Stats{Ready: 2, ReadyBytes: 2, Unacked: 1})
	wantWords(t, "rest", drain(t, q), "b c")
	wantStats(t, q, Stats{Unacked: 1})
}

func TestRequeuedMessagesReturnToTheirPlaces(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}, {1, 3, 0, 2}} {
		q := newHouse().open(t, Declaration{})
		publish(q, "a", "b", "c", "d", "e", "f")
		var out []Entry
		for range 4 {
			e, _, _, _ := q.Get(false)
			out = append(out, e)
		}
		for _, i := range order {
			q.Requeue(out[i:i+1], Nacked)
		}
		wantStats(t, q, Stats{Ready: 6, ReadyBytes: 6})
		wantWords(t, fmt.Sprint("requeued in order ", order), drain(t, q), "a* b* c* d* e f")
	}
}

func TestPurgeLeavesUnackedAlone(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-dead-letter-exchange": "dlx", "x-max-priority": int32(5)}})
	publish(q, "a", "b", "c", "d")
	e, _, _, _ := q.Get(false)
	f, _, _, _ := q.Get(false)
	q.Requeue([]Entry{f}, Nacked)
	if n, _ := q.Purge(); n != 3 {
		t.Errorf("purged: got %d, want 3", n)
	}
	wantStats(t, q, Stats{Unacked: 1})
	wantWords(t, "dead", h.deaths(), "")
	publish(q, "e")
	q.Requeue([]Entry{e}, Nacked)
	wantWords(t, "after the purge", drain(t, q), "a* e")
}

func TestDelete(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-dead-letter-exchange": "dlx"}})
	c := consume(t, q, &client{room: 1}, ConsumeOptions{})
	publish(q, "a", "b")
	_, err := q.Delete(true, true)
	wantText(t, err, "queue 'q' in vhost '/' not empty")
	_, err = q.Delete(true, false)
	wantText(t, err, "queue 'q' in vhost '/' in use")
	n, err := q.Delete(false, false)
	if n != 1 || err != nil {
		t.Errorf("delete: got %d, %v; want 1 ready message", n, err)
	}
	if c.cancelled != 1 {
		t.Errorf("cancelled %d times, want once", c.cancelled)
	}
	wantStats(t, q, Stats{})
	wantWords(t, "dead", h.deaths(), "")

	// Everything that still comes is ignored.
	q.Ack(c.got)
	q.Reject(c.got)
	q.Requeue(c.got, Nacked)
	q.Wake(c)
	q.Cancel(c)
	publish(q, "c")
	wantStats(t, q, Stats{})
	if n, err := q.Delete(true, true); n != 0 || err != nil {
		t.Errorf("second delete: got %d, %v", n, err)
	}
	wantText(t, q.Consume(&client{}, ConsumeOptions{}), "no queue 'q' in vhost '/'")
	if _, _, ok, err := q.Get(true); ok || err != nil {
		t.Errorf("get: got ok %v, error %v", ok, err)
	}
}

func TestLongIsAHintOfStaying(t *testing.T) {
	q := newHouse().open(t, Declaration{})
	for i := range longQueue {
		publish(q, strconv.Itoa(i))
	}
	if q.Long() {
		t.Errorf("long with %d messages", longQueue)
	}
	publish(q, "one more")
	if !q.Long() {
		t.Errorf("not long with %d messages", longQueue+1)
	}
	q.Purge()
	if q.Long() {
		t.Error("long when empty")
	}
}

func TestDequeKeepsOrder(t *testing.T) {
	var d deque
	next, want := uint64(0), uint64(0)
	push := func(n int) {
		for range n {
			d.push(Entry{seq: next})
			next++
		}
	}
	drop := func(n int) {
		for n > 0 {
			es := d.front(n)
			for i := range es {
				if es[i].seq != want {
					t.Fatalf("front: got %d, want %d", es[i].seq, want)
				}
				want++
			}
			n -= len(es)
			d.drop(len(es))
		}
	}
	push(100)
	drop(45)
	for i := range d.len() {
		if got := d.at(i).seq; got != want+uint64(i) {
			t.Fatalf("at %d: got %d, want %d", i, got, want+uint64(i))
		}
	}
	for _, n := range []int{0, 7, 32, 54, 55, 80} {
		rest := d.cut(n)
		if d.len() != min(n, 55) || rest.len() != 55-min(n, 55) {
			t.Fatalf("cut %d: got %d and %d", n, d.len(), rest.len())
		}
		d.append(&rest)
	}
	push(10)
	drop(65)
	if d.len() != 0 || d.front(1) != nil {
		t.Errorf("not empty: %d", d.len())
	}
	push(3)
	drop(3)
}
