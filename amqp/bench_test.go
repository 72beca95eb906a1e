package amqp

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

// publishStream returns a publish with its header and a body of that size.
func publishStream(size int) []byte {
	m := NewMessage("amq.topic", "some.routing.key", Fields{DeliveryMode: 2}.Properties(), make([]byte, size))
	dst := AppendMethod(nil, 1, &BasicPublish{Exchange: m.Exchange, RoutingKey: m.RoutingKey})
	return AppendContent(dst, 1, &m, 128<<10)
}

// endless repeats a stream for ever.
type endless struct {
	stream []byte
	rest   []byte
}

func (e *endless) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		if len(e.rest) == 0 {
			e.rest = e.stream
		}
		m := copy(b[n:], e.rest)
		e.rest = e.rest[m:]
		n += m
	}
	return n, nil
}

// BenchmarkReadFrame reads the three frames of a message.
func BenchmarkReadFrame(b *testing.B) {
	for _, size := range []int{16, 1 << 10, 100 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			stream := publishStream(size)
			r := NewReader(&endless{stream: stream})
			frames := 0
			for s := NewReader(bytes.NewReader(stream)); ; frames++ {
				if _, err := s.ReadFrame(); err == io.EOF {
					break
				}
			}
			b.SetBytes(int64(len(stream)))
			b.ReportAllocs()
			for b.Loop() {
				for range frames {
					if _, err := r.ReadFrame(); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkParseBasicPublish(b *testing.B) {
	p := payload(&BasicPublish{Exchange: "amq.topic", RoutingKey: "some.routing.key"})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseBasicPublish(p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseMethod(b *testing.B) {
	for _, m := range []Method{
		&BasicPublish{Exchange: "amq.topic", RoutingKey: "some.routing.key"},
		&BasicAck{DeliveryTag: 1},
		&QueueDeclare{Queue: "queue", Arguments: Table{"x-max-length": int32(5)}},
	} {
		b.Run(m.ID().String(), func(b *testing.B) {
			p := payload(m)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseMethod(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAppendContent appends a basic.deliver with its content.
func BenchmarkAppendContent(b *testing.B) {
	for _, size := range []int{16, 1 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			m := NewMessage("amq.topic", "some.routing.key", Fields{DeliveryMode: 2}.Properties(), make([]byte, size))
			buf := make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				buf = AppendBasicDeliver(buf[:0], 1, "ctag", 1, false, m.Exchange, m.RoutingKey)
				buf = AppendContent(buf, 1, &m, 128<<10)
			}
		})
	}
}

func BenchmarkPropertiesCheck(b *testing.B) {
	for name, p := range map[string]Properties{
		"delivery-mode": Fields{DeliveryMode: 2}.Properties(),
		"all":           full.Properties(),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Check(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNewMessage(b *testing.B) {
	p := full.Properties()
	b.ReportAllocs()
	for b.Loop() {
		if m := NewMessage("amq.topic", "some.routing.key", p, nil); !m.Persistent {
			b.Fatal("got a transient message, want a persistent one")
		}
	}
}
