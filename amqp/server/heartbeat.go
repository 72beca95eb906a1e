package server

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/harebellmq/harebell/internal/clock"
)

// A heartbeat keeps a connection alive, and ends it when the client is silent.
//
// rabbitmq: the server sends when it has written nothing for half an interval,
// and gives up at the second check in a row, one an interval, that finds nothing
// received; any octet counts.
type heartbeat struct {
	every  time.Duration // 0 for none; set before the timer runs
	paused atomic.Bool   // the read loop is not reading, so silence means nothing

	mu     sync.Mutex  // guards what follows
	timer  clock.Timer // nil when stopped
	odd    bool
	read   uint64
	silent int
}

func (h *heartbeat) start(c *connection, every time.Duration) {
	if every == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.every = every
	h.timer = c.server.clock().AfterFunc(every/2, func() { h.tick(c) })
}

func (h *heartbeat) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.timer != nil {
		h.timer.Stop()
		h.timer = nil
	}
}

// tick comes twice an interval.
func (h *heartbeat) tick(c *connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.timer == nil {
		return // stopped when this tick had begun
	}
	h.odd = !h.odd
	if !h.odd && h.missed(c.reader.BytesRead()) {
		c.log.Warn().Dur("interval", h.every).Msg("missed heartbeats from client")
		c.hangUp()
		return
	}
	c.outbox.beat()
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
