package server

import (
	"errors"
	"strings"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/event"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
	"github.com/harebellmq/harebell/vhost"
)

// basicQos sets prefetch limits.
//
// rabbitmq: without global, for each consumer that is to come, and a limit for
// the whole channel ends; with global, for the whole channel, at once, or as
// without where that is not permitted.
func (ch *channel) basicQos(m *amqp.BasicQos) error {
	if m.PrefetchSize != 0 {
		return amqp.Errorf(amqp.NotImplemented, "prefetch_size!=0 (%d)", m.PrefetchSize)
	}
	ch.mu.Lock()
	if m.Global && !ch.conn.server.PerConsumerQos {
		ch.limit = int(m.PrefetchCount)
	} else {
		ch.limit = 0
		ch.prefetch = int(m.PrefetchCount)
	}
	ch.wakeStarving()
	ch.mu.Unlock()
	ch.reply(&amqp.BasicQosOk{})
	ch.conn.settling.flush()
	return nil
}

// basicConsume starts a consumer. Its -ok comes before its first delivery.
func (ch *channel) basicConsume(m *amqp.BasicConsume) error {
	tag := m.ConsumerTag
	if tag == "" {
		tag = vhost.ServerName("amq.ctag-")
	}
	ch.forgetGone()
	if err := ch.moreConsumers(); err != nil {
		return err
	}
	if ch.consumers[tag] != nil {
		return amqp.Errorf(amqp.NotAllowed, "attempt to reuse consumer tag '%s'", tag)
	}
	s := &consumer{ch: ch, tag: tag, noAck: m.NoAck, prefetch: ch.prefetch}
	if m.Queue == vhost.ReplyTo {
		return ch.consumeReplies(s, m)
	}
	var err error
	if s.queue, err = ch.queue(m.Queue); err != nil {
		return err
	}
	if s.timeout, err = consumerTimeout(m.Arguments, s.queue.Declaration()); err != nil {
		return err
	}
	return ch.consume(s, m)
}

// consume adds s to its queue.
func (ch *channel) consume(s *consumer, m *amqp.BasicConsume) error {
	err := s.queue.Consume(s, queue.ConsumeOptions{
		NoAck: m.NoAck, Exclusive: m.Exclusive, Arguments: m.Arguments, Prefetch: s.prefetch, Global: ch.limit > 0,
	})
	if err != nil {
		return err
	}
	ch.mu.Lock()
	s.counts = ch.countsOf(s.queue)
	ch.consumers[s.tag] = s
	ch.mu.Unlock()
	s.tellAdded(m)
	ch.noteTimeout(s.queue, s.timeout)
	if !m.NoWait {
		if err := ch.conn.sync(); err != nil { // deliveries would overtake a reply that is held
			return err
		}
		ch.reply(&amqp.BasicConsumeOk{ConsumerTag: s.tag})
	}
	s.begin()
	return nil
}

// consumeReplies makes the channel a requester of direct reply-to.
//
// rabbitmq: without acks, one for each channel; exclusive means nothing.
func (ch *channel) consumeReplies(s *consumer, m *amqp.BasicConsume) error {
	switch {
	case ch.replyTo != nil:
		return amqp.Errorf(amqp.PreconditionFailed, "reply consumer already set")
	case !m.NoAck:
		return amqp.Errorf(amqp.PreconditionFailed, "reply consumer cannot acknowledge")
	}
	var err error
	if s.queue, err = ch.conn.vhost.NewReplyQueue(); err != nil {
		return err
	}
	m.Exclusive, m.Arguments = false, nil
	ch.replyTo = s
	return ch.consume(s, m)
}

// basicCancel ends a consumer; what it has unacked can still be acked.
func (ch *channel) basicCancel(m *amqp.BasicCancel) error {
	if s := ch.consumers[m.ConsumerTag]; s != nil {
		ch.mu.Lock()
		delete(ch.consumers, m.ConsumerTag)
		ch.mu.Unlock()
		s.leave()
	}
	if !m.NoWait {
		ch.reply(&amqp.BasicCancelOk{ConsumerTag: m.ConsumerTag})
	}
	return nil
}

// basicPublish begins a publish: its content follows.
func (ch *channel) basicPublish(payload []byte) error {
	m, err := amqp.ParseBasicPublish(payload)
	if err != nil {
		return err
	}
	c := &ch.content
	*c = content{expected: header, mandatory: m.Mandatory, immediate: m.Immediate}
	c.exchange, c.routingKey = ch.conn.publisher.Address(m.Exchange, m.RoutingKey)
	return nil
}

// publish ends a publish: its content is complete.
//
// rabbitmq: the order of the checks is errors.md's.
func (ch *channel) publish() error {
	c := ch.content
	ch.dropContent()
	size, most := int64(c.size), ch.conn.server.maxMessageSize()
	switch {
	case c.immediate:
		return amqp.Errorf(amqp.NotImplemented, "immediate=true")
	case size > most:
		return amqp.Errorf(amqp.PreconditionFailed, "message size %d is larger than configured max size %d", size, most)
	}
	checked, err := ch.conn.checkPublish(ch.conn.publisher, c.exchange, c.routingKey, c.properties, ch.replyAddress())
	if err != nil {
		return err
	}
	p := publication{
		message:   amqp.NewMessage(c.exchange, c.routingKey, checked.properties, c.body),
		also:      checked.also,
		mandatory: c.mandatory,
	}
	if len(checked.hidden) > 0 {
		hidden := checked.hidden // of its own, so that nothing is allocated without one
		p.message.Hidden = &hidden
	}
	if ch.tx != nil {
		return ch.tx.publish(ch, p)
	}
	if ch.confirms == nil {
		return ch.route(p, nil, 0)
	}
	return ch.route(p, ch.confirms, ch.confirms.next())
}

// A publication is a message ready to be routed.
type publication struct {
	message   amqp.Message
	also      []string // keys of CC and BCC
	mandatory bool
	queues    []string // where it goes, if that was asked already: in a transaction, or because somebody looks on
}

// route hands a message to the publisher. One that no queue wants is returned if
// that was asked for, and is confirmed: the broker has done what it could.
//
// rabbitmq: the return goes out before the confirm.
func (ch *channel) route(p publication, receipt store.Receipt, tag uint64) error {
	ch.conn.countPublish(ch, p.message.Exchange)
	if ch.conn.server.watched() {
		var done bool
		var err error
		kept := p // so that the one of the hot path may stay on its stack
		if receipt, done, err = ch.watchPublish(&kept, receipt, tag); done || err != nil {
			return err
		}
		p.queues = kept.queues
	}
	if ch.conn.traces(&p.message) {
		kept := p // likewise
		if err := ch.tracePublished(&kept); err != nil {
			return err
		}
		p.queues = kept.queues
	}
	if err := ch.returnReply(&p, tag); err != nil {
		return err
	}
	routed, err := ch.conn.publish(&p, receipt, tag)
	if err != nil || routed {
		return err
	}
	return ch.unrouted(&p, receipt, tag)
}

// publish takes a message to its queues. Asking twice where it goes might give two
// answers.
func (c *connection) publish(p *publication, receipt store.Receipt, tag uint64) (routed bool, err error) {
	if p.queues != nil {
		return c.publisher.PublishTo(p.queues, p.message, receipt, tag), nil
	}
	return c.publisher.Publish(p.message, p.also, receipt, tag)
}

// returnReply returns a mandatory reply that may well be delivered, where that is
// the manner.
//
// rabbitmq: a reply used to count as routed to no queue
func (ch *channel) returnReply(p *publication, tag uint64) error {
	if !p.mandatory || !ch.conn.server.ReturnReplies || len(p.also) > 0 {
		return nil
	}
	if p.message.Exchange != "" || !strings.HasPrefix(p.message.RoutingKey, vhost.ReplyTo) {
		return nil
	}
	p.mandatory = false
	return ch.basicReturn(&p.message, tag)
}

// unrouted deals with a message that no queue wants.
func (ch *channel) unrouted(p *publication, receipt store.Receipt, tag uint64) error {
	ch.conn.notePublished()
	ch.mu.Lock()
	if p.mandatory {
		ch.counts.Returned++
	} else {
		ch.counts.Dropped++
	}
	ch.mu.Unlock()
	if p.mandatory {
		if err := ch.basicReturn(&p.message, tag); err != nil {
			return err
		}
	}
	if receipt != nil {
		ch.conn.publisher.Unrouted(receipt, tag)
	}
	return nil
}

func (ch *channel) basicReturn(m *amqp.Message, tag uint64) error {
	c := ch.conn
	c.gathered()                     // returns keep their place among confirms
	if err := c.sync(); err != nil { // and their own confirm would overtake one that is held
		return err
	}
	c.writeContent(ch.number, basicReturn(m), m)
	ch.tellReturn(m, tag)
	return nil
}

// basicReturn is the method that brings a message back.
func basicReturn(m *amqp.Message) *amqp.BasicReturn {
	return &amqp.BasicReturn{
		ReplyCode: amqp.NoRoute, ReplyText: amqp.NoRoute.String(), Exchange: m.Exchange, RoutingKey: m.RoutingKey,
	}
}

// replyAddress returns where replies to the channel's requester go, "" if it has
// none.
func (ch *channel) replyAddress() string {
	if ch.replyTo == nil {
		return ""
	}
	return ch.replyTo.queue.Declaration().Name
}

// checkProperties looks at what the broker acts on, and changes what it must
// change.
func checkProperties(p amqp.Properties, replyTo string) (c checked, err error) {
	if len(p) == 0 {
		return c, nil
	}
	if err := p.Check(); err != nil {
		return c, err
	}
	if p.Has(amqp.FlagReplyTo) && p.ReplyTo() == vhost.ReplyTo {
		if replyTo == "" {
			return c, amqp.Errorf(amqp.PreconditionFailed, "fast reply consumer does not exist")
		}
		p = p.WithReplyTo(replyTo)
	}
	if p.Has(amqp.FlagExpiration) {
		if err := checkExpiration(p.Expiration()); err != nil {
			return c, err
		}
	}
	if p.Has(amqp.FlagHeaders) {
		cc, _, err := senderSelected(p, "CC")
		if err != nil {
			return c, err
		}
		var hidden bool
		if c.hidden, hidden, err = senderSelected(p, "BCC"); err != nil {
			return c, err
		}
		if hidden {
			p = p.WithoutHeader("BCC")
		}
		c.also = append(cc, c.hidden...)
	}
	c.properties = p
	return c, nil
}

// senderSelected returns the keys of the CC or BCC header, and whether there is
// one.
//
// rabbitmq: sender-selected distribution; what is no text is skipped.
func senderSelected(p amqp.Properties, name string) (keys []string, found bool, err error) {
	v, found := p.Header(name)
	if !found {
		return nil, false, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, true, amqp.Errorf(amqp.PreconditionFailed, "invalid message: {unacceptable_type_in_header,\"%s\",%s}", name, amqp.TypeName(v))
	}
	for _, v := range list {
		if key, ok := v.(string); ok {
			keys = append(keys, key)
		}
	}
	return keys, true, nil
}

// basicGet takes one message out of a queue.
func (ch *channel) basicGet(m *amqp.BasicGet) error {
	q, err := ch.queue(m.Queue)
	if err != nil {
		return err
	}
	ch.noteTimeout(q, 0)
	e, left, ok, err := q.Get(m.NoAck)
	if refusal, is := errors.AsType[*amqp.Error](err); is {
		return refusal
	}
	if err != nil {
		return ch.conn.failed(err)
	}
	if !ok {
		ch.mu.Lock()
		ch.countEmpty(q)
		ch.mu.Unlock()
		ch.reply(&amqp.BasicGetEmpty{})
		return nil
	}
	ch.mu.Lock()
	ch.tag++
	tag := ch.tag
	ch.countGot(q, m.NoAck, e.Redelivered)
	if !m.NoAck {
		ch.hold(tag, delivery{queue: q, entry: e})
	}
	ch.mu.Unlock()
	if ch.conn.server.Watch != nil {
		told := ch.deliveryEvent(event.Got, tag, q, &e)
		told.NoAck = m.NoAck
		ch.conn.server.tell(told)
	}
	if ch.conn.traces(e.Message) {
		if err := ch.traceGot(q, &e); err != nil {
			return err
		}
	}
	out := e.Outgoing()
	ch.conn.writeContent(ch.number, &amqp.BasicGetOk{
		DeliveryTag: tag, Redelivered: e.Redelivered, Exchange: out.Exchange, RoutingKey: out.RoutingKey, MessageCount: uint32(left),
	}, out)
	return nil
}

// basicAck settles deliveries.
func (ch *channel) basicAck(payload []byte) error {
	tag, multiple, err := amqp.ParseBasicAck(payload)
	if err != nil {
		return err
	}
	if err := ch.settle(ack, tag, multiple); err != nil {
		return err
	}
	if ch.conn.settling.long() {
		ch.conn.settling.flush()
	}
	return nil
}

func (ch *channel) basicReject(m *amqp.BasicReject) error {
	if m.Requeue {
		return ch.settle(fail, m.DeliveryTag, false)
	}
	return ch.settle(reject, m.DeliveryTag, false)
}

func (ch *channel) basicNack(m *amqp.BasicNack) error {
	if m.Requeue {
		return ch.settle(requeue, m.DeliveryTag, m.Multiple)
	}
	return ch.settle(reject, m.DeliveryTag, m.Multiple)
}

// settle takes deliveries out of what is unacked, and notes what becomes of them.
//
// spec: basic.ack; rabbitmq: the tag itself must be outstanding; 0 with multiple
// means all there are, which may be none.
func (ch *channel) settle(how outcome, tag uint64, multiple bool) error {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if !ch.unacked.has(tag) && !(multiple && tag == 0) {
		return amqp.Errorf(amqp.PreconditionFailed, "unknown delivery tag %d", tag)
	}
	if !multiple {
		d, _ := ch.unacked.take(tag)
		ch.settled(how, tag, d)
		return nil
	}
	for t, d := range ch.unacked.upTo(tag) {
		ch.settled(how, t, d)
	}
	return nil
}

// settled notes the outcome of one delivery. The lock is held.
func (ch *channel) settled(how outcome, tag uint64, d delivery) {
	if ch.tx != nil {
		ch.tx.settled = append(ch.tx.settled, settlement{how: how, tag: tag, delivery: d})
		return
	}
	if ch.conn.server.watched() {
		how = ch.watchSettled(how, tag, &d)
	}
	ch.countSettled(how, &d)
	ch.returned(&d)
	ch.freed(d.consumer)
	ch.conn.settling.add(how, d)
}

// basicRecover requeues all that is unacked; the reply goes out first.
func (ch *channel) basicRecover(m *amqp.BasicRecover) error {
	if !m.Requeue {
		return amqp.Errorf(amqp.NotImplemented, "requeue=false")
	}
	if err := ch.conn.sync(); err != nil { // redeliveries would overtake a reply that is held
		return err
	}
	ch.reply(&amqp.BasicRecoverOk{})
	ch.recover()
	return nil
}

func (ch *channel) basicRecoverAsync(m *amqp.BasicRecoverAsync) error {
	if !m.Requeue {
		return amqp.Errorf(amqp.NotImplemented, "requeue=false")
	}
	ch.recover()
	return nil
}

func (ch *channel) recover() {
	s := &ch.conn.settling
	for _, d := range ch.takeUnacked(0) {
		s.add(requeue, d)
	}
	ch.mu.Lock()
	ch.wakeStarving()
	ch.mu.Unlock()
	s.flush()
}
