package server

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/harebellmq/harebell/internal/audit"
)

// told is what a server has told: the kinds of happenings, and of consumers the tag
// and the user.
type told struct {
	mu    sync.Mutex
	lines []string
}

func (to *told) tell(h audit.Happening) {
	to.mu.Lock()
	defer to.mu.Unlock()
	switch h := h.(type) {
	case audit.ConsumerCreated:
		to.lines = append(to.lines, fmt.Sprintf("+%s %s", h.Tag, h.User))
	case audit.ConsumerDeleted:
		to.lines = append(to.lines, fmt.Sprintf("-%s %s", h.Tag, h.User))
	case audit.AlarmSet, audit.AlarmCleared:
		to.lines = append(to.lines, fmt.Sprintf("%T %v", h, h))
	default:
		to.lines = append(to.lines, fmt.Sprintf("%T", h))
	}
}

// take returns what has been told since the last time.
func (to *told) take() []string {
	to.mu.Lock()
	defer to.mu.Unlock()
	lines := to.lines
	to.lines = nil
	return lines
}

func TestClientsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to told
		s := testServer(t)
		s.Tell = to.tell
		want := func(what string, lines ...string) {
			t.Helper()
			synctest.Wait()
			if got := to.take(); !slices.Equal(got, lines) {
				t.Errorf("%s: got %q, want %q", what, got, lines)
			}
		}
		c := dial(t, s)
		c.login()
		want("login", "audit.LoggedIn", "audit.ConnectionCreated")
		c.do(`1 channel.open`)
		c.do(`1 queue.declare queue="q"`)
		c.do(`1 basic.consume queue="q" consumer-tag="a"`)
		c.do(`1 basic.consume queue="q" consumer-tag="b"`)
		want("consume", "audit.ChannelCreated", "+a guest", "+b guest")
		c.do(`1 basic.cancel consumer-tag="a"`)
		c.do(`1 basic.cancel consumer-tag="no such"`)
		want("cancel", "-a guest")
		c.do(`1 queue.delete queue="q"`)
		want("the queue goes, by whoever", "-b ")
		c.do(`1 queue.declare queue="q"`)
		c.do(`1 basic.consume queue="q" consumer-tag="c"`)
		c.do(`1 basic.consume queue="amq.rabbitmq.reply-to" consumer-tag="replies" no-ack`)
		want("replies come to nobody else's knowledge", "+c guest")
		c.do(`1 channel.close reply-code=200 reply-text="bye"`)
		want("the channel is closed", "-c guest", "audit.ChannelClosed")
		c.do(`2 channel.open`)
		c.do(`0 connection.close reply-code=200 reply-text="bye"`)
		want("the connection is closed", "audit.ChannelCreated", "audit.ChannelClosed", "audit.ConnectionClosed")
		s.SetAlarm("disk", true)
		s.SetAlarm("disk", true)
		s.SetAlarm("disk", false)
		want("alarm", "audit.AlarmSet {disk}", "audit.AlarmCleared {disk}")
	})
}

func TestRefusedLoginsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to told
		s := testServer(t)
		s.Tell = to.tell
		c := dial(t, s)
		c.do(`AMQP 0 0 9 1`)
		c.do(`0 connection.start-ok mechanism="PLAIN" response="\x00guest\x00wrong" locale="en_US"`)
		synctest.Wait()
		if got, want := to.take(), []string{"audit.LoginRefused"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		s.CutConnections()
		synctest.Wait()
		if got, want := to.take(), []string{"audit.ConnectionClosed"}; !slices.Equal(got, want) {
			t.Errorf("then got %q, want %q", got, want)
		}
	})
}
