package server

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// draining has a server with a message out begin to drain, and returns how that ends.
func draining(t *testing.T, limit time.Duration) (s *Server, c *client, ended chan error) {
	t.Helper()
	s = testServer(t)
	c = dial(t, s)
	c.login()
	c.hears([]string{
		`1 channel.open`, `1 queue.declare queue="q" no-wait`, `1 basic.publish exchange="" routing-key="q"`, `1 header size=2`, `1 body "hi"`,
		`1 basic.consume queue="q" consumer-tag="c"`,
	}, `1 channel.open-ok`, `1 basic.consume-ok consumer-tag="c"`,
		`1 basic.deliver consumer-tag="c" delivery-tag=1 exchange="" routing-key="q"`, `1 header size=2`, `1 body "hi"`)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	ended = make(chan error, 1)
	go func() { ended <- s.Drain(ctx) }()
	synctest.Wait()
	return s, c, ended
}

// over reports whether draining has ended.
func over(ended chan error) bool {
	synctest.Wait()
	return len(ended) > 0
}

func TestDrainDeliversNothingMoreAndWaitsForAcks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c, ended := draining(t, time.Minute)
		if over(ended) {
			t.Fatal("it did not wait for the ack")
		}
		late := dial(t, s)
		synctest.Wait()
		if heard := late.listen(); !slices.Equal(heard, []string{"hangs up"}) {
			t.Errorf("a client that comes late: got %q, want the server to hang up", heard)
		}
		// Publishing goes on, and nobody gets it: neither who is there nor who comes.
		c.hears([]string{
			`1 confirm.select`, `1 basic.publish exchange="" routing-key="q"`, `1 header size=2`, `1 body "ho"`,
		}, `1 confirm.select-ok`, `1 basic.ack delivery-tag=1`)
		c.hears([]string{`1 basic.consume queue="q" consumer-tag="d"`}, `1 basic.consume-ok consumer-tag="d"`)
		if over(ended) {
			t.Fatal("it did not wait for the ack")
		}
		c.hears([]string{`1 basic.ack delivery-tag=1`})
		if !over(ended) {
			t.Fatal("it waits for more than the ack")
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestDrainIsOverWhenWhoHasDeliveriesIsGone(t *testing.T) {
	for _, last := range []string{`1 channel.close reply-code=200 reply-text="" class-id=0 method-id=0`, "hangs up"} {
		synctest.Test(t, func(t *testing.T) {
			_, c, ended := draining(t, time.Minute)
			c.do(last)
			if !over(ended) {
				t.Errorf("%s: it still waits", last)
			}
		})
	}
}

func TestDrainWaitsNoLongerThanItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c, ended := draining(t, time.Second)
		start := time.Now()
		if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %v, want 1s", took)
		}
		down := make(chan error, 1)
		go func() { down <- s.Shutdown(t.Context()) }()
		synctest.Wait()
		if heard := c.listen(); !slices.Equal(heard, []string{forced}) {
			t.Errorf("got %q, want %s", heard, forced)
		}
		c.do(`0 connection.close-ok`)
		if err := <-down; err != nil {
			t.Error(err)
		}
	})
}
