package management

import (
	"fmt"
	"iter"
	"net/http/httptest"
	"slices"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// TestFieldsAreThoseOfTheJSON compares with what encoding/json makes of everything that
// is listed.
func TestFieldsAreThoseOfTheJSON(t *testing.T) {
	s := newSite(t)
	s.does("PUT", "/api/queues/%2F/q", `{"durable":true,"arguments":{"x-max-length":5}}`, 201)
	s.does("PUT", "/api/queues/%2F/quorum", `{"durable":true,"arguments":{"x-queue-type":"quorum"}}`, 201)
	_, ch := s.channel()
	_, err := ch.Consume("q", "tag", false, true, false, false, amqp091.Table{"x-consumer-timeout": 60_000})
	s.ok(err)
	s.does("POST", "/api/exchanges/%2F/amq.default/publish", posting("q", "m"), 200)
	v, err := s.vhosts.Get("/")
	s.ok(err)
	user, _ := s.users.Get("guest")
	c := &call{Request: httptest.NewRequest("GET", "/", nil), server: s.Server, user: user}
	lists := map[string]iter.Seq[any]{
		"queues": s.queuesOf(c, v), "exchanges": s.exchangesOf(c, v), "bindings": s.bindingsOf(c, v), "consumers": s.consumersOf(c, v),
		"connections": s.connections(c, every), "channels": s.channels(c, every), "users": all(s.users.All()),
		"nodes": all([]any{s.showNode()}), "vhosts": all([]any{s.Server.show(v)}), "overview of no monitor": all([]any{overview{}}),
	}
	for name, items := range lists {
		n := 0
		for item := range items {
			n++
			whole := objectOf(item)
			for field, want := range whole {
				if got := fieldOf(item, field); encoded(got) != encoded(want) {
					t.Errorf("%s: field %s: got %s, want %s", name, field, marshal(got), marshal(want))
				}
				if inner, is := want.(map[string]any); is {
					for deeper, want := range inner {
						if got := fieldOf(item, field+"."+deeper); encoded(got) != encoded(want) {
							t.Errorf("%s: field %s.%s: got %s, want %s", name, field, deeper, marshal(got), marshal(want))
						}
					}
				}
			}
			for _, missing := range []string{"nothing", "name.nothing", "message_stats.nothing", "arguments.nothing.nothing", "listeners"} {
				if got := fieldOf(item, missing); got != nil && whole[missing] == nil {
					t.Errorf("%s: field %s: got %v, want nothing", name, missing, got)
				}
			}
		}
		if n == 0 {
			t.Errorf("%s: there are none", name)
		}
	}
}

// encoded is the JSON of a value, with its keys in order.
func encoded(value any) string { return string(marshal(objectOf(map[string]any{"": value}))) }

// TestFirstInOrder takes a few of the first items, of which several are alike.
func TestFirstInOrder(t *testing.T) {
	type item struct {
		N    int    `json:"n"`
		Name string `json:"name"`
	}
	var items []item
	for i := range 1000 {
		items = append(items, item{i * 7 % 100, fmt.Sprint(i)})
	}
	for _, query := range []string{"sort=n", "sort=n&sort_reverse=true", "sort=name", "sort=nothing", "sort=nothing&sort_reverse=true", "sort_reverse=true"} {
		c := &call{Request: httptest.NewRequest("GET", "/?"+query, nil)}
		whole := slices.Collect(c.inOrder(all(items), 0))
		if len(whole) != len(items) {
			t.Errorf("%s: got %d items, want all", query, len(whole))
		}
		for _, wanted := range []int{1, 7, 300, 999, 5000} {
			part := slices.Collect(c.inOrder(all(items), wanted))
			if len(part) < min(wanted, len(items)) || !slices.Equal(part[:min(wanted, len(items))], whole[:min(wanted, len(items))]) {
				t.Errorf("%s: the first %d are not those of the whole", query, wanted)
			}
		}
	}
}
