package badger

import (
	"github.com/harebellmq/harebell/store"
)

// A group is batches that are written together: all that was appended while the
// group before was being written.
type group struct {
	records []*store.Record
	settled []store.Settled
	docs    []store.Doc
	dropped []uint64
	dones   []func(error)

	moves   []*move  // survivors of old segments
	retain  []uint64 // the queues to keep, if retains
	retains bool
	reserve uint64 // raise the limit of queue ids to this number
	whole   bool   // the database must know everything

	bytes  int64 // of messages
	urgent bool  // somebody waits for it
	last   bool  // the store is closing
}

// forced reports whether the group must not leave any settlement unwritten.
func (g *group) forced() bool { return len(g.dones)+len(g.moves) > 0 || g.last }

// bound reports whether the group is on disk only when the database has it. Messages
// alone, and definitions alone, are in the segments. unsettled says that there are
// settlements which the database does not know.
func (g *group) bound(unsettled bool) bool {
	switch {
	case len(g.moves) > 0, g.reserve > 0, g.whole, g.last:
		return true
	case len(g.docs) > 0 && len(g.records) > 0:
		return true
	default:
		return len(g.docs)+len(g.dones) > 0 && (unsettled || len(g.settled) > 0)
	}
}

// recordOverhead is what a message costs besides its octets, roughly.
const recordOverhead = 128

// add puts a batch into the group.
func (g *group) add(b *store.Batch) {
	g.records = append(g.records, b.Records...)
	for _, r := range b.Records {
		g.bytes += octets(r)
		g.urgent = g.urgent || r.Urgent()
	}
	for _, s := range b.Settled {
		g.settle(s)
	}
	g.docs = append(g.docs, b.Docs...)
	g.dropped = append(g.dropped, b.Dropped...)
	if b.Done != nil {
		g.await(b.Done)
	}
	if g.bytes >= lazyLimit {
		g.urgent = true
	}
}

// await has done called when the group is on disk.
func (g *group) await(done func(error)) {
	g.dones = append(g.dones, done)
	g.urgent = true
}

// octets is what a record counts for.
func octets(r *store.Record) int64 {
	return int64(len(r.Message.Body)+len(r.Message.Properties)) + recordOverhead
}

// join puts the records of another group, which are older, in front.
func (g *group) join(older *group) {
	g.records = append(older.records, g.records...)
	g.bytes += older.bytes
	*older = group{}
}

// lazyLimit is how many octets of messages that nobody waits for may gather
// before they are written without delay.
const lazyLimit = 4 << 20

// settle notes a settlement; one that continues the last one joins it.
func (g *group) settle(s store.Settled) {
	if n := len(g.settled); n > 0 {
		last := &g.settled[n-1]
		if last.Queue == s.Queue && last.Span.Hi+1 == s.Span.Lo && s.Span.Lo>>store.LaneShift == last.Span.Lo>>store.LaneShift {
			last.Span.Hi = s.Span.Hi
			return
		}
	}
	g.settled = append(g.settled, s)
}

// claim returns those records of the group that were not cancelled.
func (g *group) claim() []*store.Record {
	claimed := g.records[:0]
	for _, r := range g.records {
		if r.Claim() {
			claimed = append(claimed, r)
		}
	}
	clear(g.records[len(claimed):])
	g.records = claimed
	return claimed
}

// reset empties the group for the next use.
func (g *group) reset() {
	clear(g.records)
	clear(g.docs)
	clear(g.dones)
	*g = group{
		records: g.records[:0],
		settled: g.settled[:0],
		docs:    g.docs[:0],
		dropped: g.dropped[:0],
		dones:   g.dones[:0],
	}
}

// refuse answers a batch that is not written.
func refuse(b store.Batch, err error) {
	var g group
	g.records = append(g.records, b.Records...)
	store.Answer(g.claim(), err)
	if b.Done != nil {
		b.Done(err)
	}
}
