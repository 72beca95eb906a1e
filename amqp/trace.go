package amqp

import (
	"encoding/hex"
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

// AppendTrace appends one readable line about a frame, without a newline. The
// first word is the channel; then
//
//	1 basic.publish exchange="" routing-key="nowhere" mandatory
//	1 header size=2 content-type="text/plain" headers={a: I 1} delivery-mode=2
//	1 body "hi"
//	0 heartbeat
//	1 raw 01000100000002003cce
//
// Fields have the specification's names. Strings are quoted as in Go, numbers
// decimal; a bit is a word that is there or not, and a table that is empty is
// left out. The header shows class= and weight= only when they are wrong.
//
// Tables are {name: value, name: value}, names quoted unless they consist of
// letters, digits, and the characters . _ -. A value is its tag and what it
// needs:
//
//	t true  I -5  d 1.5  D 2:314  S "text"  x "\x00"  T 1700000000  V
//	A [I 1, S "two"]  F {a: V}
//
// D is the scale and the unscaled value, of 3.14 here. A boolean octet other
// than 0 and 1 is shown as a number.
//
// Frames that cannot be told so are raw: all their octets in hex, the header and
// the end of the frame included.
//
// Of a method's tables, the order of entries, further entries of the same name
// and tags that are only read are not shown; of a content header everything is.
func AppendTrace(dst []byte, f Frame) []byte {
	dst = strconv.AppendUint(dst, uint64(f.Channel), 10)
	dst = append(dst, ' ')
	line, ok := dst, false
	switch f.Type {
	case FrameMethod:
		line, ok = appendTraceMethod(dst, f.Payload)
	case FrameHeader:
		line, ok = appendTraceHeader(dst, f.Payload)
	case FrameBody:
		line, ok = strconv.AppendQuote(append(dst, "body "...), string(f.Payload)), true
	case FrameHeartbeat:
		line, ok = append(dst, "heartbeat"...), len(f.Payload) == 0 && f.Channel == 0
	}
	if ok {
		return line
	}
	return hex.AppendEncode(append(dst, "raw "...), appendFrame(nil, f.Type, f.Channel, f.Payload))
}

func appendTraceMethod(dst []byte, payload []byte) ([]byte, bool) {
	m, err := ParseMethod(payload)
	if err != nil {
		return nil, false
	}
	dst = append(dst, m.ID().String()...)
	v := reflect.ValueOf(m).Elem()
	for i := range v.NumField() {
		dst = appendTraceField(dst, fieldName(v.Type().Field(i).Name), v.Field(i))
	}
	return dst, true
}

// appendTraceField appends one field of a method.
func appendTraceField(dst []byte, name string, v reflect.Value) []byte {
	if (v.Kind() == reflect.Bool || v.Kind() == reflect.Map) && v.IsZero() {
		return dst
	}
	dst = append(append(dst, ' '), name...)
	switch v.Kind() {
	case reflect.Bool:
		return dst
	case reflect.String:
		return strconv.AppendQuote(append(dst, '='), v.String())
	case reflect.Map:
		return appendTraceEntries(append(dst, '='), v.Interface().(Table).Append(nil))
	}
	return strconv.AppendUint(append(dst, '='), v.Uint(), 10)
}

// fieldName returns the specification's spelling of a field: NoWait is no-wait,
// ClassID is class-id.
func fieldName(goName string) string {
	var b strings.Builder
	lower := false // the letter before
	for _, r := range goName {
		if unicode.IsUpper(r) && lower {
			b.WriteByte('-')
		}
		lower = unicode.IsLower(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// propertyNames are the specification's names of the properties, in the order
// they travel.
var propertyNames = [...]string{
	"content-type", "content-encoding", "headers", "delivery-mode", "priority",
	"correlation-id", "reply-to", "expiration", "message-id", "timestamp", "type",
	"user-id", "app-id", "cluster-id",
}

func appendTraceHeader(dst []byte, payload []byte) ([]byte, bool) {
	h, err := ParseContentHeader(payload)
	if err != nil || h.Properties.Check() != nil {
		return nil, false
	}
	if h.Properties.flags()&(FlagClusterID-1) != 0 {
		return nil, false // a flag without a name
	}
	dst = append(dst, "header"...)
	if h.Class != ClassBasic {
		dst = strconv.AppendUint(append(dst, " class="...), uint64(h.Class), 10)
	}
	if h.Weight != 0 {
		dst = strconv.AppendUint(append(dst, " weight="...), uint64(h.Weight), 10)
	}
	dst = strconv.AppendUint(append(dst, " size="...), h.BodySize, 10)
	for i, name := range propertyNames {
		flag := FlagContentType >> i
		v, ok := h.Properties.find(flag)
		if !ok {
			continue
		}
		dst = append(append(append(dst, ' '), name...), '=')
		switch flag {
		case FlagHeaders:
			dst = appendTraceEntries(dst, v[4:])
		case FlagDeliveryMode, FlagPriority, FlagTimestamp:
			dst = strconv.AppendUint(dst, bigEndian(v), 10)
		default:
			dst = strconv.AppendQuote(dst, string(v[1:]))
		}
	}
	return dst, true
}

// appendTraceEntries appends the entries of a table, which must be whole.
func appendTraceEntries(dst, entries []byte) []byte {
	dst = append(dst, '{')
	for rest := entries; len(rest) > 0; {
		e, after, err := cutEntry(rest)
		if err != nil {
			break
		}
		if len(rest) < len(entries) {
			dst = append(dst, ", "...)
		}
		if isBareName(e.name) {
			dst = append(dst, e.name...)
		} else {
			dst = strconv.AppendQuote(dst, string(e.name))
		}
		dst = e.value.appendTrace(append(dst, ": "...))
		rest = after
	}
	return append(dst, '}')
}

// isBareName reports whether a name in a table needs no quotes.
func isBareName(name []byte) bool {
	for _, o := range name {
		if !isBare(o) {
			return false
		}
	}
	return len(name) > 0
}

func isBare(o byte) bool {
	return 'a' <= o && o <= 'z' || 'A' <= o && o <= 'Z' || '0' <= o && o <= '9' || o == '.' || o == '_' || o == '-'
}

// appendTrace appends the tag and the value.
func (f field) appendTrace(dst []byte) []byte {
	dst = append(dst, f.tag)
	if f.tag == 'V' {
		return dst
	}
	dst = append(dst, ' ')
	switch b := f.octets; f.tag {
	case 't':
		switch b[0] {
		case 0:
			return append(dst, "false"...)
		case 1:
			return append(dst, "true"...)
		}
		return strconv.AppendUint(dst, uint64(b[0]), 10)
	case 'b', 's', 'U', 'I', 'l', 'L':
		bits := 64 - 8*len(b)
		return strconv.AppendInt(dst, int64(bigEndian(b)<<bits)>>bits, 10)
	case 'B', 'u', 'i', 'T':
		return strconv.AppendUint(dst, bigEndian(b), 10)
	case 'D':
		dst = append(strconv.AppendUint(dst, uint64(b[0]), 10), ':')
		return strconv.AppendUint(dst, bigEndian(b[1:]), 10)
	case 'S', 'x':
		return strconv.AppendQuote(dst, string(b[4:]))
	case 'F':
		return appendTraceEntries(dst, b[4:])
	case 'A':
		return appendTraceArray(dst, b[4:])
	}
	return f.appendTraceFloat(dst)
}

func (f field) appendTraceFloat(dst []byte) []byte {
	v, err := f.decode(0)
	if err != nil {
		return dst // a scalar has none
	}
	number, _ := float(v)
	return strconv.AppendFloat(dst, number, 'g', -1, 8*len(f.octets))
}

func appendTraceArray(dst, values []byte) []byte {
	dst = append(dst, '[')
	for rest := values; len(rest) > 0; {
		v, after, err := cutField(rest)
		if err != nil {
			break
		}
		if len(rest) < len(values) {
			dst = append(dst, ", "...)
		}
		dst = v.appendTrace(dst)
		rest = after
	}
	return append(dst, ']')
}

// bigEndian returns up to eight octets as a number.
func bigEndian(b []byte) (n uint64) {
	for _, o := range b {
		n = n<<8 | uint64(o)
	}
	return n
}
