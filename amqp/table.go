package amqp

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
)

const (
	// maxShortstr is the length of a short string in octets; the names in
	// tables are short strings.
	maxShortstr = 255

	// maxNesting is how deep tables and arrays may lie in each other. The
	// specification has no limit; recursion needs one.
	maxNesting = 32
)

// A Table is a field table: names (at most 255 octets) to values. A value is one
// of the Go types below, which keep the field's exact type, so that what comes
// in goes out as it was.
//
//	bool t, int8 b, uint8 B, int16 s, uint16 u, int32 I, uint32 i, int64 l,
//	float32 f, float64 d, Decimal D, string S, []byte x, []any A,
//	Timestamp T, Table F, nil V
//
// A plain int is written as int64 and never read. The letters are RabbitMQ's,
// which differ from the table printed in the specification: s is a signed 16-bit
// integer there, not a short string. U is read as int16 and L as int64.
type Table map[string]any

// A Decimal is Value divided by ten to the power of Scale.
type Decimal struct {
	Scale uint8
	Value uint32
}

// A Timestamp is, by convention, seconds since 1970. Any 64 bits pass.
type Timestamp uint64

// ParseTable parses the entries of a table, the octets after its length. Strings
// are copied. Of entries with the same name the first one counts, as in
// RabbitMQ. Tables and arrays may be nested 32 deep. The error is an *Error with
// FRAME_ERROR.
func ParseTable(entries []byte) (Table, error) {
	return parseTable(entries, maxNesting)
}

func parseTable(entries []byte, depth int) (Table, error) {
	t := Table{}
	for len(entries) > 0 {
		e, rest, err := cutEntry(entries)
		if err != nil {
			return nil, err
		}
		v, err := e.value.decode(depth)
		if err != nil {
			return nil, err
		}
		if _, twice := t[string(e.name)]; !twice {
			t[string(e.name)] = v
		}
		entries = rest
	}
	return t, nil
}

// Append appends the table's entries, without the length in front of them,
// sorted by name. It panics where Check returns an error.
func (t Table) Append(dst []byte) []byte {
	for _, name := range slices.Sorted(maps.Keys(t)) {
		dst = appendShortstr(dst, name)
		dst = appendValue(dst, t[name])
	}
	return dst
}

// Check reports whether the table can be written: an *Error with SYNTAX_ERROR
// when a name is longer than 255 octets, a value is not of the types of a Table,
// or they are nested deeper than 32. Every table that was parsed passes, so it is
// for those made of something else, such as JSON.
func (t Table) Check() error {
	return checkValue(t, maxNesting+1)
}

func checkValue(v any, depth int) error {
	if depth == 0 {
		return Errorf(SyntaxError, "field table nested deeper than %d", maxNesting)
	}
	switch v := v.(type) {
	case Table:
		for name, v := range v {
			if len(name) > maxShortstr {
				return Errorf(SyntaxError, "field name longer than %d octets", maxShortstr)
			}
			if err := checkValue(v, depth-1); err != nil {
				return err
			}
		}
	case []any:
		for _, v := range v {
			if err := checkValue(v, depth-1); err != nil {
				return err
			}
		}
	default:
		if tagOf(v) == 0 {
			return Errorf(SyntaxError, "field value of the type %T", v)
		}
	}
	return nil
}

// appendSizedTable appends a table with its length in front.
func appendSizedTable(dst []byte, t Table) []byte {
	dst = append(dst, 0, 0, 0, 0)
	start := len(dst)
	dst = t.Append(dst)
	return endSized(dst, start)
}

// endSized fills in the four octets of length before start.
func endSized(dst []byte, start int) []byte {
	binary.BigEndian.PutUint32(dst[start-4:], uint32(len(dst)-start))
	return dst
}

// appendValue appends a value with its tag in front.
func appendValue(dst []byte, v any) []byte {
	dst = append(dst, tagOf(v))
	switch v := v.(type) {
	case nil:
		return dst
	case bool:
		return append(dst, bit(v, 0))
	case int8:
		return append(dst, byte(v))
	case uint8:
		return append(dst, v)
	case int16:
		return binary.BigEndian.AppendUint16(dst, uint16(v))
	case uint16:
		return binary.BigEndian.AppendUint16(dst, v)
	case int32:
		return binary.BigEndian.AppendUint32(dst, uint32(v))
	case uint32:
		return binary.BigEndian.AppendUint32(dst, v)
	case int64:
		return binary.BigEndian.AppendUint64(dst, uint64(v))
	case int:
		return binary.BigEndian.AppendUint64(dst, uint64(v))
	case float32:
		return binary.BigEndian.AppendUint32(dst, math.Float32bits(v))
	case float64:
		return binary.BigEndian.AppendUint64(dst, math.Float64bits(v))
	case Decimal:
		return binary.BigEndian.AppendUint32(append(dst, v.Scale), v.Value)
	case Timestamp:
		return binary.BigEndian.AppendUint64(dst, uint64(v))
	case string:
		return appendLongstr(dst, v)
	case []byte:
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(v)))
		return append(dst, v...)
	case []any:
		dst = append(dst, 0, 0, 0, 0)
		start := len(dst)
		for _, v := range v {
			dst = appendValue(dst, v)
		}
		return endSized(dst, start)
	case Table:
		return appendSizedTable(dst, v)
	}
	panic(fmt.Sprintf("amqp: a field table cannot hold a %T", v))
}
