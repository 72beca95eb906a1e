package server

import (
	"testing"
	"testing/synctest"
)

func TestLimitOfConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		s.Limits.Connections = 1
		first := dial(t, s)
		first.login()
		second := dial(t, s)
		for _, line := range handshake[:3] {
			second.do(line)
		}
		synctest.Wait()
		second.listen()
		second.hears(handshake[3:],
			`0 connection.close reply-code=530 reply-text="NOT_ALLOWED - connection refused: node connection limit (1) is reached" class-id=10 method-id=40`)
		second.do(`0 connection.close-ok`)
		first.do("hangs up")
		synctest.Wait()
		dial(t, s).login() // there is room again
	})
}

func TestLimitOfChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		s.Node = "here"
		s.Limits.Channels = 3
		first, second := dial(t, s), dial(t, s)
		first.login()
		second.login()
		first.hears([]string{`1 channel.open`, `2 channel.open`}, `1 channel.open-ok`, `2 channel.open-ok`)
		second.hears([]string{`1 channel.open`}, `1 channel.open-ok`)
		first.hears([]string{`2 channel.close reply-code=200 reply-text="" class-id=0 method-id=0`, `3 channel.open`}, `2 channel.close-ok`, `3 channel.open-ok`)
		second.hears([]string{`2 channel.open`},
			`0 connection.close reply-code=530 reply-text="NOT_ALLOWED - number of channels opened on node 'here' has reached the maximum allowed limit of 3" class-id=0 method-id=0`)
		second.do(`0 connection.close-ok`)
		synctest.Wait()
		first.hears([]string{`4 channel.open`}, `4 channel.open-ok`) // instead of the second's
	})
}

func TestLimitOfConsumers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		s.Limits.ConsumersPerChannel = 1
		c := dial(t, s)
		c.login()
		c.hears([]string{
			`1 channel.open`, `1 queue.declare queue="q" no-wait`, `1 basic.consume queue="q" consumer-tag="a" no-wait`,
			`1 basic.cancel consumer-tag="a" no-wait`, `1 basic.consume queue="q" consumer-tag="b"`,
		}, `1 channel.open-ok`, `1 basic.consume-ok consumer-tag="b"`)
		c.hears([]string{`1 basic.consume queue="q" consumer-tag="c"`},
			`0 connection.close reply-code=530 reply-text="NOT_ALLOWED - reached maximum (1) of consumers per channel" class-id=60 method-id=20`)
	})
}

func TestLimitsMayChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		s.Limits.ConsumersPerChannel = 1
		c := dial(t, s)
		c.login()
		c.hears([]string{`1 channel.open`, `1 queue.declare queue="q" no-wait`, `1 basic.consume queue="q" consumer-tag="a"`},
			`1 channel.open-ok`, `1 basic.consume-ok consumer-tag="a"`)
		s.SetLimits(Limits{})
		c.hears([]string{`1 basic.consume queue="q" consumer-tag="b"`}, `1 basic.consume-ok consumer-tag="b"`)
	})
}
