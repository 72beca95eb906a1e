package perf

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

// writeSize is about how many octets are written at once. Less costs system
// calls, more makes the broker wait for it.
const writeSize = 64 << 10

// StampSize is the least number of octets of a body whose latency is measured. It
// begins with a word by which to know it, and when it was published, in
// nanoseconds since 1970.
const StampSize = len(stampWord) + 8

const stampWord = "hblperf1"

// A publisher publishes on a connection of its own.
type publisher struct {
	run     *run
	session *session
	window  *window // nil without confirms
	pacer   *pacer  // nil without a rate

	// Owned by the goroutine that writes.
	methods [][]byte // basic.publish for each routing key
	key     int      // which is next
	content []byte   // header and body of every message
	stamp   int      // where in content the time is
	out     []byte

	// Owned by the goroutine that reads.
	confirms Histogram
}

func newPublisher(r *run, t target, number int) (*publisher, error) {
	s, err := dial(r.ctx, t)
	if err != nil {
		return nil, err
	}
	p := &publisher{run: r, session: s, key: number}
	p.prepare()
	if r.options.Confirm > 0 {
		if _, err := expect[*amqp.ConfirmSelectOk](s.call(&amqp.ConfirmSelect{})); err != nil {
			s.close()
			return nil, err
		}
		p.window = newWindow(r.options.Confirm)
	}
	return p, nil
}

// prepare makes the octets that messages are put together from.
func (p *publisher) prepare() {
	o := p.run.options
	for _, key := range p.run.keys {
		p.methods = append(p.methods, amqp.AppendMethod(nil, channel, &amqp.BasicPublish{Exchange: o.Exchange, RoutingKey: key}))
	}
	fields := amqp.Fields{DeliveryMode: 1}
	if o.Persistent {
		fields.DeliveryMode = 2
	}
	body := make([]byte, o.Size)
	for i := range body {
		body[i] = 'a' + byte(i%26)
	}
	if o.Latency {
		copy(body, stampWord)
	}
	p.content = amqp.AppendContentHeader(nil, channel, fields.Properties(), uint64(len(body)))
	p.stamp = len(p.content) + amqp.FrameOverhead - 1 + len(stampWord)
	p.content = amqp.AppendBody(p.content, channel, body, p.session.frameMax)
}

// work publishes until there is nothing more to publish or the run stops, then
// takes its leave.
func (p *publisher) work() {
	defer p.session.conn.Close()
	defer context.AfterFunc(p.run.ctx, p.hurry)()
	if o := p.run.options; o.Rate > 0 {
		p.pacer = newPacer(o.Rate/float64(o.Publishers), time.Now())
	}
	read := make(chan error, 1)
	go func() {
		err := p.read()
		if err != nil {
			p.run.stop(err) // it may take a while until writing fails too
		}
		read <- err
	}()

	err := p.publish()
	if err == nil {
		err = p.session.send(0, goodbye())
	}
	if err != nil {
		p.session.hurry() // the broker's own words may be on their way
	}
	if said := <-read; said != nil {
		err = said
	}
	p.run.finish(&p.run.confirms, &p.confirms, err)
}

// hurry ends whatever waits for the broker.
func (p *publisher) hurry() {
	p.session.hurry()
	if p.window != nil {
		p.window.close()
	}
}

func (p *publisher) publish() error {
	perWrite := max(1, writeSize/(len(p.methods[0])+len(p.content)))
	for p.run.ctx.Err() == nil {
		n, since := p.turn(perWrite)
		if n == 0 {
			break
		}
		if p.window != nil {
			p.window.add(n, p.run.elapsed())
		}
		if err := p.write(n, since); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		p.run.counters.published.Add(int64(n))
	}
	if p.window != nil {
		p.window.drain()
	}
	return nil
}

// turn waits until messages may be published, and returns how many, at most
// most, and the time since when. None is the end.
func (p *publisher) turn(most int) (n int, since time.Time) {
	n = most
	if p.window != nil {
		n = p.window.take(n)
	}
	switch {
	case n == 0:
		return 0, since
	case p.pacer != nil:
		n, since = p.pacer.wait(p.run.ctx, n)
	case p.run.options.Latency:
		since = time.Now()
	}
	return p.run.claim(n), since
}

// write sends n messages that are published at the same time. Small ones are put
// together first; a large one is alone, and is sent from where it is.
func (p *publisher) write(n int, at time.Time) error {
	if p.run.options.Latency {
		binary.BigEndian.PutUint64(p.content[p.stamp:], uint64(at.UnixNano()))
	}
	large := len(p.content) > writeSize
	p.out = p.out[:0]
	for range n {
		p.out = append(p.out, p.methods[p.key%len(p.methods)]...)
		if !large {
			p.out = append(p.out, p.content...)
		}
		p.key++
	}
	_, err := p.session.conn.Write(p.out)
	if err == nil && large {
		_, err = p.session.conn.Write(p.content)
	}
	return err
}

// read takes in what the broker says until it says goodbye.
func (p *publisher) read() error {
	if p.window != nil {
		defer p.window.close()
	}
	for {
		f, err := p.session.reader.ReadFrame()
		if err != nil {
			return fmt.Errorf("wait for the broker: %w", err)
		}
		if f.Type != amqp.FrameMethod {
			continue
		}
		if id, _ := amqp.MethodIDOf(f.Payload); id == amqp.BasicAckID && p.window != nil {
			tag, multiple, err := amqp.ParseBasicAck(f.Payload)
			if err != nil {
				return err
			}
			p.run.counters.confirmed.Add(int64(p.confirm(tag, multiple)))
			continue
		}
		m, err := amqp.ParseMethod(f.Payload)
		if err != nil {
			return err
		}
		if done, err := p.hear(m); done || err != nil {
			return err
		}
	}
}

// hear takes in a method other than basic.ack.
func (p *publisher) hear(m amqp.Method) (done bool, err error) {
	switch m := m.(type) {
	case *amqp.ConnectionCloseOk:
		return true, nil
	case *amqp.BasicNack:
		if p.window == nil {
			return false, errors.New("broker sent basic.nack without confirms")
		}
		p.run.counters.refused.Add(int64(p.confirm(m.DeliveryTag, m.Multiple)))
	case *amqp.ConnectionBlocked:
		p.run.say("broker blocks publishers: %s", m.Reason)
	case *amqp.ConnectionUnblocked:
		p.run.say("broker lets publishers go on")
	}
	return false, closed(m)
}

func (p *publisher) confirm(tag uint64, multiple bool) int {
	latencies := &p.confirms
	if !p.run.measuring.Load() {
		latencies = nil
	}
	return p.window.confirm(tag, multiple, p.run.elapsed(), latencies)
}
