package amqp

import (
	"encoding/binary"
	"strconv"
)

// A FrameType is the first octet of a frame.
type FrameType uint8

// The types of frames.
const (
	FrameMethod    FrameType = 1
	FrameHeader    FrameType = 2
	FrameBody      FrameType = 3
	FrameHeartbeat FrameType = 8
)

// The limits of frames, in octets. A frame-max counts whole frames.
const (
	FrameOverhead = frameHeader + 1 // what a frame has around its payload
	FrameEnd      = 0xCE            // the last octet of every frame
	MinFrameMax   = 4096            // the lowest frame-max that may be negotiated
)

// frameHeader is what stands before the payload:
//
//	0      1         3            7
//	+------+---------+------------+---------+----------+
//	| type | channel |    size    | payload | FrameEnd |
//	+------+---------+------------+---------+----------+
const frameHeader = 7

// A Frame is what travels: a method, a content header, a piece of a body or a
// heartbeat.
type Frame struct {
	Type    FrameType
	Channel uint16
	Payload []byte
}

// String describes the frame the way RabbitMQ's error texts do: its type and
// at most 16 octets of its payload, such as
// "type 1, all octets = <<0,60,0,40>>". RabbitMQ breaks such lines at 80
// columns, which helps nobody.
func (f Frame) String() string {
	text := append(make([]byte, 0, 96), "type "...)
	text = strconv.AppendUint(text, uint64(f.Type), 10)
	if len(f.Payload) <= snip {
		text = append(text, ", all octets = "...)
		return string(appendErlangBinary(text, f.Payload))
	}
	text = append(text, ", first 16 octets = "...)
	return string(appendErlangBinary(text, f.Payload[:snip]))
}

// snip is how many octets of a payload an error text shows.
const snip = 16

// AppendHeartbeat appends a heartbeat frame.
func AppendHeartbeat(dst []byte) []byte {
	return appendFrame(dst, FrameHeartbeat, 0, "")
}

// appendFrame appends a frame whose payload is there already.
func appendFrame[P []byte | string](dst []byte, t FrameType, channel uint16, payload P) []byte {
	dst, start := beginFrame(dst, t, channel)
	return endFrame(append(dst, payload...), start)
}

// beginFrame appends the header of a frame whose size is not known yet, and
// returns where its payload starts; endFrame fills in the size and closes it.
func beginFrame(dst []byte, t FrameType, channel uint16) ([]byte, int) {
	dst = append(dst, byte(t), byte(channel>>8), byte(channel), 0, 0, 0, 0)
	return dst, len(dst)
}

func endFrame(dst []byte, start int) []byte {
	binary.BigEndian.PutUint32(dst[start-4:], uint32(len(dst)-start))
	return append(dst, FrameEnd)
}

// unknownFrame is the error about a frame nobody can make sense of.
func unknownFrame(f Frame) *Error {
	return &Error{Code: FrameError, Text: f.String() + ": unknown_frame"}
}
