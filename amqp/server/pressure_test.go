package server

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// dialDeaf logs in a client that reads nothing by itself.
func dialDeaf(t *testing.T, s *Server) (net.Conn, *amqp.Reader) {
	t.Helper()
	ours, theirs := net.Pipe()
	go s.ServeConn(theirs)
	t.Cleanup(func() { ours.Close() })
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
	return ours, r
}

// publishing returns the frames of a publish to a queue.
func publishing(queue string, body []byte) []byte {
	b := amqp.AppendMethod(nil, 1, &amqp.BasicPublish{RoutingKey: queue})
	m := amqp.NewMessage("", queue, nil, body)
	return amqp.AppendContent(b, 1, &m, 131072)
}

// waiting returns how many octets wait to be written to the connections of s.
func waiting(s *Server) (most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.connections {
		c.outbox.mu.Lock()
		most = max(most, c.outbox.size)
		c.outbox.mu.Unlock()
	}
	return most
}

func methodFrames(channel uint16, ms ...amqp.Method) []byte {
	var b []byte
	for _, m := range ms {
		b = amqp.AppendMethod(b, channel, m)
	}
	return b
}

func TestDeafConsumerHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages, size = 4096, 4 << 10 // 16 MiB
		s := testServer(t)
		deaf, _ := dialDeaf(t, s)
		if _, err := deaf.Write(methodFrames(1, &amqp.ChannelOpen{}, &amqp.QueueDeclare{Queue: "q"},
			&amqp.BasicConsume{Queue: "q", ConsumerTag: "deaf", NoAck: true, NoWait: true})); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()

		c := dial(t, s)
		c.login()
		c.do(`1 channel.open`)
		c.do(`1 basic.consume queue="q" consumer-tag="listening" no-ack no-wait`)
		message := publishing("q", make([]byte, size))
		for range messages {
			c.send(message)
		}
		synctest.Wait()
		got := 0
		for _, line := range methods(c.listen()) {
			if line == "1 basic.deliver" {
				got++
			}
		}
		// What the deaf one was given is on its way to it: what is being
		// written, and as much again.
		if least := messages - 2*outboxFull/size - 2; got < least {
			t.Errorf("delivered to who listens: got %d, want %d at least", got, least)
		}
		if most := waiting(s); most > outboxFull+2*size {
			t.Errorf("waiting to be written: got %d octets, want %d and one message at most", most, outboxFull)
		}
	})
}

func TestMessagesOfADeafConsumerComeWhenItListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages = 5000
		s := testServer(t)
		deaf, in := dialDeaf(t, s)
		if _, err := deaf.Write(methodFrames(1, &amqp.ChannelOpen{}, &amqp.QueueDeclare{Queue: "q"},
			&amqp.BasicConsume{Queue: "q", ConsumerTag: "deaf", NoWait: true})); err != nil {
			t.Fatal(err)
		}
		c := dial(t, s)
		c.login()
		c.do(`1 channel.open`)
		for i := range messages {
			c.send(publishing("q", fmt.Appendf(nil, "%01000d", i)))
		}
		synctest.Wait()
		for next := 0; next < messages; {
			f, err := in.ReadFrame()
			if err != nil {
				t.Fatal(err)
			}
			if f.Type != amqp.FrameBody {
				continue
			}
			if want := fmt.Sprintf("%01000d", next); string(f.Payload) != want {
				t.Fatalf("message %d: got %.20s, want another", next, f.Payload)
			}
			next++
		}
	})
}

func TestFewOctetsCannotAskForMuchMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages, size = 64, 1 << 20
		s := testServer(t)
		c := dial(t, s)
		c.login()
		c.do(`1 channel.open`)
		c.do(`1 queue.declare queue="q"`)
		body := bytes.Repeat([]byte("x"), size)
		for range messages {
			c.send(publishing("q", body))
		}

		deaf, in := dialDeaf(t, s)
		gets := methodFrames(1, &amqp.ChannelOpen{})
		for range messages {
			gets = append(gets, methodFrames(1, &amqp.BasicGet{Queue: "q", NoAck: true})...)
		}
		if _, err := deaf.Write(gets); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if most := waiting(s); most > outboxFull+size+1000 {
			t.Errorf("waiting to be written: got %d octets, want %d and one message at most", most, outboxFull)
		}
		for left := messages * size; left > 0; {
			f, err := in.ReadFrame()
			if err != nil {
				t.Fatal(err)
			}
			if f.Type == amqp.FrameBody {
				left -= len(f.Payload)
			}
		}
	})
}

func TestPublisherIsNotReadWhileTheStoreHasNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages = 100
		st := &fullStore{Store: store.NewMemory(), room: make(chan struct{})}
		s := serverOn(t, &fullStore{Store: st, room: plenty})
		c := dial(t, s)
		c.login()
		c.do(`1 channel.open`)
		c.do(`1 queue.declare queue="q"`)
		c.do(`1 confirm.select`)
		synctest.Wait()
		c.listen()

		s.Store.(*fullStore).room = st.room // nobody is looking
		sent := 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			for ; sent < messages; sent++ {
				c.send(publishing("q", make([]byte, 10<<10)))
			}
		}()
		synctest.Wait()
		if sent > 2 {
			t.Errorf("publishes read: got %d, want 2 at most", sent)
		}
		time.Sleep(time.Hour) // heartbeats are off, and nobody hangs up
		close(st.room)
		<-done
		synctest.Wait()
		confirmed := 0
		for _, line := range methods(c.listen()) {
			if line == "1 basic.ack" {
				confirmed++
			}
		}
		if confirmed == 0 || sent != messages {
			t.Errorf("with room again: got %d publishes and %d confirms, want all %d", sent, confirmed, messages)
		}
	})
}

// TestClientsThatVanish leaves in all states in which the server waits for
// something other than the socket. That the bubble ends is the test.
func TestClientsThatVanish(t *testing.T) {
	flood := func(deaf net.Conn) {
		deaf.Write(methodFrames(1, &amqp.ChannelOpen{}, &amqp.QueueDeclare{Queue: "q"}))
		for range 1000 {
			if _, err := deaf.Write(publishing("q", make([]byte, 1000))); err != nil {
				return
			}
		}
		deaf.Write(methodFrames(1, &amqp.BasicConsume{Queue: "q", NoAck: true, NoWait: true}))
		deaf.Write(methodFrames(1, &amqp.BasicGet{Queue: "q"}))
	}
	for name, leave := range map[string]func(*testing.T, *Server, net.Conn){
		"while the outbox is full": func(t *testing.T, s *Server, deaf net.Conn) {
			go flood(deaf)
			synctest.Wait()
			deaf.Close()
		},
		"after connection.close, without reading": func(t *testing.T, s *Server, deaf net.Conn) {
			deaf.Write(methodFrames(1, &amqp.ChannelOpen{})) // open-ok stays where it is
			deaf.Write(methodFrames(0, &amqp.ConnectionClose{ReplyCode: 200}))
			time.Sleep(closeTimeout)
			synctest.Wait()
			if _, err := deaf.Write([]byte{0}); err != io.ErrClosedPipe {
				t.Errorf("write: got %v, want the server to have hung up", err)
			}
		},
		"while the store has no room": func(t *testing.T, s *Server, deaf net.Conn) {
			s.Store = &fullStore{Store: s.Store, room: make(chan struct{})}
			deaf.Write(methodFrames(1, &amqp.ChannelOpen{}))
			synctest.Wait()
			deaf.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := testServer(t)
				deaf, _ := dialDeaf(t, s)
				synctest.Wait()
				leave(t, s, deaf)
				synctest.Wait()
				s.mu.Lock()
				defer s.mu.Unlock()
				if len(s.connections) != 0 {
					t.Errorf("connections: got %d, want none", len(s.connections))
				}
			})
		})
	}
}
