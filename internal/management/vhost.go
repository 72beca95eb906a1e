package management

import (
	"errors"
	"fmt"
	"iter"
	"net/http"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

// A virtualHost is how a virtual host is shown.
type virtualHost struct {
	Name             string            `json:"name"`
	Description      string            `json:"description"`
	Tags             []string          `json:"tags"`
	DefaultQueueType queue.Type        `json:"default_queue_type"`
	Metadata         vhost.Metadata    `json:"metadata"`
	Protected        bool              `json:"protected_from_deletion"`
	Tracing          bool              `json:"tracing"`
	ClusterState     map[string]string `json:"cluster_state"`
	messageLevels
	MessageStats          *tally `json:"message_stats,omitempty"`
	ReceivedOctets        int64  `json:"recv_oct"`
	ReceivedOctetsDetails rate   `json:"recv_oct_details"`
	SentOctets            int64  `json:"send_oct"`
	SentOctetsDetails     rate   `json:"send_oct_details"`
}

func (v virtualHost) name() string { return v.Name }

func (s *Server) show(v *vhost.VirtualHost) virtualHost {
	m := v.Metadata()
	ready, unacked, _ := messages(v)
	counts, transfer := s.broker.TotalsIn(v)
	octets := signed(transfer.Received, transfer.Sent)
	rates := s.rates.take(subject{kind: "octets of virtual host", name: v.Name()}, octets)
	return virtualHost{
		Name: v.Name(), Description: m.Description, Tags: m.Tags, DefaultQueueType: v.DefaultQueueType(), Metadata: m,
		Protected: m.Protected, Tracing: v.Tracing(), ClusterState: map[string]string{s.node: "running"},
		messageLevels:  s.levels(subject{kind: "levels of virtual host", name: v.Name()}, ready, unacked),
		MessageStats:   s.activity(subject{kind: "channels of virtual host", name: v.Name()}, channelCounts, countsOfChannel(counts)),
		ReceivedOctets: octets[0], ReceivedOctetsDetails: rate{rates[0]}, SentOctets: octets[1], SentOctetsDetails: rate{rates[1]},
	}
}

func (s *Server) listVHosts(c *call) error {
	return c.listPaged(func(yield func(any) bool) {
		for v := range s.visible(c) {
			if !yield(s.show(v)) {
				return
			}
		}
	})
}

// visible are the virtual hosts that the user may know of, by name.
func (s *Server) visible(c *call) iter.Seq[*vhost.VirtualHost] {
	return func(yield func(*vhost.VirtualHost) bool) {
		for _, name := range s.vhosts.Names() {
			if v, err := s.vhosts.Get(name); err == nil && c.sees(name) && !yield(v) {
				return
			}
		}
	}
}

func (s *Server) getVHost(c *call) error {
	v, err := s.vhosts.Get(c.name("vhost"))
	if err != nil {
		return errNotFound
	}
	stats := sampled{subject{kind: "channels of virtual host", name: v.Name()}, func() []int64 {
		counts, _ := s.broker.TotalsIn(v)
		return countsOfChannel(counts)
	}, []part{{msgRates, "message_stats", channelCounts}}}
	octets := sampled{subject{kind: "octets of virtual host", name: v.Name()}, func() []int64 {
		_, transfer := s.broker.TotalsIn(v)
		return signed(transfer.Received, transfer.Sent)
	}, []part{{dataRates, "", octetNames}}}
	levels := sampled{subject{kind: "levels of virtual host", name: v.Name()}, func() []int64 {
		ready, unacked, _ := messages(v)
		return countsOfLevels(ready, unacked)
	}, []part{{lengths, "", levelNames}}}
	return c.answerSampled(s.show(v), stats, octets, levels)
}

// putVHost makes a virtual host, or changes what is said of one.
//
// rabbitmq: who makes it may do everything in it, unless a token says what that is
func (s *Server) putVHost(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	m, err := b.metadata()
	if err != nil {
		return err
	}
	tracing, err := b.flag("tracing")
	if err != nil {
		return err
	}
	name := c.name("vhost")
	created, err := s.vhosts.Put(c.user.Name, name, m)
	refused, ok := errors.AsType[*amqp.Error](err)
	switch {
	case errors.Is(err, vhost.ErrName):
		return badRequest(err.Error())
	case ok:
		return badRequest(refused.Text)
	case err != nil:
		return err
	}
	if v, err := s.vhosts.Get(name); err == nil && b.has("tracing") {
		v.Trace(tracing)
	}
	if created && c.identity.Internal() {
		_, err := s.users.SetPermissions(c.user.Name, auth.Everything(c.user.Name, name), s.vhosts.Has)
		if err != nil && !errors.Is(err, auth.ErrNoUser) && !errors.Is(err, auth.ErrNoVirtualHost) { // both may have been deleted since
			return err
		}
	}
	return c.done(created)
}

// metadata makes the metadata of a virtual host of a body. What this broker does
// not do is refused, not ignored.
func (b body) metadata() (vhost.Metadata, error) {
	var m vhost.Metadata
	texts, err := b.texts("description", "default_queue_type")
	if err != nil {
		return m, err
	}
	m.Description, m.DefaultQueueType = texts[0], texts[1]
	if m.DefaultQueueType == "undefined" {
		m.DefaultQueueType = ""
	}
	switch queue.Type(m.DefaultQueueType) {
	case "", queue.Classic, queue.Quorum, queue.Stream:
	default:
		return m, badRequest(fmt.Sprintf("default_queue_type is '%s': want classic, quorum or stream", m.DefaultQueueType))
	}
	if m.Tags, err = b.tags(); err != nil {
		return m, err
	}
	m.Protected, err = b.flag("protected_from_deletion")
	return m, err
}

func (s *Server) deleteVHost(c *call) error {
	name := c.name("vhost")
	if !s.vhosts.Has(name) {
		return errNotFound
	}
	err := s.vhosts.Delete(c.user.Name, name)
	switch {
	case errors.Is(err, vhost.ErrProtected):
		return &refusal{
			status: http.StatusPreconditionFailed, code: "precondition_failed",
			reason: fmt.Sprintf("Refusing to delete virtual host '%s' because it is protected from deletion", name),
		}
	case isAMQP(err): // somebody else was quicker
		return errNotFound
	case err != nil:
		return err
	}
	return c.done(false)
}

// isAMQP reports whether an error is one that clients of AMQP are told.
func isAMQP(err error) bool {
	_, ok := errors.AsType[*amqp.Error](err)
	return ok
}
