package amqp

import (
	"encoding/binary"
	"fmt"
)

//go:generate go run ./internal/spec

// A MethodID names a method: its class in the upper 16 bits, its number within
// the class in the lower ones. Zero names none.
type MethodID uint32

// Class returns the number of the method's class, such as 60 for basic.
func (id MethodID) Class() uint16 { return uint16(id >> 16) }

// Method returns the number of the method within its class.
func (id MethodID) Method() uint16 { return uint16(id) }

// String returns the specification's name, such as basic.publish, or the two
// numbers, such as 60/99, of a method it does not have.
func (id MethodID) String() string {
	if name := methodName(id); name != "" {
		return name
	}
	return fmt.Sprintf("%d/%d", id.Class(), id.Method())
}

// A Method is one of the structs of the specification's methods, such as
// *BasicPublish. They hold the fields that mean something; reserved ones are
// read over and written as zero. The set is closed.
type Method interface {
	ID() MethodID

	// fields lists the method's fields in their order on the wire.
	fields(*coder)
}

// ClassBasic is the number of the basic class, the only one with contents.
const ClassBasic = 60

// methodHeader is the length of a method's id in front of its arguments.
const methodHeader = 4

// MethodIDOf returns the id of the method in the payload of a method frame
// without parsing the rest. It reports false when the payload is too short to
// hold one.
func MethodIDOf(payload []byte) (MethodID, bool) {
	if len(payload) < methodHeader {
		return 0, false
	}
	return MethodID(binary.BigEndian.Uint32(payload)), true
}

// ParseMethod parses the payload of a method frame. Strings and tables are
// copies. Its errors are of type *Error: COMMAND_INVALID for a method the
// specification does not have, FRAME_ERROR for one that cannot be decoded.
//
// An empty table is read as nil.
func ParseMethod(payload []byte) (Method, error) {
	id, ok := MethodIDOf(payload)
	if !ok {
		return nil, unknownFrame(Frame{Type: FrameMethod, Payload: payload})
	}
	m := newMethod(id)
	if m == nil {
		return nil, &Error{Code: CommandInvalid, Text: "unknown method " + id.String(), Method: id}
	}

	c := coder{buf: payload[methodHeader:]}
	m.fields(&c)
	switch {
	case c.err == errTruncated, c.err == nil && len(c.buf) > 0:
		return nil, cannotDecode(id, payload)
	case c.err != nil:
		return nil, withMethod(c.err, id)
	case c.invalidUTF8 && !id.HasContent():
		// rabbitmq: nobody is to blame for this one, and the keys of messages
		// are exempt.
		return nil, Errorf(FrameError, "Malformed UTF-8 in shortstr")
	}
	return m, nil
}

// cannotDecode is the error about arguments that are cut short or too long.
func cannotDecode(id MethodID, payload []byte) *Error {
	text := appendErlangOctets([]byte("cannot decode "), payload[methodHeader:])
	return &Error{Code: FrameError, Text: string(text), Method: id}
}

// withMethod blames a method for an error about one of its tables.
func withMethod(err error, id MethodID) error {
	if e, ok := err.(*Error); ok {
		e.Method = id
	}
	return err
}

// AppendMethod appends a whole method frame. It panics when a string that must
// be short has more than 255 octets or a table is not one that Table.Check
// accepts; nothing that was parsed makes it do that.
func AppendMethod(dst []byte, channel uint16, m Method) []byte {
	dst, err := appendMethod(dst, channel, m)
	if err != nil {
		panic("amqp: " + err.Error())
	}
	return dst
}

func appendMethod(dst []byte, channel uint16, m Method) ([]byte, error) {
	dst, start := beginFrame(dst, FrameMethod, channel)
	dst = binary.BigEndian.AppendUint32(dst, uint32(m.ID()))
	c := coder{writing: true, buf: dst}
	m.fields(&c)
	if c.err != nil {
		return nil, fmt.Errorf("%v: %w", m.ID(), c.err)
	}
	return endFrame(c.buf, start), nil
}
