package amqp

import (
	"encoding/binary"
	"math"
)

// An entry is one name and value of a table, as slices of the table's octets.
type entry struct {
	name  []byte
	value field
}

// A field is a value as it lies in a table or array: its tag and the octets
// after it, their length included where there is one.
type field struct {
	tag    byte
	octets []byte
}

// cutEntry cuts the first entry off a table's entries.
func cutEntry(b []byte) (e entry, rest []byte, err error) {
	if len(b) < 1 || len(b) < 1+int(b[0]) {
		return entry{}, nil, tableTruncated()
	}
	n := 1 + int(b[0])
	e.name = b[1:n]
	e.value, rest, err = cutField(b[n:])
	return e, rest, err
}

// cutField cuts the first value with its tag off an array's values.
func cutField(b []byte) (f field, rest []byte, err error) {
	if len(b) == 0 {
		return field{}, nil, tableTruncated()
	}
	size, known := fieldSize(b[0], b[1:])
	switch {
	case !known:
		return field{}, nil, Errorf(FrameError, "field table with the unknown tag %d", b[0])
	case size > uint64(len(b)-1):
		return field{}, nil, tableTruncated()
	}
	end := 1 + int(size)
	return field{tag: b[0], octets: b[1:end:end]}, b[end:], nil
}

// fieldSize returns how many octets a value takes, its length included, which
// may be more than there are.
func fieldSize(tag byte, b []byte) (size uint64, known bool) {
	switch tag {
	case 'V':
		return 0, true
	case 't', 'b', 'B':
		return 1, true
	case 's', 'u', 'U':
		return 2, true
	case 'I', 'i', 'f':
		return 4, true
	case 'D':
		return 5, true
	case 'l', 'L', 'd', 'T':
		return 8, true
	case 'S', 'x', 'A', 'F':
		if len(b) < 4 {
			return 4, true
		}
		return 4 + uint64(binary.BigEndian.Uint32(b)), true
	}
	return 0, false
}

// check walks over the value as decode does, without allocating.
func (f field) check(depth int) error {
	if f.tag != 'A' && f.tag != 'F' {
		return nil
	}
	if depth == 0 {
		return nestedTooDeep()
	}
	if f.tag == 'F' {
		return checkEntries(f.octets[4:], depth-1)
	}
	for rest := f.octets[4:]; len(rest) > 0; {
		v, after, err := cutField(rest)
		if err != nil {
			return err
		}
		if err := v.check(depth - 1); err != nil {
			return err
		}
		rest = after
	}
	return nil
}

// checkEntries reports whether the entries of a table can be parsed, without
// allocating.
func checkEntries(entries []byte, depth int) error {
	for len(entries) > 0 {
		e, rest, err := cutEntry(entries)
		if err != nil {
			return err
		}
		if err := e.value.check(depth); err != nil {
			return err
		}
		entries = rest
	}
	return nil
}

// decode returns the value as a Table holds it.
func (f field) decode(depth int) (any, error) {
	switch b := f.octets; f.tag {
	case 'A', 'F':
		if depth == 0 {
			return nil, nestedTooDeep()
		}
		if f.tag == 'F' {
			return parseTable(b[4:], depth-1)
		}
		return decodeArray(b[4:], depth-1)
	case 'V':
		return nil, nil
	case 't':
		return b[0] != 0, nil
	case 'b':
		return int8(b[0]), nil
	case 'B':
		return b[0], nil
	case 's', 'U':
		return int16(binary.BigEndian.Uint16(b)), nil
	case 'u':
		return binary.BigEndian.Uint16(b), nil
	case 'I':
		return int32(binary.BigEndian.Uint32(b)), nil
	case 'i':
		return binary.BigEndian.Uint32(b), nil
	case 'l', 'L':
		return int64(binary.BigEndian.Uint64(b)), nil
	case 'f':
		return math.Float32frombits(binary.BigEndian.Uint32(b)), nil
	case 'd':
		return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
	case 'D':
		return Decimal{Scale: b[0], Value: binary.BigEndian.Uint32(b[1:])}, nil
	case 'T':
		return Timestamp(binary.BigEndian.Uint64(b)), nil
	case 'S':
		return string(b[4:]), nil
	case 'x':
		return append([]byte{}, b[4:]...), nil
	}
	panic("amqp: a field was cut off whose tag is unknown")
}

func decodeArray(values []byte, depth int) (any, error) {
	a := []any{}
	for len(values) > 0 {
		f, rest, err := cutField(values)
		if err != nil {
			return nil, err
		}
		v, err := f.decode(depth)
		if err != nil {
			return nil, err
		}
		a = append(a, v)
		values = rest
	}
	return a, nil
}

// Each call makes a new error: whoever gets one may fill in its Method.

func tableTruncated() error { return Errorf(FrameError, "field table cut short") }

func nestedTooDeep() error {
	return Errorf(FrameError, "field table nested deeper than %d", maxNesting)
}
