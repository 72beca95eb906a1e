package amqp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// errTruncated is what a coder finds when the octets end before the fields do.
// Whoever started the coder knows what was cut short and says so instead.
var errTruncated = errors.New("truncated")

// A coder reads or writes the fields of a method, by one list for both
// directions. It is a slice, a direction and the first thing that went wrong;
// after that it reads nothing any more. Every length is checked here and nowhere
// else.
type coder struct {
	writing bool
	buf     []byte // reading: what is left; writing: what there is so far
	err     error  // the first error

	// invalidUTF8 is set when a short string was not UTF-8. It is no err:
	// that is a complaint for arguments which are otherwise whole.
	invalidUTF8 bool
}

// take returns the next n octets, nil when there are not as many.
func (c *coder) take(n int) []byte {
	if c.err != nil {
		return nil
	}
	if n > len(c.buf) {
		c.err = errTruncated
		return nil
	}
	b := c.buf[:n:n]
	c.buf = c.buf[n:]
	return b
}

func (c *coder) octet(v *uint8) {
	if c.writing {
		c.buf = append(c.buf, *v)
		return
	}
	if b := c.take(1); b != nil {
		*v = b[0]
	}
}

func (c *coder) short(v *uint16) {
	if c.writing {
		c.buf = binary.BigEndian.AppendUint16(c.buf, *v)
		return
	}
	if b := c.take(2); b != nil {
		*v = binary.BigEndian.Uint16(b)
	}
}

func (c *coder) long(v *uint32) {
	if c.writing {
		c.buf = binary.BigEndian.AppendUint32(c.buf, *v)
		return
	}
	if b := c.take(4); b != nil {
		*v = binary.BigEndian.Uint32(b)
	}
}

func (c *coder) longlong(v *uint64) {
	if c.writing {
		c.buf = binary.BigEndian.AppendUint64(c.buf, *v)
		return
	}
	if b := c.take(8); b != nil {
		*v = binary.BigEndian.Uint64(b)
	}
}

func (c *coder) code(v *Code) { c.short((*uint16)(v)) }

// bits packs up to eight bits into an octet, the first one lowest.
func (c *coder) bits(bits ...*bool) {
	var octet uint8
	if c.writing {
		for i, bit := range bits {
			if *bit {
				octet |= 1 << i
			}
		}
	}
	c.octet(&octet)
	if !c.writing {
		for i, bit := range bits {
			*bit = octet&(1<<i) != 0
		}
	}
}

func (c *coder) shortstr(v *string) {
	if c.writing {
		if len(*v) > maxShortstr {
			c.err = fmt.Errorf("short string of %d octets", len(*v))
			return
		}
		c.buf = appendShortstr(c.buf, *v)
		return
	}
	var n uint8
	c.octet(&n)
	b := c.take(int(n))
	if !utf8.Valid(b) {
		c.invalidUTF8 = true
	}
	*v = string(b)
}

func (c *coder) longstr(v *string) {
	if c.writing {
		c.buf = appendLongstr(c.buf, *v)
		return
	}
	*v = string(c.sized())
}

// table reads an empty table as nil.
func (c *coder) table(v *Table) {
	if c.writing {
		c.buf = appendSizedTable(c.buf, *v)
		return
	}
	b := c.sized()
	if len(b) == 0 {
		return
	}
	t, err := ParseTable(b)
	if err != nil {
		c.err = err
		return
	}
	*v = t
}

// sized takes what stands behind a length of four octets.
func (c *coder) sized() []byte {
	var n uint32
	c.long(&n)
	if c.err == nil && uint64(n) > uint64(len(c.buf)) {
		c.err = errTruncated // before the length becomes an int, which may be 32 bits
	}
	return c.take(int(n))
}

// The reserved fields are read over, and written as nothing.

func (c *coder) reservedBit()      { c.octet(new(uint8)) }
func (c *coder) reservedShort()    { c.short(new(uint16)) }
func (c *coder) reservedShortstr() { c.shortstr(new(string)) }
func (c *coder) reservedLongstr()  { c.longstr(new(string)) }

// appendShortstr panics on a string of more than 255 octets. None that came
// over the wire as a short string is, so this is a mistake of the caller.
func appendShortstr(dst []byte, s string) []byte {
	if len(s) > maxShortstr {
		panic(fmt.Sprintf("amqp: short string of %d octets", len(s)))
	}
	dst = append(dst, uint8(len(s)))
	return append(dst, s...)
}

func appendLongstr(dst []byte, s string) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(s)))
	return append(dst, s...)
}
