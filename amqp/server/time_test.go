package server

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// loginBeating logs in with a heartbeat of so many seconds.
func (c *client) loginBeating(seconds int) {
	c.t.Helper()
	for _, line := range handshake {
		c.do(strings.ReplaceAll(line, "heartbeat=0", "heartbeat="+strconv.Itoa(seconds)))
	}
	synctest.Wait()
	c.listen()
}

func TestAClientMaySpeakBeforeItReadsTheGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe() // which holds nothing: whoever writes waits for who reads
		go testServer(t).ServeConn(theirs)
		c := &client{t: t, conn: ours}
		r := amqp.NewReader(ours)
		for i, line := range handshake {
			c.do(line)
			if i == 2 {
				continue // tune-ok is not answered
			}
			if _, err := r.ReadFrame(); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		c.do(`0 connection.close reply-code=200 reply-text="bye"`)
		c.do(`0 connection.close-ok`)
		f, err := r.ReadFrame()
		if err != nil || string(amqp.AppendTrace(nil, f)) != "0 connection.close-ok" {
			t.Errorf("got %s, %v, want close-ok", amqp.AppendTrace(nil, f), err)
		}
		if waited := time.Since(began); waited > 0 {
			t.Errorf("it took %v, want no time", waited)
		}
		ours.Close()
	})
}

const heartbeatLine = "0 heartbeat"

func TestHeartbeatsAreSentTwiceAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, testServer(t))
		c.loginBeating(4)
		time.Sleep(2 * time.Second) // open-ok was in these
		c.do(heartbeatLine)
		c.listen()
		for range 10 {
			time.Sleep(2*time.Second - time.Nanosecond)
			synctest.Wait()
			if heard := c.listen(); heard != nil {
				t.Fatalf("before half an interval: got %q, want nothing", heard)
			}
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if heard := c.listen(); !slices.Equal(heard, []string{heartbeatLine}) {
				t.Fatalf("after half an interval: got %q, want a heartbeat", heard)
			}
			c.do(heartbeatLine)
		}
	})
}

func TestTrafficIsAsGoodAsAHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, testServer(t))
		c.loginBeating(2)
		c.do(`1 channel.open`)
		time.Sleep(time.Second / 2) // between the server's ticks
		for range 30 {
			time.Sleep(time.Second)
			c.do(`1 basic.qos`)
			synctest.Wait()
			if heard := c.listen(); !slices.Contains(heard, "1 basic.qos-ok") || slices.Contains(heard, heartbeatLine) {
				t.Fatalf("got %q, want qos-ok and no heartbeat", heard)
			}
		}
	})
}

func TestSilentClientIsDroppedAfterThreeIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, testServer(t))
		c.loginBeating(2)
		time.Sleep(6*time.Second - time.Nanosecond)
		synctest.Wait()
		if heard := c.listen(); slices.Contains(heard, "hangs up") {
			t.Errorf("before the second check without traffic: got %q, want heartbeats", heard)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if heard := c.listen(); !slices.Equal(heard, []string{"hangs up"}) {
			t.Errorf("at the second check without traffic: got %q, want the server to hang up", heard)
		}
	})
}

func TestNoHeartbeatsIfTheClientWantsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, testServer(t))
		c.login()
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if heard := c.listen(); heard != nil {
			t.Errorf("in a day: got %q, want nothing", heard)
		}
	})
}

func TestHandshakeTimeout(t *testing.T) {
	for name, test := range map[string]struct{ say, hear []string }{
		"without a word":        {nil, nil},
		"within the header":     {[]string{"half a header"}, nil},
		"without logging in":    {handshake[:1], []string{"0 connection.start"}},
		"without tuning":        {handshake[:2], []string{"0 connection.start", "0 connection.tune"}},
		"without a vhost":       {handshake[:3], []string{"0 connection.start", "0 connection.tune"}},
		"with heartbeats alone": {[]string{handshake[0], heartbeatLine}, []string{"0 connection.start"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := dial(t, testServer(t))
				for _, line := range test.say {
					if line == "half a header" {
						c.send([]byte("AMQP"))
						continue
					}
					c.do(line)
				}
				time.Sleep(DefaultHandshakeTimeout - time.Nanosecond)
				synctest.Wait()
				if heard := methods(c.listen()); !slices.Equal(heard, test.hear) {
					t.Errorf("before the timeout: got %q, want %q", heard, test.hear)
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				if heard := c.listen(); !slices.Equal(heard, []string{"hangs up"}) {
					t.Errorf("at the timeout: got %q, want the server to hang up", heard)
				}
			})
		})
	}
}

// methods returns lines without the fields.
func methods(lines []string) []string {
	var short []string
	for _, line := range lines {
		short = append(short, strings.Join(strings.SplitN(line, " ", 3)[:2], " "))
	}
	return short
}

func TestCloseOkTimeoutIsTheHeartbeatIfThatIsShorter(t *testing.T) {
	for seconds, want := range map[int]time.Duration{
		0:  closeTimeout,
		5:  5 * time.Second,
		60: closeTimeout,
	} {
		t.Run(strconv.Itoa(seconds), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := dial(t, testServer(t))
				c.loginBeating(seconds)
				c.do(`1 channel.close-ok`) // on no channel
				time.Sleep(want - time.Nanosecond)
				synctest.Wait()
				if heard := methods(c.listen()); !slices.Equal(heard, []string{"0 connection.close"}) {
					t.Errorf("before %v: got %q, want connection.close", want, heard)
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				if heard := c.listen(); !slices.Equal(heard, []string{"hangs up"}) {
					t.Errorf("after %v: got %q, want the server to hang up", want, heard)
				}
			})
		})
	}
}

const forced = `0 connection.close reply-code=320 reply-text="CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'" class-id=0 method-id=0`

func TestShutdownIsOverWhenTheLastClientHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		c := dial(t, s)
		c.login()
		half := dial(t, s) // has not logged in: nothing is said to it
		synctest.Wait()

		done := make(chan error, 1)
		go func() { done <- s.Shutdown(t.Context()) }()
		synctest.Wait()
		if heard := c.listen(); !slices.Equal(heard, []string{forced}) {
			t.Errorf("the client: got %q, want %s", heard, forced)
		}
		if heard := half.listen(); !slices.Equal(heard, []string{"hangs up"}) {
			t.Errorf("a client not logged in: got %q, want the server to hang up", heard)
		}
		select {
		case err := <-done:
			t.Errorf("shutdown: got %v before the client has gone, want to wait", err)
		default:
		}
		c.do(`0 connection.close-ok`)
		if err := <-done; err != nil {
			t.Errorf("shutdown: got %v, want no error", err)
		}

		late := dial(t, s)
		synctest.Wait()
		if heard := late.listen(); !slices.Equal(heard, []string{"hangs up"}) {
			t.Errorf("a client that comes late: got %q, want the server to hang up", heard)
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Errorf("second shutdown: got %v, want no error", err)
		}
	})
}

func TestShutdownCutsOffWhoDoesNotGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		c := dial(t, s)
		c.login()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %v, want 1s", took)
		}
		synctest.Wait()
		if heard := c.listen(); !slices.Equal(heard, []string{forced, "hangs up"}) {
			t.Errorf("got %q, want %s and the server to hang up", heard, forced)
		}
	})
}

// A fullStore has room when it is told to.
type fullStore struct {
	store.Store
	room chan struct{}
}

func (s *fullStore) Room() <-chan struct{} { return s.room }

func TestShutdownDoesNotWaitForTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serverOn(t, &fullStore{Store: store.NewMemory(), room: make(chan struct{})})
		c := dial(t, s)
		c.login()
		go c.do(`0 connection.close-ok`) // is not read until the server closes
		done := make(chan error, 1)
		go func() { done <- s.Shutdown(t.Context()) }()
		synctest.Wait()
		if heard := c.listen(); !slices.Equal(heard, []string{forced, "hangs up"}) {
			t.Errorf("got %q, want %s and the server to hang up", heard, forced)
		}
		if err := <-done; err != nil {
			t.Errorf("got %v, want no error", err)
		}
	})
}

func TestServeEndsWithShutdown(t *testing.T) {
	s := testServer(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown: got %v, want no error", err)
	}
	if err := <-served; !errors.Is(err, ErrServerClosed) {
		t.Errorf("serve: got %v, want ErrServerClosed", err)
	}
	if err := s.Serve(l); !errors.Is(err, ErrServerClosed) {
		t.Errorf("serve again: got %v, want ErrServerClosed", err)
	}
}
