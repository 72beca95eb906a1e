package badger

import (
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/dgraph-io/badger/v4"

	"github.com/harebellmq/harebell/store"
)

// A docLog is definitions that are on disk, in segments, and not in the database yet.
// That is one sync of little, where a transaction syncs its whole journal: measured
// with one client, a binding is made and deleted in 0.57 ms instead of 0.8, of which
// two syncs are 0.28, for two thirds of the CPU time.
type docLog struct {
	docs  []store.Doc // in their order
	files []*file     // one for each segment
}

// add notes the definitions of a segment in f.
func (l *docLog) add(docs []store.Doc, f *file) {
	l.docs = append(l.docs, docs...)
	l.files = append(l.files, f)
}

// flushDocs tells the database of definitions, before it is told of later ones.
func (c *committer) flushDocs(w *writer) {
	for _, d := range c.docs.docs {
		w.setDoc(d)
	}
	for _, f := range c.docs.files {
		c.s.files.release(f)
	}
	c.docs = docLog{}
}

// encodeDocs returns a segment of definitions. Each is its kind (1 octet), and length
// and octets of its key and its value; the length of the value is one more than it
// is, and 0 if the definition is deleted.
func encodeDocs(docs []store.Doc, number uint64) []byte {
	b := make([]byte, headerBytes, headerBytes+docBytes(docs))
	for _, d := range docs {
		b = append(b, byte(d.Kind))
		b = binary.AppendUvarint(b, uint64(len(d.Key)))
		b = append(b, d.Key...)
		if d.Value == nil {
			b = append(b, 0)
			continue
		}
		b = binary.AppendUvarint(b, uint64(len(d.Value))+1)
		b = append(b, d.Value...)
	}
	h := header{
		format: segmentFormat, kind: definitions, number: number,
		entries: uint32(len(docs)), index: uint32(len(b) - headerBytes), size: uint64(len(b)),
	}
	h.encode(b)
	return b
}

// docBytes returns how many octets definitions take in a segment, or a few more.
func docBytes(docs []store.Doc) (n int) {
	for _, d := range docs {
		n += 1 + 2*binary.MaxVarintLen32 + len(d.Key) + len(d.Value)
	}
	return n
}

// decodeDocs takes the index of a segment of definitions apart.
func (c *contents) decodeDocs(index []byte) error {
	c.docs = c.docs[:0]
	r := reader{rest: index}
	for n := c.head.entries; n > 0 && !r.failed; n-- {
		d := store.Doc{Kind: store.Kind(r.octet()), Key: string(r.octets(r.uvarint()))}
		if length := r.uvarint(); length > 0 {
			d.Value = append([]byte{}, r.octets(length-1)...)
		}
		c.docs = append(c.docs, d)
	}
	if r.failed || len(r.rest) > 0 {
		return fmt.Errorf("%w: definitions are malformed", errDamaged)
	}
	return nil
}

// Docs implements store.Store. It shows the definitions as they are when the
// loop begins.
func (s *Store) Docs(k store.Kind) iter.Seq2[store.Doc, error] {
	return func(yield func(store.Doc, error) bool) {
		s.save()
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

// save returns when the database knows everything, or the store is closed or has
// failed.
func (s *Store) save() {
	done := make(chan struct{})
	if s.add(func(g *group) {
		g.whole, g.urgent = true, true
		g.dones = append(g.dones, func(error) { close(done) })
	}) {
		<-done
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
