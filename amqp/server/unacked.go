package server

import (
	"cmp"
	"iter"
	"slices"

	"github.com/harebellmq/harebell/queue"
)

// unackedBlock is how many deliveries lie next to each other. A block goes when
// the last of them is settled, so one that is held for long keeps few others.
const unackedBlock = 64

// unacked are the deliveries of a channel that wait for an ack, by delivery tag.
// Tags only grow.
type unacked struct {
	first  uint64 // the tag of the first slot of blocks[0]
	blocks []*block
	count  int
	slim   uint64 // all below it have been looked at by slimDown
	spare  *block // an empty one, so that a few deliveries at a time need no more
}

type block struct {
	slots [unackedBlock]delivery
	count int
}

// A delivery is a message a client has got and not yet settled. Its consumer is
// nil if it came by basic.get.
type delivery struct {
	consumer *consumer
	queue    queue.Queue // nil in an empty slot
	entry    queue.Entry
}

// add notes a delivery. The tag must be higher than any before.
func (u *unacked) add(tag uint64, d delivery) {
	if u.count == 0 {
		u.first = tag
	}
	i := tag - u.first
	for uint64(len(u.blocks)) <= i/unackedBlock {
		u.blocks = append(u.blocks, nil)
	}
	b := u.blocks[i/unackedBlock]
	if b == nil {
		b = u.newBlock()
		u.blocks[i/unackedBlock] = b
	}
	b.slots[i%unackedBlock] = d
	b.count++
	u.count++
	u.slimDown(tag)
}

func (u *unacked) newBlock() *block {
	b := u.spare
	if b == nil {
		b = new(block)
	}
	u.spare = nil
	return b
}

// at returns the slot of a tag, and its block; nil if there is none.
func (u *unacked) at(tag uint64) (*block, *delivery) {
	if u.count == 0 || tag < u.first {
		return nil, nil
	}
	i := tag - u.first
	if i/unackedBlock >= uint64(len(u.blocks)) {
		return nil, nil
	}
	b := u.blocks[i/unackedBlock]
	if b == nil || b.slots[i%unackedBlock].queue == nil {
		return nil, nil
	}
	return b, &b.slots[i%unackedBlock]
}

// has reports whether a tag is outstanding.
func (u *unacked) has(tag uint64) bool {
	_, d := u.at(tag)
	return d != nil
}

// take removes the delivery of a tag.
func (u *unacked) take(tag uint64) (delivery, bool) {
	b, slot := u.at(tag)
	if slot == nil {
		return delivery{}, false
	}
	d := *slot
	*slot = delivery{}
	b.count--
	u.count--
	if b.count == 0 {
		u.release((tag - u.first) / unackedBlock)
	}
	return d, true
}

// release lets go of an empty block, and of the places of all that are gone at
// the front.
func (u *unacked) release(i uint64) {
	u.spare, u.blocks[i] = u.blocks[i], nil
	if u.count == 0 {
		u.blocks = u.blocks[:0]
		return
	}
	for u.blocks[0] == nil {
		u.blocks = u.blocks[1:]
		u.first += unackedBlock
	}
}

// upTo removes and returns all deliveries with tags up to tag, in order; 0 means
// all there are.
func (u *unacked) upTo(tag uint64) iter.Seq2[uint64, delivery] {
	return func(yield func(uint64, delivery) bool) {
		for t := u.first; ; t++ {
			next, ok := u.next(t)
			if !ok || tag != 0 && next > tag {
				return
			}
			t = next
			d, _ := u.take(t)
			if !yield(t, d) {
				return
			}
		}
	}
}

// restore puts deliveries back that were taken. The slice becomes its own.
func (u *unacked) restore(back []settlement) {
	if len(back) == 0 {
		return
	}
	for tag, d := range u.upTo(0) {
		back = append(back, settlement{tag: tag, delivery: d})
	}
	slices.SortFunc(back, func(a, b settlement) int { return cmp.Compare(a.tag, b.tag) })
	*u = unacked{}
	for _, x := range back {
		u.add(x.tag, x.delivery)
	}
}

// next returns the lowest outstanding tag from a tag on.
func (u *unacked) next(from uint64) (uint64, bool) {
	from = max(from, u.first)
	for u.count > 0 {
		i := from - u.first
		if i/unackedBlock >= uint64(len(u.blocks)) {
			break
		}
		b := u.blocks[i/unackedBlock]
		if b == nil {
			from += unackedBlock - i%unackedBlock
			continue
		}
		if b.slots[i%unackedBlock].queue != nil {
			return from, true
		}
		from++
	}
	return 0, false
}

// slimLag is how many deliveries later a message that is still unacked gives up
// its place in memory, if the store has it.
const slimLag = 4096

// slimDown looks at deliveries that have been out for a while.
func (u *unacked) slimDown(tag uint64) {
	if u.slim < u.first {
		u.slim = u.first
	}
	for ; u.slim+slimLag < tag; u.slim++ {
		if _, d := u.at(u.slim); d != nil {
			d.entry.Slim()
		}
	}
}
