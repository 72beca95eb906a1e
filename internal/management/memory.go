package management

import (
	"math"

	"github.com/harebellmq/harebell/internal/process"
)

// A memoryUse says what takes how much memory, in octets. What RabbitMQ tells apart and
// this broker cannot is not there.
type memoryUse struct {
	QueueProcs          int64       `json:"queue_procs"` // messages of all queues, but for those that are unacked
	OtherProc           int64       `json:"other_proc"`  // stacks
	Binary              int64       `json:"binary"`      // everything else on the heap
	OtherSystem         int64       `json:"other_system"`
	AllocatedUnused     int64       `json:"allocated_unused"`
	ReservedUnallocated int64       `json:"reserved_unallocated"` // free, and not given back to the system yet
	Strategy            string      `json:"strategy"`
	Total               memoryTotal `json:"total"`
}

type memoryTotal struct {
	Erlang    int64 `json:"erlang"` // what is in use
	RSS       int64 `json:"rss"`    // what the system has given
	Allocated int64 `json:"allocated"`
}

func (s *Server) memory() memoryUse {
	u := process.Now()
	var messages int64
	for _, name := range s.vhosts.Names() {
		v, err := s.vhosts.Get(name)
		if err != nil {
			continue // it has gone meanwhile
		}
		for _, name := range v.Queues() {
			if q := v.Find(name); q != nil {
				messages += q.Info().Resident
			}
		}
	}
	messages = min(messages, u.Objects)
	return memoryUse{
		QueueProcs: messages, OtherProc: u.Stacks, Binary: u.Objects - messages, OtherSystem: u.Rest,
		AllocatedUnused: u.Unused, ReservedUnallocated: u.Free, Strategy: "rss",
		Total: memoryTotal{Erlang: u.Used() - u.Unused - u.Free, RSS: u.Used(), Allocated: u.Used() - u.Free},
	}
}

type usedMemory struct {
	Memory any `json:"memory"`
}

func (s *Server) getMemory(c *call) error {
	return c.answer(usedMemory{s.memory()})
}

// getRelativeMemory answers with percentages.
//
// rabbitmq: rounded up
func (s *Server) getRelativeMemory(c *call) error {
	m := s.memory()
	percent := func(octets int64) int64 { return int64(math.Ceil(100 * float64(octets) / float64(m.Total.RSS))) }
	return c.answer(usedMemory{struct {
		Total               int64 `json:"total"`
		QueueProcs          int64 `json:"queue_procs"`
		OtherProc           int64 `json:"other_proc"`
		Binary              int64 `json:"binary"`
		OtherSystem         int64 `json:"other_system"`
		AllocatedUnused     int64 `json:"allocated_unused"`
		ReservedUnallocated int64 `json:"reserved_unallocated"`
	}{
		100, percent(m.QueueProcs), percent(m.OtherProc), percent(m.Binary), percent(m.OtherSystem),
		percent(m.AllocatedUnused), percent(m.ReservedUnallocated),
	}})
}
