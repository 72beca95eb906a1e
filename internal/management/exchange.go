package management

import (
	"iter"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/amqpjson"
	"github.com/harebellmq/harebell/vhost"
)

// defaultExchange is what the default exchange, whose name is empty, is called in
// paths.
const defaultExchange = "amq.default"

// A shownExchange is how an exchange is shown.
type shownExchange struct {
	Name         string         `json:"name"`
	VHost        string         `json:"vhost"`
	Type         string         `json:"type"`
	Durable      bool           `json:"durable"`
	AutoDelete   bool           `json:"auto_delete"`
	Internal     bool           `json:"internal"`
	Arguments    amqpjson.Table `json:"arguments"`
	Policy       string         `json:"policy,omitempty"`
	MadeBy       string         `json:"user_who_performed_action,omitempty"`
	MessageStats *tally         `json:"message_stats,omitempty"`
}

func (x shownExchange) name() string { return x.Name }

// A detailedExchange is how one exchange is shown that is asked for by its name.
type detailedExchange struct {
	shownExchange
	Incoming []traffic `json:"incoming"`
	Outgoing []traffic `json:"outgoing"`
}

func (s *Server) showExchange(v *vhost.VirtualHost, x vhost.ExchangeInfo) shownExchange {
	shown := shownExchange{
		Name: x.Name, VHost: v.Name(), Type: x.Kind, Durable: x.Durable, AutoDelete: x.AutoDelete, Internal: x.Internal,
		Arguments: amqpjson.Table(x.Arguments), Policy: x.Policy.Policy,
		MessageStats: s.activity(subject{kind: "exchange", name: v.Name() + "\x00" + x.Name}, flowCounts, countsOfFlow(x.Flow)),
	}
	if x.Predeclared {
		shown.MadeBy = "rmq-internal"
	}
	return shown
}

// exchangesOf are the exchanges of a virtual host.
func (s *Server) exchangesOf(_ *call, v *vhost.VirtualHost) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, name := range append([]string{""}, v.Exchanges()...) {
			if x, ok := v.ExchangeInfo(name); ok && !yield(s.showExchange(v, x)) {
				return
			}
		}
	}
}

func (s *Server) listExchanges(c *call) error {
	return c.listPaged(s.inVHosts(c, s.exchangesOf))
}

func (s *Server) listVHostExchanges(c *call) error {
	return c.inVHost(func(v *vhost.VirtualHost) error { return c.listPaged(s.exchangesOf(c, v)) })
}

// exchangeName returns the name that stands for a variable of the resource's path,
// and is an exchange's.
func (c *call) exchangeName(variable string) string {
	if name := c.name(variable); name != defaultExchange {
		return name
	}
	return ""
}

// exchange finds the exchange of the path.
func (c *call) exchange() (v *vhost.VirtualHost, x vhost.ExchangeInfo, err error) {
	v, err = c.server.vhosts.Get(c.name("vhost"))
	if err != nil {
		return nil, x, errNotFound
	}
	x, ok := v.ExchangeInfo(c.exchangeName("exchange"))
	if !ok {
		return nil, x, errNotFound
	}
	return v, x, nil
}

func (s *Server) getExchange(c *call) error {
	v, x, err := c.exchange()
	if err != nil {
		return err
	}
	shown := detailedExchange{s.showExchange(v, x), s.publishersTo(c, v, x.Name), s.outgoingOf(v, x.Name)}
	return c.answerSampled(shown, sampled{subject{kind: "exchange", name: v.Name() + "\x00" + x.Name}, func() []int64 {
		now, _ := v.ExchangeInfo(x.Name) // of one that has gone there is nothing
		return countsOfFlow(now.Flow)
	}, []part{{msgRates, "message_stats", flowCounts}}})
}

// putExchange declares an exchange.
//
// rabbitmq: a direct one that is not durable, unless it says so
func (s *Server) putExchange(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	d := exchange.Declaration{Name: c.exchangeName("exchange"), Kind: exchange.Direct}
	if err := isShort("the name", d.Name); err != nil {
		return err
	}
	if b.has("type") {
		if d.Kind, err = b.text("type"); err != nil {
			return err
		}
	}
	for key, flag := range map[string]*bool{"durable": &d.Durable, "auto_delete": &d.AutoDelete, "internal": &d.Internal} {
		if *flag, err = b.flag(key); err != nil {
			return err
		}
	}
	if d.Arguments, err = b.table("arguments"); err != nil {
		return err
	}
	return c.visit(func(v *vhost.VirtualHost, visit *server.Visit) error {
		there := v.Has(exchange.Destination{Kind: exchange.ToExchange, Name: d.Name})
		if err := visit.DeclareExchange(d); err != nil {
			return err
		}
		return c.done(!there)
	})
}

func (s *Server) deleteExchange(c *call) error {
	_, x, err := c.exchange()
	if err != nil {
		return err
	}
	return c.visit(func(_ *vhost.VirtualHost, visit *server.Visit) error {
		if err := visit.DeleteExchange(x.Name, c.URL.Query().Get("if-unused") == "true"); err != nil {
			return err
		}
		return c.done(false)
	})
}
