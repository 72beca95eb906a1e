package management

import (
	"fmt"
	"iter"
	"net/http"

	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/amqpjson"
	"github.com/harebellmq/harebell/internal/policy"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

// Definitions are everything that administrators and clients have declared, as JSON:
// what is exported of one broker another can import.

// A definedQueue is a queue among the definitions; VHost is "" if they are of one
// virtual host.
type definedQueue struct {
	Name       string         `json:"name"`
	VHost      string         `json:"vhost,omitempty"`
	Durable    bool           `json:"durable"`
	AutoDelete bool           `json:"auto_delete"`
	Arguments  amqpjson.Table `json:"arguments"`
}

type definedExchange struct {
	Name       string         `json:"name"`
	VHost      string         `json:"vhost,omitempty"`
	Type       string         `json:"type"`
	Durable    bool           `json:"durable"`
	AutoDelete bool           `json:"auto_delete"`
	Internal   bool           `json:"internal"`
	Arguments  amqpjson.Table `json:"arguments"`
}

type definedBinding struct {
	Source          string         `json:"source"`
	VHost           string         `json:"vhost,omitempty"`
	Destination     string         `json:"destination"`
	DestinationType string         `json:"destination_type"`
	RoutingKey      string         `json:"routing_key"`
	Arguments       amqpjson.Table `json:"arguments"`
}

type definedPolicy struct {
	VHost string `json:"vhost,omitempty"`
	policy.Policy
}

type definedParameter struct {
	VHost     string `json:"vhost,omitempty"`
	Component string `json:"component"`
	Name      string `json:"name"`
	Value     any    `json:"value"`
}

type definedVHost struct {
	Name             string         `json:"name"`
	Description      string         `json:"description"`
	Tags             []string       `json:"tags"`
	DefaultQueueType queue.Type     `json:"default_queue_type,omitempty"`
	Metadata         vhost.Metadata `json:"metadata"`
}

// A section is one key of the definitions, with a value or with items that are written
// as they come.
type section struct {
	key   string
	value any
	items iter.Seq[any]
}

// getDefinitions exports everything.
func (s *Server) getDefinitions(c *call) error {
	product, _ := s.broker.Presents()["product"].(string)
	vhosts := func(of func(*vhost.VirtualHost) iter.Seq[any]) iter.Seq[any] {
		return s.inVHosts(c, func(_ *call, v *vhost.VirtualHost) iter.Seq[any] { return of(v) })
	}
	return c.writeSections([]section{
		{key: "rabbit_version", value: s.version()},
		{key: "rabbitmq_version", value: s.version()},
		{key: "product_name", value: product},
		{key: "product_version", value: s.version()},
		{key: "rabbitmq_definition_format", value: "cluster"},
		{key: "original_cluster_name", value: s.clusterName()},
		{key: "explanation", value: "Definitions of the broker '" + s.clusterName() + "'"},
		{key: "users", items: all(s.users.All())},
		{key: "vhosts", items: vhosts(func(v *vhost.VirtualHost) iter.Seq[any] { return all([]any{defineVHost(v)}) })},
		{key: "permissions", items: all(s.users.AllPermissions())},
		{key: "topic_permissions", items: all(s.users.AllTopicPermissions())},
		{key: "parameters", items: vhosts(func(v *vhost.VirtualHost) iter.Seq[any] { return defineParameters(v, v.Name()) })},
		{key: "global_parameters", items: all(s.vhosts.Globals())},
		{key: "policies", items: vhosts(func(v *vhost.VirtualHost) iter.Seq[any] { return definePolicies(v, v.Name()) })},
		{key: "queues", items: vhosts(func(v *vhost.VirtualHost) iter.Seq[any] { return s.defineQueues(v, v.Name()) })},
		{key: "exchanges", items: vhosts(func(v *vhost.VirtualHost) iter.Seq[any] { return defineExchanges(v, v.Name()) })},
		{key: "bindings", items: vhosts(func(v *vhost.VirtualHost) iter.Seq[any] { return defineBindings(v, v.Name()) })},
	})
}

// getVHostDefinitions exports what is in one virtual host, whose name is not part of
// it: so it can be imported into another.
func (s *Server) getVHostDefinitions(c *call) error {
	return c.inVHost(func(v *vhost.VirtualHost) error {
		m := v.Metadata()
		return c.writeSections([]section{
			{key: "rabbit_version", value: s.version()},
			{key: "rabbitmq_version", value: s.version()},
			{key: "rabbitmq_definition_format", value: "single_virtual_host"},
			{key: "original_vhost_name", value: v.Name()},
			{key: "explanation", value: "Definitions of virtual host '" + v.Name() + "'"},
			{key: "metadata", value: m},
			{key: "description", value: m.Description},
			{key: "default_queue_type", value: v.DefaultQueueType()},
			{key: "limits", value: limitsOf(v)},
			{key: "parameters", items: defineParameters(v, "")},
			{key: "policies", items: definePolicies(v, "")},
			{key: "queues", items: s.defineQueues(v, "")},
			{key: "exchanges", items: defineExchanges(v, "")},
			{key: "bindings", items: defineBindings(v, "")},
		})
	})
}

// limitsOf are the limits of a virtual host, an object also if there are none.
func limitsOf(v *vhost.VirtualHost) any {
	if set := v.Limits(); set != nil {
		return set
	}
	return object{}
}

// writeSections answers with an object, as it comes.
func (c *call) writeSections(sections []section) error {
	c.begin(http.StatusOK)
	between := "{"
	for _, part := range sections {
		fmt.Fprintf(c.w, "%s%q:", between, part.key)
		between = ","
		if part.items == nil {
			c.w.Write(marshal(part.value))
		} else if !c.writeItems(part.items) {
			return nil // nobody listens any more
		}
	}
	c.w.Write([]byte("}")) // likewise
	return nil
}

func defineVHost(v *vhost.VirtualHost) any {
	m := v.Metadata()
	return definedVHost{v.Name(), m.Description, m.Tags, queue.Type(m.DefaultQueueType), m}
}

func defineParameters(v *vhost.VirtualHost, name string) iter.Seq[any] {
	var defined []definedParameter
	for _, p := range parameters(v, "") {
		defined = append(defined, definedParameter{name, p.Component, p.Name, p.Value})
	}
	return all(defined)
}

func definePolicies(v *vhost.VirtualHost, name string) iter.Seq[any] {
	var defined []definedPolicy
	for _, p := range v.Policies().All(policy.User) {
		defined = append(defined, definedPolicy{name, *p})
	}
	return all(defined)
}

// defineQueues are all queues but exclusive ones, which end with their connection.
func (s *Server) defineQueues(v *vhost.VirtualHost, name string) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, queue := range v.Queues() {
			q := v.Find(queue)
			if q == nil {
				continue // it has gone meanwhile
			}
			d := q.Declaration()
			if !d.Exclusive && !yield(definedQueue{d.Name, name, d.Durable, d.AutoDelete, amqpjson.Table(s.shownArguments(d))}) {
				return
			}
		}
	}
}

func defineExchanges(v *vhost.VirtualHost, name string) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, exchange := range v.Exchanges() {
			x, ok := v.ExchangeInfo(exchange)
			if !ok || x.Predeclared {
				continue
			}
			if !yield(definedExchange{x.Name, name, x.Kind, x.Durable, x.AutoDelete, x.Internal, amqpjson.Table(x.Arguments)}) {
				return
			}
		}
	}
}

// defineBindings are all bindings that somebody has made, but to exclusive queues.
func defineBindings(v *vhost.VirtualHost, name string) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, source := range v.Exchanges() {
			_, bindings, _ := v.Exchange(source)
			for _, b := range bindings {
				if b.Destination.Kind == exchange.ToQueue {
					if q := v.Find(b.Destination.Name); q == nil || q.Declaration().Exclusive {
						continue
					}
				}
				if !yield(definedBinding{b.Source, name, b.Destination.Name, b.Destination.Kind.String(), b.Key, amqpjson.Table(b.Arguments)}) {
					return
				}
			}
		}
	}
}
