package server

import (
	"net"

	"github.com/harebellmq/harebell/amqp"
)

// send appends a method on channel 0 to what is written.
func (c *connection) send(m amqp.Method) { c.write(0, m) }

// write appends a method to what is written, in order with all other replies.
func (c *connection) write(channel uint16, m amqp.Method) {
	c.scratch = amqp.AppendMethod(c.scratch[:0], channel, m)
	c.writeFrames(c.scratch)
	if c.state != stateRunning {
		c.outbox.flush()
	}
}

// writeFrames appends frames to what is written, behind replies that wait.
func (c *connection) writeFrames(frames []byte) {
	if len(c.held) > 0 {
		c.held = append(c.held, frames...)
		return
	}
	c.outbox.append(frames)
}

// hold appends a reply that promises something which is not on disk yet. It and
// all replies after it wait for the end of the batch, which waits for the disk.
func (c *connection) hold(channel uint16, m amqp.Method) {
	c.held = amqp.AppendMethod(c.held, channel, m)
}

// sync waits until what was promised in replies that are held is on disk, and
// lets them go.
func (c *connection) sync() error {
	if len(c.held) == 0 {
		return nil
	}
	if err := c.stored(); err != nil {
		return err
	}
	c.outbox.append(c.held)
	c.held = c.held[:0]
	if cap(c.held) > keepBuffer {
		c.held = nil
	}
	return nil
}

// writeContent appends a method and the message that it brings, in order with
// all replies.
func (c *connection) writeContent(channel uint16, method amqp.Method, m *amqp.Message) {
	if len(c.held) > 0 {
		c.hold(channel, method)
		c.held = amqp.AppendContent(c.held, channel, m, c.frameMax)
		return
	}
	c.scratch = amqp.AppendMethod(c.scratch[:0], channel, method)
	c.outbox.appendContent(c.scratch, channel, m)
}

// stored waits until everything handed to the store so far is on disk.
func (c *connection) stored() error {
	if err := c.vhost.Sync(); err != nil {
		return c.failed(err)
	}
	return nil
}

// failed is what a client is told when the store could not do its part.
func (c *connection) failed(err error) error {
	c.log.Error().Err(err).Msg("store failed")
	return amqp.Errorf(amqp.InternalError, "the store failed; see the broker's log")
}

// writeLoop writes what is in the outbox until its end.
func (c *connection) writeLoop() {
	defer func() {
		if r := recover(); r != nil {
			c.logPanic(r)
			c.hangUp()
		}
	}()
	var out net.Buffers
	for {
		next, starved, ok := c.outbox.take(out)
		if !ok {
			if c.outbox.isCut() {
				c.outbox.breakOff()
				c.hangUp()
			}
			return
		}
		out = next
		copied := c.outbox.takeTraced()
		for _, s := range starved {
			s.queue.Wake(s)
		}
		if err := c.writeOut(out); err != nil {
			c.outbox.breakOff()
			c.hangUp()
			return
		}
		c.traceWritten(copied)
	}
}

// writeOut writes pieces, leaving the slice as it is.
func (c *connection) writeOut(out net.Buffers) error {
	if c.tracer.on {
		c.tracer.sent(out)
	}
	if len(out) == 1 {
		_, err := c.out.Write(out[0])
		return err
	}
	rest := append(net.Buffers(nil), out...)
	_, err := rest.WriteTo(c.conn)
	return err
}
