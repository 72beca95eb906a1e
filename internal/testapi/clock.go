package testapi

import (
	"math"
	"net/http"
	"time"
)

// A Clock is what the broker's clock shows.
type Clock struct {
	Now time.Time `json:"now"`
}

// An Advance moves it on.
type Advance struct {
	By Duration `json:"by"`
}

// A SetClock moves it on to a time.
type SetClock struct {
	To time.Time `json:"to"`
}

func (h *Handler) clock(*http.Request) (any, error) { return Clock{h.broker.Now()}, nil }

func (h *Handler) advance(r *http.Request) (any, error) {
	var in Advance
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if in.By < 0 {
		return nil, badRequest("by %v: time does not go back: want 0 or more", time.Duration(in.By))
	}
	h.broker.Advance(time.Duration(in.By))
	return h.clock(r)
}

func (h *Handler) setClock(r *http.Request) (any, error) {
	var in SetClock
	if err := read(r, &in); err != nil {
		return nil, err
	}
	now := h.broker.Now()
	d := in.To.Sub(now)
	switch {
	case d < 0:
		return nil, badRequest("to %v: time does not go back: want %v or later", in.To, now)
	case d == math.MaxInt64:
		return nil, badRequest("to %v: want a time within the next 290 years", in.To)
	}
	h.broker.Advance(d)
	return h.clock(r)
}
