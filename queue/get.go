package queue

import "github.com/harebellmq/harebell/amqp"

// Get implements Queue.
func (q *FIFO) Get(noAck bool) (Entry, int, bool, error) {
	for {
		e, left, ok, wait, err := q.tryGet(noAck)
		if wait == nil {
			return e, left, ok, err
		}
		<-wait
	}
}

// tryGet is Get, but where it would have to wait for the disk it returns a
// channel that is closed when it is worth trying again.
func (q *FIFO) tryGet(noAck bool) (e Entry, left int, ok bool, wait <-chan struct{}, err error) {
	q.mu.Lock()
	defer q.unlock()
	q.lease.touch(q)
	if q.deleted {
		return Entry{}, 0, false, nil, nil
	}
	if q.quorum && q.limits.singleActive {
		return Entry{}, 0, false, nil, amqp.Errorf(amqp.ResourceLocked,
			"cannot obtain access to locked queue '%s' in vhost '%s'. basic.get operations are not supported by quorum queues with single active consumer",
			q.decl.Name, q.decl.VHost)
	}
	q.expire()
	if q.ready == 0 {
		q.counts.GetEmpty++
		return Entry{}, 0, false, nil, q.err
	}
	if !q.mark.open(q) {
		if q.err != nil {
			return Entry{}, 0, false, nil, q.err
		}
		return Entry{}, 0, false, q.mark.wait(), nil
	}
	l, es := q.front(1)
	if len(es) == 0 {
		if q.err != nil || q.ready == 0 {
			return Entry{}, 0, false, nil, q.err
		}
		return Entry{}, 0, false, q.waitForFill(), nil
	}
	e = es[0]
	q.mark.delivered(q, e.seq)
	q.countRedelivered(es)
	q.take(l, es)
	if noAck {
		q.counts.GotNoAck++
		q.settle([]Entry{e})
	} else {
		q.counts.Got++
		q.unacked++
		q.unackedBytes += int64(e.size)
	}
	q.expire() // what is behind it and dead does not count as left
	q.fill()
	return e, q.ready, true, nil, nil
}
