package server

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/harebellmq/harebell/amqp"
)

// blockable is the handshake of a client that understands connection.blocked.
var blockable = []string{
	`AMQP 0 0 9 1`,
	`0 connection.start-ok client-properties={capabilities: F {connection.blocked: t true}} mechanism="PLAIN" response="\x00guest\x00guest" locale="en_US"`,
	`0 connection.tune-ok channel-max=2047 frame-max=131072 heartbeat=2`,
	`0 connection.open virtual-host="/"`,
}

func TestAlarmBlocksWhoPublishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		c := dial(t, s)
		for _, line := range blockable {
			c.do(line)
		}
		c.do(`1 channel.open`)
		c.do(`1 queue.declare queue="q"`)
		s.SetAlarm("memory", true)
		s.SetAlarm("memory", true)
		c.do(`1 confirm.select`)
		synctest.Wait()
		if got := methods(c.listen()); !slices.Contains(got, "1 confirm.select-ok") || slices.Contains(got, "0 connection.blocked") {
			t.Errorf("before it publishes: got %q, want only answers", got)
		}

		// A pipe has no room of its own: what is not read cannot be sent.
		go func() {
			c.send(publishing("q", []byte("one")))
			c.send(methodFrames(1, &amqp.QueueDeclare{Queue: "q", Passive: true}))
		}()
		synctest.Wait()
		s.SetAlarm("disk", true)
		if got, want := c.listen(), `0 connection.blocked reason="low on memory"`; !slices.Contains(got, want) {
			t.Errorf("when it publishes: got %q, want %s", got, want)
		}
		s.SetAlarm("memory", false)
		synctest.Wait()
		if got := methods(c.listen()); slices.Contains(got, "0 connection.unblocked") || slices.Contains(got, "1 basic.ack") {
			t.Errorf("while the disk is still low: got %q, want nothing more", got)
		}
		s.SetAlarm("disk", false)
		synctest.Wait()
		got := methods(c.listen())
		for _, want := range []string{"0 connection.unblocked", "1 basic.ack", "1 queue.declare-ok"} {
			if !slices.Contains(got, want) {
				t.Errorf("afterwards: got %q, want %s among it", got, want)
			}
		}
	})
}

func TestAlarmsTellOfAllShortages(t *testing.T) {
	var s Server
	s.SetAlarm("memory", true)
	s.SetAlarm("disk", true)
	if reason, over := s.alarms.state(); reason != "low on disk & memory" || over == nil {
		t.Errorf("got %q", reason)
	}
	s.SetAlarm("disk", false)
	_, over := s.alarms.state()
	s.SetAlarm("memory", false)
	<-over
	if reason, over := s.alarms.state(); reason != "" || over != nil {
		t.Errorf("after the last: got %q", reason)
	}
}

func TestManyShortagesAreToldInShort(t *testing.T) {
	var s Server
	for _, resource := range []string{strings.Repeat("x", 200), strings.Repeat("ü", 100)} {
		s.SetAlarm(resource, true)
	}
	reason, _ := s.alarms.state()
	if want := "low on " + strings.Repeat("x", 200) + " & " + strings.Repeat("ü", 22); reason != want {
		t.Errorf("got %q of %d octets, want %q", reason, len(reason), want)
	}
}

func TestBlockedConnectionCanBeShutDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		c := dial(t, s)
		for _, line := range blockable {
			c.do(line)
		}
		c.do(`1 channel.open`)
		s.SetAlarm("disk", true)
		c.send(publishing("q", nil))
		synctest.Wait()
		go s.Shutdown(t.Context())
		synctest.Wait()
		if got := methods(c.listen()); !slices.Contains(got, "0 connection.close") {
			t.Errorf("got %q, want connection.close", got)
		}
		c.do(`0 connection.close-ok`)
		synctest.Wait()
	})
}
