package server

import (
	"fmt"
	"net"
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

// BenchmarkPath is a message's whole way over a real socket: published,
// delivered, acked. Allocations are the broker's and this client's together; the
// client allocates only the chunks it reads into.
func BenchmarkPath(b *testing.B) {
	for _, size := range []int{16, 1024} {
		b.Run(fmt.Sprintf("body=%d", size), func(b *testing.B) { benchmarkPath(b, size) })
	}
}

// together is how many messages are on their way at once.
const together = 200

func benchmarkPath(b *testing.B, size int) {
	conn, in := dialSocket(b, testServer(b))
	write := func(octets []byte) {
		if _, err := conn.Write(octets); err != nil {
			b.Fatal(err)
		}
	}
	write(methodFrames(1, &amqp.ChannelOpen{}, &amqp.QueueDeclare{Queue: "q"}, &amqp.BasicConsume{Queue: "q", ConsumerTag: "c"}))
	for range 3 {
		if _, err := in.ReadFrame(); err != nil {
			b.Fatal(err)
		}
	}
	var batch []byte
	for range together {
		batch = append(batch, publishing("q", make([]byte, size))...)
	}
	var acks []byte
	tag := uint64(0)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	left := 0
	for b.Loop() {
		if left == 0 {
			write(append(acks, batch...))
			acks, left = acks[:0], together
		}
		for range 3 { // deliver, header, body
			if _, err := in.ReadFrame(); err != nil {
				b.Fatal(err)
			}
		}
		tag++
		acks = amqp.AppendBasicAck(acks, 1, tag, false)
		left--
	}
}

// dialSocket logs in to s over a socket.
func dialSocket(b *testing.B, s *Server) (net.Conn, *amqp.Reader) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		conn.Close()
		if err := s.Shutdown(b.Context()); err != nil && b.Context().Err() == nil {
			b.Error(err)
		}
		<-served
	})
	in := amqp.NewReader(conn)
	var login []byte
	c := &client{t: b}
	for _, line := range handshake {
		login = append(login, c.octets(line)...)
	}
	if _, err := conn.Write(login); err != nil {
		b.Fatal(err)
	}
	for range 3 { // start, tune, open-ok
		if _, err := in.ReadFrame(); err != nil {
			b.Fatal(err)
		}
	}
	return conn, in
}
