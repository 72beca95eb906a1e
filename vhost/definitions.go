package vhost

import (
	"crypto/sha256"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// Definitions are stored as JSON, except for arguments: those are kept as the
// octets of a field table, because JSON knows neither the widths of integers nor
// the difference between text and octets, and both are part of a binding's
// identity.

type exchangeDoc struct {
	VHost      string `json:"vhost"`
	Name       string `json:"name"`
	Type       string `json:"type"`
	AutoDelete bool   `json:"auto_delete,omitempty"`
	Internal   bool   `json:"internal,omitempty"`
	Delay      uint64 `json:"delay,omitempty"` // id of what it holds back, or has seen
	Arguments  []byte `json:"arguments,omitempty"`
}

type queueDoc struct {
	VHost      string `json:"vhost"`
	Name       string `json:"name"`
	ID         uint64 `json:"id"`
	AutoDelete bool   `json:"auto_delete,omitempty"`
	Arguments  []byte `json:"arguments,omitempty"`
}

type bindingDoc struct {
	VHost           string `json:"vhost"`
	Source          string `json:"source"`
	Destination     string `json:"destination"`
	DestinationKind string `json:"destination_type"`
	Key             string `json:"routing_key"`
	Arguments       []byte `json:"arguments,omitempty"`
}

func bindingKey(vhost string, b exchange.Binding) string {
	// Arguments may be long; their digest tells bindings apart as well.
	digest := sha256.Sum256(b.Arguments.Append(nil))
	return store.Key(vhost, b.Source, destinationKind(b.Destination.Kind), b.Destination.Name, b.Key) + string(digest[:])
}

func destinationKind(k exchange.DestinationKind) string {
	if k == exchange.ToExchange {
		return "exchange"
	}
	return "queue"
}

func encodeTable(t amqp.Table) []byte {
	if len(t) == 0 {
		return nil
	}
	return t.Append(nil)
}

// document makes the definition of what a client has asked for. One that is too
// large, because its arguments are, is PRECONDITION_FAILED.
func document(k store.Kind, key string, value any) (store.Doc, error) {
	d, err := store.NewDoc(k, key, value)
	if err != nil {
		return d, amqp.Errorf(amqp.PreconditionFailed, "arguments are too large to be stored")
	}
	return d, nil
}

func (v *VirtualHost) goneDoc(k store.Kind, name string) store.Doc {
	return store.Doc{Kind: k, Key: store.Key(v.name, name)}
}

func (v *VirtualHost) goneBinding(b exchange.Binding) store.Doc {
	return store.Doc{Kind: store.Bindings, Key: bindingKey(v.name, b)}
}

func (v *VirtualHost) exchangeDoc(d exchange.Declaration, delay uint64) (store.Doc, error) {
	return document(store.Exchanges, store.Key(v.name, d.Name), exchangeDoc{
		VHost: v.name, Name: d.Name, Type: d.Kind, AutoDelete: d.AutoDelete, Internal: d.Internal, Delay: delay,
		Arguments: encodeTable(d.Arguments),
	})
}

func (v *VirtualHost) queueDoc(d queue.Declaration, id uint64) (store.Doc, error) {
	return document(store.Queues, store.Key(v.name, d.Name), queueDoc{
		VHost: v.name, Name: d.Name, ID: id, AutoDelete: d.AutoDelete, Arguments: encodeTable(d.Arguments),
	})
}

func (v *VirtualHost) bindingDoc(b exchange.Binding) (store.Doc, error) {
	return document(store.Bindings, bindingKey(v.name, b), bindingDoc{
		VHost: v.name, Source: b.Source, Destination: b.Destination.Name,
		DestinationKind: destinationKind(b.Destination.Kind), Key: b.Key, Arguments: encodeTable(b.Arguments),
	})
}
