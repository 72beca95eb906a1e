package amqp

import (
	"math"
	"strconv"
	"strings"
)

// maxErlangOctets bounds how much of a binary an error text shows. A reply text
// has 255 octets, so nobody can see more.
const maxErlangOctets = 255

// appendErlangBinary appends octets the way RabbitMQ's error texts print them:
// <<1,2,255>>, or <<"text">> when all of them are printable.
func appendErlangBinary(dst, b []byte) []byte {
	cut := len(b) > maxErlangOctets
	if cut {
		b = b[:maxErlangOctets]
	}

	dst = append(dst, "<<"...)
	if len(b) > 0 && printable(b) {
		dst = append(dst, '"')
		for _, o := range b {
			dst = appendErlangChar(dst, o)
		}
		dst = append(dst, '"')
	} else {
		for i, o := range b {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendUint(dst, uint64(o), 10)
		}
	}
	if cut {
		dst = append(dst, "..."...)
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

// formatFloat prints a float as Erlang does: the shortest digits that read back
// as the same number, always with a point, and with an exponent only where that
// is shorter, such as 100.0 and 1.0e3.
func formatFloat(f float64, bits int) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return strconv.FormatFloat(f, 'g', -1, bits) // Erlang has no such numbers
	}
	plain := withPoint(strconv.FormatFloat(f, 'f', -1, bits))
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, bits), "e")
	e, err := strconv.Atoi(exponent)
	if err != nil {
		panic("amqp: a float's exponent is no number: " + exponent)
	}
	scientific := withPoint(mantissa) + "e" + strconv.Itoa(e)
	if len(plain) <= len(scientific) {
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
