package server

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/queue"
)

// A channel is one conversation on a connection. It belongs to the connection's
// read loop, except for what mu guards: queues deliver into that.
type channel struct {
	// immutable
	conn   *connection
	number uint16
	id     uint64 // among connections and channels

	// owned by the read loop
	closing   bool // channel.close has been sent, and not yet answered
	content   content
	lastQueue string // the queue declared last
	replyTo   *consumer

	// owned by the read loop, which changes them with mu held, for others who look
	consumers map[string]*consumer
	prefetch  int       // for consumers to come
	confirms  *confirms // nil unless in confirm mode
	tx        *tx       // nil unless transactional

	mu       sync.Mutex // guards what follows
	tag      uint64     // the delivery tag given last
	unacked  unacked
	limit    int // the prefetch that all consumers share; 0 for none
	counted  int // deliveries that count against it
	starving int // consumers that were refused for want of credit
	gone     int // consumers that are still known though their queue is gone
	ended    bool
	counts   Counts // but for Confirmed

	publishedTo sentTo
	drained     map[queue.Queue]*Counts // what of counts happened with each queue

	ages           ages          // of what is unacked
	timeoutsDiffer bool          // there may be deliveries with a consumer timeout of their own
	overdue        uint64        // a delivery that was not acked in time; 0 for none
	overdueAfter   time.Duration // the time it had
}

func newChannel(c *connection, number uint16) *channel {
	return &channel{conn: c, number: number, id: c.server.newProcess(), consumers: make(map[string]*consumer)}
}

// frame carries out one frame, and closes the channel if it must.
func (ch *channel) frame(f amqp.Frame) error {
	if ch.closing {
		return ch.afterClose(f)
	}
	err := ch.carryOut(f)
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*amqp.Error](err)
	if _, whole := errors.AsType[errConnection](err); !ok || whole || e.Code.Hard() {
		return err
	}
	return ch.close(e)
}

// carryOut carries out one frame of an open channel.
func (ch *channel) carryOut(f amqp.Frame) error {
	switch {
	case ch.content.expected != noContent:
		return ch.contentFrame(f)
	case f.Type != amqp.FrameMethod:
		return amqp.Errorf(amqp.UnexpectedFrame, "expected method frame, got non method frame instead")
	}
	switch id, _ := amqp.MethodIDOf(f.Payload); id {
	case amqp.BasicPublishID:
		return withMethod(ch.basicPublish(f.Payload), id)
	case amqp.BasicAckID:
		return withMethod(ch.basicAck(f.Payload), id)
	}
	m, err := amqp.ParseMethod(f.Payload)
	if err != nil {
		return err
	}
	// What was said before must have happened before.
	if err := ch.conn.catchUp(); err != nil {
		return err
	}
	return withMethod(ch.call(m), m.ID())
}

// call carries out a method: the specification's table of contents.
func (ch *channel) call(m amqp.Method) error {
	switch m := m.(type) {
	case *amqp.ChannelOpen:
		return amqp.Errorf(amqp.ChannelError, "second 'channel.open' seen")
	case *amqp.ChannelFlow:
		return ch.channelFlow(m)
	case *amqp.ChannelClose:
		return ch.channelClose(m)
	case *amqp.AccessRequest:
		return ch.accessRequest(m)
	case *amqp.ExchangeDeclare:
		return ch.exchangeDeclare(m)
	case *amqp.ExchangeDelete:
		return ch.exchangeDelete(m)
	case *amqp.ExchangeBind:
		return ch.exchangeBind(m)
	case *amqp.ExchangeUnbind:
		return ch.exchangeUnbind(m)
	case *amqp.QueueDeclare:
		return ch.queueDeclare(m)
	case *amqp.QueueBind:
		return ch.queueBind(m)
	case *amqp.QueuePurge:
		return ch.queuePurge(m)
	case *amqp.QueueDelete:
		return ch.queueDelete(m)
	case *amqp.QueueUnbind:
		return ch.queueUnbind(m)
	case *amqp.BasicQos:
		return ch.basicQos(m)
	case *amqp.BasicConsume:
		return ch.basicConsume(m)
	case *amqp.BasicCancel:
		return ch.basicCancel(m)
	case *amqp.BasicCancelOk:
		return nil // spec: basic.cancel-ok answers a cancel of ours; nothing waits for it
	case *amqp.BasicGet:
		return ch.basicGet(m)
	case *amqp.BasicReject:
		return ch.basicReject(m)
	case *amqp.BasicRecoverAsync:
		return ch.basicRecoverAsync(m)
	case *amqp.BasicRecover:
		return ch.basicRecover(m)
	case *amqp.BasicNack:
		return ch.basicNack(m)
	case *amqp.ConfirmSelect:
		return ch.confirmSelect(m)
	case *amqp.TxSelect:
		return ch.txSelect(m)
	case *amqp.TxCommit:
		return ch.txCommit(m)
	case *amqp.TxRollback:
		return ch.txRollback(m)
	}
	return amqp.Errorf(amqp.CommandInvalid, "unimplemented method")
}

// reply answers the client.
func (ch *channel) reply(m amqp.Method) { ch.conn.write(ch.number, m) }

// replyStored answers the client; if the answer promises something that goes to
// disk, it goes out when that is there.
func (ch *channel) replyStored(m amqp.Method, stored bool) {
	if stored {
		ch.conn.hold(ch.number, m)
		return
	}
	ch.reply(m)
}

// channelFlow refuses to stop: nobody needs it, and RabbitMQ does not either.
//
// spec: channel.flow
func (ch *channel) channelFlow(m *amqp.ChannelFlow) error {
	if !m.Active {
		return amqp.Errorf(amqp.NotImplemented, "active=false")
	}
	ch.reply(&amqp.ChannelFlowOk{Active: true})
	return nil
}

// channelClose ends the channel as its client wishes. The number is free as soon
// as the client knows.
//
// spec: channel.close
func (ch *channel) channelClose(m *amqp.ChannelClose) error {
	ch.end()
	ch.forget()
	ch.tellClosed(m.ReplyCode, m.ReplyText, true)
	ch.reply(&amqp.ChannelCloseOk{})
	return nil
}

// accessRequest hands out the one ticket there is; tickets mean nothing.
//
// rabbitmq: kept for clients of AMQP 0-8
func (ch *channel) accessRequest(*amqp.AccessRequest) error {
	ch.reply(&amqp.AccessRequestOk{Ticket: 1})
	return nil
}

// close ends the channel because of an error.
func (ch *channel) close(e *amqp.Error) error {
	ch.conn.log.Warn().Uint16("channel", ch.number).Str("method", methodName(e.Method)).Str("code", e.Code.String()).Msg("channel closed: " + e.Text)
	ch.conn.gathered()
	ch.end()
	ch.closing = true
	ch.tellClosed(e.Code, e.Text, false)
	ch.reply(&amqp.ChannelClose{ReplyCode: e.Code, ReplyText: e.ReplyText(), ClassID: e.Method.Class(), MethodID: e.Method.Method()})
	return nil
}

// afterClose throws away what a client says before it has heard that the channel
// is closed.
func (ch *channel) afterClose(f amqp.Frame) error {
	if f.Type != amqp.FrameMethod {
		return nil
	}
	switch id, _ := amqp.MethodIDOf(f.Payload); id {
	case amqp.ChannelCloseOkID:
		ch.forget()
	case amqp.ChannelCloseID:
		ch.reply(&amqp.ChannelCloseOk{})
	case amqp.ChannelOpenID:
		return withMethod(amqp.Errorf(amqp.ChannelError, "second 'channel.open' seen"), id)
	}
	return nil
}

// forget frees the channel's number.
func (ch *channel) forget() {
	ch.conn.mu.Lock()
	delete(ch.conn.channels, ch.number)
	ch.conn.mu.Unlock()
	ch.conn.session.CloseChannel()
	ch.conn.server.opened.channels.Add(-1)
	ch.conn.channelCount.Store(int32(len(ch.conn.channels)))
	if ch.conn.last == ch {
		ch.conn.last = nil
	}
}

// end gives back all that the channel holds: consumers go, deliveries return to
// their queues. It does nothing the second time.
func (ch *channel) end() {
	if !ch.conn.server.channelEnded(ch) {
		return
	}
	if ch.confirms != nil {
		ch.conn.outbox.closeConfirms(ch.confirms)
	}
	ch.dropContent()
	if ch.tx != nil {
		ch.tx.clear(ch)
		ch.tx.restore(ch)
	}
	// Before the consumers go: who takes over from a single active one begins
	// with what comes back from it.
	back := settling{whole: true}
	for _, d := range ch.takeUnacked(0) {
		back.add(abandon, d)
	}
	back.flush()
	for _, s := range ch.consumers {
		s.leave()
	}
	ch.mu.Lock()
	clear(ch.consumers)
	ch.mu.Unlock()
	ch.tellEnded()
}

// takeUnacked removes deliveries up to a tag, 0 meaning all.
func (ch *channel) takeUnacked(upTo uint64) []delivery {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	var ds []delivery
	for tag, d := range ch.unacked.upTo(upTo) {
		if ch.conn.server.Watch != nil {
			ch.conn.server.tell(ch.settleEvent(requeue, tag, &d))
		}
		ch.returned(&d)
		ds = append(ds, d)
	}
	return ds
}

// returned gives back the room that a delivery took. The lock is held.
func (ch *channel) returned(d *delivery) {
	if d.consumer != nil {
		d.consumer.unacked--
		ch.counted--
	}
}

// queueName returns the name a client means: an empty one is the queue declared
// last on the channel.
func (ch *channel) queueName(name string) (string, error) {
	if name != "" {
		return clean(name), nil
	}
	if ch.lastQueue == "" {
		return "", amqp.Errorf(amqp.NotFound, "no previously declared queue")
	}
	return ch.lastQueue, nil
}

// queue returns the queue a client means to read from.
func (ch *channel) queue(name string) (queue.Queue, error) {
	name, err := ch.queueName(name)
	if err != nil {
		return nil, err
	}
	return ch.conn.queue(name)
}

// clean takes line ends out of a name.
//
// rabbitmq: they are not refused, they vanish.
func clean(name string) string {
	if !strings.ContainsAny(name, "\r\n") {
		return name
	}
	return strings.NewReplacer("\r", "", "\n", "").Replace(name)
}
