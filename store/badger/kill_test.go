package badger

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/harebellmq/harebell/store"
)

const (
	// victimVariable makes this test binary a victim, in the directory it names.
	victimVariable = "HAREBELL_VICTIM"

	// killsVariable is how often TestKill kills, 15 times if it is not set.
	killsVariable = "HAREBELL_KILLS"
)

// The queues of a victim.
const victimQueues = 4

// victimOptions make everything that happens seldom happen often.
func victimOptions() Options {
	return Options{limits: limits{
		memTable:  1 << 20,
		file:      256 << 10,
		small:     100,
		tendEvery: 100 * time.Millisecond,
	}}
}

// victimBody is the body of a message, which says where it belongs.
func victimBody(queue, seq uint64) []byte {
	rng := rand.New(rand.NewPCG(queue, seq))
	body := fmt.Appendf(nil, "%d/%d ", queue, seq)
	size := rng.IntN(200)
	if rng.IntN(4) == 0 {
		size = rng.IntN(3000)
	}
	return append(body, bytes.Repeat([]byte{byte(seq)}, size)...)
}

// victimDocs is how many definitions victims have. The value of each is a number, which
// grows whenever it is written; those of four are deletions.
const victimDocs = 10

func victimDoc(key, value uint64) store.Doc {
	d := store.Doc{Kind: store.Queues, Key: strconv.FormatUint(key, 10)}
	if value%4 != 0 {
		d.Value = strconv.AppendUint(nil, value, 10)
	}
	return d
}

// A victim writes and settles messages until it is killed, and reports on
// standard output: "confirmed" what is on disk, "settled" what it is about to
// settle, in spans of a queue; and of definitions, with the value, "define" and
// "defined".
type victim struct {
	s     *Store
	rng   *rand.Rand
	next  [victimQueues]uint64 // numbers
	ready []store.Settled      // what is not settled, message by message

	mu sync.Mutex // guards standard output
}

func runVictim(dir string) {
	s, err := Open(dir, victimOptions())
	if err != nil {
		fmt.Println("error", err)
		return
	}
	v := &victim{s: s, rng: rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))}
	v.recover()
	v.say("open 0 0 0")
	for {
		v.publish()
		v.settle()
		for range v.rng.IntN(4) {
			v.define()
		}
	}
}

// define writes a definition, alone or not.
func (v *victim) define() {
	key, value := uint64(v.rng.IntN(victimDocs)), uint64(time.Now().UnixNano())
	v.say("define %d %d 0", key, value)
	v.write(store.Batch{Docs: []store.Doc{victimDoc(key, value)}}, "defined %d %d 0", key, value)
}

// write appends a batch, and says something when it is on disk. It waits for that, one
// way or the other, or does not.
func (v *victim) write(b store.Batch, format string, args ...any) {
	done := make(chan struct{})
	written := func(err error) {
		if err == nil {
			v.say(format, args...)
		}
		close(done)
	}
	switch v.rng.IntN(3) {
	case 0:
		b.Done = written
		v.s.Append(b)
	case 1:
		b.Done = written
		v.s.Append(b)
		<-done
	case 2:
		v.s.Append(b)
		written(v.s.Sync())
	}
}

// recover reads what is left of the victims before.
func (v *victim) recover() {
	for q := range v.next {
		v.next[q] = 1
		for _, e := range v.s.Backlog(uint64(q)) {
			v.next[q] = e.Last + 1
		}
		found, err := tryLoad(v.s, uint64(q), lane0, 1<<30)
		if err != nil {
			panic(err)
		}
		for _, f := range found {
			v.ready = append(v.ready, settledOne(uint64(q), f.Seq))
		}
	}
}

func settledOne(queue, seq uint64) store.Settled {
	return store.Settled{Queue: queue, Span: store.Span{Lo: seq, Hi: seq}}
}

func (v *victim) say(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	os.Stdout.Write(fmt.Appendf(nil, format+"\n", args...))
}

// publish writes some messages to one of the queues. What it writes is settled
// at the earliest when the next one is written.
func (v *victim) publish() {
	q := uint64(v.rng.IntN(victimQueues))
	lo := v.next[q]
	hi := lo + uint64(v.rng.IntN(60))
	v.next[q] = hi + 1
	var b store.Batch
	for seq := lo; seq <= hi; seq++ {
		m := text("")
		m.Body = victimBody(q, seq)
		b.Records = append(b.Records, record(m, store.Ref{Queue: q, Seq: seq}))
		v.ready = append(v.ready, settledOne(q, seq))
	}
	v.write(b, "confirmed %d %d %d", q, lo, hi)
}

// settle settles most of what is ready, and leaves a few messages for long.
func (v *victim) settle() {
	var b store.Batch
	v.ready = slices.DeleteFunc(v.ready, func(s store.Settled) bool {
		patience := 3
		if s.Span.Lo%97 == 0 {
			patience = 2000
		}
		if v.rng.IntN(patience) > 0 {
			return false
		}
		b.Settled = append(b.Settled, s)
		return true
	})
	var line bytes.Buffer
	for _, s := range b.Settled {
		fmt.Fprintf(&line, "settled %d %d %d\n", s.Queue, s.Span.Lo, s.Span.Hi)
	}
	v.mu.Lock()
	os.Stdout.Write(line.Bytes())
	v.mu.Unlock()
	v.s.Append(b)
}

// A coroner knows what victims have reported, and looks at what they leave.
type coroner struct {
	t         *testing.T
	dir       string
	confirmed map[message]bool
	settled   map[message]time.Time
	gone      map[message]bool // were missing once, with reason
	buried    int              // of those, how many were confirmed
	docs      [victimDocs]docValues
	returned  int // settled too late to be saved
	defined   int // definitions examined
}

type message struct{ queue, seq uint64 }

// docValues are those that a definition may have: the last that was on disk, and
// those after it.
type docValues []uint64

// kill runs a victim for some time, and notes what it reports.
func (c *coroner) kill(after time.Duration) {
	c.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimVariable+"="+c.dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var what string
		var queue, lo, hi uint64
		if n, _ := fmt.Sscan(lines.Text(), &what, &queue, &lo, &hi); n < 4 {
			c.t.Fatalf("victim says %q", lines.Text())
		}
		switch what {
		case "open":
			time.AfterFunc(after, func() { cmd.Process.Kill() })
		case "confirmed":
			for seq := lo; seq <= hi; seq++ {
				c.confirmed[message{queue, seq}] = true
			}
		case "settled":
			c.settled[message{queue, lo}] = time.Now()
		case "define":
			c.docs[queue] = append(c.docs[queue], lo)
		case "defined":
			c.docs[queue] = c.docs[queue][slices.Index(c.docs[queue], lo):]
		}
	}
	if err := cmd.Wait(); err == nil {
		c.t.Fatal("victim has ended by itself")
	}
}

// examine opens what the victim has left.
func (c *coroner) examine(killed time.Time) {
	c.t.Helper()
	s, err := Open(c.dir, victimOptions())
	if err != nil {
		c.t.Fatal(err)
	}
	defer s.Close()
	found := make(map[message]bool)
	for q := range uint64(victimQueues) {
		for _, f := range loadAll(c.t, s, q, lane0, 1<<30) {
			at := message{q, f.Seq}
			found[at] = true
			if !bytes.Equal(f.Message.Body, victimBody(q, f.Seq)) {
				c.t.Errorf("message %v is not as it was", at)
			}
			if c.gone[at] {
				c.t.Errorf("message %v has come back", at)
			}
		}
	}
	for at := range c.confirmed {
		if _, settled := c.settled[at]; !settled && !found[at] {
			c.t.Errorf("message %v was confirmed and is lost", at)
		}
	}
	last := lastNumbers(s)
	for at, when := range c.settled {
		switch {
		case !found[at] && at.seq > last[at.queue]:
			// It was settled before it was written: the next victim gives its
			// number to another message.
			c.forget(at)
		case !found[at]:
			c.forget(at)
			c.gone[at] = true
		case killed.Sub(when) > time.Second:
			c.t.Errorf("message %v was settled %v before the kill, and is back", at, killed.Sub(when))
		default:
			c.returned++
			delete(c.settled, at) // the next victim settles it anew
			c.confirmed[at] = true
		}
	}
	c.examineDocs(s)
}

// examineDocs makes sure that each definition has one of the values that it may
// have, and goes on with this.
func (c *coroner) examineDocs(s *Store) {
	c.t.Helper()
	found := make(map[string]string)
	for d, err := range s.Docs(store.Queues) {
		if err != nil {
			c.t.Fatal(err)
		}
		found[d.Key] = string(d.Value)
	}
	for key, values := range c.docs {
		if len(values) == 0 {
			continue
		}
		at := slices.IndexFunc(values, func(value uint64) bool {
			d := victimDoc(uint64(key), value)
			got, is := found[d.Key]
			return is == (d.Value != nil) && got == string(d.Value)
		})
		if at < 0 {
			c.t.Errorf("definition %d is %q, want one of %d", key, found[strconv.Itoa(key)], values)
			continue
		}
		c.docs[key] = values[at:]
		c.defined++
	}
}

// forget forgets a message that is gone, so that each examination takes no longer
// than the one before.
func (c *coroner) forget(at message) {
	if c.confirmed[at] {
		c.buried++
	}
	delete(c.settled, at)
	delete(c.confirmed, at)
}

// lastNumbers returns the highest number written of each queue.
func lastNumbers(s *Store) (last [victimQueues]uint64) {
	for q := range last {
		for _, e := range s.Backlog(uint64(q)) {
			last[q] = e.Last
		}
	}
	return last
}

func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	kills := 15
	if n, err := strconv.Atoi(os.Getenv(killsVariable)); err == nil {
		kills = n
	}
	c := killAgainAndAgain(t, kills)
	t.Logf("%d messages confirmed, %d gone, %d settled within the last moment and returned, %d definitions examined", c.buried+len(c.confirmed), len(c.gone), c.returned, c.defined)
}

// killAgainAndAgain kills victims, and examines what each has left.
func killAgainAndAgain(t *testing.T, kills int) *coroner {
	t.Helper()
	c := &coroner{
		t: t, dir: t.TempDir(),
		confirmed: make(map[message]bool), settled: make(map[message]time.Time), gone: make(map[message]bool),
	}
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for n := range kills {
		after := time.Duration(rng.IntN(300)) * time.Millisecond
		if n%5 == 4 {
			after += 1100 * time.Millisecond // for settlements to grow old
		}
		c.kill(after)
		c.examine(time.Now())
		if t.Failed() {
			t.Fatalf("after kill %d of %d", n+1, kills)
		}
	}
	if c.buried == 0 || len(c.gone) == 0 || c.defined == 0 {
		t.Error("the victims have done nothing")
	}
	return c
}
