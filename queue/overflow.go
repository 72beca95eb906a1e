package queue

// full reports whether the queue has no room for one more message, with a body
// of so many octets.
//
// rabbitmq: only ready messages count, and octets of bodies.
func (q *FIFO) full(body int) bool {
	return int64(q.ready) >= q.limits.length || q.readyBytes+int64(body) > q.limits.bytes
}

// refuse does not take a message: its publisher hears of it, and the dead-letter
// exchange gets it if the queue is to do that.
func (q *FIFO) refuse(p *Publishing) {
	if p.Record != nil {
		p.Record.Refuse()
	}
	if q.limits.overflow == RejectPublishDLX && q.limits.deadLetter {
		q.dead = append(q.dead, Dead{Message: p.Message, Reason: MaxLen})
	}
}

// trim drops the oldest messages until the queue is within its limits. What is
// not in memory is asked for, and trimming goes on when it has come.
func (q *FIFO) trim() {
	if q.limits.overflow != DropHead {
		return
	}
	for q.ready > 0 && (int64(q.ready) > q.limits.length || q.readyBytes > q.limits.bytes) {
		l, es := q.front(1)
		if len(es) == 0 {
			return
		}
		e := es[0]
		q.take(l, es)
		q.bury([]Entry{e}, MaxLen)
	}
}
