package server

import (
	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/auth"
)

// updateSecret has the client log in again, while it goes on, with another secret:
// such as a token, before the last one expires.
//
// rabbitmq: connection.update-secret. A secret that is refused ends the connection,
// and so does one of another user. Consumers whose queue may not be read from any
// more are cancelled.
func (c *connection) updateSecret(m *amqp.ConnectionUpdateSecret) error {
	if err := c.renew(m.NewSecret); err != nil {
		c.log.Warn().Err(err).Msg("new secret refused")
		return amqp.Errorf(amqp.NotAllowed, "New secret was refused by one of the backends")
	}
	c.startExpiry()
	for _, ch := range c.channels {
		ch.cancelForbidden()
	}
	c.send(&amqp.ConnectionUpdateSecretOk{})
	c.log.Info().Str("reason", m.Reason).Msg("secret updated")
	return nil
}

// renew waits for the backend, and does not take it for the client's silence.
func (c *connection) renew(secret string) error {
	c.heartbeat.paused.Store(true)
	defer c.heartbeat.paused.Store(false)
	return c.identity.Renew(c.alive, secret)
}

// startExpiry has the connection end when its identity does.
//
// rabbitmq: text of the reader's credential_expired
func (c *connection) startExpiry() {
	c.stopExpiry()
	at := c.identity.Expires()
	if at.IsZero() {
		return
	}
	clock := c.server.clock()
	c.expiry = clock.AfterFunc(at.Sub(clock.Now()), func() {
		c.shutdown(amqp.Errorf(amqp.ConnectionForced, "credential expired"))
	})
}

func (c *connection) stopExpiry() {
	if c.expiry != nil {
		c.expiry.Stop()
	}
}

// cancelForbidden cancels the consumers of queues that may not be read from any
// more, and tells the client. What they have unacked can still be acked.
func (ch *channel) cancelForbidden() {
	ch.forgetGone()
	for tag, s := range ch.consumers {
		if s == ch.replyTo || ch.conn.session.Read(auth.Queue, s.queue.Declaration().Name) == nil {
			continue
		}
		s.leave()
		ch.mu.Lock()
		delete(ch.consumers, tag)
		s.notify()
		ch.mu.Unlock()
	}
}
