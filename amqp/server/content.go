package server

import (
	"math"
	"strconv"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/queue"
)

// content is a publish whose header or body is still to come.
type content struct {
	expected   expected
	exchange   string
	routingKey string
	mandatory  bool
	immediate  bool
	properties amqp.Properties
	size       uint64
	body       []byte
	received   uint64 // octets of the body, kept or not
	counted    int64  // of those, in the connection's incoming
}

type expected uint8

const (
	noContent expected = iota
	header
	body
)

// absoluteMaxMessageSize is what no configuration can lift.
//
// rabbitmq: 512 MiB
const absoluteMaxMessageSize = 512 << 20

// contentFrame takes the next frame of a publish.
func (ch *channel) contentFrame(f amqp.Frame) error {
	if ch.content.expected == header {
		return withMethod(ch.contentHeader(f), amqp.BasicPublishID)
	}
	return withMethod(ch.contentBody(f), amqp.BasicPublishID)
}

func (ch *channel) contentHeader(f amqp.Frame) error {
	if f.Type != amqp.FrameHeader {
		return amqp.Errorf(amqp.UnexpectedFrame, "expected content header for class 60, got non content header frame instead")
	}
	h, err := amqp.ParseContentHeader(f.Payload)
	switch {
	case err != nil:
		return err
	case h.Weight != 0:
		return amqp.Errorf(amqp.UnexpectedFrame, "expected content header for class 60, got non content header frame instead")
	case h.Class != amqp.BasicPublishID.Class():
		return amqp.Errorf(amqp.UnexpectedFrame, "expected content header for class 60, got one for class %d instead", h.Class)
	case h.BodySize > absoluteMaxMessageSize:
		return amqp.Errorf(amqp.FrameError, "content body size %d exceeds maximum allowed size %d", h.BodySize, absoluteMaxMessageSize)
	}
	if ch.conn.server.alarms.raised.Load() {
		if err := ch.conn.block(); err != nil {
			return err
		}
	}
	c := &ch.content
	c.expected = body
	c.properties = h.Properties
	c.size = h.BodySize
	if c.size == 0 {
		return ch.publish()
	}
	return nil
}

// contentBody takes a piece of the body. A body in one frame stays where it was
// read; one in several grows as they come, whatever was announced.
func (ch *channel) contentBody(f amqp.Frame) error {
	c := &ch.content
	if f.Type != amqp.FrameBody {
		return amqp.Errorf(amqp.UnexpectedFrame, "expected content body, got non content body frame instead")
	}
	n := uint64(len(f.Payload))
	if n > c.size-c.received {
		return amqp.Errorf(amqp.FrameError, "content body frame exceeds remaining content size")
	}
	kept := c.size <= uint64(ch.conn.server.maxMessageSize())
	switch {
	case !kept:
		// It will be refused when it is here; until then it is thrown away.
	case c.received == 0:
		c.body = f.Payload[:n:n]
	default:
		c.grow(int(n))
		c.body = append(c.body, f.Payload...)
	}
	c.received += n
	if c.received == c.size {
		return ch.publish()
	}
	if !kept {
		return nil
	}
	c.counted += int64(n)
	return ch.conn.incoming.add(int64(n))
}

// dropContent forgets the publish that is under way.
func (ch *channel) dropContent() {
	ch.conn.incoming.remove(ch.content.counted)
	ch.content = content{}
}

// grow makes room for n more octets of the body. Its memory doubles with what
// has arrived, up to what was announced: announcing alone costs nothing.
func (c *content) grow(n int) {
	need := len(c.body) + n
	if need <= cap(c.body) {
		return
	}
	room := min(uint64(max(need, 2*len(c.body))), c.size)
	c.body = append(make([]byte, 0, room), c.body...)
}

// checkExpiration returns RabbitMQ's error for an expiration that is not a
// number of milliseconds.
//
// rabbitmq: at most ten years; a plus sign is fine.
func checkExpiration(text string) error {
	digits := 0
	if text != "" && (text[0] == '+' || text[0] == '-') {
		digits = 1
	}
	end := digits
	for end < len(text) && '0' <= text[end] && text[end] <= '9' {
		end++
	}
	if end == digits {
		return amqp.Errorf(amqp.PreconditionFailed, "invalid expiration '%s': no_integer", text)
	}
	if end < len(text) {
		return amqp.Errorf(amqp.PreconditionFailed, "invalid expiration '%s': {leftover_string,%s}", text, amqp.FormatList(text[end:]))
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		n = math.MaxInt64
		if text[0] == '-' {
			n = math.MinInt64
		}
	}
	switch {
	case n < 0:
		return amqp.Errorf(amqp.PreconditionFailed, "invalid expiration '%s': {value_negative,%s}", text, text)
	case n > queue.MaxMilliseconds:
		return amqp.Errorf(amqp.PreconditionFailed, "invalid expiration '%s': {value_too_large,%s}", text, text)
	}
	return nil
}
