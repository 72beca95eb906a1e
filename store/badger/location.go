package badger

import (
	"encoding/binary"
	"fmt"
)

// A location is where a segment is: an offset in a file. The number of the segment
// tells it from an older one that was in the same place.
type location struct {
	file   uint32
	offset int64
}

const locationBytes = 12

func (s *segment) location() location { return location{file: s.file.number, offset: s.offset} }

func (p location) encode() []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, locationBytes), p.file)
	return binary.BigEndian.AppendUint64(b, uint64(p.offset))
}

func decodeLocation(b []byte) (p location, err error) {
	if len(b) != locationBytes {
		return p, fmt.Errorf("%w: location of %d octets", errDamaged, len(b))
	}
	p.file, p.offset = binary.BigEndian.Uint32(b), int64(binary.BigEndian.Uint64(b[4:]))
	if p.offset < 0 {
		return p, fmt.Errorf("%w: offset %d", errDamaged, p.offset)
	}
	return p, nil
}

// A horizon is up to where the database knows of all segments: of those with lower
// numbers that still have messages it has the locations, and the others are in the
// files from a location on. What is found before it with no location is deleted.
type horizon struct {
	next uint64 // number
	location
}

func (h horizon) encode() []byte {
	return append(binary.BigEndian.AppendUint64(nil, h.next), h.location.encode()...)
}

func decodeHorizon(b []byte) (h horizon, err error) {
	if len(b) != 8+locationBytes {
		return h, fmt.Errorf("%w: horizon of %d octets", errDamaged, len(b))
	}
	h.next = binary.BigEndian.Uint64(b)
	h.location, err = decodeLocation(b[8:])
	return h, err
}
