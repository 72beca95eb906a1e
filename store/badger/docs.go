package badger

import (
	"fmt"
	"iter"

	"github.com/dgraph-io/badger/v4"

	"github.com/harebellmq/harebell/store"
)

// Docs implements store.Store. It shows the definitions as they are when the
// loop begins.
func (s *Store) Docs(k store.Kind) iter.Seq2[store.Doc, error] {
	return func(yield func(store.Doc, error) bool) {
		txn := s.db.NewTransaction(false)
		defer txn.Discard()
		it := txn.NewIterator(badger.IteratorOptions{Prefix: docPrefix(k)})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			d, err := readDoc(txn, it.Item(), k)
			if !yield(d, err) {
				return
			}
		}
	}
}

func readDoc(txn *badger.Txn, item *badger.Item, k store.Kind) (store.Doc, error) {
	d := store.Doc{Kind: k, Key: string(item.Key()[len(docPrefix(k)):])}
	value, err := item.ValueCopy(nil)
	if err == nil && len(value) == 0 {
		err = errDamaged
	}
	if err != nil {
		return d, fmt.Errorf("read definition %q: %w", d.Key, err)
	}
	d.Value = value[1:]
	for part := 1; part <= int(value[0]); part++ {
		item, err := txn.Get(docPartKey(k, d.Key, part))
		if err != nil {
			return d, fmt.Errorf("read definition %q, part %d: %w", d.Key, part, err)
		}
		rest, err := item.ValueCopy(nil)
		if err != nil {
			return d, fmt.Errorf("read definition %q, part %d: %w", d.Key, part, err)
		}
		d.Value = append(d.Value, rest...)
	}
	return d, nil
}
