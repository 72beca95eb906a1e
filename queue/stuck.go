package queue

import (
	"time"

	"github.com/harebellmq/harebell/internal/clock"
)

const (
	// stuckPause is how long dead letters wait that nobody has taken.
	stuckPause = 5 * time.Second

	// stuckMost is how many are tried at once; if one of them gets away, more are.
	stuckMost = 64
)

// stuck are the dead messages of a queue that dead-letters at least once, and that
// nobody has taken: there was no exchange, or no queue, or it was full.
//
// rabbitmq: quorum queues with x-dead-letter-strategy at-least-once
type stuck struct {
	dead    []Dead
	waiting clock.Timer // nil unless they wait
}

// keepStuck keeps those of dead letters that were not taken, and returns the others.
func (q *FIFO) keepStuck(dead []Dead) (taken []Dead) {
	var list []numbered
	taken = dead[:0:0]
	for i := range dead {
		d := dead[i]
		if !d.Untaken {
			taken = append(taken, d)
			continue
		}
		d.Untaken = false
		d.entry.Slim()
		d.Message = d.entry.Message
		q.stuck.dead = append(q.stuck.dead, d)
		if n := q.notes.get(d.entry.seq); n.dead != d.Reason {
			list = append(list, numbered{d.entry.seq, note{returns: n.returns, dead: d.Reason}})
		}
	}
	q.docs = q.notes.set(list, q.docs)
	if len(q.stuck.dead) > 0 && q.stuck.waiting == nil {
		pause := stuckPause
		if len(taken) > 0 {
			pause = 0
		}
		q.stuck.waiting = q.clock.AfterFunc(pause, q.stuckDue)
	}
	return taken
}

// stuckDue tries the first of them again.
func (q *FIFO) stuckDue() {
	q.mu.Lock()
	defer q.unlock()
	q.stuck.waiting = nil
	if q.deleted {
		return
	}
	n := min(len(q.stuck.dead), stuckMost)
	again := q.stuck.dead[:n:n]
	if q.stuck.dead = q.stuck.dead[n:]; len(q.stuck.dead) == 0 {
		q.stuck.dead = nil
	}
	q.die(again)
}

func (s *stuck) stop() {
	if s.waiting != nil {
		s.waiting.Stop()
	}
	s.dead = nil
}
