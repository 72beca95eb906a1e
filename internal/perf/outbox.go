package perf

import (
	"fmt"
	"io"
	"sync"
)

// An outbox holds octets until its writer has time for them. Who reads from a
// connection must not write to it: the broker may be waiting for it to read.
type outbox struct {
	mu     sync.Mutex
	filled sync.Cond
	octets []byte // guarded by mu, as is closed
	closed bool
}

func newOutbox() *outbox {
	o := new(outbox)
	o.filled.L = &o.mu
	return o
}

// append adds a copy of b.
func (o *outbox) append(b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.octets = append(o.octets, b...)
	o.filled.Signal()
}

// close lets drain return.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.filled.Signal()
}

// drain writes what is appended until the outbox is closed.
func (o *outbox) drain(w io.Writer) error {
	var writing []byte
	for {
		var open bool
		if writing, open = o.swap(writing); !open {
			return nil
		}
		if _, err := w.Write(writing); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
	}
}

// swap waits for octets, and takes them in exchange for an empty slice.
func (o *outbox) swap(written []byte) (octets []byte, open bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.octets) == 0 && !o.closed {
		o.filled.Wait()
	}
	octets, o.octets = o.octets, written[:0]
	return octets, !o.closed
}
