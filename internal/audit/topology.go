package audit

import (
	"fmt"
	"strings"

	"github.com/harebellmq/harebell/amqp"
)

// QueueCreated is a queue that was not there before.
type QueueCreated struct {
	By                             string
	Owner                          Process // the connection that an exclusive queue belongs to
	VHost, Name                    string
	Durable, AutoDelete, Exclusive bool
	Arguments                      amqp.Table
}

func (QueueCreated) key() string { return "queue.created" }

func (h QueueCreated) headers(node string) amqp.Table {
	return amqp.Table{
		"user_who_performed_action": h.By, "owner_pid": h.Owner.In(node), "vhost": h.VHost, "name": h.Name,
		"durable": h.Durable, "auto_delete": h.AutoDelete, "exclusive": h.Exclusive, "arguments": entries(h.Arguments),
	}
}

// QueueDeleted is a queue that is gone.
type QueueDeleted struct{ By, VHost, Name string }

func (QueueDeleted) key() string { return "queue.deleted" }

func (h QueueDeleted) headers(string) amqp.Table {
	return amqp.Table{"user_who_performed_action": h.By, "vhost": h.VHost, "name": h.Name}
}

// ExchangeCreated is an exchange that was not there before.
type ExchangeCreated struct {
	By, VHost, Name, Type         string
	Durable, AutoDelete, Internal bool
	Arguments                     amqp.Table
}

func (ExchangeCreated) key() string { return "exchange.created" }

// rabbitmq: the policy is not known yet when it is told
func (h ExchangeCreated) headers(string) amqp.Table {
	return amqp.Table{
		"user_who_performed_action": h.By, "vhost": h.VHost, "name": h.Name, "type": h.Type, "policy": "",
		"durable": h.Durable, "auto_delete": h.AutoDelete, "internal": h.Internal, "arguments": entries(h.Arguments),
	}
}

// ExchangeDeleted is an exchange that is gone.
type ExchangeDeleted struct{ By, VHost, Name string }

func (ExchangeDeleted) key() string { return "exchange.deleted" }

func (h ExchangeDeleted) headers(string) amqp.Table {
	return amqp.Table{"user_who_performed_action": h.By, "vhost": h.VHost, "name": h.Name}
}

// A Binding is one of an exchange to a queue or an exchange.
type Binding struct {
	VHost, Source     string
	Destination, Kind string // "queue" or "exchange"
	RoutingKey        string
	Arguments         amqp.Table
}

// BindingCreated is a binding that was not there before.
type BindingCreated struct {
	By string
	Binding
}

func (BindingCreated) key() string { return "binding.created" }

func (h BindingCreated) headers(string) amqp.Table { return h.by(h.By) }

// BindingDeleted is a binding that is gone.
type BindingDeleted struct {
	By string
	Binding
}

func (BindingDeleted) key() string { return "binding.deleted" }

func (h BindingDeleted) headers(string) amqp.Table { return h.by(h.By) }

func (b Binding) by(user string) amqp.Table {
	return amqp.Table{
		"user_who_performed_action": user, "vhost": b.VHost, "source_name": b.Source, "source_kind": "exchange",
		"destination_name": b.Destination, "destination_kind": b.Kind, "routing_key": b.RoutingKey, "arguments": entries(b.Arguments),
	}
}

// A VHost is what is said of a virtual host.
type VHost struct {
	By, Name, Description string
	Tags                  []string
	DefaultQueueType      string // "" if nothing was said
	Tracing               bool
}

// VHostCreated is a virtual host that was not there before.
type VHostCreated struct{ VHost }

func (VHostCreated) key() string { return "vhost.created" }

// VHostUpdated is a virtual host of which something else is said now.
type VHostUpdated struct{ VHost }

func (VHostUpdated) key() string { return "vhost.updated" }

func (h VHost) headers(node string) amqp.Table {
	kind := h.DefaultQueueType
	if kind == "" {
		kind = "undefined"
	}
	return amqp.Table{
		"user_who_performed_action": h.By, "name": h.Name, "description": h.Description, "tags": texts(h.Tags),
		"default_queue_type": kind, "tracing": h.Tracing, "cluster_state": amqp.Table{node: "running"},
		"metadata": fmt.Sprintf("#{description => %s,tags => [%s]}", latin1(amqp.FormatBinary(h.Description)), strings.Join(h.Tags, ",")),
	}
}

// VHostDeleted is a virtual host that is gone.
type VHostDeleted struct{ By, Name string }

func (VHostDeleted) key() string { return "vhost.deleted" }

func (h VHostDeleted) headers(string) amqp.Table {
	return amqp.Table{"user_who_performed_action": h.By, "name": h.Name}
}
