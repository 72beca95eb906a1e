package management

import (
	"crypto/sha256"
	"encoding/base64"
	"iter"
	"net/url"
	"strings"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/amqpjson"
	"github.com/harebellmq/harebell/vhost"
)

// A shownBinding is how a binding is shown.
type shownBinding struct {
	Source          string         `json:"source"`
	VHost           string         `json:"vhost"`
	Destination     string         `json:"destination"`
	DestinationType string         `json:"destination_type"`
	RoutingKey      string         `json:"routing_key"`
	Arguments       amqpjson.Table `json:"arguments"`
	PropertiesKey   string         `json:"properties_key"`
}

func showBinding(v *vhost.VirtualHost, b exchange.Binding) shownBinding {
	return shownBinding{
		Source: b.Source, VHost: v.Name(), Destination: b.Destination.Name, DestinationType: b.Destination.Kind.String(),
		RoutingKey: b.Key, Arguments: amqpjson.Table(b.Arguments), PropertiesKey: propertiesKey(b.Key, b.Arguments),
	}
}

// propertiesKey is what tells bindings between the same ends apart: the key in the
// encoding of forms and, if there are any, a digest of the arguments.
//
// rabbitmq: of the digest only that it is one
func propertiesKey(key string, arguments amqp.Table) string {
	encoded := strings.ReplaceAll(url.QueryEscape(key), "~", "%7E")
	switch {
	case len(arguments) > 0:
		digest := sha256.Sum256(arguments.Append(nil))
		return encoded + "~" + base64.RawURLEncoding.EncodeToString(digest[:9])
	case key == "":
		return "~"
	}
	return encoded
}

// isCalled reports whether a path means a binding: clients encode keys in more than one
// way.
func isCalled(b exchange.Binding, name string) bool {
	key := propertiesKey(b.Key, b.Arguments)
	if name == key {
		return true
	}
	encoded, digest, found := strings.Cut(name, "~")
	_, want, has := strings.Cut(key, "~")
	plain, err := url.QueryUnescape(encoded)
	return err == nil && plain == b.Key && found == has && digest == want
}

// implicit is the binding of a queue that nobody has made.
func implicit(queue string) exchange.Binding {
	return exchange.Binding{Destination: exchange.Destination{Kind: exchange.ToQueue, Name: queue}, Key: queue}
}

// implicits are those of all queues.
func implicits(v *vhost.VirtualHost) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, name := range v.Queues() {
			if !yield(showBinding(v, implicit(name))) {
				return
			}
		}
	}
}

// bindingsOf are the bindings of a virtual host.
func (s *Server) bindingsOf(_ *call, v *vhost.VirtualHost) iter.Seq[any] {
	return func(yield func(any) bool) {
		for b := range implicits(v) {
			if !yield(b) {
				return
			}
		}
		for _, name := range v.Exchanges() {
			_, bindings, _ := v.Exchange(name)
			for _, b := range bindings {
				if !yield(showBinding(v, b)) {
					return
				}
			}
		}
	}
}

// show are some bindings.
func show(v *vhost.VirtualHost, bindings []exchange.Binding) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, b := range bindings {
			if !yield(showBinding(v, b)) {
				return
			}
		}
	}
}

func (s *Server) listBindings(c *call) error { return c.list(s.inVHosts(c, s.bindingsOf)) }

func (s *Server) listVHostBindings(c *call) error {
	return c.inVHost(func(v *vhost.VirtualHost) error { return c.list(s.bindingsOf(c, v)) })
}

func (s *Server) listQueueBindings(c *call) error {
	v, q, err := c.queue()
	if err != nil {
		return err
	}
	to := implicit(q.Declaration().Name)
	return c.list(show(v, append([]exchange.Binding{to}, v.To(to.Destination)...)))
}

func (s *Server) listSourceBindings(c *call) error {
	v, x, err := c.exchange()
	if err != nil {
		return err
	}
	if x.Name == "" {
		return c.list(implicits(v))
	}
	_, bindings, _ := v.Exchange(x.Name)
	return c.list(show(v, bindings))
}

func (s *Server) listDestinationBindings(c *call) error {
	v, x, err := c.exchange()
	if err != nil {
		return err
	}
	return c.list(show(v, v.To(exchange.Destination{Kind: exchange.ToExchange, Name: x.Name})))
}

// A bindings is the resources of bindings to one kind of destination.
type bindings struct {
	*Server
	to exchange.DestinationKind
}

// ends returns the ends that the path names.
func (s bindings) ends(c *call) (source string, to exchange.Destination) {
	to = exchange.Destination{Kind: s.to, Name: c.name("destination")}
	if s.to == exchange.ToExchange {
		to.Name = c.exchangeName("destination")
	}
	return c.exchangeName("exchange"), to
}

// between returns the bindings between these ends.
func (s bindings) between(c *call, v *vhost.VirtualHost) []exchange.Binding {
	source, to := s.ends(c)
	if source == "" && s.to == exchange.ToQueue && v.Has(to) {
		return []exchange.Binding{implicit(to.Name)}
	}
	found, _ := v.Between(source, to)
	return found
}

// list shows them.
//
// rabbitmq: none if the ends are not there
func (s bindings) list(c *call) error {
	return c.inVHost(func(v *vhost.VirtualHost) error { return c.list(show(v, s.between(c, v))) })
}

// post makes a binding, and says how it is called from now on.
func (s bindings) post(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	source, to := s.ends(c)
	made := exchange.Binding{Source: source, Destination: to}
	if made.Key, err = b.text("routing_key"); err != nil {
		return err
	}
	if err := isShort("routing_key", made.Key); err != nil {
		return err
	}
	if made.Arguments, err = b.table("arguments"); err != nil {
		return err
	}
	return c.visit(func(_ *vhost.VirtualHost, visit *server.Visit) error {
		if err := visit.Bind(made); err != nil {
			return err
		}
		c.w.Header().Set("location", url.PathEscape(c.name("destination"))+"/"+url.QueryEscape(propertiesKey(made.Key, made.Arguments)))
		return c.done(true)
	})
}

// find finds the binding that the path names.
func (s bindings) find(c *call) (*vhost.VirtualHost, exchange.Binding, error) {
	v, err := s.vhosts.Get(c.name("vhost"))
	if err != nil {
		return nil, exchange.Binding{}, errNotFound
	}
	for _, b := range s.between(c, v) {
		if isCalled(b, c.name("properties")) {
			return v, b, nil
		}
	}
	return nil, exchange.Binding{}, errNotFound
}

func (s bindings) get(c *call) error {
	v, b, err := s.find(c)
	if err != nil {
		return err
	}
	return c.answer(showBinding(v, b))
}

func (s bindings) delete(c *call) error {
	_, b, err := s.find(c)
	if err != nil {
		return err
	}
	return c.visit(func(_ *vhost.VirtualHost, visit *server.Visit) error {
		if err := visit.Unbind(b); err != nil {
			return err
		}
		return c.done(false)
	})
}
