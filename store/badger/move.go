package badger

import (
	"cmp"
	"errors"
	"slices"

	"github.com/harebellmq/harebell/amqp"
)

// A move takes the messages of an old segment that are not settled to a new one.
// They keep their numbers.
type move struct {
	old       *segment
	survivors []survivor
}

type survivor struct {
	message *amqp.Message // of one entry, shared by its references
	ref     ref
}

// move reads the survivors of a segment, and returns nil if that is not possible
// or there are none; then also how many octets they have.
func (r *loader) move(s *segment) (m *move, octets int) {
	r.s.index.mu.Lock()
	places := s.places()
	r.s.index.mu.Unlock()
	if len(places) == 0 {
		return nil, 0
	}

	w, err := r.window(s, places)
	if err == nil {
		m = &move{old: s}
		octets, err = r.survivors(m, w, places)
	}
	if errors.Is(err, errSettled) {
		return nil, 0
	}
	if err != nil {
		r.s.log.Warn().Err(err).Uint64("segment", s.number).Msg("segment cannot be cleaned")
		r.s.index.mu.Lock()
		s.fixed = true
		r.s.index.mu.Unlock()
		return nil, 0
	}
	return m, octets
}

// places returns where the messages of s are that are not settled.
func (s *segment) places() []place {
	var places []place
	for i := range s.runs {
		s.runs[i].each(everything, func(seq uint64, ordinal uint32) bool {
			places = append(places, place{seq: seq, segment: s, ordinal: ordinal})
			return true
		})
	}
	return places
}

// survivors reads the messages at places into m, those of one entry as one.
func (r *loader) survivors(m *move, w *window, places []place) (octets int, err error) {
	refs := r.contents.refs
	slices.SortStableFunc(places, func(a, b place) int {
		return cmp.Compare(refs[a.ordinal].entry, refs[b.ordinal].entry)
	})
	var message *amqp.Message
	for i, p := range places {
		if i == 0 || refs[p.ordinal].entry != refs[places[i-1].ordinal].entry {
			message = new(amqp.Message)
			if _, err := r.message(message, w, p); err != nil {
				return 0, err
			}
			octets += len(message.Properties) + len(message.Body)
		}
		m.survivors = append(m.survivors, survivor{message: message, ref: refs[p.ordinal]})
	}
	return octets, nil
}
