package queue

import (
	"time"
)

// Follow implements Hosted. Arguments stay: of the two the smaller limit holds, of
// anything else the argument.
//
// rabbitmq: at once for limits and dead letters; a time to live is for messages that
// are published from now on, as it was for those before
func (q *FIFO) Follow(definition map[string]any) {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return
	}
	was := q.limits
	declared, _ := parseLimits(q.decl) // which were good when it was declared
	q.limits = declared.under(definition, q.decl).decide(q.decl.Type(), q.manner)
	q.timeout.Store(int64(q.limits.consumerTimeout))
	if q.limits.expires != was.expires {
		q.lease.stop()
		q.lease.start(q)
		if q.consumers.len() > 0 {
			q.lease.hold()
		}
	}
	q.trim()
}

// under returns the limits with what a policy says besides the arguments.
//
// rabbitmq: of the overflow of a quorum queue the policy decides
func (l limits) under(definition map[string]any, d Declaration) limits {
	smaller := func(key string, limit *int64) {
		if n, ok := definition[key].(int64); ok {
			*limit = min(*limit, n)
		}
	}
	smaller("message-ttl", &l.ttl)
	smaller("expires", &l.expires)
	smaller("max-length", &l.length)
	smaller("max-length-bytes", &l.bytes)
	if name, ok := definition["dead-letter-exchange"].(string); ok && !l.deadLetter {
		l.deadExchange, l.deadLetter = name, true
	}
	if key, ok := definition["dead-letter-routing-key"].(string); ok && !l.hasDeadKey {
		l.deadKey, l.hasDeadKey = key, true
	}
	if _, given := d.Arguments["x-overflow"]; !given || d.Type() == Quorum {
		if word, ok := definition["overflow"].(string); ok {
			l.overflow = Overflow(word)
		}
	}
	l.retry = l.retry.under(definition, d.Arguments)
	if n, ok := definition["delivery-limit"].(int64); ok && (l.deliveries == undecided || n < l.deliveries) {
		l.deliveries = n
	}
	if strategy, ok := definition["dead-letter-strategy"].(string); ok && l.strategy == "" {
		l.strategy = strategy
	}
	if n, ok := definition["consumer-timeout"].(int64); ok && n > 0 {
		timeout := time.Duration(min(n, MaxMilliseconds)) * time.Millisecond
		if l.consumerTimeout == 0 || timeout < l.consumerTimeout {
			l.consumerTimeout = timeout
		}
	}
	return l
}
