package server

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/harebellmq/harebell/amqp"
)

// converseLimited logs a client in to a server of small messages, sends octets
// and returns the methods it hears.
func converseLimited(t *testing.T, octets ...[]byte) (heard []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		s.MaxMessageSize = 1000 // and so 2000 on their way
		c := dial(t, s)
		c.login()
		for _, o := range octets {
			c.send(o)
			synctest.Wait()
		}
		heard = methods(c.listen())
	})
	return heard
}

// half returns a publish on a channel whose body is still to come for the most.
func half(channel uint16) []byte {
	b := methodFrames(channel, &amqp.ChannelOpen{}, &amqp.BasicPublish{RoutingKey: "q"})
	b = amqp.AppendContentHeader(b, channel, nil, 1000)
	return amqp.AppendBody(b, channel, make([]byte, 900), 0)
}

func TestHalfReceivedBodiesAreBoundedTogether(t *testing.T) {
	if got := converseLimited(t, half(1), half(2)); slices.Contains(got, "0 connection.close") {
		t.Errorf("two halves: got %q", got)
	}
	if got := converseLimited(t, half(1), half(2), half(3)); !slices.Contains(got, "0 connection.close") {
		t.Errorf("three halves: got %q, want connection.close", got)
	}
	finish := amqp.AppendBody(nil, 1, make([]byte, 100), 0)
	if got := converseLimited(t, half(1), half(2), finish, half(3)); slices.Contains(got, "0 connection.close") {
		t.Errorf("the first is finished before the third begins: got %q", got)
	}
}

func TestTransactionIsBounded(t *testing.T) {
	begin := methodFrames(1, &amqp.ChannelOpen{}, &amqp.TxSelect{})
	message := publishing("q", make([]byte, 700))
	commit := methodFrames(1, &amqp.TxCommit{})
	rollback := methodFrames(1, &amqp.TxRollback{})
	if got := converseLimited(t, begin, message, message, message); !slices.Contains(got, "0 connection.close") {
		t.Errorf("three messages: got %q, want connection.close", got)
	}
	if got := converseLimited(t, begin, message, message, commit, message, rollback, message, message); slices.Contains(got, "0 connection.close") {
		t.Errorf("two at a time: got %q", got)
	}
}

// What is only counted, to be refused when it is complete, is not kept and so
// does not count: however large it is, it costs the channel and not the
// connection.
func TestTooLargeMessageInPiecesCostsTheChannelOnly(t *testing.T) {
	b := methodFrames(1, &amqp.ChannelOpen{}, &amqp.BasicPublish{RoutingKey: "q"})
	b = amqp.AppendContentHeader(b, 1, nil, 9000)
	for range 9 {
		b = amqp.AppendBody(b, 1, make([]byte, 1000), 0)
	}
	got := converseLimited(t, b)
	if slices.Contains(got, "0 connection.close") || !slices.Contains(got, "1 channel.close") {
		t.Errorf("got %q, want channel.close", got)
	}
}
