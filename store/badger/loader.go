package badger

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// A load is one call of Load.
type load struct {
	queue uint64
	span  store.Span
	max   int
	done  func([]store.Stored, error)
}

// Load implements store.Store. One goroutine serves the calls of all queues in
// their order; it exists while there are any.
func (s *Store) Load(queue uint64, span store.Span, max int, done func([]store.Stored, error)) {
	l := &load{queue: queue, span: span, max: max, done: done}
	if l.max < 1 {
		l.max = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		go done(nil, store.ErrClosed)
		return
	}
	s.loads = append(s.loads, l)
	if len(s.loads) == 1 {
		s.loading.Add(1)
		go s.serveLoads()
	}
}

// serveLoads serves what is in loads. The one being served stays there, so that
// Load knows of the goroutine.
func (s *Store) serveLoads() {
	defer s.loading.Done()
	r := loader{s: s}
	for {
		s.mu.Lock()
		l := s.loads[0]
		s.mu.Unlock()

		l.done(r.load(l))

		s.mu.Lock()
		s.loads[0] = nil
		s.loads = s.loads[1:]
		more := len(s.loads) > 0
		s.mu.Unlock()
		if !more {
			return
		}
	}
}

// A loader reads messages back. It remembers the index of the last segment,
// which a queue that pages through a backlog asks for again.
type loader struct {
	s        *Store
	segment  uint64
	decoded  bool
	contents contents
}

func (r *loader) load(l *load) ([]store.Stored, error) {
	for {
		found, lost, err := r.try(l)
		if errors.Is(err, errSettled) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(lost) > 0 {
			r.giveUp(l.queue, lost)
		}
		if len(found) > 0 || len(lost) == 0 {
			return found, nil
		}
		// Everything found was damaged: go on behind it.
		last := lost[len(lost)-1].seq
		if last >= l.span.Hi {
			return nil, nil
		}
		l.span.Lo = last + 1
	}
}

// errSettled says that a segment is not there any more, because everything in it
// was settled after the index was asked.
var errSettled = errors.New("settled meanwhile")

// try reads the first messages of l, and returns the places of those that are
// damaged.
func (r *loader) try(l *load) (found []store.Stored, lost []place, err error) {
	r.s.moving.RLock()
	defer r.s.moving.RUnlock()
	r.s.index.mu.Lock()
	places := r.s.index.places(l.queue, l.span, l.max)
	r.s.index.mu.Unlock()

	txn := r.s.db.NewTransaction(false)
	defer txn.Discard()
	for i := 0; i < len(places); {
		end := i + 1
		for end < len(places) && places[end].segment == places[i].segment {
			end++
		}
		read, bad, err := r.read(txn, places[i].segment, places[i:end])
		if err != nil {
			return nil, nil, err
		}
		found, lost = append(found, read...), append(lost, bad...)
		i = end
	}
	return found, lost, nil
}

// read reads messages of one segment.
func (r *loader) read(txn *badger.Txn, s *segment, places []place) (found []store.Stored, lost []place, err error) {
	item, err := txn.Get(segmentKey(s.number))
	if errors.Is(err, badger.ErrKeyNotFound) {
		if r.s.index.alive(s) {
			return nil, places, nil
		}
		return nil, nil, errSettled
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read segment %d: %w", s.number, err)
	}
	err = item.Value(func(value []byte) error {
		if !r.decoded || r.segment != s.number {
			r.decoded, r.segment = false, s.number
			if err := r.contents.decode(value); err != nil {
				return err
			}
			r.decoded = true
		}
		found, lost = r.messages(txn, s, value, places)
		return nil
	})
	if err != nil {
		r.s.log.Warn().Err(err).Uint64("segment", s.number).Msg("segment is unreadable")
		return nil, places, nil
	}
	return found, lost, nil
}

// messages copies messages out of a segment into memory of their own, so that
// none keeps the segment in memory.
func (r *loader) messages(txn *badger.Txn, s *segment, value []byte, places []place) (found []store.Stored, lost []place) {
	var size uint64
	for _, p := range places {
		if int(p.ordinal) < len(r.contents.refs) {
			e := &r.contents.entries[r.contents.refs[p.ordinal].entry]
			size += e.properties + e.bodyInside()
		}
	}
	memory := make([]byte, 0, min(size, uint64(len(value)*len(places))))
	messages := make([]amqp.Message, len(places))
	found = make([]store.Stored, 0, len(places))
	for i, p := range places {
		m := &messages[i]
		var expires int64
		var err error
		if memory, expires, err = r.message(m, memory, txn, s, value, p); err != nil {
			r.s.log.Warn().Err(err).Uint64("segment", s.number).Uint64("seq", p.seq).Msg("message is damaged")
			lost = append(lost, p)
			continue
		}
		found = append(found, store.Stored{Seq: p.seq, Expires: expires, Message: m})
	}
	return found, lost
}

// message reads the message at p into m, with its octets appended to memory.
func (r *loader) message(m *amqp.Message, memory []byte, txn *badger.Txn, s *segment, value []byte, p place) ([]byte, int64, error) {
	c := &r.contents
	if int(p.ordinal) >= len(c.refs) || c.refs[p.ordinal].seq != p.seq {
		return memory, 0, fmt.Errorf("%w: not in the segment", errDamaged)
	}
	at := &c.refs[p.ordinal]
	e := &c.entries[at.entry]
	properties, body, err := e.octets(value)
	if err != nil {
		return memory, 0, err
	}
	if e.flags&flagChunked != 0 {
		if body, err = readChunks(txn, s, e.body); err != nil {
			return memory, 0, err
		}
	}
	if checksum(properties, body) != e.sum {
		return memory, 0, fmt.Errorf("%w: checksum is wrong", errDamaged)
	}

	start := len(memory)
	memory = append(memory, properties...)
	properties = memory[start:len(memory):len(memory)]
	if e.flags&flagChunked == 0 {
		start = len(memory)
		memory = append(memory, body...)
		body = memory[start:len(memory):len(memory)]
	}
	*m = amqp.Message{
		Exchange:   c.strings[e.exchange],
		RoutingKey: c.strings[e.key],
		Properties: properties,
		Body:       body,
		Persistent: e.flags&flagPersistent != 0,
		Priority:   e.priority,

		DeadLettered: e.flags&flagDeadLettered != 0,
		Rekeyed:      e.flags&flagRekeyed != 0,
	}
	if e.flags&flagBCC != 0 {
		keys := make([]string, len(e.bcc))
		for i, key := range e.bcc {
			keys[i] = c.strings[key]
		}
		m.Hidden = &keys
	}
	return memory, at.expires, nil
}

// readChunks puts a body together that is not in its segment.
func readChunks(txn *badger.Txn, s *segment, size uint64) ([]byte, error) {
	var body []byte
	for chunk := uint32(0); uint64(len(body)) < size; chunk++ {
		item, err := txn.Get(chunkKey(s.number, chunk))
		if err != nil {
			return nil, fmt.Errorf("chunk %d: %w", chunk, err)
		}
		if chunk == 0 {
			body = make([]byte, 0, min(size, uint64(s.chunks)*chunkBytes))
		}
		before := len(body)
		err = item.Value(func(value []byte) error {
			body = append(body, value...)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("chunk %d: %w", chunk, err)
		}
		if len(body) == before {
			return nil, fmt.Errorf("%w: chunk %d is empty", errDamaged, chunk)
		}
	}
	return body, nil
}

// giveUp settles messages that cannot be read, so that nobody asks again.
func (r *loader) giveUp(queue uint64, lost []place) {
	var b store.Batch
	for _, p := range lost {
		b.Settled = append(b.Settled, store.Settled{Queue: queue, Span: store.Span{Lo: p.seq, Hi: p.seq}})
	}
	r.s.Append(b)
}
