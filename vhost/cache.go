package vhost

import (
	"container/heap"
	"container/list"
	"encoding/binary"
	"errors"
	"math"
	"sync"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// cacheTTLHeader says for how long the value of a message is remembered.
const cacheTTLHeader = "x-cache-ttl"

// A cache is what an exchange of type x-message-deduplication has seen lately: the
// values of a header of its messages, as digests, which all have one size. The oldest
// goes when there is no room. Values whose time is over go before any other.
//
// rabbitmq: the community's plug-in, where any value may go for want of room
type cache struct {
	// immutable
	exchange.Cache
	id     uint64 // of what the store has of it
	stored bool

	mu       sync.Mutex // guards what follows
	last     uint64     // number of the value that came last
	values   map[queue.Digest]*seen
	ages     list.List // of *seen, oldest first
	expiring expiring
}

// A seen value is one that no message has to come with for a while.
type seen struct {
	number  uint64
	value   queue.Digest
	expires int64 // Unix milliseconds, math.MaxInt64 for never
	age     *list.Element
	at      int // among those that expire
}

// newCache returns a cache without values. What the store has of it, if anything, it
// has by id.
func newCache(c exchange.Cache, id uint64, durable bool) *cache {
	return &cache{Cache: c, id: id, stored: c.Disk && durable, values: make(map[queue.Digest]*seen)}
}

// see reports whether a message has a value that has been seen, and remembers it if
// not. What there is to be stored is appended to docs.
//
// rabbitmq: a duplicate does not renew the time, and a message without the header is
// none
func (c *cache) see(m *amqp.Message, now int64, docs []store.Doc) (is bool, _ []store.Doc) {
	value, counts := queue.DigestOf(m)
	if !counts {
		return false, docs
	}
	expires := c.expiry(m, now)
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.expiring) > 0 && c.expiring[0].expires <= now {
		docs = c.forget(c.expiring[0], docs)
	}
	if c.values[value] != nil {
		return true, docs
	}
	for len(c.values) >= c.Size {
		docs = c.forget(c.ages.Front().Value.(*seen), docs)
	}
	c.last++
	s := &seen{number: c.last, value: value, expires: expires}
	c.enter(s)
	if c.stored {
		docs = append(docs, c.doc(s))
	}
	return false, docs
}

// expiry returns until when the value of a message is remembered.
//
// rabbitmq: the message's header counts more than the exchange's argument
func (c *cache) expiry(m *amqp.Message, now int64) int64 {
	ttl := c.TTL
	header, given := m.Properties.Header(cacheTTLHeader)
	n, is := amqp.Integer(header)
	switch {
	case given && is:
		ttl = n
	case ttl == 0:
		return math.MaxInt64
	}
	return now + min(ttl, math.MaxInt64-1-now)
}

func (c *cache) enter(s *seen) {
	c.values[s.value] = s
	s.age = c.ages.PushBack(s)
	if s.expires < math.MaxInt64 {
		heap.Push(&c.expiring, s)
	}
}

// forget takes a value out, and appends what the store has to delete.
func (c *cache) forget(s *seen, docs []store.Doc) []store.Doc {
	delete(c.values, s.value)
	c.ages.Remove(s.age)
	if s.expires < math.MaxInt64 {
		heap.Remove(&c.expiring, s.at)
	}
	if c.stored {
		docs = append(docs, store.Doc{Kind: store.Seen, Key: c.key(s)})
	}
	return docs
}

// Len returns how many values are remembered, with those whose time has been over
// since the last message.
func (c *cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.values)
}

// expiring are values as a heap, the one whose time is over first in front.
type expiring []*seen

func (h expiring) Len() int           { return len(h) }
func (h expiring) Less(i, j int) bool { return h[i].expires < h[j].expires }

func (h expiring) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

func (h *expiring) Push(x any) {
	s := x.(*seen)
	s.at = len(*h)
	*h = append(*h, s)
}

func (h *expiring) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}

// A value is stored as a definition of its own: its key is the cache's id and its
// number, so that it is in no other's way; its document is the digest and the time.

func (c *cache) key(s *seen) string {
	return string(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, c.id), s.number))
}

func (c *cache) doc(s *seen) store.Doc {
	return store.Doc{Kind: store.Seen, Key: c.key(s), Value: binary.BigEndian.AppendUint64(s.value[:len(s.value):len(s.value)], uint64(s.expires))}
}

// errSeen says that what is stored of a value is none.
var errSeen = errors.New("want 16 octets of key and 24 of value")

// A recollection is what is left to do when all is read that was seen.
type recollection struct {
	caches map[uint64]*cache // by id
	gone   []string          // keys of what belongs to none of them
}

// loadSeen has a cache remember a value again. They come in the order of their ages.
func (r *Registry) loadSeen(d store.Doc, to *recollection) error {
	if to.caches == nil {
		to.caches = r.storedCaches()
	}
	if len(d.Key) != 16 || len(d.Value) != 24 {
		return errSeen
	}
	s := &seen{
		number:  binary.BigEndian.Uint64([]byte(d.Key[8:])),
		value:   queue.Digest(d.Value[:16]),
		expires: int64(binary.BigEndian.Uint64(d.Value[16:])),
	}
	c := to.caches[binary.BigEndian.Uint64([]byte(d.Key))]
	if c == nil { // its exchange has been deleted
		to.gone = append(to.gone, d.Key)
		return nil
	}
	c.last = s.number
	if older := c.values[s.value]; older != nil { // the broker ended before it had deleted that
		to.gone = append(to.gone, c.key(older))
		c.forget(older, nil)
	}
	c.enter(s)
	if len(c.values) > c.Size {
		oldest := c.ages.Front().Value.(*seen)
		to.gone = append(to.gone, c.key(oldest))
		c.forget(oldest, nil)
	}
	return nil
}

// storedCaches returns the caches that the store knows, by id.
func (r *Registry) storedCaches() map[uint64]*cache {
	caches := make(map[uint64]*cache)
	for _, v := range r.vhosts {
		for _, c := range v.caches {
			if c.stored {
				caches[c.id] = c
			}
		}
	}
	return caches
}

// recollect ends loading: what nobody remembers the store forgets.
func (r *Registry) recollect(all recollection) {
	if len(all.gone) > 0 {
		go forget(r.broker.Store, all.gone)
	}
}

// keys returns the keys of all values that are stored.
func (c *cache) keys() (keys []string) {
	if !c.stored {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := c.ages.Front(); e != nil; e = e.Next() {
		keys = append(keys, c.key(e.Value.(*seen)))
	}
	return keys
}

// forgetMost is how many values are deleted at once.
const forgetMost = 1024

// forget has the store delete values, some after the other, as there may be many. Those
// that are left when the broker ends meanwhile belong to nobody when it starts again.
func forget(st store.Store, keys []string) {
	for len(keys) > 0 {
		n := min(len(keys), forgetMost)
		docs := make([]store.Doc, n)
		for i, key := range keys[:n] {
			docs[i] = store.Doc{Kind: store.Seen, Key: key}
		}
		keys = keys[n:]
		st.Append(store.Batch{Docs: docs})
		if st.Sync() != nil {
			return // the store has failed, and says so
		}
	}
}
