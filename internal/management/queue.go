package management

import (
	"iter"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/amqpjson"
	"github.com/harebellmq/harebell/internal/policy"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

// A plainQueue is how a queue is shown without numbers.
type plainQueue struct {
	Name       string         `json:"name"`
	VHost      string         `json:"vhost"`
	Type       queue.Type     `json:"type"`
	Durable    bool           `json:"durable"`
	AutoDelete bool           `json:"auto_delete"`
	Exclusive  bool           `json:"exclusive"`
	Arguments  amqpjson.Table `json:"arguments"`
	Node       string         `json:"node"`
	State      string         `json:"state"`
}

func (q plainQueue) name() string { return q.Name }

// A countedQueue is a plainQueue with the numbers that cost nothing.
type countedQueue struct {
	plainQueue
	Messages               int `json:"messages"`
	MessagesReady          int `json:"messages_ready"`
	MessagesUnacknowledged int `json:"messages_unacknowledged"`
}

// A shownQueue is how a queue is shown.
type shownQueue struct {
	plainQueue
	messageLevels
	MessageBytes               int64             `json:"message_bytes"`
	MessageBytesReady          int64             `json:"message_bytes_ready"`
	MessageBytesUnacknowledged int64             `json:"message_bytes_unacknowledged"`
	MessageStats               *tally            `json:"message_stats,omitempty"`
	HeadTimestamp              *int64            `json:"head_message_timestamp"` // Unix seconds
	Consumers                  int               `json:"consumers"`
	Memory                     int64             `json:"memory"`
	Policy                     *string           `json:"policy"`
	OperatorPolicy             *string           `json:"operator_policy"`
	EffectivePolicy            policy.Definition `json:"effective_policy_definition"`
	Owner                      *peer             `json:"owner_pid_details,omitempty"`
	Leader                     string            `json:"leader,omitempty"`
	Members                    []string          `json:"members,omitempty"`
	Online                     []string          `json:"online,omitempty"`
}

// A detailedQueue is how one queue is shown that is asked for by its name.
type detailedQueue struct {
	shownQueue
	ConsumerDetails      []consumer `json:"consumer_details"`
	Incoming             []traffic  `json:"incoming"`
	Deliveries           []traffic  `json:"deliveries"`
	ExclusiveConsumerTag *string    `json:"exclusive_consumer_tag"`
	SingleActiveTag      *string    `json:"single_active_consumer_tag"`
}

func (s *Server) plain(d queue.Declaration) plainQueue {
	return plainQueue{
		Name: d.Name, VHost: d.VHost, Type: d.Type(), Durable: d.Durable, AutoDelete: d.AutoDelete, Exclusive: d.Exclusive,
		Arguments: amqpjson.Table(s.shownArguments(d)), Node: s.node, State: "running",
	}
}

// shownArguments are the arguments of a queue as the API shows them.
//
// rabbitmq: from 4.0 on they name the type
func (s *Server) shownArguments(d queue.Declaration) amqp.Table {
	if _, given := d.Arguments["x-queue-type"]; given || s.before("4.0") {
		return d.Arguments
	}
	shown := amqp.Table{"x-queue-type": string(d.Type())}
	for name, value := range d.Arguments {
		shown[name] = value
	}
	return shown
}

func (s *Server) showQueue(q vhost.QueueInfo) shownQueue {
	d, info := q.Declaration(), q.Info()
	levels, activity := s.ofQueue(q.ID(), info)
	shown := shownQueue{
		plainQueue:    s.plain(d),
		messageLevels: levels,
		MessageBytes:  info.ReadyBytes + info.UnackedBytes, MessageBytesReady: info.ReadyBytes, MessageBytesUnacknowledged: info.UnackedBytes,
		MessageStats: activity,
		Consumers:    info.Consumers, Memory: info.Resident,
		Policy: orNull(q.Policy.Policy), OperatorPolicy: orNull(q.Policy.Operator), EffectivePolicy: q.Policy.Definition,
	}
	if shown.EffectivePolicy == nil {
		shown.EffectivePolicy = policy.Definition{}
	}
	if info.Head != 0 {
		shown.HeadTimestamp = &info.Head
	}
	if owner, ok := server.Owner(q.Owner); ok {
		shown.Owner = peerOf(&owner)
	}
	if d.Type() == queue.Quorum {
		shown.Leader, shown.Members, shown.Online = s.node, []string{s.node}, []string{s.node}
	}
	return shown
}

// orNull is how a name is shown that may not be there.
func orNull(name string) *string {
	if name == "" {
		return nil
	}
	return &name
}

func (s *Server) detail(c *call, v *vhost.VirtualHost, q vhost.QueueInfo) detailedQueue {
	shown := detailedQueue{
		shownQueue: s.showQueue(q), ConsumerDetails: []consumer{},
		Incoming: s.incomingOf(v, q.Declaration().Name), Deliveries: s.takersFrom(c, q.Hosted),
	}
	for _, info := range server.Consumers(q.Hosted) {
		if info.Exclusive {
			shown.ExclusiveConsumerTag = &info.Tag
		}
		if info.Single && info.Active {
			shown.SingleActiveTag = &info.Tag
		}
		shown.ConsumerDetails = append(shown.ConsumerDetails, s.showConsumer(shown.plainQueue, info))
	}
	return shown
}

// queuesOf are the queues of a virtual host, shown with as much as the query asks for.
// Their names are taken first, then one is looked at after the other.
//
// rabbitmq: disable_stats, and enable_queue_totals with it
func (s *Server) queuesOf(c *call, v *vhost.VirtualHost) iter.Seq[any] {
	query := c.URL.Query()
	plain, totals := query.Get("disable_stats") == "true", query.Get("enable_queue_totals") == "true"
	return func(yield func(any) bool) {
		for _, name := range v.Queues() {
			q, ok := v.QueueInfo(name)
			if !ok {
				continue // it has gone meanwhile
			}
			var item any
			switch {
			case plain && totals:
				n := q.Stats()
				item = countedQueue{s.plain(q.Declaration()), n.Ready + n.Unacked, n.Ready, n.Unacked}
			case plain:
				item = s.plain(q.Declaration())
			default:
				item = s.showQueue(q)
			}
			if !yield(item) {
				return
			}
		}
	}
}

func (s *Server) listQueues(c *call) error {
	return c.listPaged(s.inVHosts(c, s.queuesOf))
}

func (s *Server) listVHostQueues(c *call) error {
	return c.inVHost(func(v *vhost.VirtualHost) error { return c.listPaged(s.queuesOf(c, v)) })
}

// inVHosts are the items of all virtual hosts that the user may know of.
func (s *Server) inVHosts(c *call, of func(*call, *vhost.VirtualHost) iter.Seq[any]) iter.Seq[any] {
	return func(yield func(any) bool) {
		for v := range s.visible(c) {
			for item := range of(c, v) {
				if !yield(item) {
					return
				}
			}
		}
	}
}

// inVHost does something in the virtual host of the path.
func (c *call) inVHost(do func(*vhost.VirtualHost) error) error {
	v, err := c.server.vhosts.Get(c.name("vhost"))
	if err != nil {
		return errNotFound
	}
	return do(v)
}

// queue finds the queue of the path.
func (c *call) queue() (v *vhost.VirtualHost, q vhost.QueueInfo, err error) {
	v, err = c.server.vhosts.Get(c.name("vhost"))
	if err != nil {
		return nil, q, errNotFound
	}
	q, ok := v.QueueInfo(c.name("queue"))
	if !ok {
		return nil, q, errNotFound
	}
	return v, q, nil
}

func (s *Server) getQueue(c *call) error {
	v, q, err := c.queue()
	if err != nil {
		return err
	}
	return c.answerSampled(s.detail(c, v, q), sampled{subject{kind: "queue", id: q.ID()}, func() []int64 {
		info := q.Info()
		return append(countsOfLevels(info.Ready, info.Unacked), countsOfQueue(info.Counts)...)
	}, []part{{lengths, "", levelNames}, {msgRates, "message_stats", queueCounts}}})
}

// putQueue declares a queue.
func (s *Server) putQueue(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	d := queue.Declaration{Name: c.name("queue")}
	if err := isShort("the name", d.Name); err != nil {
		return err
	}
	if d.Durable, err = b.flag("durable"); err != nil {
		return err
	}
	if d.AutoDelete, err = b.flag("auto_delete"); err != nil {
		return err
	}
	if d.Arguments, err = b.table("arguments"); err != nil {
		return err
	}
	node, err := b.text("node")
	if err != nil {
		return err
	}
	if node != "" && node != s.node { // rabbitmq: in these words
		return badRequest("Node " + node + " could not be contacted")
	}
	return c.visit(func(v *vhost.VirtualHost, visit *server.Visit) error {
		there := v.Has(exchange.Destination{Kind: exchange.ToQueue, Name: d.Name})
		if err := visit.DeclareQueue(d); err != nil {
			return err
		}
		return c.done(!there)
	})
}

func (s *Server) deleteQueue(c *call) error {
	_, q, err := c.queue()
	if err != nil {
		return err
	}
	query := c.URL.Query()
	return c.visit(func(_ *vhost.VirtualHost, visit *server.Visit) error {
		if err := visit.DeleteQueue(q.Declaration().Name, query.Get("if-unused") == "true", query.Get("if-empty") == "true"); err != nil {
			return err
		}
		return c.done(false)
	})
}

func (s *Server) purgeQueue(c *call) error {
	_, q, err := c.queue()
	if err != nil {
		return err
	}
	return c.visit(func(_ *vhost.VirtualHost, visit *server.Visit) error {
		if err := visit.Purge(q.Declaration().Name); err != nil {
			return err
		}
		return c.done(false)
	})
}

// actOnQueue is for what operators of old could do with mirrored queues: there is
// nothing left of it.
//
// rabbitmq: so it is from 4.0 on
func (s *Server) actOnQueue(c *call) error {
	if _, _, err := c.queue(); err != nil {
		return err
	}
	b, err := c.body("action")
	if err != nil {
		return err
	}
	return badRequest("unknown", b["action"])
}
