package testapi

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"

	"github.com/harebellmq/harebell/amqp/amqptest"
	"github.com/harebellmq/harebell/internal/amqpjson"
)

// A Queue is what a queue is, and what it holds.
type Queue struct {
	Name       string         `json:"name"`
	VHost      string         `json:"vhost"`
	Durable    bool           `json:"durable"`
	Exclusive  bool           `json:"exclusive"`
	AutoDelete bool           `json:"auto_delete"`
	Arguments  amqpjson.Table `json:"arguments"`

	Messages               int `json:"messages"` // the next two together
	MessagesReady          int `json:"messages_ready"`
	MessagesUnacknowledged int `json:"messages_unacknowledged"`
	Consumers              int `json:"consumers"`
}

func newQueue(q amqptest.Queue) Queue {
	return Queue{
		Name: q.Name, VHost: q.VHost, Durable: q.Durable, Exclusive: q.Exclusive, AutoDelete: q.AutoDelete,
		Arguments: amqpjson.Table(q.Arguments),
		Messages:  q.Ready + q.Unacked, MessagesReady: q.Ready, MessagesUnacknowledged: q.Unacked, Consumers: q.Consumers,
	}
}

func (h *Handler) allQueues(*http.Request) (any, error) {
	vhosts, err := h.broker.VHosts()
	if err != nil {
		return nil, err
	}
	all := []Queue{}
	for _, v := range vhosts {
		queues, err := v.Queues()
		if err != nil {
			continue // the virtual host has gone meanwhile
		}
		for _, q := range queues {
			all = append(all, newQueue(q))
		}
	}
	return all, nil
}

func (h *Handler) queues(r *http.Request) (any, error) {
	v, err := h.vhost(r.PathValue("vhost"))
	if err != nil {
		return nil, err
	}
	queues, err := v.Queues()
	if err != nil {
		return nil, err
	}
	all := []Queue{}
	for _, q := range queues {
		all = append(all, newQueue(q))
	}
	return all, nil
}

func (h *Handler) queue(r *http.Request) (any, error) {
	v, err := h.vhost(r.PathValue("vhost"))
	if err != nil {
		return nil, err
	}
	q, err := v.Count(r.PathValue("queue"))
	if err != nil {
		return nil, err
	}
	return newQueue(q), nil
}

// messagesShown is how many messages are shown unless a request says otherwise.
const messagesShown = 100

func (h *Handler) messages(r *http.Request) (any, error) {
	count, err := number(r, "count", messagesShown, 1, math.MaxInt32)
	if err != nil {
		return nil, err
	}
	v, err := h.vhost(r.PathValue("vhost"))
	if err != nil {
		return nil, err
	}
	q, err := v.Queue(r.PathValue("queue"))
	if err != nil {
		return nil, err
	}
	return append([]amqptest.Message{}, q.Messages[:min(count, len(q.Messages))]...), nil
}

// A QueueName names a queue.
type QueueName struct {
	VHost string `json:"vhost"`
	Queue string `json:"queue"`
}

// Purged is how many messages were dropped.
type Purged struct {
	MessageCount int `json:"message_count"`
}

func (h *Handler) purge(r *http.Request) (any, error) {
	var in QueueName
	if err := read(r, &in); err != nil {
		return nil, err
	}
	v, err := h.vhost(in.VHost)
	if err != nil {
		return nil, err
	}
	n, err := v.Purge(in.Queue)
	if err != nil {
		return nil, err
	}
	return Purged{n}, nil
}

// An Await waits until a queue has exactly these numbers. Those that are nil do not
// matter. A queue that is not there yet is waited for too.
type Await struct {
	VHost                  string   `json:"vhost,omitempty"`
	Queue                  string   `json:"queue"`
	Messages               *int     `json:"messages,omitempty"`
	MessagesReady          *int     `json:"messages_ready,omitempty"`
	MessagesUnacknowledged *int     `json:"messages_unacknowledged,omitempty"`
	Consumers              *int     `json:"consumers,omitempty"`
	Timeout                Duration `json:"timeout,omitempty"`
}

// conditions are what is waited for, and the numbers of a queue in its place.
func (a *Await) conditions(q Queue) []condition {
	var all []condition
	for _, c := range []struct {
		name string
		want *int
		got  int
	}{
		{"messages", a.Messages, q.Messages},
		{"messages_ready", a.MessagesReady, q.MessagesReady},
		{"messages_unacknowledged", a.MessagesUnacknowledged, q.MessagesUnacknowledged},
		{"consumers", a.Consumers, q.Consumers},
	} {
		if c.want != nil {
			all = append(all, condition{c.name, *c.want, c.got})
		}
	}
	return all
}

type condition struct {
	name      string
	want, got int
}

func (h *Handler) await(r *http.Request) (any, error) {
	var in Await
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if len(in.conditions(Queue{})) == 0 {
		return nil, badRequest("nothing to wait for: want some of messages, messages_ready, messages_unacknowledged, consumers")
	}
	v, err := h.vhost(in.VHost)
	if err != nil {
		return nil, err
	}
	ctx, cancel, err := waiting(r, in.Timeout)
	if err != nil {
		return nil, err
	}
	defer cancel()
	var last Queue
	var missing error
	err = h.broker.Await(ctx, func() bool {
		q, err := v.Count(in.Queue)
		last, missing = newQueue(q), err
		if err != nil {
			return false
		}
		for _, c := range in.conditions(last) {
			if c.want != c.got {
				return false
			}
		}
		return true
	})
	if err == nil {
		return last, nil
	}
	if missing != nil {
		return nil, fmt.Errorf("%s: %w", reason(missing), context.Cause(ctx))
	}
	var differ []string
	for _, c := range in.conditions(last) {
		differ = append(differ, fmt.Sprintf("%s %d, want %d", c.name, c.got, c.want))
	}
	return nil, fmt.Errorf("queue %q in virtual host %q: got %s: %w", in.Queue, v.Name(), strings.Join(differ, "; "), context.Cause(ctx))
}

// An Idle waits until the broker has nothing left to do.
type Idle struct {
	Timeout Duration `json:"timeout,omitempty"`
}

func (h *Handler) idle(r *http.Request) (any, error) {
	var in Idle
	if err := read(r, &in); err != nil {
		return nil, err
	}
	ctx, cancel, err := waiting(r, in.Timeout)
	if err != nil {
		return nil, err
	}
	defer cancel()
	return nil, h.broker.Idle(ctx)
}
