package perf

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

// A consumer consumes from one or several queues on a connection of its own.
type consumer struct {
	run     *run
	session *session
	acks    *outbox
	pacer   *pacer // nil without a rate

	// Owned by the goroutine that reads.
	latencies Histogram
	ackEvery  uint64 // 0 for no acks
	tag       uint64 // delivery tag of the message that is arriving
	missing   uint64 // octets of its body
	stamped   bool   // its body is yet to begin, perhaps with a stamp
	delivered int64  // not yet told
	out       []byte // acks not yet handed over
}

func newConsumer(r *run, t target, number int) (*consumer, error) {
	s, err := dial(r.ctx, t)
	if err != nil {
		return nil, err
	}
	c := &consumer{run: r, session: s, acks: newOutbox()}
	if !r.options.NoAck {
		c.ackEvery = uint64(max(1, r.options.AckEvery))
	}
	if err := c.subscribe(number); err != nil {
		s.close()
		return nil, err
	}
	return c, nil
}

// subscribe starts the delivery. Deliveries may come before the broker's answer,
// so it does not wait for one.
func (c *consumer) subscribe(number int) error {
	o := c.run.options
	if o.Prefetch > 0 {
		if _, err := expect[*amqp.BasicQosOk](c.session.call(&amqp.BasicQos{PrefetchCount: uint16(o.Prefetch)})); err != nil {
			return err
		}
	}
	queues := o.queues()
	for i := number % len(queues); i < len(queues); i += o.Consumers {
		consume := &amqp.BasicConsume{Queue: queues[i], ConsumerTag: fmt.Sprint(i), NoAck: o.NoAck, NoWait: true}
		if err := c.session.send(channel, consume); err != nil {
			return err
		}
	}
	return nil
}

// work consumes until the run stops, then takes its leave.
func (c *consumer) work() {
	defer c.session.conn.Close()
	defer context.AfterFunc(c.run.ctx, func() {
		c.session.hurry()
		c.acks.append(amqp.AppendMethod(nil, 0, goodbye()))
	})()
	if o := c.run.options; o.ConsumerRate > 0 {
		c.pacer = newPacer(o.ConsumerRate/float64(o.Consumers), time.Now())
	}
	written := make(chan error, 1)
	go func() { written <- c.acks.drain(c.session.conn) }()

	err := c.read()
	c.acks.close()
	c.session.hurry()
	if writing := <-written; err == nil {
		err = writing
	}
	c.run.finish(&c.run.latencies, &c.latencies, err)
}

// read takes in deliveries until the broker says goodbye. Whenever it is about
// to wait for more, it hands over its acks and tells what it has counted.
func (c *consumer) read() error {
	var now time.Time
	waited := true
	for {
		if !c.session.reader.Buffered() {
			c.flush()
			waited = true
		}
		f, err := c.session.reader.ReadFrame()
		if err != nil {
			return fmt.Errorf("wait for messages: %w", err)
		}
		if waited && c.run.options.Latency {
			now, waited = time.Now(), false
		}
		switch f.Type {
		case amqp.FrameBody:
			err = c.body(f.Payload, now)
		case amqp.FrameHeader:
			err = c.header(f.Payload)
		case amqp.FrameMethod:
			var done bool
			if done, err = c.method(f.Payload); done {
				c.flush()
				return nil
			}
		}
		if err != nil {
			return err
		}
	}
}

// method takes in a basic.deliver, of which only the delivery tag matters:
//
//	0      4        5              13
//	+------+--------+--------------+--------------+-----
//	|  id  | length | consumer tag | delivery tag | ...
//	+------+--------+--------------+--------------+-----
//
// (positions for an empty consumer tag), or another method.
func (c *consumer) method(payload []byte) (done bool, err error) {
	id, _ := amqp.MethodIDOf(payload)
	if id == amqp.BasicDeliverID && len(payload) > 5 {
		at := 5 + int(payload[4])
		if len(payload) < at+8 {
			return false, errors.New("broker sent a basic.deliver that is too short")
		}
		c.tag = binary.BigEndian.Uint64(payload[at:])
		return false, nil
	}
	if id == amqp.ConnectionCloseOkID {
		return true, nil
	}
	m, err := amqp.ParseMethod(payload)
	if err != nil {
		return false, err
	}
	return false, closed(m)
}

func (c *consumer) header(payload []byte) error {
	h, err := amqp.ParseContentHeader(payload)
	if err != nil {
		return err
	}
	c.missing, c.stamped = h.BodySize, c.run.options.Latency
	if c.missing == 0 {
		c.complete()
	}
	return nil
}

func (c *consumer) body(payload []byte, now time.Time) error {
	if uint64(len(payload)) > c.missing {
		return errors.New("broker sent more of a body than it announced")
	}
	if c.stamped {
		c.measure(payload, now)
	}
	if c.missing -= uint64(len(payload)); c.missing == 0 {
		c.complete()
	}
	return nil
}

// measure reads the stamp at the beginning of a body.
func (c *consumer) measure(body []byte, now time.Time) {
	c.stamped = false
	if len(body) < StampSize || string(body[:len(stampWord)]) != stampWord || !c.run.measuring.Load() {
		return
	}
	at := int64(binary.BigEndian.Uint64(body[len(stampWord):]))
	c.latencies.Record(time.Duration(now.UnixNano()-at), 1)
}

// complete counts a message that has arrived, and acknowledges it if it is its
// turn. One more than were asked for goes back to its queue when the connection
// ends.
func (c *consumer) complete() {
	left, ok := c.run.accept()
	if !ok {
		return
	}
	if c.pacer != nil {
		c.flush()
		c.pacer.wait(c.run.ctx, 1)
	}
	c.delivered++
	if c.ackEvery > 0 && (c.tag%c.ackEvery == 0 || left == 0) {
		c.out = amqp.AppendBasicAck(c.out, channel, c.tag, c.ackEvery > 1)
	}
}

func (c *consumer) flush() {
	c.run.counters.delivered.Add(c.delivered)
	c.delivered = 0
	if len(c.out) > 0 {
		c.acks.append(c.out)
		c.out = c.out[:0]
	}
}
