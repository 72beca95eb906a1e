package server

import "github.com/harebellmq/harebell/amqp"

// confirmSelect puts the channel into confirm mode. Tags count from here.
//
// rabbitmq: publisher confirms
func (ch *channel) confirmSelect(m *amqp.ConfirmSelect) error {
	if ch.tx != nil {
		return amqp.Errorf(amqp.PreconditionFailed, "cannot switch from tx to confirm mode")
	}
	if ch.confirms == nil {
		ch.mu.Lock()
		ch.confirms = &confirms{channel: ch.number, outbox: &ch.conn.outbox, from: ch.counts.Published, tell: ch.tellConfirms()}
		ch.mu.Unlock()
	}
	if m.NoWait {
		return nil
	}
	if err := ch.conn.sync(); err != nil { // confirms would overtake a reply that is held
		return err
	}
	ch.reply(&amqp.ConfirmSelectOk{})
	return nil
}
