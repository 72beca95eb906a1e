package server

import (
	"slices"
	"testing"
	"testing/synctest"
)

// hears sends lines and compares what the server says to them with want.
func (c *client) hears(lines []string, want ...string) {
	c.t.Helper()
	for _, line := range lines {
		c.do(line)
	}
	synctest.Wait()
	if heard := c.listen(); !slices.Equal(heard, want) {
		c.t.Fatalf("got\n%q\nwant\n%q", heard, want)
	}
}

func TestGlobalPrefetchMayBeForEachConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		s.PerConsumerQos = true
		c := dial(t, s)
		c.login()
		c.hears([]string{
			`1 channel.open`, `1 queue.declare queue="q" no-wait`, `1 basic.qos prefetch-count=1 global`,
			`1 basic.consume queue="q" consumer-tag="a" no-wait`, `1 basic.consume queue="q" consumer-tag="b" no-wait`,
		}, `1 channel.open-ok`, `1 basic.qos-ok`)
		publish := []string{`1 basic.publish exchange="" routing-key="q"`, `1 header size=0`}
		c.hears(publish, `1 basic.deliver consumer-tag="a" delivery-tag=1 exchange="" routing-key="q"`, `1 header size=0`)
		c.hears(publish, `1 basic.deliver consumer-tag="b" delivery-tag=2 exchange="" routing-key="q"`, `1 header size=0`)
		c.hears(publish)
	})
}

// A requester with an address, and a responder that is to reply to it.
func requesterAndResponder(t *testing.T, s *Server) *client {
	c := dial(t, s)
	c.login()
	c.hears([]string{
		`1 channel.open`, `1 basic.consume queue="amq.rabbitmq.reply-to" consumer-tag="replies" no-ack no-wait`,
		`1 queue.declare queue="rpc" no-wait`,
		`1 basic.publish exchange="" routing-key="rpc"`, `1 header size=0 reply-to="amq.rabbitmq.reply-to"`,
		`2 channel.open`, `2 basic.get queue="rpc" no-ack`,
	}, `1 channel.open-ok`, `2 channel.open-ok`,
		`2 basic.get-ok delivery-tag=1 exchange="" routing-key="rpc" message-count=0`, `2 header size=0 reply-to="$1"`)
	return c
}

func TestMandatoryRepliesMayBeReturned(t *testing.T) {
	const (
		delivered = `1 basic.deliver consumer-tag="replies" delivery-tag=1 exchange="" routing-key="$1"`
		returned  = `2 basic.return reply-code=312 reply-text="NO_ROUTE" exchange="" routing-key="$1"`
	)
	reply := []string{`2 basic.publish exchange="" routing-key="$1" mandatory`, `2 header size=0`}
	t.Run("before the confirm", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := testServer(t)
			s.ReturnReplies = true
			c := requesterAndResponder(t, s)
			c.hears([]string{`2 confirm.select no-wait`})
			c.hears(reply, returned, `2 header size=0`, delivered, `1 header size=0`, `2 basic.ack delivery-tag=1`)
			c.hears([]string{`1 basic.cancel consumer-tag="replies" no-wait`})
			c.hears(reply, returned, `2 header size=0`, `2 basic.ack delivery-tag=2`)
		})
	})
	t.Run("at the commit", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := testServer(t)
			s.ReturnReplies = true
			c := requesterAndResponder(t, s)
			c.hears([]string{`2 tx.select`}, `2 tx.select-ok`)
			c.hears(reply)
			c.hears([]string{`2 tx.commit`}, returned, `2 header size=0`, delivered, `1 header size=0`, `2 tx.commit-ok`)
		})
	})
	t.Run("not if it has another key that is routed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := testServer(t)
			s.ReturnReplies = true
			c := requesterAndResponder(t, s)
			c.hears([]string{reply[0], `2 header size=0 headers={CC: A [S "rpc"]}`}, delivered, `1 header size=0 headers={CC: A [S "rpc"]}`)
		})
	})
}
