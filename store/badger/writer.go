package badger

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/harebellmq/harebell/store"
)

// docPartBytes is how large the parts are that a definition is cut into: a
// transaction does not take much more.
const docPartBytes = 12 << 10

// A writer gathers what one group writes. It is one transaction, unless there
// is too much for one: then it is several, in the order of the calls.
type writer struct {
	db     *badger.DB
	fault  func() error
	txn    *badger.Txn
	any    bool  // something is in txn
	wrote  bool  // something is on disk
	octets int   // of keys and values
	err    error // the first
}

func newWriter(db *badger.DB, fault func() error) *writer {
	return &writer{db: db, fault: fault, txn: db.NewTransaction(true)}
}

// set and remove keep key and value until commit returns.
func (w *writer) set(key, value []byte) {
	w.octets += len(key) + len(value)
	w.do(func() error { return w.txn.Set(key, value) })
}

func (w *writer) remove(key []byte) {
	w.do(func() error { return w.txn.Delete(key) })
}

func (w *writer) do(op func() error) {
	if w.err != nil {
		return
	}
	err := op()
	if errors.Is(err, badger.ErrTxnTooBig) && w.any {
		if w.err = w.commitTxn(); w.err != nil {
			return
		}
		w.txn = w.db.NewTransaction(true)
		err = op()
	}
	w.any = true
	if err != nil {
		w.err = fmt.Errorf("write: %w", err)
	}
}

// setDoc writes or deletes a definition.
func (w *writer) setDoc(d store.Doc) {
	parts := 0
	if d.Value != nil {
		parts = max(0, (len(d.Value)-1)/docPartBytes)
	}
	for old := w.docParts(d); old > parts; old-- {
		w.remove(docPartKey(d.Kind, d.Key, old))
	}
	if d.Value == nil {
		w.remove(docKey(d.Kind, d.Key))
		return
	}
	first := min(len(d.Value), docPartBytes)
	w.set(docKey(d.Kind, d.Key), append([]byte{byte(parts)}, d.Value[:first]...))
	for part := 1; part <= parts; part++ {
		from := part * docPartBytes
		w.set(docPartKey(d.Kind, d.Key, part), d.Value[from:min(len(d.Value), from+docPartBytes)])
	}
}

// docParts returns how many further parts the definition has that is stored
// under the key of d.
func (w *writer) docParts(d store.Doc) (parts int) {
	if w.err != nil {
		return 0
	}
	item, err := w.txn.Get(docKey(d.Kind, d.Key))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return 0
	}
	if err == nil {
		err = item.Value(func(value []byte) error {
			if len(value) > 0 {
				parts = int(value[0])
			}
			return nil
		})
	}
	if err != nil {
		w.err = fmt.Errorf("read definition %q: %w", d.Key, err)
	}
	return parts
}

// commit returns when everything is on disk, or an error.
func (w *writer) commit() error {
	defer w.txn.Discard()
	if w.err == nil && w.any {
		w.err = w.commitTxn()
	}
	return w.err
}

func (w *writer) commitTxn() error {
	w.any = false
	if w.fault != nil {
		if err := w.fault(); err != nil {
			w.txn.Discard()
			return fmt.Errorf("write: %w", err)
		}
	}
	if err := w.txn.Commit(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	w.wrote = true
	return nil
}
