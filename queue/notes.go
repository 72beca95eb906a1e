package queue

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/harebellmq/harebell/store"
)

// A note is what a queue must remember of one message besides the message itself.
type note struct {
	returns uint16 // how often it came back
	until   int64  // it is held back until then, in Unix milliseconds; 0 if it is not
	dead    Reason // it waits to be dead-lettered; "" if it does not
}

// notes are what a queue remembers of single messages, and finds again after a
// restart. Most messages have none. What is noted at once is one definition, a
// page, which is deleted when the last of its messages is settled or has a newer
// note.
type notes struct {
	queue  uint64 // its id
	stored bool   // a restart is survived

	of   map[uint64]noted // by number
	live map[uint64]int   // by page: how many messages it is the latest of
	last uint64           // page
}

type noted struct {
	note
	page uint64
}

// pageMost is how many notes a page has at most, so that it fits into a definition.
const pageMost = 2048

// get returns the note of a message.
func (ns *notes) get(seq uint64) note { return ns.of[seq].note }

// A numbered note is one of the message with that number.
type numbered struct {
	seq uint64
	note
}

// set replaces what is remembered of some messages, each of which is once in list.
// The definitions to be stored are appended to docs.
func (ns *notes) set(list []numbered, docs []store.Doc) []store.Doc {
	if len(list) == 0 {
		return docs
	}
	if ns.of == nil {
		ns.of, ns.live = make(map[uint64]noted), make(map[uint64]int)
	}
	slices.SortFunc(list, func(a, b numbered) int { return cmp.Compare(a.seq, b.seq) })
	for chunk := range slices.Chunk(list, pageMost) {
		ns.last++
		ns.live[ns.last] = len(chunk)
		var page []byte
		before := uint64(0)
		for _, n := range chunk {
			page = n.append(page, n.seq-before)
			before = n.seq
			docs = ns.forget(n.seq, docs)
			ns.of[n.seq] = noted{n.note, ns.last}
		}
		docs = ns.keep(ns.last, page, docs)
	}
	return docs
}

// keep appends the definition of a page; nil deletes it.
func (ns *notes) keep(page uint64, octets []byte, docs []store.Doc) []store.Doc {
	if !ns.stored {
		return docs
	}
	return append(docs, store.Doc{Kind: store.Notes, Key: noteKey(ns.queue, page), Value: octets})
}

// forget forgets a message, of which there may be nothing to remember.
func (ns *notes) forget(seq uint64, docs []store.Doc) []store.Doc {
	n, found := ns.of[seq]
	if !found {
		return docs
	}
	delete(ns.of, seq)
	if ns.live[n.page]--; ns.live[n.page] > 0 {
		return docs
	}
	delete(ns.live, n.page)
	return ns.keep(n.page, nil, docs)
}

// forgetSpan forgets the messages of a span.
func (ns *notes) forgetSpan(s store.Span, docs []store.Doc) []store.Doc {
	for _, seq := range slices.Sorted(maps.Keys(ns.of)) {
		if s.Lo <= seq && seq <= s.Hi {
			docs = ns.forget(seq, docs)
		}
	}
	return docs
}

// clear forgets everything.
func (ns *notes) clear(docs []store.Doc) []store.Doc {
	for _, page := range slices.Sorted(maps.Keys(ns.live)) {
		docs = ns.keep(page, nil, docs)
	}
	ns.of, ns.live = nil, nil
	return docs
}

// recover takes over pages, in the order of their keys. Some of their messages may be
// gone: see keepOnly.
func (ns *notes) recover(pages []store.Doc, docs []store.Doc) ([]store.Doc, error) {
	if len(pages) == 0 {
		return docs, nil
	}
	ns.of, ns.live = make(map[uint64]noted), make(map[uint64]int)
	var errs []error
	for _, d := range pages {
		page, err := parseNoteKey(d.Key)
		if err == nil {
			ns.last = max(ns.last, page)
			err = ns.read(page, d.Value)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("notes %q of a queue: %w", d.Key, err))
		}
	}
	for _, d := range pages {
		if page, err := parseNoteKey(d.Key); err != nil || ns.live[page] == 0 { // newer ones have taken its place
			delete(ns.live, page)
			docs = append(docs, store.Doc{Kind: store.Notes, Key: d.Key})
		}
	}
	return docs, errors.Join(errs...)
}

// keepOnly forgets messages that are not among some.
func (ns *notes) keepOnly(there map[uint64]bool, docs []store.Doc) []store.Doc {
	for _, seq := range slices.Sorted(maps.Keys(ns.of)) {
		if !there[seq] {
			docs = ns.forget(seq, docs)
		}
	}
	return docs
}

func (ns *notes) read(page uint64, octets []byte) error {
	seq := uint64(0)
	for len(octets) > 0 {
		n, step, rest, err := parseNote(octets)
		if err != nil {
			return err
		}
		octets = rest
		seq += step
		if before, found := ns.of[seq]; found {
			ns.live[before.page]--
		}
		ns.of[seq] = noted{n, page}
		ns.live[page]++
	}
	return nil
}

// reasons are the ones a note may name, by their number in it. No number changes.
var reasons = []Reason{"", Rejected, Expired, MaxLen, DeliveryLimit}

// append writes a note as
//
//	step       from the number of the message before, uvarint
//	returns    uvarint
//	until      uvarint
//	reason     one octet
func (n *note) append(dst []byte, step uint64) []byte {
	dst = binary.AppendUvarint(dst, step)
	dst = binary.AppendUvarint(dst, uint64(n.returns))
	dst = binary.AppendUvarint(dst, uint64(n.until))
	return append(dst, byte(slices.Index(reasons, n.dead)))
}

var errNote = errors.New("not as they are written")

func parseNote(octets []byte) (n note, step uint64, rest []byte, err error) {
	var numbers [3]uint64
	for i := range numbers {
		v, size := binary.Uvarint(octets)
		if size <= 0 {
			return note{}, 0, nil, errNote
		}
		numbers[i], octets = v, octets[size:]
	}
	if len(octets) == 0 || int(octets[0]) >= len(reasons) {
		return note{}, 0, nil, errNote
	}
	n = note{returns: uint16(min(numbers[1], maxReturns)), until: int64(numbers[2]), dead: reasons[octets[0]]}
	return n, numbers[0], octets[1:], nil
}

// noteKey is the key of a page: the queue's id, and the page so that keys are in
// the order of their numbers.
func noteKey(id, page uint64) string {
	return strconv.FormatUint(id, 10) + fmt.Sprintf(".%016x", page)
}

func parseNoteKey(key string) (page uint64, err error) {
	_, number, _ := strings.Cut(key, ".")
	return strconv.ParseUint(number, 16, 64)
}
