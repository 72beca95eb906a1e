package testapi

import (
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/harebellmq/harebell/amqp/amqptest"
)

// A Journal is a part of what has happened.
type Journal struct {
	Events    []amqptest.Event `json:"events"`
	Last      int              `json:"last"`      // what the next part comes after
	Forgotten int              `json:"forgotten"` // the last event that the journal has no more
}

// A Pick picks events, those that match all that is not nil.
type Pick struct {
	VHost      *string `json:"vhost,omitempty"`
	Exchange   *string `json:"exchange,omitempty"` // "" for the default exchange
	RoutingKey *string `json:"routing_key,omitempty"`
	Queue      *string `json:"queue,omitempty"`
	Client     *string `json:"client,omitempty"` // what the client calls its connection
	Body       *string `json:"body,omitempty"`
}

// pickers say how to pick by each of the names.
var pickers = []struct {
	name  string
	field func(p *Pick) **string
	match func(string) amqptest.Matcher
}{
	{"vhost", func(p *Pick) **string { return &p.VHost }, amqptest.OnVHost},
	{"exchange", func(p *Pick) **string { return &p.Exchange }, amqptest.OnExchange},
	{"routing_key", func(p *Pick) **string { return &p.RoutingKey }, amqptest.OnKey},
	{"queue", func(p *Pick) **string { return &p.Queue }, amqptest.OnQueue},
	{"client", func(p *Pick) **string { return &p.Client }, amqptest.OnClient},
	{"body", func(p *Pick) **string { return &p.Body }, amqptest.WithBody},
}

func (p *Pick) matchers() (all []amqptest.Matcher) {
	for _, by := range pickers {
		if want := *by.field(p); want != nil {
			all = append(all, by.match(*want))
		}
	}
	return all
}

// picked returns what the parameters of a request pick.
func picked(r *http.Request) ([]amqptest.Matcher, error) {
	var p Pick
	query := r.URL.Query()
	for _, by := range pickers {
		if query.Has(by.name) {
			want := query.Get(by.name)
			*by.field(&p) = &want
		}
	}
	all := p.matchers()
	if !query.Has("kind") {
		return all, nil
	}
	known, wanted := amqptest.Kinds(), strings.Split(strings.Join(query["kind"], ","), ",")
	for _, kind := range wanted {
		if !slices.Contains(known, amqptest.Kind(kind)) {
			return nil, badRequest("kind %q: want some of %s", kind, join(known))
		}
	}
	ofKind := func(e *amqptest.Event) bool { return slices.Contains(wanted, string(e.Kind)) }
	return append([]amqptest.Matcher{amqptest.That(strings.Join(wanted, " or "), ofKind)}, all...), nil
}

func join(kinds []amqptest.Kind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	return strings.Join(words, ", ")
}

const (
	// eventsShown is how many events are shown at once unless a request says
	// otherwise, and eventsMost the most that it may say.
	eventsShown = 1000
	eventsMost  = 100_000
)

func (h *Handler) journal(r *http.Request) (any, error) {
	pick, err := picked(r)
	if err != nil {
		return nil, err
	}
	after, err := number(r, "after", 0, 0, math.MaxInt)
	if err != nil {
		return nil, err
	}
	limit, err := number(r, "limit", eventsShown, 1, eventsMost)
	if err != nil {
		return nil, err
	}
	wait, err := number(r, "wait", 0, 0, limit)
	if err != nil {
		return nil, err
	}
	var timeout Duration
	if text := r.URL.Query().Get("timeout"); text != "" {
		if err := timeout.parse(text); err != nil {
			return nil, err
		}
	}
	ctx, cancel, err := waiting(r, timeout)
	if err != nil {
		return nil, err
	}
	defer cancel()
	j := h.broker.Journal()
	shown := Journal{Last: j.Last()}
	events, err := j.After(after).Await(ctx, wait, pick...)
	if err != nil {
		return nil, err
	}
	if len(events) > limit {
		events = events[:limit]
		shown.Last = 0
	}
	if n := len(events); n > 0 {
		shown.Last = max(shown.Last, events[n-1].Number)
	}
	shown.Events, shown.Forgotten = append([]amqptest.Event{}, events...), j.Forgotten()
	return shown, nil
}

func (h *Handler) eraseJournal(*http.Request) (any, error) {
	h.broker.Journal().Erase()
	return nil, nil
}

func (h *Handler) check(r *http.Request) (any, error) {
	j := h.broker.Journal()
	if name := r.URL.Query().Get("vhost"); name != "" {
		v, err := h.vhost(name)
		if err != nil {
			return nil, err
		}
		j = v.Journal()
	}
	if err := j.Check(); err != nil {
		return nil, &Problem{http.StatusConflict, CheckFailed, reason(err)}
	}
	return nil, nil
}
