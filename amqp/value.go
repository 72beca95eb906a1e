package amqp

import (
	"bytes"
	"fmt"
	"strconv"
)

// tagOf returns the tag a value is written with, 0 if no table can hold it.
func tagOf(v any) byte {
	switch v.(type) {
	case nil:
		return 'V'
	case bool:
		return 't'
	case int8:
		return 'b'
	case uint8:
		return 'B'
	case int16:
		return 's'
	case uint16:
		return 'u'
	case int32:
		return 'I'
	case uint32:
		return 'i'
	case int64, int:
		return 'l'
	case float32:
		return 'f'
	case float64:
		return 'd'
	case Decimal:
		return 'D'
	case string:
		return 'S'
	case []byte:
		return 'x'
	case []any:
		return 'A'
	case Timestamp:
		return 'T'
	case Table:
		return 'F'
	}
	return 0
}

// typeNames are RabbitMQ's words for the tags, found in its error texts.
var typeNames = map[byte]string{
	't': "bool", 'b': "byte", 'B': "unsignedbyte", 's': "short", 'u': "unsignedshort",
	'I': "signedint", 'i': "unsignedint", 'l': "long", 'f': "float", 'd': "double",
	'D': "decimal", 'S': "longstr", 'x': "binary", 'A': "array", 'T': "timestamp",
	'F': "table", 'V': "void",
}

// TypeName returns RabbitMQ's word for the type of a table's value, such as
// "longstr", or the Go type of what is none.
func TypeName(v any) string {
	if name, ok := typeNames[tagOf(v)]; ok {
		return name
	}
	return fmt.Sprintf("%T", v)
}

// Integer returns a value that is an integer of any width.
func Integer(v any) (int64, bool) {
	switch v := v.(type) {
	case int8:
		return int64(v), true
	case uint8:
		return int64(v), true
	case int16:
		return int64(v), true
	case uint16:
		return int64(v), true
	case int32:
		return int64(v), true
	case uint32:
		return int64(v), true
	case int64:
		return v, true
	case int:
		return int64(v), true
	}
	return 0, false
}

// float returns a value that is a float of either width.
func float(v any) (float64, bool) {
	switch v := v.(type) {
	case float32:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// octets returns a value that is a string or binary.
func octets(v any) ([]byte, bool) {
	switch v := v.(type) {
	case string:
		return []byte(v), true
	case []byte:
		return v, true
	}
	return nil, false
}

// EqualValue compares two values as the headers exchange and the equivalence of
// arguments want it: integers by value whatever their width, floats likewise,
// strings and binaries by their octets, arrays and tables element by element.
// Values of different kinds are never equal; 1.0 is not 1.
//
// rabbitmq: 3.10 takes 1.0 for 1, 4.x does not.
func EqualValue(a, b any) bool {
	if x, ok := Integer(a); ok {
		y, ok := Integer(b)
		return ok && x == y
	}
	if x, ok := float(a); ok {
		y, ok := float(b)
		return ok && x == y
	}
	if x, ok := a.(string); ok {
		if y, ok := b.(string); ok { // the common case needs no copies
			return x == y
		}
	}
	if x, ok := octets(a); ok {
		y, ok := octets(b)
		return ok && bytes.Equal(x, y)
	}
	return equalNested(a, b, EqualValue)
}

// Equal reports whether two tables hold the same names with the same values of
// the same types, which is what makes the arguments of two bindings the same. A
// nil table equals an empty one.
func (t Table) Equal(u Table) bool {
	return equalTables(t, u, identical)
}

// identical compares two values with their types. Floats are the same when their
// octets are, so that a table always equals itself.
func identical(a, b any) bool {
	if tagOf(a) != tagOf(b) {
		return false
	}
	switch a := a.(type) {
	case []any, Table:
		return equalNested(a, b, identical)
	case float32, float64:
		return bytes.Equal(appendValue(nil, a), appendValue(nil, b))
	}
	return EqualValue(a, b)
}

// equalNested compares arrays and tables by comparing what is in them with
// equal, and everything else by Go's own equality.
func equalNested(a, b any, equal func(a, b any) bool) bool {
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !equal(x[i], y[i]) {
				return false
			}
		}
		return true
	case Table:
		y, ok := b.(Table)
		return ok && equalTables(x, y, equal)
	case nil, bool, Decimal, Timestamp:
		return a == b
	}
	return false
}

func equalTables(t, u Table, equal func(a, b any) bool) bool {
	if len(t) != len(u) {
		return false
	}
	for name, v := range t {
		w, ok := u[name]
		if !ok || !equal(v, w) {
			return false
		}
	}
	return true
}

// FormatValue prints a value as it appears in error texts: strings without
// quotes, integers in decimal, floats as 1.0e3, anything else as an Erlang term,
// and as Go prints it what no Table can hold.
func FormatValue(v any) string {
	if n, ok := Integer(v); ok {
		return strconv.FormatInt(n, 10)
	}
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case bool:
		return strconv.FormatBool(v)
	case float32:
		return formatFloat(float64(v)) // rabbitmq: every float is a double inside
	case float64:
		return formatFloat(v)
	case Timestamp:
		return strconv.FormatUint(uint64(v), 10)
	case nil:
		return "undefined"
	case Decimal, []any, Table:
		return string(appendErlangTerm(nil, v))
	}
	return fmt.Sprint(v)
}
