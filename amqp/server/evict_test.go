package server

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/harebellmq/harebell/vhost"
)

func TestDeletingAVirtualHostClosesItsConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		c := dial(t, s)
		c.login()
		for _, line := range []string{`1 channel.open`, `1 queue.declare queue="q"`, `1 basic.consume queue="q" consumer-tag="k"`} {
			c.do(line)
		}
		synctest.Wait()
		c.listen()
		if err := s.VHosts.Delete("", vhost.Default); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		const cancel = `1 basic.cancel consumer-tag="k" no-wait`
		const closes = `0 connection.close reply-code=320 reply-text="CONNECTION_FORCED - vhost '/' is deleted" class-id=0 method-id=0`
		if heard := c.listen(); !slices.Equal(heard, []string{cancel, closes}) {
			t.Errorf("got %q, want %s, then %s", heard, cancel, closes)
		}
		c.do(`0 connection.close-ok`)
		synctest.Wait()
		if heard := c.listen(); !slices.Equal(heard, []string{"hangs up"}) {
			t.Errorf("after close-ok: got %q, want the server to hang up", heard)
		}
		if got := s.Connections(); len(got) > 0 {
			t.Errorf("connections: got %+v, want none", got)
		}
	})
}

func TestConnectionsShowsWhoIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		c := dial(t, s)
		c.do(`AMQP 0 0 9 1`)
		synctest.Wait()
		if got := s.Connections(); len(got) > 0 {
			t.Errorf("before it is open: got %+v, want none", got)
		}
		for _, line := range []string{
			`0 connection.start-ok client-properties={connection_name: S "me"} mechanism="PLAIN" response="\x00guest\x00guest" locale="en_US"`,
			`0 connection.tune-ok channel-max=2047 frame-max=131072 heartbeat=0`,
			`0 connection.open virtual-host="/"`,
			`1 channel.open`, `2 channel.open`, `3 channel.open`, `2 channel.close reply-code=200 reply-text="" class-id=0 method-id=0`,
		} {
			c.do(line)
		}
		synctest.Wait()
		want := ConnectionInfo{Name: "pipe -> pipe", ClientName: "me", User: "guest", VHost: "/", Channels: 2}
		if got := s.Connections(); len(got) != 1 || got[0].Name != want.Name || got[0].ClientName != want.ClientName ||
			got[0].User != want.User || got[0].VHost != want.VHost || got[0].Channels != want.Channels {
			t.Errorf("got %+v, want %+v", got, want)
		}
		c.do(`0 connection.close reply-code=200 reply-text="" class-id=0 method-id=0`)
		synctest.Wait()
		if got := s.Connections(); len(got) > 0 {
			t.Errorf("after close: got %+v, want none", got)
		}
	})
}
