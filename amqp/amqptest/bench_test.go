package amqptest

import "testing"

// What a test pays for what it begins with.
func BenchmarkVHost(b *testing.B) {
	broker := New(b)
	b.ReportAllocs()
	for b.Loop() {
		var tb fakeTB
		broker.VHost(&tb)
		tb.cleanup()
	}
}

func BenchmarkSnapshotRestore(b *testing.B) {
	broker := New(b)
	declareIn(b, broker.VirtualHost, broker, "q")
	for range 100 {
		if err := broker.Publish(Message{RoutingKey: "q"}); err != nil {
			b.Fatal(err)
		}
	}
	s, err := broker.Snapshot()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := broker.Restore(s); err != nil {
			b.Fatal(err)
		}
	}
}
