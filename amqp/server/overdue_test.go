package server

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// manualServer returns a server whose messages live by a clock moved by hand.
func manualServer(t *testing.T) (*Server, *clock.Manual) {
	t.Helper()
	manual := clock.NewManual(time.Unix(1, 0))
	return serverBy(t, store.NewMemory(), manual), manual
}

// A patient client and the clock that its server lives by.
type patient struct {
	*client
	clock *clock.Manual
}

// patiently has a test talk to a server whose clock it moves.
func patiently(t *testing.T, change func(*Server), test func(p patient)) {
	synctest.Test(t, func(t *testing.T) {
		s, manual := manualServer(t)
		if change != nil {
			change(s)
		}
		c := dial(t, s)
		c.login()
		test(patient{client: c, clock: manual})
	})
}

// after moves the clock on, lets the client's last chance pass, and compares what
// the server says with want.
func (p patient) after(d time.Duration, want ...string) {
	p.t.Helper()
	p.clock.Advance(d)
	time.Sleep(lastChance)
	p.hears(nil, want...)
}

func queueDeclare(name, arguments string) string {
	return fmt.Sprintf(`1 queue.declare queue=%q no-wait arguments={%s}`, name, arguments)
}

func publish(channel int, name string) []string {
	return []string{fmt.Sprintf(`%d basic.publish exchange="" routing-key=%q`, channel, name), fmt.Sprintf(`%d header size=0`, channel)}
}

func delivered(channel int, consumer string, tag int, name string) []string {
	return []string{
		fmt.Sprintf(`%d basic.deliver consumer-tag=%q delivery-tag=%d exchange="" routing-key=%q`, channel, consumer, tag, name),
		fmt.Sprintf(`%d header size=0`, channel),
	}
}

func timedOut(channel, milliseconds int) string {
	return fmt.Sprintf(`%d channel.close reply-code=406 reply-text="PRECONDITION_FAILED - delivery acknowledgement on channel %d timed out. `+
		`Timeout value used: %d ms. This timeout value can be configured, see consumers doc guide to learn more" class-id=0 method-id=0`, channel, channel, milliseconds)
}

// consuming opens a channel with a consumer of q, which gets a message.
func (p patient) consuming(arguments string) {
	p.t.Helper()
	p.hears([]string{`1 channel.open`, queueDeclare("q", arguments), `1 basic.consume queue="q" consumer-tag="c" no-wait`}, `1 channel.open-ok`)
	p.hears(publish(1, "q"), delivered(1, "c", 1, "q")...)
}

func TestChannelIsClosedAfterTheConsumerTimeout(t *testing.T) {
	patiently(t, nil, func(p patient) {
		p.consuming("")
		p.after(30*time.Minute - time.Nanosecond)
		p.after(time.Minute+time.Nanosecond, timedOut(1, 1_800_000))
		p.after(24 * time.Hour) // it is not said again, though there is no answer
		p.hears([]string{`1 channel.close-ok`, `1 channel.open`, `1 basic.get queue="q"`},
			`1 channel.open-ok`, `1 basic.get-ok delivery-tag=1 redelivered exchange="" routing-key="q" message-count=0`, `1 header size=0`)
	})
}

func TestConsumerTimeoutIsForGetsToo(t *testing.T) {
	patiently(t, func(s *Server) { s.ConsumerTimeout = time.Second }, func(p patient) {
		p.hears([]string{`1 channel.open`, queueDeclare("q", "")}, `1 channel.open-ok`)
		p.hears(append(publish(1, "q"), `1 basic.get queue="q"`),
			`1 basic.get-ok delivery-tag=1 exchange="" routing-key="q" message-count=0`, `1 header size=0`)
		p.after(time.Second - time.Nanosecond)
		p.after(200*time.Millisecond, timedOut(1, 1000))
	})
}

func TestConsumerTimeoutIsNotForWhatNeedsNoAck(t *testing.T) {
	patiently(t, nil, func(p patient) {
		p.hears([]string{`1 channel.open`, queueDeclare("q", ""), `1 basic.consume queue="q" consumer-tag="c" no-ack no-wait`}, `1 channel.open-ok`)
		p.hears(publish(1, "q"), delivered(1, "c", 1, "q")...)
		p.after(time.Hour)
	})
}

func TestConsumersThatAckInTimeStay(t *testing.T) {
	patiently(t, nil, func(p patient) {
		p.consuming("")
		for tag := 2; tag < 100; tag++ { // each of them is acked after three rounds
			p.hears(publish(1, "q"), delivered(1, "c", tag, "q")...)
			p.after(10*time.Minute - time.Second)
			if tag >= 3 {
				p.hears([]string{fmt.Sprintf(`1 basic.ack delivery-tag=%d`, tag-2)})
			}
		}
	})
}

func TestOnlyTheChannelThatIsLateIsClosed(t *testing.T) {
	patiently(t, nil, func(p patient) {
		p.consuming("")
		p.after(10 * time.Minute)
		p.hears([]string{`2 channel.open`, `2 basic.consume queue="q" consumer-tag="d" no-wait`}, `2 channel.open-ok`)
		p.hears(publish(1, "q"), delivered(1, "c", 2, "q")...)
		p.hears(publish(1, "q"), delivered(2, "d", 1, "q")...)
		// What was delivered later comes back with what was late.
		p.after(21*time.Minute, slices.Concat(redelivered(2, "d", 2, "q"), redelivered(2, "d", 3, "q"), []string{timedOut(1, 1_800_000)})...)
		p.after(10*time.Minute, timedOut(2, 1_800_000))
	})
}

func redelivered(channel int, consumer string, tag int, name string) []string {
	lines := delivered(channel, consumer, tag, name)
	lines[0] = strings.Replace(lines[0], " exchange", " redelivered exchange", 1)
	return lines
}

func TestConsumerTimeoutMayBeNone(t *testing.T) {
	for name, change := range map[string]func(*Server){
		"at all":              func(s *Server) { s.NoConsumerTimeout = true },
		"of the server's own": func(s *Server) { s.ConsumerTimeout = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			patiently(t, change, func(p patient) {
				p.consuming("")
				p.after(24 * time.Hour)
			})
		})
	}
}

func TestConsumerTimeoutOfAQueue(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*Server)
		own     string
		timeout time.Duration // 0 for none
	}{
		"shorter":                   {nil, "x-consumer-timeout: I 300000", 5 * time.Minute},
		"longer":                    {nil, "x-consumer-timeout: l 86400000", 24 * time.Hour},
		"that is no number":         {nil, `x-consumer-timeout: S "300000"`, 30 * time.Minute},
		"of zero":                   {nil, "x-consumer-timeout: I 0", 30 * time.Minute},
		"less than zero":            {nil, "x-consumer-timeout: I -1", 30 * time.Minute},
		"where the server has none": {func(s *Server) { s.ConsumerTimeout = -1 }, "x-consumer-timeout: I 300000", 5 * time.Minute},
		"where there is to be none": {func(s *Server) { s.NoConsumerTimeout = true }, "x-consumer-timeout: I 300000", 0},
	} {
		t.Run(name, func(t *testing.T) {
			patiently(t, test.change, func(p patient) {
				p.consuming(test.own)
				if test.timeout == 0 {
					p.after(48 * time.Hour)
					return
				}
				p.after(test.timeout - time.Nanosecond)
				p.after(time.Minute+time.Nanosecond, timedOut(1, int(test.timeout.Milliseconds())))
			})
		})
	}
}

func TestConsumerTimeoutsOfQueuesOnOneChannel(t *testing.T) {
	patiently(t, nil, func(p patient) {
		p.consuming("x-consumer-timeout: I 86400000")
		p.hears([]string{queueDeclare("quick", "x-consumer-timeout: I 600000"), queueDeclare("usual", "")})
		p.hears(append(publish(1, "usual"), `1 basic.get queue="usual"`),
			`1 basic.get-ok delivery-tag=2 exchange="" routing-key="usual" message-count=0`, `1 header size=0`)
		p.after(25 * time.Minute)
		p.hears([]string{`1 basic.ack delivery-tag=2`})
		p.hears(append(publish(1, "quick"), `1 basic.get queue="quick"`),
			`1 basic.get-ok delivery-tag=3 exchange="" routing-key="quick" message-count=0`, `1 header size=0`)
		p.after(10*time.Minute - time.Nanosecond)
		p.after(time.Minute+time.Nanosecond, timedOut(1, 600_000))
	})
}

func TestConsumerTimeoutOfAConsumer(t *testing.T) {
	patiently(t, nil, func(p patient) {
		p.hears([]string{`1 channel.open`, queueDeclare("q", "x-consumer-timeout: I 86400000"),
			`1 basic.consume queue="q" consumer-tag="c" no-wait arguments={x-consumer-timeout: I 600000}`}, `1 channel.open-ok`)
		p.hears(publish(1, "q"), delivered(1, "c", 1, "q")...)
		p.after(10*time.Minute - time.Nanosecond)
		p.after(time.Minute+time.Nanosecond, timedOut(1, 600_000))
	})
}

func TestConsumerTimeoutOfAConsumerIsATime(t *testing.T) {
	for _, value := range []string{`S "600000"`, "I 0", "I -1", "l 315360000001"} {
		patiently(t, nil, func(p patient) {
			p.hears([]string{`1 channel.open`, queueDeclare("q", ""), `1 basic.consume queue="q" consumer-tag="c" arguments={x-consumer-timeout: ` + value + `}`},
				`1 channel.open-ok`, `1 channel.close reply-code=406 reply-text="PRECONDITION_FAILED - invalid arg 'x-consumer-timeout' for queue 'q' in vhost '/': `+
					`expected milliseconds from 1 to 315360000000, got `+strings.Trim(strings.Fields(value)[1], `"`)+`" class-id=60 method-id=20`)
		})
	}
}

func TestRolledBackAcksAreLateToo(t *testing.T) {
	patiently(t, nil, func(p patient) {
		p.consuming("")
		p.hears([]string{`1 tx.select`, `1 basic.ack delivery-tag=1`}, `1 tx.select-ok`)
		p.after(24 * time.Hour) // it has been acked, for all the server knows
		p.hears([]string{`1 tx.rollback`}, `1 tx.rollback-ok`)
		p.after(30*time.Minute - time.Nanosecond)
		p.after(time.Minute+time.Nanosecond, timedOut(1, 1_800_000))
	})
}

// The read loop looks up from a frame it has half of, and loses nothing of it.
func TestChannelIsClosedWhileAFrameArrives(t *testing.T) {
	patiently(t, nil, func(p patient) {
		p.consuming("")
		p.hears([]string{`2 channel.open`, `2 basic.publish exchange="" routing-key="q"`, `2 header size=100000`}, `2 channel.open-ok`)
		body := p.octets(fmt.Sprintf(`2 body %q`, strings.Repeat("b", 100_000)))
		p.send(body[:50_000])
		p.after(31*time.Minute, timedOut(1, 1_800_000))
		p.send(body[50_000:])
		p.hears([]string{`1 channel.close-ok`, `2 queue.declare queue="q" passive`}, `2 queue.declare-ok queue="q" message-count=2 consumer-count=0`)
	})
}

func TestChannelIsClosedWithinAPublish(t *testing.T) {
	patiently(t, nil, func(p patient) {
		p.consuming("")
		p.hears([]string{`1 basic.publish exchange="" routing-key="q"`, `1 header size=4`})
		p.after(31*time.Minute, timedOut(1, 1_800_000))
		p.hears([]string{`1 body "late"`, `1 channel.close-ok`, `1 channel.open`, `1 queue.declare queue="q" passive`},
			`1 channel.open-ok`, `1 queue.declare-ok queue="q" message-count=1 consumer-count=0`)
	})
}

func TestWhatIsAckedAtTheLastMomentIsNotLate(t *testing.T) {
	patiently(t, nil, func(p patient) {
		p.consuming("")
		p.clock.Advance(24 * time.Hour)
		time.Sleep(lastChance - time.Nanosecond)
		p.hears([]string{`1 basic.ack delivery-tag=1`})
		p.after(0)
		p.hears(publish(1, "q"), delivered(1, "c", 2, "q")...)
		p.after(24*time.Hour, timedOut(1, 1_800_000)) // once more, with the same read loop
	})
}

// Looks that come quickly do not put off what an earlier one has found.
func TestLooksDoNotPutOffTheEnd(t *testing.T) {
	patiently(t, func(s *Server) { s.ConsumerTimeout = time.Second }, func(p patient) {
		p.consuming("")
		p.clock.Advance(1100 * time.Millisecond)
		for range 2 {
			time.Sleep(lastChance / 2)
			p.clock.Advance(leastLook)
		}
		p.hears(nil, timedOut(1, 1000))
	})
}

func TestNobodyLooksWhileThereIsNothingToSee(t *testing.T) {
	var server *Server
	patiently(t, func(s *Server) { server = s }, func(p patient) {
		wantLooking := func(want bool, when string) {
			if got := server.looking.Load(); got != want {
				t.Fatalf("%s: looking is %v, want %v", when, got, want)
			}
		}
		wantLooking(false, "with nothing unacked")
		p.consuming("")
		for tag := 1; tag < 4; tag++ {
			wantLooking(true, "with a delivery unacked")
			p.hears([]string{fmt.Sprintf(`1 basic.ack delivery-tag=%d`, tag)})
			p.after(mostLook)
			wantLooking(false, "after a look that found nothing")
			p.hears(publish(1, "q"), delivered(1, "c", tag+1, "q")...)
		}
		p.after(30*time.Minute+mostLook, timedOut(1, 1_800_000))
		wantLooking(false, "with the channel closed")
	})
}

func TestAckInTheLastMomentHasTheOthersLookedAtAgain(t *testing.T) {
	patiently(t, nil, func(p patient) {
		p.consuming("")
		p.after(20 * time.Minute)
		p.hears(publish(1, "q"), delivered(1, "c", 2, "q")...)
		p.clock.Advance(11 * time.Minute) // the first is overdue
		p.hears([]string{`1 basic.ack delivery-tag=1`})
		time.Sleep(lastChance)
		p.hears(nil)
		p.after(20*time.Minute, timedOut(1, 1_800_000))
	})
}

func TestLookEvery(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{
		0: time.Minute, -1: time.Minute, time.Hour: time.Minute, 10 * time.Minute: time.Minute,
		time.Minute: 6 * time.Second, time.Millisecond: 100 * time.Millisecond,
	} {
		if got := (&Server{ConsumerTimeout: timeout}).lookEvery(); got != want {
			t.Errorf("timeout %v: got %v, want %v", timeout, got, want)
		}
	}
}

// Nothing is overdue before its time, and everything is at the second look after
// it.
func TestAgesAgainstTimes(t *testing.T) {
	const timeout, tick = 30, 3
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		differ := seed%2 == 1
		queues := map[queue.Queue]int{}
		for _, own := range []int{timeout, timeout / 3, 4 * timeout} {
			queues[new(queue.FIFO)] = own
			if !differ {
				break
			}
		}
		of := func(d *delivery) time.Duration { return time.Duration(queues[d.queue]) }
		all := slices.Collect(maps.Keys(queues))
		var u unacked
		var a ages
		var last uint64
		made := map[uint64]int{}
		for now := range 500 {
			for range random.IntN(4) {
				last += 1 + uint64(random.IntN(2))
				u.add(last, delivery{queue: all[random.IntN(len(all))], entry: queue.Entry{Message: new(amqp.Message)}})
				made[last] = now
			}
			for tag := range made {
				if random.IntN(8) == 0 || now%50 == 0 && random.IntN(2) == 0 {
					u.take(tag)
					delete(made, tag)
				}
			}
			if now%tick != 0 {
				continue
			}
			at := time.Unix(0, int64(now))
			a.look(&u, last, at)
			tag, after := a.overdue(&u, at, of, differ)
			if when, there := made[tag]; tag != 0 && (!there || now-when < int(after)) {
				t.Fatalf("seed %d, at %d: tag %d of %d is overdue after %d", seed, now, tag, when, after)
			}
			for tag, when := range made {
				_, d := u.at(tag)
				if after == 0 && now-when >= queues[d.queue]+tick {
					t.Fatalf("seed %d, at %d: tag %d of %d is not overdue", seed, now, tag, when)
				}
			}
			if len(a.marks) > 4*timeout/tick+2 {
				t.Fatalf("seed %d, at %d: %d marks", seed, now, len(a.marks))
			}
			if after > 0 { // the channel would be closed
				u, a, made = unacked{}, ages{}, map[uint64]int{}
			}
		}
	}
}
