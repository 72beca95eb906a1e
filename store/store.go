// Package store keeps what survives a restart: definitions, which are small
// documents, and the messages of durable queues.
//
// A store is a single writer of a single sequence of batches. Whatever must
// last is appended as (part of) a Batch; everything appended is written in that
// order, in groups, and a group is answered once it is on disk. Nothing is read
// back except at start-up and when a queue has paged messages out.
//
// The store does not know what definitions mean, and of queues it knows only
// their ids. A queue id is never used again, so a queue declared anew cannot
// meet messages of its predecessor.
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/harebellmq/harebell/amqp"
)

// ErrClosed is what a batch is answered with that reaches a closed store.
var ErrClosed = errors.New("store is closed")

// A Store keeps definitions and messages. All its methods may be called from
// several goroutines at once.
type Store interface {
	// NextQueueID returns an id that no queue has or had.
	NextQueueID() uint64

	// Append hands b over and returns at once. What is handed over by one
	// goroutine is kept in that order. The slices in b belong to the caller
	// again when Append returns; what they point to does not change any more.
	//
	// What nobody waits for, by a receipt, Done or Sync, is written a little later.
	// After a failed write every batch is answered with that error.
	Append(b Batch)

	// Sync returns when everything appended before is on disk, or with the reason
	// why it will not be. The caller may do the writing, and then receipts and Done
	// of what others have appended are called from here: the caller holds no lock
	// that they take.
	Sync() error

	// Room returns a channel that is closed as soon as the store has room for
	// more: at once unless what was appended but not yet written exceeds its
	// limit. Who reads from publishers waits for it before reading on.
	Room() <-chan struct{}

	// Load reads messages of one queue back that are written (Ref.Written):
	// those not settled with numbers in span, which is of one lane, in their
	// order, the first max of them or fewer (but at least one if there is
	// one): no more than may well be in memory at once. It returns at once and calls done from another goroutine, with
	// none of the store's locks held. A message that the disk has damaged is
	// left out and counts as settled from then on.
	Load(queue uint64, span Span, max int, done func([]Stored, error))

	// Docs returns all definitions of a kind, ordered by key.
	Docs(k Kind) iter.Seq2[Doc, error]

	// Backlog tells what a queue held when the store was opened: one extent
	// for every lane that has messages or ever had, ordered by lane.
	Backlog(queue uint64) []Extent

	// Expiries tells when the messages expire that a queue has, of those that are
	// written and not settled: it calls each with number and Ref.Expires, in the
	// order of the numbers. Bodies are not read. A segment that the disk has
	// damaged is left out. It is for start-up, and may take a while.
	Expiries(queue uint64, each func(seq uint64, expires int64)) error

	// Retain drops everything of all queues but these. Who opens a store calls
	// it once, with the queues that the definitions know, before any other
	// batch: a queue may have been deleted when the process ended, and its
	// messages still be there.
	Retain(queues []uint64)

	// Err returns the error that stopped the store from writing, or nil.
	Err() error

	// Close writes what was appended, then closes. Batches appended later are
	// answered with ErrClosed.
	Close() error
}

// A Batch is what must reach the disk together: one transaction, unless its
// messages are too large for one.
type Batch struct {
	Records []*Record // messages to keep
	Settled []Settled // messages that queues are done with
	Docs    []Doc     // definitions to keep or delete
	Dropped []uint64  // queues deleted, with all they held

	// Done, if not nil, is called once: with nil when this batch and everything
	// appended before it is on disk, or with the reason why it will not be. It
	// must not block, nor call the store.
	Done func(error)
}

// A Kind of definition.
type Kind byte

// The kinds of definitions.
const (
	VirtualHosts     Kind = 'v'
	Exchanges        Kind = 'e'
	Queues           Kind = 'q'
	Bindings         Kind = 'b'
	Deliveries       Kind = 'd' // per durable queue: up to where its messages may have been delivered; of a stream, where its segments end
	Notes            Kind = 'n' // per durable queue, any number: what it remembers of single messages
	Users            Kind = 'u'
	Permissions      Kind = 'p'
	TopicPermissions Kind = 't'
	Policies         Kind = 'o'
	Parameters       Kind = 'm'
	Seen             Kind = 's' // per exchange that deduplicates on disk: what it has seen
)

// A Doc is one definition: a key that is unique in its kind and a small
// document, at most DocMost octets. A nil value deletes it.
type Doc struct {
	Kind  Kind
	Key   string
	Value []byte
}

// DocMost is how many octets a definition may have.
const DocMost = 64 << 10

// Errors of definitions.
var (
	ErrTooLarge = fmt.Errorf("a definition has at most %d octets", DocMost)
	ErrForeign  = errors.New("definition and key do not belong together") // the key names another one
)

// NewDoc returns a definition that is written as JSON, which must always be able
// to express the value. The error is ErrTooLarge.
func NewDoc(k Kind, key string, value any) (Doc, error) {
	b, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("store: encode definition: %v", err))
	}
	if len(b) > DocMost {
		return Doc{}, ErrTooLarge
	}
	return Doc{Kind: k, Key: key, Value: b}, nil
}

// NameMost is how many octets a name in a key may have.
const NameMost = 255

// Key joins names to the key of a definition. None is longer than NameMost, so
// their lengths keep them apart.
func Key(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteByte(byte(len(name)))
		b.WriteString(name)
	}
	return b.String()
}

// Messages of a queue are numbered. The number's upper eight bits are the lane
// (a priority queue has one lane for each priority, every other queue one in
// all); the lower 56 bits count up by one from message to message of the lane,
// from 1. So the messages of a lane are next to each other, and what is settled
// stays a few spans.
const LaneShift = 56

// A Span is the numbers from Lo to Hi, both included, of one lane.
type Span struct{ Lo, Hi uint64 }

// Settled says that a queue is done with the messages of a span: acked,
// expired, dropped, dead-lettered or purged. Numbers of messages that never
// were appended may be among them. It is about messages appended before it or
// in the same batch; of one that may come later, the queue tells its Ref.
type Settled struct {
	Queue uint64
	Span  Span
}

// An Extent is what a lane holds: how many messages that are not settled, the
// octets of their bodies, and the span from the first to the last of them (zero
// if there are none). Last is the highest number of the lane that was ever
// written, settled or not; numbering goes on above it.
type Extent struct {
	Span
	Messages int
	Bytes    int64
	Last     uint64
}

// A Stored is a message read back.
type Stored struct {
	Seq     uint64
	Expires int64 // Unix milliseconds, 0 for never
	Message *amqp.Message
}
