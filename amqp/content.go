package amqp

import "encoding/binary"

// contentHeader is the length of a content header's payload before the
// properties:
//
//	0       2        4           12
//	+-------+--------+-----------+------------+
//	| class | weight | body size | properties |
//	+-------+--------+-----------+------------+
const contentHeader = 12

// A ContentHeader announces the body of a method with content.
type ContentHeader struct {
	Class      uint16 // 60 in every header that is right
	Weight     uint16 // 0 in every header that is right
	BodySize   uint64 // as announced by the sender: check before believing it
	Properties Properties
}

// ParseContentHeader parses the payload of a header frame. The properties are a
// slice of the payload and are not checked: see Properties.Check. Flags without
// a property become nil. The error is an *Error with FRAME_ERROR.
func ParseContentHeader(payload []byte) (ContentHeader, error) {
	if len(payload) < contentHeader {
		return ContentHeader{}, unknownFrame(Frame{Type: FrameHeader, Payload: payload})
	}
	if len(payload) < contentHeader+2 {
		return ContentHeader{}, Errorf(FrameError, "content properties cut short")
	}
	h := ContentHeader{
		Class:      binary.BigEndian.Uint16(payload),
		Weight:     binary.BigEndian.Uint16(payload[2:]),
		BodySize:   binary.BigEndian.Uint64(payload[4:]),
		Properties: Properties(payload[contentHeader:len(payload):len(payload)]),
	}
	if len(h.Properties) == 2 && h.Properties.flags() == 0 {
		h.Properties = nil
	}
	return h, nil
}

// AppendContentHeader appends a whole header frame. It is never split, as the
// specification has no way to: properties larger than the peer's frame-max make
// a frame larger than that.
func AppendContentHeader(dst []byte, channel uint16, p Properties, bodySize uint64) []byte {
	dst, start := beginFrame(dst, FrameHeader, channel)
	dst = append(dst, 0, ClassBasic, 0, 0)
	dst = binary.BigEndian.AppendUint64(dst, bodySize)
	if len(p) == 0 {
		dst = append(dst, 0, 0)
	} else {
		dst = append(dst, p...)
	}
	return endFrame(dst, start)
}

// AppendBody appends the body frames of a body, all but the last one filled to
// frameMax octets; 0 means that there is no limit. An empty body has no frame.
// A frameMax that leaves no room for a payload is taken for no limit.
func AppendBody(dst []byte, channel uint16, body []byte, frameMax uint32) []byte {
	size := len(body)
	if frameMax > FrameOverhead {
		size = min(size, int(min(frameMax-FrameOverhead, 1<<31-1)))
	}
	for len(body) > 0 {
		n := min(size, len(body))
		dst = appendFrame(dst, FrameBody, channel, body[:n])
		body = body[n:]
	}
	return dst
}

// AppendContent appends the header and the body frames of a message.
func AppendContent(dst []byte, channel uint16, m *Message, frameMax uint32) []byte {
	dst = AppendContentHeader(dst, channel, m.Properties, uint64(len(m.Body)))
	return AppendBody(dst, channel, m.Body, frameMax)
}
