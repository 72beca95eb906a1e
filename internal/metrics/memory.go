package metrics

import (
	"github.com/harebellmq/harebell/internal/process"
	"github.com/harebellmq/harebell/queue"
)

// A memoryRow is who has the memory of the process.
type memoryRow struct {
	messages map[queue.Type]int64
	usage    process.Usage
}

func (m *memoryRow) inQueues() (n float64) {
	for _, octets := range m.messages {
		n += float64(octets)
	}
	return n
}

// memoryColumns are parts of the memory that are nothing to each other: the sum is what the
// process has from the system.
//
// rabbitmq: those of its names that have a meaning here
var memoryColumns = []column[memoryRow]{
	{"", "memory_classic_queue_erlang_process_bytes", gauge, "Messages in classic queues",
		func(m *memoryRow) float64 { return float64(m.messages[queue.Classic]) }},
	{"", "memory_quorum_queue_erlang_process_bytes", gauge, "Messages in quorum queues",
		func(m *memoryRow) float64 { return float64(m.messages[queue.Quorum]) }},
	{"", "memory_stream_erlang_process_bytes", gauge, "Messages in streams",
		func(m *memoryRow) float64 { return float64(m.messages[queue.Stream]) }},
	{"", "memory_binary_heap_bytes", gauge, "Everything else on the heap, with garbage that is not collected yet",
		func(m *memoryRow) float64 { return max(0, float64(m.usage.Objects)-m.inQueues()) }},
	{"", "memory_other_erlang_process_bytes", gauge, "Stacks of goroutines",
		func(m *memoryRow) float64 { return float64(m.usage.Stacks) }},
	{"", "memory_runtime_allocated_unused_bytes", gauge, "Heap that is free, and not given back to the system",
		func(m *memoryRow) float64 { return float64(m.usage.Unused + m.usage.Free) }},
	{"", "memory_other_system_bytes", gauge, "What the runtime has for itself",
		func(m *memoryRow) float64 { return float64(m.usage.Rest) }},
}

// memoryBreakdown says who has the memory.
func (s *Server) memoryBreakdown(e *exposition) {
	m := memoryRow{
		messages: make(map[queue.Type]int64),
		usage:    process.Now(),
	}
	for _, q := range s.broker.VHosts.Census().Queues {
		m.messages[q.Declaration().Type()] += q.Info().Resident
	}
	one(m).write(e, prefix, memoryColumns, nil)
	s.identity(e, "memory-breakdown")
}
