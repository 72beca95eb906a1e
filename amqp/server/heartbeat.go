package server

import (
	"sync/atomic"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
)

// A heartbeat keeps a connection alive, and ends it when the client is silent.
//
// rabbitmq: the server sends when it has written nothing for half an interval,
// and gives up at the second check in a row, one an interval, that finds nothing
// received; any octet counts.
type heartbeat struct {
	every   time.Duration // 0 for none
	timer   clock.Timer
	written atomic.Bool // since the last tick
	paused  atomic.Bool // the read loop is not reading, so silence means nothing

	// owned by the timer
	odd    bool
	read   uint64
	silent int
}

func (h *heartbeat) start(c *connection, every time.Duration) {
	if every == 0 {
		return
	}
	h.every = every
	h.timer = c.server.clock().AfterFunc(every/2, func() { h.tick(c) })
}

func (h *heartbeat) stop() {
	if h.timer != nil {
		h.timer.Stop()
	}
}

// tick comes twice an interval.
func (h *heartbeat) tick(c *connection) {
	if !h.written.Swap(false) {
		c.outbox.append(amqp.AppendHeartbeat(nil))
		c.outbox.flush()
	}
	h.odd = !h.odd
	if !h.odd && h.missed(c.reader.BytesRead()) {
		c.log.Warn().Dur("interval", h.every).Msg("missed heartbeats from client")
		c.conn.Close()
		return
	}
	h.timer.Reset(h.every / 2)
}

// missed reports whether the client has been silent for too long.
func (h *heartbeat) missed(read uint64) bool {
	if read != h.read || h.paused.Load() {
		h.read, h.silent = read, 0
		return false
	}
	h.silent++
	return h.silent >= 2
}
