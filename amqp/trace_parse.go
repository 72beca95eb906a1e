package amqp

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// ParseTrace returns the octets of the frame a line of AppendTrace describes.
// Fields may come in any order, and those left out are zero. A table of a method
// is written with its names sorted, the headers of a content as they stand.
func ParseTrace(line string) ([]byte, error) {
	p := traceParser{rest: line}
	frame := p.frame()
	if p.more() {
		p.fail("unexpected %q", p.rest)
	}
	if p.err != nil {
		return nil, fmt.Errorf("parse trace %q: %w", line, p.err)
	}
	return frame, nil
}

// A traceParser eats a line from the left until the first error.
type traceParser struct {
	rest string
	err  error
}

func (p *traceParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
		p.rest = ""
	}
}

func (p *traceParser) frame() []byte {
	channel := uint16(p.uint(16))
	kind := p.word()
	switch kind {
	case "header":
		return p.header(channel)
	case "body":
		return appendFrame(nil, FrameBody, channel, p.quoted())
	case "heartbeat":
		return appendFrame(nil, FrameHeartbeat, channel, "")
	case "raw":
		octets, err := hex.DecodeString(p.word())
		if err != nil {
			p.fail("raw octets: %w", err)
		}
		return octets
	}
	return p.method(channel, kind)
}

func (p *traceParser) method(channel uint16, name string) []byte {
	m := methodNamed(name)
	if m == nil {
		p.fail("no method %q", name)
		return nil
	}
	v := reflect.ValueOf(m).Elem()
	for p.more() {
		name := p.word()
		f := v.FieldByNameFunc(func(goName string) bool { return fieldName(goName) == name })
		if !f.IsValid() {
			p.fail("%v has no field %q", m.ID(), name)
			return nil
		}
		p.field(f)
	}
	if p.err != nil {
		return nil
	}
	frame, err := appendMethod(nil, channel, m)
	if err != nil {
		p.fail("%w", err)
	}
	return frame
}

// field sets a field of a method to what follows its name.
func (p *traceParser) field(f reflect.Value) {
	if f.Kind() == reflect.Bool {
		f.SetBool(true)
		return
	}
	p.expect('=')
	switch f.Kind() {
	case reflect.String:
		f.SetString(p.quoted())
	case reflect.Map:
		t, err := ParseTable(p.entries(nil, maxNesting))
		if err != nil {
			p.fail("%w", err)
		}
		f.Set(reflect.ValueOf(t))
	default:
		f.SetUint(p.uint(f.Type().Bits()))
	}
}

// methodNamed returns an empty method, nil if there is none of that name.
func methodNamed(name string) Method {
	for _, id := range methodIDs {
		if id.String() == name {
			return newMethod(id)
		}
	}
	return nil
}

func (p *traceParser) header(channel uint16) []byte {
	h := ContentHeader{Class: ClassBasic}
	for p.more() {
		name := p.word()
		p.expect('=')
		switch name {
		case "class":
			h.Class = uint16(p.uint(16))
		case "weight":
			h.Weight = uint16(p.uint(16))
		case "size":
			h.BodySize = p.uint(64)
		default:
			h.Properties = p.property(h.Properties, name)
		}
	}

	dst, start := beginFrame(nil, FrameHeader, channel)
	dst = binary.BigEndian.AppendUint16(dst, h.Class)
	dst = binary.BigEndian.AppendUint16(dst, h.Weight)
	dst = binary.BigEndian.AppendUint64(dst, h.BodySize)
	if h.Properties == nil {
		h.Properties = Properties{0, 0}
	}
	return endFrame(append(dst, h.Properties...), start)
}

// property returns the properties with the one of that name set to what follows.
func (p *traceParser) property(to Properties, name string) Properties {
	for i, n := range propertyNames {
		if n != name {
			continue
		}
		switch flag := FlagContentType >> i; flag {
		case FlagHeaders:
			return to.with(flag, endSized(p.entries(make([]byte, 4), maxNesting), 4))
		case FlagDeliveryMode, FlagPriority:
			return to.with(flag, []byte{byte(p.uint(8))})
		case FlagTimestamp:
			return to.with(flag, binary.BigEndian.AppendUint64(nil, p.uint(64)))
		default:
			return to.with(flag, p.shortstr(nil, p.quoted()))
		}
	}
	p.fail("no property %q", name)
	return to
}

// entries appends the entries of a table in braces.
func (p *traceParser) entries(dst []byte, depth int) []byte {
	p.list('{', '}', func() {
		var name string
		if p.next() == '"' {
			name = p.quoted()
		} else {
			name = p.word()
		}
		dst = p.shortstr(dst, name)
		p.expect(':')
		dst = p.value(dst, depth)
	})
	return dst
}

// list parses what is between two brackets, separated by commas.
func (p *traceParser) list(open, end byte, element func()) {
	p.expect(open)
	for first := true; p.err == nil && p.next() != end; first = false {
		if !first {
			p.expect(',')
		}
		element()
	}
	p.expect(end)
}

// value appends a value with its tag. depth is how many tables and arrays may
// still open.
func (p *traceParser) value(dst []byte, depth int) []byte {
	tag := p.word()
	if len(tag) != 1 {
		p.fail("no tag %q", tag)
		return dst
	}
	dst = append(dst, tag[0])
	switch tag[0] {
	case 'V':
		return dst
	case 't':
		return append(dst, p.bool())
	case 'b', 's', 'U', 'I', 'l', 'L':
		return p.integer(dst, tag[0])
	case 'B':
		return append(dst, byte(p.uint(8)))
	case 'u':
		return binary.BigEndian.AppendUint16(dst, uint16(p.uint(16)))
	case 'i':
		return binary.BigEndian.AppendUint32(dst, uint32(p.uint(32)))
	case 'T':
		return binary.BigEndian.AppendUint64(dst, p.uint(64))
	case 'f':
		return binary.BigEndian.AppendUint32(dst, math.Float32bits(float32(p.float(32))))
	case 'd':
		return binary.BigEndian.AppendUint64(dst, math.Float64bits(p.float(64)))
	case 'D':
		dst = append(dst, byte(p.uint(8)))
		p.expect(':')
		return binary.BigEndian.AppendUint32(dst, uint32(p.uint(32)))
	case 'S', 'x':
		return appendLongstr(dst, p.quoted())
	case 'A', 'F':
		return p.nested(dst, tag[0], depth)
	}
	p.fail("no tag %q", tag)
	return dst
}

func (p *traceParser) nested(dst []byte, tag byte, depth int) []byte {
	if depth == 0 {
		p.fail("nested deeper than %d", maxNesting)
		return dst
	}
	dst = append(dst, 0, 0, 0, 0)
	start := len(dst)
	if tag == 'F' {
		dst = p.entries(dst, depth-1)
	} else {
		p.list('[', ']', func() { dst = p.value(dst, depth-1) })
	}
	return endSized(dst, start)
}

func (p *traceParser) integer(dst []byte, tag byte) []byte {
	size, _ := fieldSize(tag, nil)
	n, err := strconv.ParseInt(p.word(), 10, int(8*size))
	if err != nil {
		p.fail("%w", err)
	}
	octets := binary.BigEndian.AppendUint64(nil, uint64(n))
	return append(dst, octets[8-size:]...)
}

func (p *traceParser) bool() byte {
	switch word := p.word(); word {
	case "false":
		return 0
	case "true":
		return 1
	default:
		return byte(p.parseUint(word, 8))
	}
}

func (p *traceParser) shortstr(dst []byte, s string) []byte {
	if len(s) > maxShortstr {
		p.fail("short string of %d octets", len(s))
		return dst
	}
	return appendShortstr(dst, s)
}

func (p *traceParser) uint(bits int) uint64 { return p.parseUint(p.word(), bits) }

func (p *traceParser) parseUint(word string, bits int) uint64 {
	n, err := strconv.ParseUint(word, 10, bits)
	if err != nil {
		p.fail("%w", err)
	}
	return n
}

func (p *traceParser) float(bits int) float64 {
	f, err := strconv.ParseFloat(p.word(), bits)
	if err != nil {
		p.fail("%w", err)
	}
	return f
}

// quoted takes a string in double quotes.
func (p *traceParser) quoted() string {
	if p.next() != '"' {
		p.fail("want a string at %q", p.rest)
		return ""
	}
	prefix, err := strconv.QuotedPrefix(p.rest)
	if err != nil {
		p.fail("string %s: %w", p.rest, err)
		return ""
	}
	p.rest = p.rest[len(prefix):]
	s, err := strconv.Unquote(prefix)
	if err != nil {
		p.fail("string %s: %w", prefix, err)
	}
	return s
}

// word takes the bare characters that come next, which must be some. A plus sign
// is one, for the exponents of floats.
func (p *traceParser) word() string {
	p.skip()
	n := 0
	for n < len(p.rest) && (isBare(p.rest[n]) || p.rest[n] == '+') {
		n++
	}
	word := p.rest[:n]
	p.rest = p.rest[n:]
	if word == "" {
		p.fail("want a word at %q", p.rest)
	}
	return word
}

func (p *traceParser) expect(c byte) {
	if p.next() != c {
		p.fail("want %q at %q", c, p.rest)
		return
	}
	p.rest = p.rest[1:]
}

// next returns the next character, 0 at the end.
func (p *traceParser) next() byte {
	p.skip()
	if p.rest == "" {
		return 0
	}
	return p.rest[0]
}

func (p *traceParser) more() bool { return p.err == nil && p.next() != 0 }

func (p *traceParser) skip() { p.rest = strings.TrimLeft(p.rest, " \t") }
