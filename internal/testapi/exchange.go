package testapi

import (
	"net/http"

	"github.com/harebellmq/harebell/amqp/amqptest"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/amqpjson"
)

// An Exchange is what an exchange is, and what is bound to it.
type Exchange struct {
	Name       string         `json:"name"`
	VHost      string         `json:"vhost"`
	Type       string         `json:"type"`
	Durable    bool           `json:"durable"`
	AutoDelete bool           `json:"auto_delete"`
	Internal   bool           `json:"internal"`
	Arguments  amqpjson.Table `json:"arguments"`
	Bindings   []Binding      `json:"bindings"` // those that it is the source of
}

// A Binding leads from an exchange to a queue, or to another exchange.
type Binding struct {
	Source          string         `json:"source"`
	Destination     string         `json:"destination"`
	DestinationType string         `json:"destination_type"` // "queue" or "exchange"
	RoutingKey      string         `json:"routing_key"`
	Arguments       amqpjson.Table `json:"arguments"`
}

func newExchange(v *amqptest.VirtualHost, x amqptest.Exchange) Exchange {
	shown := Exchange{
		Name: x.Name, VHost: v.Name(), Type: x.Kind, Durable: x.Durable, AutoDelete: x.AutoDelete, Internal: x.Internal,
		Arguments: amqpjson.Table(x.Arguments), Bindings: []Binding{},
	}
	for _, b := range x.Bindings {
		to := "queue"
		if b.Destination.Kind == exchange.ToExchange {
			to = "exchange"
		}
		shown.Bindings = append(shown.Bindings, Binding{
			Source: b.Source, Destination: b.Destination.Name, DestinationType: to, RoutingKey: b.Key, Arguments: amqpjson.Table(b.Arguments),
		})
	}
	return shown
}

func (h *Handler) allExchanges(*http.Request) (any, error) {
	vhosts, err := h.broker.VHosts()
	if err != nil {
		return nil, err
	}
	all := []Exchange{}
	for _, v := range vhosts {
		exchanges, err := v.Exchanges()
		if err != nil {
			continue // the virtual host has gone meanwhile
		}
		for _, x := range exchanges {
			all = append(all, newExchange(v, x))
		}
	}
	return all, nil
}

func (h *Handler) exchanges(r *http.Request) (any, error) {
	v, err := h.vhost(r.PathValue("vhost"))
	if err != nil {
		return nil, err
	}
	exchanges, err := v.Exchanges()
	if err != nil {
		return nil, err
	}
	all := []Exchange{}
	for _, x := range exchanges {
		all = append(all, newExchange(v, x))
	}
	return all, nil
}

// defaultExchange is what the default exchange, whose name is empty, is called in
// paths.
//
// rabbitmq: likewise
const defaultExchange = "amq.default"

func (h *Handler) exchange(r *http.Request) (any, error) {
	v, err := h.vhost(r.PathValue("vhost"))
	if err != nil {
		return nil, err
	}
	name := r.PathValue("exchange")
	if name == defaultExchange {
		name = ""
	}
	x, err := v.Exchange(name)
	if err != nil {
		return nil, err
	}
	return newExchange(v, x), nil
}
