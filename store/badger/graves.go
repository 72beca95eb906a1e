package badger

import "fmt"

// graves is the list of deleted segments. It is kept because Badger's garbage
// collection can bring a deleted key back; and it is small, because it is a bit
// for each segment, without those below the oldest that is alive.
type graves struct {
	floor  uint64 // all segments of blocks below this one are dead
	blocks map[uint64]*graveBlock
	dirty  map[uint64]bool // blocks not on disk
}

const (
	graveBlockShift = 12
	graveBlockSize  = 1 << graveBlockShift
)

// A graveBlock has a bit for each of 4096 segments. One that is full has no bits.
type graveBlock struct {
	dead int
	bits []byte
}

func newGraves() graves {
	return graves{blocks: make(map[uint64]*graveBlock), dirty: make(map[uint64]bool)}
}

// bury puts a segment on the list.
func (g *graves) bury(segment uint64) {
	number := segment >> graveBlockShift
	if g.has(segment) {
		return
	}
	b := g.blocks[number]
	if b == nil {
		b = &graveBlock{bits: make([]byte, graveBlockSize/8)}
		g.blocks[number] = b
	}
	at := segment % graveBlockSize
	b.bits[at/8] |= 1 << (at % 8)
	b.dead++
	if b.full() {
		b.bits = nil
	}
	g.dirty[number] = true
}

func (b *graveBlock) full() bool { return b.dead == graveBlockSize }

// has reports whether a segment is on the list.
func (g *graves) has(segment uint64) bool {
	if segment>>graveBlockShift < g.floor {
		return true
	}
	b := g.blocks[segment>>graveBlockShift]
	if b == nil {
		return false
	}
	at := segment % graveBlockSize
	return b.full() || b.bits[at/8]&(1<<(at%8)) != 0
}

// next returns the number after the highest on the list.
func (g *graves) next() uint64 {
	next := g.floor << graveBlockShift
	for number, b := range g.blocks {
		at := uint64(graveBlockSize)
		for !b.full() && at > 0 && b.bits[(at-1)/8]&(1<<((at-1)%8)) == 0 {
			at--
		}
		next = max(next, number<<graveBlockShift+at)
	}
	return next
}

// raise moves the floor over full blocks, and returns those it passed.
func (g *graves) raise() (passed []uint64) {
	for {
		b := g.blocks[g.floor]
		if b == nil || !b.full() {
			return passed
		}
		delete(g.blocks, g.floor)
		delete(g.dirty, g.floor)
		passed = append(passed, g.floor)
		g.floor++
	}
}

// load takes a block from disk.
func (g *graves) load(number uint64, value []byte) error {
	switch {
	case number < g.floor:
		return nil
	case len(value) == 0:
		g.blocks[number] = &graveBlock{dead: graveBlockSize}
		return nil
	case len(value) != graveBlockSize/8:
		return fmt.Errorf("%w: %d octets", errDamaged, len(value))
	}
	b := &graveBlock{bits: append([]byte(nil), value...)}
	for at := range uint64(graveBlockSize) {
		if b.bits[at/8]&(1<<(at%8)) != 0 {
			b.dead++
		}
	}
	g.blocks[number] = b
	return nil
}
