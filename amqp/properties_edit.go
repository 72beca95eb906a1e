package amqp

import "encoding/binary"

// The edits return new properties and leave the old ones alone. Every octet they
// are not about stays as it was. The properties must have passed Check.

// WithReplyTo returns the properties with another reply-to. It panics if that
// has more than 255 octets.
func (p Properties) WithReplyTo(replyTo string) Properties {
	return p.with(FlagReplyTo, appendShortstr(nil, replyTo))
}

// WithExpiration returns the properties with another expiration. It panics if
// that has more than 255 octets.
func (p Properties) WithExpiration(expiration string) Properties {
	return p.with(FlagExpiration, appendShortstr(nil, expiration))
}

// WithoutExpiration returns the properties without an expiration.
func (p Properties) WithoutExpiration() Properties {
	if !p.Has(FlagExpiration) {
		return p
	}
	return p.with(FlagExpiration, nil)
}

// WithHeader returns the properties with a header set: in the place of the first
// one of that name, or behind all others. It panics if the name has more than 255
// octets or the value is not one a Table can hold.
func (p Properties) WithHeader(name string, value any) Properties {
	var short [64]byte // most headers fit
	entry := appendValue(appendShortstr(short[:0], name), value)

	old, _ := p.find(FlagHeaders)
	at := p.offset(FlagHeaders)
	var before, after []byte
	if len(old) > 0 {
		start, end := findEntry(old[4:], name)
		before, after = old[4:4+start], old[4+end:]
	}

	// All at once, for a stream does this with every message.
	q := make(Properties, 2, 6+len(p)+len(entry))
	binary.BigEndian.PutUint16(q, uint16(p.flags()|FlagHeaders))
	q = append(q, p[min(2, at):at]...)
	q = binary.BigEndian.AppendUint32(q, uint32(len(before)+len(entry)+len(after)))
	q = append(q, before...)
	q = append(q, entry...)
	q = append(q, after...)
	return append(q, p[at+len(old):]...)
}

// WithDeliveryMode returns the properties with another delivery mode.
func (p Properties) WithDeliveryMode(mode uint8) Properties {
	return p.with(FlagDeliveryMode, []byte{mode})
}

// WithoutHeader returns the properties without any header of that name. Headers
// that become empty stay as an empty table.
func (p Properties) WithoutHeader(name string) Properties {
	old, ok := p.find(FlagHeaders)
	if !ok {
		return p
	}
	table := make([]byte, 4, len(old))
	for rest := old[4:]; len(rest) > 0; {
		start, end := findEntry(rest, name)
		table = append(table, rest[:start]...)
		rest = rest[end:]
	}
	if len(table) == len(old) {
		return p
	}
	return p.with(FlagHeaders, endSized(table, 4))
}

// findEntry returns where the first entry of that name begins and ends: both at
// the end of the entries when there is none.
func findEntry(entries []byte, name string) (start, end int) {
	for rest := entries; len(rest) > 0; {
		e, after, err := cutEntry(rest)
		if err != nil {
			break // Check has refused these
		}
		if string(e.name) == name {
			return len(entries) - len(rest), len(entries) - len(after)
		}
		rest = after
	}
	return len(entries), len(entries)
}

// with returns the properties with the octets of one replaced, or removed if
// value is nil.
func (p Properties) with(flag PropertyFlag, value []byte) Properties {
	old, _ := p.find(flag)
	at := p.offset(flag)
	flags := p.flags() &^ flag
	if value != nil {
		flags |= flag
	}

	q := make(Properties, 2, 2+len(p)+len(value))
	binary.BigEndian.PutUint16(q, uint16(flags))
	if len(p) > 2 {
		q = append(q, p[2:at]...)
	}
	q = append(q, value...)
	return append(q, p[at+len(old):]...)
}
