package vhost

import (
	"slices"
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

func keep(h *history, bodies ...[]byte) {
	for _, body := range bodies {
		m := amqp.NewMessage("x", "", nil, body)
		h.add(&m)
	}
}

func lengths(h *history) (all []int) {
	for _, m := range h.all() {
		all = append(all, len(m.Body))
	}
	return all
}

func TestHistoryIsBounded(t *testing.T) {
	h := &history{most: 3}
	keep(h, make([]byte, 1), make([]byte, 2), make([]byte, 3), make([]byte, 4))
	if got := lengths(h); !slices.Equal(got, []int{2, 3, 4}) {
		t.Errorf("messages of %v octets, want the last three", got)
	}
	half := historyOctets / 2
	keep(h, make([]byte, half), make([]byte, half))
	if got := lengths(h); !slices.Equal(got, []int{half, half}) {
		t.Errorf("messages of %v octets, want the last that fit", got)
	}
	keep(h, make([]byte, historyOctets+1))
	if got := lengths(h); !slices.Equal(got, []int{historyOctets + 1}) || h.octets != historyOctets+1 {
		t.Errorf("messages of %v octets, counted as %d, want the last alone", got, h.octets)
	}
}

// TestHistoryKeepsACopy overwrites the buffer that a message was read into.
func TestHistoryKeepsACopy(t *testing.T) {
	h := &history{most: 1}
	buffer := []byte("body")
	keep(h, buffer)
	copy(buffer, "else")
	if got := string(h.all()[0].Body); got != "body" {
		t.Errorf("got %q, want what it was", got)
	}
}
