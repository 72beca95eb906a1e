package vhost

import (
	"sync/atomic"

	"github.com/harebellmq/harebell/store"
)

// An afterStored is the receipt of a message that tells its publisher's when what
// exchanges have seen is on disk, too: a message may be settled, and confirmed, before
// anything is written.
type afterStored struct {
	receipt store.Receipt
	tag     uint64
	left    atomic.Int32 // how often it is to be told itself
	failed  atomic.Bool
}

// Confirm implements store.Receipt.
func (a *afterStored) Confirm(_, _ uint64, ok bool) {
	if !ok {
		a.failed.Store(true)
	}
	if a.left.Add(-1) == 0 {
		a.receipt.Confirm(a.tag, a.tag, !a.failed.Load())
	}
}

// afterStored returns a receipt that waits for the next Flush, up to which everything
// is to be on disk, and for whatever else it is to be told.
func (p *Publisher) afterStored(receipt store.Receipt, tag uint64, told int32) store.Receipt {
	a := &afterStored{receipt: receipt, tag: tag}
	a.left.Store(told)
	p.waiting = append(p.waiting, a)
	return a
}

// storedAll returns what tells those who wait that this Flush is on disk, or nil.
func (p *Publisher) storedAll() func(error) {
	if len(p.waiting) == 0 {
		return nil
	}
	all := p.waiting
	p.waiting = nil
	return func(err error) {
		for _, a := range all {
			a.Confirm(0, 0, err == nil)
		}
	}
}
