package badger

import (
	"errors"
	"fmt"
	"io"

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

// loadBytes is how much is read back at once, about: it may be more by one segment,
// or one large message. So whoever asks for many messages need not know how large
// they are.
const loadBytes = 1 << 20

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
	r := newLoader(s)
	defer r.close()
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

// A loader reads messages back.
type loader struct{ segmentReader }

func newLoader(s *Store) *loader { return &loader{segmentReader{s: s}} }

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

	octets := 0
	for i := 0; i < len(places) && octets < loadBytes; {
		end := i + 1
		for end < len(places) && places[end].segment == places[i].segment {
			end++
		}
		read, bad, err := r.read(places[i].segment, places[i:end])
		if err != nil {
			return nil, nil, err
		}
		for _, m := range read {
			octets += len(m.Message.Properties) + len(m.Message.Body)
		}
		found, lost = append(found, read...), append(lost, bad...)
		i = end
	}
	return found, lost, nil
}

// read reads messages of one segment.
func (r *loader) read(s *segment, places []place) (found []store.Stored, lost []place, err error) {
	w, err := r.window(s, places)
	switch {
	case errors.Is(err, errDamaged):
		r.s.log.Warn().Err(err).Uint64("segment", s.number).Msg("segment is unreadable")
		return nil, places, nil
	case err != nil:
		return nil, nil, err
	}
	messages := make([]amqp.Message, len(places))
	found = make([]store.Stored, 0, len(places))
	for i, p := range places {
		expires, err := r.message(&messages[i], w, p)
		if err == nil {
			found = append(found, store.Stored{Seq: p.seq, Expires: expires, Message: &messages[i]})
			continue
		}
		if err = r.unless(s, err); !errors.Is(err, errDamaged) {
			return nil, nil, err
		}
		r.s.log.Warn().Err(err).Uint64("segment", s.number).Uint64("seq", p.seq).Msg("message is damaged")
		lost = append(lost, p)
	}
	return found, lost, nil
}

// window opens a segment, and reads all that the messages at some places have of it
// if that is most of what is between them.
func (r *loader) window(s *segment, places []place) (*window, error) {
	at, err := r.open(s)
	if err != nil {
		return nil, err
	}
	lo, hi, size := ^uint64(0), uint64(0), uint64(0)
	for _, p := range places {
		if int(p.ordinal) >= len(r.contents.refs) {
			return nil, fmt.Errorf("%w: place %d of %d", errDamaged, p.ordinal, len(r.contents.refs))
		}
		e := &r.contents.entries[r.contents.refs[p.ordinal].entry]
		lo, hi, size = min(lo, e.offset), max(hi, e.end()), size+e.properties+e.body
	}
	w := &window{at: at, from: lo}
	if size > 0 && hi-lo <= 2*size {
		w.octets = make([]byte, hi-lo)
		if err := readFull(at, w.octets, lo); err != nil {
			return nil, r.unless(s, err)
		}
	}
	return w, nil
}

// A window is what has been read of a segment at once. The messages share its
// memory.
type window struct {
	at     io.ReaderAt
	from   uint64
	octets []byte
}

// read returns the octets from offset to end.
func (w *window) read(offset, end uint64) ([]byte, error) {
	if w.octets != nil {
		return w.octets[offset-w.from : end-w.from : end-w.from], nil
	}
	octets := make([]byte, end-offset)
	return octets, readFull(w.at, octets, offset)
}

// message reads the message at p into m, and returns when it expires.
func (r *loader) message(m *amqp.Message, w *window, p place) (expires int64, err error) {
	c := &r.contents
	at := &c.refs[p.ordinal]
	if at.seq != p.seq {
		return 0, fmt.Errorf("%w: not in the segment", errDamaged)
	}
	e := &c.entries[at.entry]
	octets, err := w.read(e.offset, e.end())
	if err != nil {
		return 0, err
	}
	properties, body := octets[:e.properties:e.properties], octets[e.properties:]
	if checksum(properties, body) != e.sum {
		return 0, fmt.Errorf("%w: checksum is wrong", errDamaged)
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
	return at.expires, nil
}

// Expiries implements store.Store. It reads the index of each segment that the queue
// has messages in.
func (s *Store) Expiries(queue uint64, each func(seq uint64, expires int64)) error {
	r := newLoader(s)
	defer r.close()
	s.moving.RLock()
	defer s.moving.RUnlock()
	for _, p := range s.index.placesOf(queue) {
		_, err := r.open(p.segment)
		switch {
		case errors.Is(err, errSettled):
		case errors.Is(err, errDamaged):
			s.log.Warn().Err(err).Uint64("segment", p.segment.number).Msg("segment is unreadable")
		case err != nil:
			return err
		case int(p.ordinal) < len(r.contents.refs):
			each(p.seq, r.contents.refs[p.ordinal].expires)
		}
	}
	return nil
}

// giveUp settles messages that cannot be read, so that nobody asks again.
func (r *loader) giveUp(queue uint64, lost []place) {
	var b store.Batch
	for _, p := range lost {
		b.Settled = append(b.Settled, store.Settled{Queue: queue, Span: store.Span{Lo: p.seq, Hi: p.seq}})
	}
	r.s.Append(b)
}
