package perf

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

// A sink is the fastest broker there can be: it says yes to everything, forgets
// what is published, and delivers one message over and over. What a load
// generator makes of it is the load generator's own limit.
type sink struct {
	listener net.Listener
	size     int // octets of a delivered body
}

func newSink(tb testing.TB, size int) *sink {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	s := &sink{listener: l, size: size}
	go s.serve()
	return s
}

func (s *sink) url() string { return "amqp://" + s.listener.Addr().String() }

func (s *sink) serve() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		go s.serveConn(conn)
	}
}

func (s *sink) serveConn(conn net.Conn) {
	defer conn.Close()
	reader := amqp.NewReader(conn)
	if _, err := reader.ReadProtocolHeader(); err != nil {
		return
	}
	answer := amqp.Method(&amqp.ConnectionStart{Mechanisms: "PLAIN", Locales: "en_US"})
	number := uint16(0)
	for {
		if answer != nil {
			if _, err := conn.Write(amqp.AppendMethod(nil, number, answer)); err != nil {
				return
			}
		}
		f, err := reader.ReadFrame()
		if err != nil || f.Type != amqp.FrameMethod {
			return
		}
		m, err := amqp.ParseMethod(f.Payload)
		if err != nil {
			return
		}
		number, answer = f.Channel, yes(m)
		switch m.(type) {
		case *amqp.BasicPublish:
			io.Copy(io.Discard, conn)
			return
		case *amqp.BasicConsume:
			go io.Copy(io.Discard, conn)
			s.deliver(conn)
			return
		}
	}
}

// yes returns the answer that a client wants to hear.
func yes(m amqp.Method) amqp.Method {
	switch m := m.(type) {
	case *amqp.ConnectionStartOk:
		return &amqp.ConnectionTune{ChannelMax: 2047, FrameMax: 131072}
	case *amqp.ConnectionOpen:
		return &amqp.ConnectionOpenOk{}
	case *amqp.ConnectionClose:
		return &amqp.ConnectionCloseOk{}
	case *amqp.ChannelOpen:
		return &amqp.ChannelOpenOk{}
	case *amqp.QueueDeclare:
		return &amqp.QueueDeclareOk{Queue: m.Queue}
	case *amqp.QueueDelete:
		return &amqp.QueueDeleteOk{}
	case *amqp.BasicQos:
		return &amqp.BasicQosOk{}
	}
	return nil
}

// deliver writes deliveries until the client has had enough.
func (s *sink) deliver(w io.Writer) {
	var octets []byte
	body := make([]byte, s.size)
	for tag := uint64(1); len(octets) < writeSize; tag++ {
		octets = amqp.AppendBasicDeliver(octets, channel, "0", tag, false, "", "queue-1")
		octets = amqp.AppendContentHeader(octets, channel, amqp.Fields{DeliveryMode: 1}.Properties(), uint64(s.size))
		octets = amqp.AppendBody(octets, channel, body, 131072)
	}
	for {
		if _, err := w.Write(octets); err != nil {
			return
		}
	}
}

// run makes a load on the sink for a while and reports its rate.
func benchmarkCeiling(b *testing.B, o Options, count func(*Summary) int64) {
	s := newSink(b, o.Size)
	o.URL, o.Queue, o.Queues, o.Duration = s.url(), "queue", 1, time.Second
	var messages int64
	var elapsed time.Duration
	for b.Loop() {
		summary, err := Run(context.Background(), o, io.Discard)
		if err != nil {
			b.Fatal(err)
		}
		messages += count(&summary)
		elapsed += summary.Elapsed
	}
	b.ReportMetric(float64(messages)/elapsed.Seconds(), "messages/s")
}

func BenchmarkPublish(b *testing.B) {
	published := func(s *Summary) int64 { return s.Published }
	b.Run("16 B", func(b *testing.B) { benchmarkCeiling(b, Options{Publishers: 1, Size: 16}, published) })
	b.Run("16 B with latency", func(b *testing.B) {
		benchmarkCeiling(b, Options{Publishers: 1, Size: 16, Latency: true}, published)
	})
	b.Run("1 KiB", func(b *testing.B) { benchmarkCeiling(b, Options{Publishers: 1, Size: 1024}, published) })
}

func BenchmarkConsume(b *testing.B) {
	delivered := func(s *Summary) int64 { return s.Delivered }
	b.Run("16 B", func(b *testing.B) { benchmarkCeiling(b, Options{Consumers: 1, Size: 16, NoAck: true}, delivered) })
	b.Run("16 B, acks", func(b *testing.B) { benchmarkCeiling(b, Options{Consumers: 1, Size: 16}, delivered) })
	b.Run("1 KiB", func(b *testing.B) { benchmarkCeiling(b, Options{Consumers: 1, Size: 1024, NoAck: true}, delivered) })
}
