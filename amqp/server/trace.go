package server

import (
	"bytes"
	"fmt"
	"net"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp"
)

// A tracer logs every frame of a connection, at level trace. It shows neither
// bodies nor what a client proves itself with.
type tracer struct {
	on  bool
	log zerolog.Logger
}

func newTracer(log zerolog.Logger, conn string) tracer {
	if log.GetLevel() != zerolog.TraceLevel || zerolog.GlobalLevel() > zerolog.TraceLevel {
		return tracer{}
	}
	return tracer{on: true, log: log.With().Str("conn", conn).Logger()}
}

// received logs a frame that was read.
func (t *tracer) received(f amqp.Frame) {
	t.log.Trace().Str("frame", frameLine(f)).Msg("received")
}

// sent logs the frames in what is about to be written.
func (t *tracer) sent(out net.Buffers) {
	r := amqp.NewReader(bytes.NewReader(bytes.Join(out, nil)))
	for {
		f, err := r.ReadFrame()
		if err != nil {
			return // at their end
		}
		t.log.Trace().Str("frame", frameLine(f)).Msg("sent")
	}
}

// frameLine describes a frame for the log.
func frameLine(f amqp.Frame) string {
	if f.Type == amqp.FrameBody {
		return fmt.Sprintf("%d body size=%d", f.Channel, len(f.Payload))
	}
	if id, ok := amqp.MethodIDOf(f.Payload); ok && f.Type == amqp.FrameMethod {
		switch id {
		case amqp.ConnectionStartOkID, amqp.ConnectionSecureOkID, amqp.ConnectionUpdateSecretID:
			return fmt.Sprintf("%d %s, its fields not shown", f.Channel, id)
		}
	}
	return string(amqp.AppendTrace(nil, f))
}

// readFrame reads the next frame.
func (c *connection) readFrame() (amqp.Frame, error) {
	f, err := c.reader.ReadFrame()
	if c.tracer.on && err == nil {
		c.tracer.received(f)
	}
	return f, err
}
