package badger

import (
	"encoding/binary"

	"github.com/harebellmq/harebell/store"
)

// Every key begins with one octet that tells what it is. Integers in keys are
// big-endian, so that the order of keys is the order of numbers.
const (
	keyFormat  = 'V' // format of the whole store, one octet
	keyQueueID = 'Q' // queue ids below this number (8 octets) may be in use

	keyDoc     = 'M' // kind, key: how many further parts, and the first part of a definition
	keyDocPart = 'N' // kind, part, key: a further part

	keyHorizon = 'F' // up to where the locations of segments are known
	keySegment = 'S' // segment: its location
	keyLive    = 'A' // segment: a bit for every reference, set while not settled
	keyLast    = 'L' // queue, lane: the highest number ever written there
)

func formatKey() []byte  { return []byte{keyFormat} }
func queueIDKey() []byte { return []byte{keyQueueID} }
func horizonKey() []byte { return []byte{keyHorizon} }

func docPrefix(k store.Kind) []byte { return []byte{keyDoc, byte(k)} }

func docKey(k store.Kind, key string) []byte {
	return append([]byte{keyDoc, byte(k)}, key...)
}

func docPartKey(k store.Kind, key string, part int) []byte {
	return append([]byte{keyDocPart, byte(k), byte(part)}, key...)
}

func segmentKey(segment uint64) []byte { return numberKey(keySegment, segment) }
func liveKey(segment uint64) []byte    { return numberKey(keyLive, segment) }

func lastKey(queue, lane uint64) []byte {
	return append(numberKey(keyLast, queue), byte(lane))
}

func numberKey(kind byte, n uint64) []byte {
	key := make([]byte, 9, 10)
	key[0] = kind
	binary.BigEndian.PutUint64(key[1:], n)
	return key
}

// keyNumber returns the number that follows the first octet of a key made by
// numberKey, or false if there is none.
func keyNumber(key []byte) (uint64, bool) {
	if len(key) < 9 {
		return 0, false
	}
	return binary.BigEndian.Uint64(key[1:9]), true
}
