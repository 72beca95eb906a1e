package amqp

import "encoding/binary"

// Properties are the properties of a content as they travel: a word of flags,
// then the values of those present. Nil and empty mean that there are none. They
// are kept verbatim so that what the broker does not own passes through
// untouched: the order of headers, headers given twice, exotic types,
// present-but-empty strings.
//
// Accessors read what they are asked for and nothing else. On properties that
// have not passed Check they are safe but may find nothing.
type Properties []byte

// A PropertyFlag is the bit which says that a property is present.
type PropertyFlag uint16

// The properties, in the order they travel.
const (
	FlagContentType PropertyFlag = 1 << (15 - iota)
	FlagContentEncoding
	FlagHeaders
	FlagDeliveryMode
	FlagPriority
	FlagCorrelationID
	FlagReplyTo
	FlagExpiration
	FlagMessageID
	FlagTimestamp
	FlagType
	FlagUserID
	FlagAppID
	FlagClusterID
)

// flagContinuation announces a second word of flags. No property needs one.
const flagContinuation PropertyFlag = 1

// Check reports whether the properties are whole: every value announced is
// there, nothing is left over, and the headers can be parsed. It is to be asked
// once, before a message is made of them; it does not allocate unless it fails.
// Headers may be nested 32 deep.
//
// The error is an *Error with FRAME_ERROR.
// rabbitmq: answers 541 without a text.
func (p Properties) Check() error {
	if len(p) == 0 {
		return nil
	}
	if len(p) < 2 {
		return Errorf(FrameError, "content properties cut short")
	}
	flags := p.flags()
	if flags&flagContinuation != 0 {
		return Errorf(FrameError, "content properties with more than one word of flags")
	}

	rest := p[2:]
	for flag := FlagContentType; flag >= FlagClusterID; flag >>= 1 {
		if flags&flag == 0 {
			continue
		}
		n := propertySize(flag, rest)
		if n < 0 {
			return Errorf(FrameError, "content properties cut short")
		}
		if flag == FlagHeaders {
			if err := checkEntries(rest[4:n], maxNesting); err != nil {
				return err
			}
		}
		rest = rest[n:]
	}
	if len(rest) > 0 {
		return Errorf(FrameError, "content properties with %d octets left over", len(rest))
	}
	return nil
}

// Has reports whether a property is present.
func (p Properties) Has(flag PropertyFlag) bool { return p.flags()&flag != 0 }

// ContentType returns the MIME type of the body, "" when absent.
func (p Properties) ContentType() string { return p.shortstr(FlagContentType) }

// ContentEncoding returns the MIME encoding of the body, "" when absent.
func (p Properties) ContentEncoding() string { return p.shortstr(FlagContentEncoding) }

// DeliveryMode returns 1 for a transient message, 2 for a persistent one, 0 when
// absent.
func (p Properties) DeliveryMode() uint8 { return p.octet(FlagDeliveryMode) }

// Priority returns the priority, 0 when absent.
func (p Properties) Priority() uint8 { return p.octet(FlagPriority) }

// CorrelationID returns what ties a reply to its request, "" when absent.
func (p Properties) CorrelationID() string { return p.shortstr(FlagCorrelationID) }

// ReplyTo returns the queue for replies, "" when absent.
func (p Properties) ReplyTo() string { return p.shortstr(FlagReplyTo) }

// Expiration returns the time to live as the publisher wrote it, by convention
// milliseconds in decimal, "" when absent.
func (p Properties) Expiration() string { return p.shortstr(FlagExpiration) }

// MessageID returns the publisher's id of the message, "" when absent.
func (p Properties) MessageID() string { return p.shortstr(FlagMessageID) }

// Timestamp returns the publisher's timestamp and whether there is one.
func (p Properties) Timestamp() (Timestamp, bool) {
	v, ok := p.find(FlagTimestamp)
	if !ok {
		return 0, false
	}
	return Timestamp(binary.BigEndian.Uint64(v)), true
}

// Type returns the publisher's name for the kind of message, "" when absent.
func (p Properties) Type() string { return p.shortstr(FlagType) }

// UserID returns the name of the user who claims to have published, "" when
// absent.
func (p Properties) UserID() string { return p.shortstr(FlagUserID) }

// AppID returns the publishing application, "" when absent.
func (p Properties) AppID() string { return p.shortstr(FlagAppID) }

// ClusterID returns the deprecated cluster id, "" when absent.
func (p Properties) ClusterID() string { return p.shortstr(FlagClusterID) }

// Headers decodes the headers. It returns nil when the property is absent, and
// an empty table when it is present but empty.
func (p Properties) Headers() Table {
	v, ok := p.find(FlagHeaders)
	if !ok {
		return nil
	}
	t, err := ParseTable(v[4:])
	if err != nil {
		return nil // Check has refused these
	}
	return t
}

// Header returns the first header with this name and whether there is one. The
// others are not decoded.
func (p Properties) Header(name string) (any, bool) {
	v, ok := p.find(FlagHeaders)
	if !ok {
		return nil, false
	}
	for rest := v[4:]; len(rest) > 0; {
		e, after, err := cutEntry(rest)
		if err != nil {
			return nil, false
		}
		if string(e.name) == name {
			value, err := e.value.decode(maxNesting)
			return value, err == nil
		}
		rest = after
	}
	return nil, false
}

// flags returns the word of flags.
func (p Properties) flags() PropertyFlag {
	if len(p) < 2 {
		return 0
	}
	return PropertyFlag(binary.BigEndian.Uint16(p))
}

func (p Properties) shortstr(flag PropertyFlag) string {
	v, ok := p.find(flag)
	if !ok {
		return ""
	}
	return string(v[1:])
}

func (p Properties) octet(flag PropertyFlag) uint8 {
	v, ok := p.find(flag)
	if !ok {
		return 0
	}
	return v[0]
}

// deliveryModeAndPriority reads two neighbours in one pass.
func (p Properties) deliveryModeAndPriority() (mode, priority uint8) {
	flags := p.flags()
	if flags&(FlagDeliveryMode|FlagPriority) == 0 {
		return 0, 0
	}
	rest := p[p.offset(FlagDeliveryMode):]
	if flags&FlagDeliveryMode != 0 && len(rest) > 0 {
		mode, rest = rest[0], rest[1:]
	}
	if flags&FlagPriority != 0 && len(rest) > 0 {
		priority = rest[0]
	}
	return mode, priority
}

// find returns the octets of a property, its length included where it has one.
func (p Properties) find(flag PropertyFlag) ([]byte, bool) {
	if !p.Has(flag) {
		return nil, false
	}
	rest := p[p.offset(flag):]
	n := propertySize(flag, rest)
	if n < 0 {
		return nil, false
	}
	return rest[:n:n], true
}

// offset returns where a property is, or would be if it were present. In
// properties that are cut short it is their end.
func (p Properties) offset(flag PropertyFlag) int {
	flags := p.flags()
	at := min(2, len(p))
	for f := FlagContentType; f > flag; f >>= 1 {
		if flags&f == 0 {
			continue
		}
		n := propertySize(f, p[at:])
		if n < 0 {
			return len(p)
		}
		at += n
	}
	return at
}

// propertySize returns how many octets the property at the start of b takes, its
// length included, or -1 when there are not as many.
func propertySize(flag PropertyFlag, b []byte) int {
	n := uint64(1)
	switch flag {
	case FlagDeliveryMode, FlagPriority:
	case FlagTimestamp:
		n = 8
	case FlagHeaders:
		if len(b) < 4 {
			return -1
		}
		n = 4 + uint64(binary.BigEndian.Uint32(b))
	default:
		if len(b) < 1 {
			return -1
		}
		n = 1 + uint64(b[0])
	}
	if n > uint64(len(b)) {
		return -1
	}
	return int(n)
}
