package queue

import (
	"math"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// QuorumManner is how quorum queues behave where RabbitMQ's series differ. The zero
// value is the way of 4.2.
type QuorumManner struct {
	NoDeliveryLimit bool // deliveries may come back for ever unless a limit is set
	CountFirst      bool // x-delivery-count is there from the first delivery on, as 0
	OnePriority     bool // the priority of a message means nothing
}

const (
	// deliveryLimit is how often a message may come back if nobody says anything
	// else.
	//
	// rabbitmq: from 4.0 on
	deliveryLimit = 20

	// maxReturns is from where on returns are no longer counted.
	maxReturns = math.MaxUint16 - 1

	// noteAfter is how long after a delivery a quorum queue notes that it was made,
	// for the case of a crash.
	noteAfter = 100 * time.Millisecond

	// highPriority is from where on messages may overtake others, and highShare how
	// many of them may before one that waits has its turn.
	//
	// rabbitmq: quorum queues know two priorities
	highPriority = 5
	highShare    = 2
)

// decide sets what nobody has said anything of, and what follows from the rest.
//
// rabbitmq: a quorum queue does not dead-letter what it refuses; and it does not keep
// dead letters while it drops messages to make room
func (l limits) decide(t Type, m QuorumManner) limits {
	if t == Quorum && l.overflow == RejectPublishDLX {
		l.overflow = DropHead
	}
	l.atLeastOnce = l.strategy == atLeastOnce && l.deadLetter && l.overflow == RejectPublish
	switch {
	case l.deliveries != undecided:
	case t != Quorum || m.NoDeliveryLimit:
		l.deliveries = unlimited
	default:
		l.deliveries = deliveryLimit
	}
	return l
}

// countReturns counts that entries have come back, and returns those that are to be
// delivered again now.
func (q *FIFO) countReturns(es []Entry, why Return) []Entry {
	var back, tired []Entry
	list := make([]numbered, 0, len(es))
	for _, e := range es {
		e.count = min(max(e.count, 1)+1, maxReturns)
		returns := e.count - 1
		if int64(returns) > q.limits.deliveries {
			tired = append(tired, e)
			continue
		}
		n := note{returns: returns}
		if wait := q.limits.retry.after(why, int64(returns)); wait > 0 {
			n.until = q.clock.Now().Add(time.Millisecond-1).UnixMilli() + wait // never early
			q.hold(e, n.until)
		} else {
			back = append(back, e)
		}
		list = append(list, numbered{e.seq, n})
	}
	q.docs = q.notes.set(list, q.docs)
	q.bury(tired, DeliveryLimit)
	return back
}

// giveBack puts a delivery back into its lane.
//
// rabbitmq: of a quorum queue in front of all that is ready, in the order in which
// they come back; but without a delivery limit behind it, unless the channel has
// ended.
func (q *FIFO) giveBack(e Entry, why Return) {
	e.Redelivered = true
	lane := int(e.seq >> store.LaneShift)
	l := &q.lanes[lane]
	after, turn := e.seq, uint64(0)
	if q.quorum {
		q.turn++
		after, turn = 0, q.turn
		if q.limits.deliveries == unlimited && why != Abandoned {
			after = uint64(lane)<<store.LaneShift | l.last
		}
	}
	l.giveBack(e, after, turn)
	q.entered(lane, &e)
}

// readBack takes over an entry, read back from the disk and not yet in its lane, by
// what was noted of it.
func (q *FIFO) readBack(l *lane, e Entry) {
	n := q.notes.get(e.seq)
	if n.returns > 0 {
		e.count, e.Redelivered = n.returns+1, true
	}
	switch {
	case n.dead != "":
		q.left([]Entry{e})
		q.bury([]Entry{e}, n.dead)
	case int64(n.returns) > q.limits.deliveries:
		q.left([]Entry{e})
		q.bury([]Entry{e}, DeliveryLimit)
	case n.until != 0 && n.until > q.moment():
		q.left([]Entry{e})
		q.hold(e, n.until)
	default:
		l.head.push(e)
	}
}

// laneOf returns the lane of a message that is published.
func (q *FIFO) laneOf(m *amqp.Message) int {
	if !q.quorum {
		return min(int(m.Priority), len(q.lanes)-1)
	}
	if m.Priority >= highPriority {
		return len(q.lanes) - 1
	}
	return 0
}

// share returns the lane whose turn it is when both of a quorum queue have entries,
// and how many entries at most.
func (q *FIFO) share(n int) (lane, most int) {
	low, high := &q.lanes[0], &q.lanes[1]
	if lowBack, highBack := low.returnedFirst(), high.returnedFirst(); lowBack || highBack {
		if !highBack || lowBack && low.returned[0].turn < high.returned[0].turn {
			return 0, 1
		}
		return 1, 1
	}
	if q.overtakes >= highShare {
		return 0, 1
	}
	return 1, min(n, highShare-q.overtakes)
}

// shared counts whose turn it was.
func (q *FIFO) shared(lane, n int) {
	if lane == 0 {
		q.overtakes = 0
	} else {
		q.overtakes = min(q.overtakes+n, highShare)
	}
}

// noteDeliveries has the queue note, soon, up to where it has delivered.
func (q *FIFO) noteDeliveries() {
	if q.noting == nil {
		q.noting = q.clock.AfterFunc(noteAfter, q.noteDue)
	}
}

func (q *FIFO) noteDue() {
	q.mu.Lock()
	defer q.unlock()
	q.noting = nil
	if !q.deleted && q.mark.state == open {
		q.docs = append(q.docs, q.mark.doc(q, true))
	}
}

// Outgoing returns the message as its consumer is to get it.
//
// rabbitmq: quorum queues say how often it has come back
func (e *Entry) Outgoing() *amqp.Message {
	if e.count == 0 {
		return e.Message
	}
	return e.counted()
}

//go:noinline so that Outgoing is inlined
func (e *Entry) counted() *amqp.Message {
	m := *e.Message
	m.Properties = m.Properties.WithHeader("x-delivery-count", int64(e.count-1))
	return &m
}
