package amqp

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// FormatBinary prints octets as they appear in error texts, as an Erlang binary:
// <<"text">>, or <<1,2,255>> if not all of them are printable.
func FormatBinary(octets string) string { return string(appendErlangBinary(nil, []byte(octets))) }

// FormatList prints octets as they appear in error texts where RabbitMQ keeps
// them as a list: "text", or [1,2,255] if not all of them are printable.
func FormatList(octets string) string {
	if octets != "" && printable([]byte(octets)) {
		return string(appendErlangText(nil, []byte(octets)))
	}
	list := appendErlangOctets(nil, []byte(octets))
	return "[" + string(list[2:len(list)-2]) + "]"
}

// FormatEntry prints an entry of a table as RabbitMQ keeps it, as an Erlang tuple:
// {<<"x-max-length">>,signedint,5}.
func FormatEntry(name string, v any) string {
	dst := append(appendErlangBinary([]byte{'{'}, []byte(name)), ',')
	dst = append(append(dst, TypeName(v)...), ',')
	return string(append(appendErlangTerm(dst, v), '}'))
}

// appendErlangBinary appends octets the way RabbitMQ's error texts print frames:
// <<1,2,255>>, or <<"text">> when all of them are printable. Octets above 127 are
// printed as the runes they are in Latin-1, so that a reply text is UTF-8.
func appendErlangBinary(dst, b []byte) []byte {
	if len(b) == 0 || !printable(b) {
		return appendErlangOctets(dst, b)
	}
	return append(appendErlangText(append(dst, "<<"...), b), ">>"...)
}

// appendErlangText appends octets in quotes.
func appendErlangText(dst, b []byte) []byte {
	dst = append(dst, '"')
	for _, o := range b {
		dst = appendErlangChar(dst, o)
	}
	return append(dst, '"')
}

// appendErlangOctets appends octets as numbers, <<1,2,255>>, at most as many as
// a reply text could show.
func appendErlangOctets(dst, b []byte) []byte {
	dst = append(dst, "<<"...)
	for i, o := range b {
		if i > 0 {
			dst = append(dst, ',')
		}
		if i == maxReplyText {
			dst = append(dst, "..."...)
			break
		}
		dst = strconv.AppendUint(dst, uint64(o), 10)
	}
	return append(dst, ">>"...)
}

// erlangEscapes are the control characters Erlang counts as printable, and how
// it prints them.
var erlangEscapes = map[byte]string{
	'\b': `\b`, '\t': `\t`, '\n': `\n`, '\v': `\v`, '\f': `\f`, '\r': `\r`, 0x1b: `\e`,
	'"': `\"`, '\\': `\\`,
}

// printable reports whether Erlang takes the octets for text in Latin-1.
func printable(b []byte) bool {
	for _, o := range b {
		_, escape := erlangEscapes[o]
		if !escape && (o < ' ' || o > '~' && o < 0xa0) {
			return false
		}
	}
	return true
}

func appendErlangChar(dst []byte, o byte) []byte {
	if s, ok := erlangEscapes[o]; ok {
		return append(dst, s...)
	}
	return append(dst, string(rune(o))...)
}

// appendErlangTerm appends a value as it lies inside of RabbitMQ: a decimal as
// {scale,value}, an array as a list of types and values, a table as a list of
// names, types and values, and strings as binaries in them.
func appendErlangTerm(dst []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendErlangBinary(dst, []byte(v))
	case []byte:
		return appendErlangBinary(dst, v)
	case Decimal:
		return fmt.Appendf(dst, "{%d,%d}", v.Scale, v.Value)
	case []any:
		dst = append(dst, '[')
		for i, element := range v {
			dst = append(appendComma(dst, i), '{')
			dst = append(append(dst, TypeName(element)...), ',')
			dst = append(appendErlangTerm(dst, element), '}')
		}
		return append(dst, ']')
	case Table:
		dst = append(dst, '[')
		for i, name := range slices.Sorted(maps.Keys(v)) {
			dst = append(appendComma(dst, i), FormatEntry(name, v[name])...)
		}
		return append(dst, ']')
	}
	return append(dst, FormatValue(v)...)
}

// appendComma appends what stands before all elements of a list but the first.
func appendComma(dst []byte, i int) []byte {
	if i == 0 {
		return dst
	}
	return append(dst, ',')
}

// formatFloat prints a float as Erlang does: the shortest digits that read back
// as the same number, always with a point, and with an exponent where that is
// shorter or the number too large for every integer to have its float, such as
// 100.0, 1.0e3 and 9.007199254740992e15.
func formatFloat(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return strconv.FormatFloat(f, 'g', -1, 64) // Erlang has no such numbers
	}
	plain := withPoint(strconv.FormatFloat(f, 'f', -1, 64))
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	e, err := strconv.Atoi(exponent)
	if err != nil {
		panic("amqp: a float's exponent is no number: " + exponent)
	}
	scientific := withPoint(mantissa) + "e" + strconv.Itoa(e)
	if len(plain) <= len(scientific) && math.Abs(f) < 1<<53 {
		return plain
	}
	return scientific
}

func withPoint(digits string) string {
	if strings.Contains(digits, ".") {
		return digits
	}
	return digits + ".0"
}
