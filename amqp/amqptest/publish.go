package amqptest

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/event"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

// Publish puts a message into the queues that its exchange routes it to, as a
// client's basic.publish does. When it returns they have taken the message over;
// the error says why they have not, and there is one too if no queue gets it. Of
// sender-selected distribution it knows CC only.
func (v *VirtualHost) Publish(m Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	host, err := v.host()
	if err != nil {
		return err
	}
	switch x, err := v.Exchange(m.Exchange); {
	case err != nil:
		return err
	case x.Internal:
		return fmt.Errorf("amqptest: exchange %q is internal: want one that clients may publish to", m.Exchange)
	}
	published := amqp.NewMessage(m.Exchange, m.RoutingKey, m.Properties.Properties(), append([]byte(nil), m.Body...))
	also := queue.RoutingKeys(&published)[1:]
	taken := make(receipt, 1)
	p := host.NewPublisher()
	queues, err := v.tell(p, &published, also)
	if err != nil {
		return fmt.Errorf("amqptest: publish: %w", err)
	}
	if !p.PublishTo(queues, published, taken, 1) {
		return fmt.Errorf("amqptest: no queue gets what is published to exchange %q with key %q: want a binding that matches; queues are %q",
			m.Exchange, m.RoutingKey, host.Queues())
	}
	p.Flush()
	if !<-taken {
		return errors.New("amqptest: a queue has refused the message: it is full, or the store has failed")
	}
	return nil
}

// tell puts a message, and where it goes, into the journal, and returns the latter.
func (v *VirtualHost) tell(p *vhost.Publisher, m *amqp.Message, also []string) (queues []string, err error) {
	if queues, err = p.Queues(*m, also); err != nil {
		return nil, err
	}
	e := event.Event{Kind: event.Published, VHost: v.name, Exchange: m.Exchange, RoutingKey: m.RoutingKey, Message: m}
	v.broker.book.Event(e)
	e.Kind, e.Queues = event.Routed, queues
	v.broker.book.Event(e)
	return queues, nil
}

// A receipt hears of one message.
type receipt chan bool

// Confirm implements store.Receipt.
func (r receipt) Confirm(_, _ uint64, ok bool) { r <- ok }

// shortstrMost is how many octets a name or a text property may have.
const shortstrMost = 255

// Check returns an error if a client could not have sent the message.
func (m Message) Check() error {
	f := m.Properties
	for _, text := range []struct{ what, value string }{
		{"exchange", m.Exchange}, {"routing key", m.RoutingKey},
		{"content type", f.ContentType}, {"content encoding", f.ContentEncoding}, {"correlation id", f.CorrelationID},
		{"reply-to", f.ReplyTo}, {"expiration", f.Expiration}, {"message id", f.MessageID}, {"type", f.Type},
		{"user id", f.UserID}, {"app id", f.AppID}, {"cluster id", f.ClusterID},
	} {
		if len(text.value) > shortstrMost {
			return fmt.Errorf("amqptest: %s of %d octets: want %d or fewer", text.what, len(text.value), shortstrMost)
		}
	}
	if f.Expiration != "" {
		if n, err := strconv.ParseUint(f.Expiration, 10, 64); err != nil || n > queue.MaxMilliseconds {
			return fmt.Errorf("amqptest: expiration %q: want milliseconds, from \"0\" to \"%d\"", f.Expiration, int64(queue.MaxMilliseconds))
		}
	}
	if _, is := f.Headers["BCC"]; is {
		return errors.New("amqptest: header BCC: want a client to publish it, or CC")
	}
	if err := f.Headers.Check(); err != nil {
		return fmt.Errorf("amqptest: headers: want values that AMQP has types for: %w", err)
	}
	return nil
}

// Purge drops the messages of a queue that are ready, and returns how many they
// were. The error, if there is no such queue, lists those there are.
func (v *VirtualHost) Purge(name string) (int, error) {
	q, err := v.find(name)
	if err != nil {
		return 0, err
	}
	return q.Purge()
}
