package queue

// deliver hands out what is ready to whoever has room.
func (q *FIFO) deliver() {
	for q.ready > 0 {
		s, alone := q.consumers.next(q.unacked)
		if s == nil || !q.mark.open(q) {
			break
		}
		n := 1
		if alone {
			n = blockSize
		}
		l, es := q.front(n)
		es = q.fresh(es)
		if len(es) == 0 {
			if q.expire() {
				continue
			}
			break
		}
		taken := s.consumer.Deliver(es)
		q.handed(s, l, es[:taken])
		switch {
		case taken < len(es):
			q.consumers.park(s)
		case !alone:
			q.consumers.served()
		}
	}
	if q.consumers.len() > 0 {
		q.fill()
	}
}

// handed notes that a consumer took entries.
func (q *FIFO) handed(s *subscription, l *lane, es []Entry) {
	if len(es) == 0 {
		return
	}
	q.mark.delivered(q, es[len(es)-1].seq)
	if s.noAck {
		q.counts.DeliveredNoAck += uint64(len(es))
		q.countRedelivered(es)
		q.settle(es)
		q.take(l, es)
	} else {
		q.counts.Delivered += uint64(len(es))
		for i := range es {
			if es[i].Redelivered {
				q.counts.Redelivered++
			}
			if es[i].ref != nil {
				es[i].ref.HandOut()
			}
		}
		q.unacked += len(es)
		ready := q.readyBytes
		q.take(l, es)
		q.unackedBytes += ready - q.readyBytes
	}
	if !s.touched {
		s.touched = true
		q.flush = append(q.flush, s)
	}
}
