package management

import (
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

// A traffic is what happened between two things of a broker, as it is shown with one of
// them.
//
// rabbitmq: only in rates_mode detailed, which this is not called because clients expect
// the mode that is usual
type traffic struct {
	Stats    tally      `json:"stats"`
	Exchange *objectRef `json:"exchange,omitempty"`
	Queue    *objectRef `json:"queue,omitempty"`
	Channel  *consuming `json:"channel_details,omitempty"`
}

// An objectRef names an exchange or a queue.
type objectRef struct {
	Name  string `json:"name"`
	VHost string `json:"vhost"`
}

// publishCount is what is counted of messages on their way to a queue.
var publishCount = queueCounts[:1]

// passages shows how many messages came from exchanges into queues, with show saying of
// what.
func (s *Server) passages(v *vhost.VirtualHost, list []vhost.Passage, show func(*traffic, vhost.Passage)) []traffic {
	shown := []traffic{}
	for _, p := range list {
		of := subject{kind: "passage", name: v.Name() + "\x00" + p.Exchange + "\x00" + p.Queue}
		t := traffic{Stats: s.tally(of, publishCount, signed(p.Messages))}
		show(&t, p)
		shown = append(shown, t)
	}
	return shown
}

// incomingOf is from which exchanges messages came into a queue.
func (s *Server) incomingOf(v *vhost.VirtualHost, name string) []traffic {
	return s.passages(v, v.PassagesInto(name), func(t *traffic, p vhost.Passage) {
		t.Exchange = &objectRef{p.Exchange, v.Name()}
	})
}

// outgoingOf is into which queues messages came from an exchange.
func (s *Server) outgoingOf(v *vhost.VirtualHost, name string) []traffic {
	return s.passages(v, v.PassagesFrom(name), func(t *traffic, p vhost.Passage) {
		t.Queue = &objectRef{p.Queue, v.Name()}
	})
}

// published shows what a channel has published to an exchange.
func (s *Server) published(t *server.Traffic) traffic {
	of := subject{kind: "publishes", name: channelName(t.Connection.Name, t.Channel) + "\x00" + t.Exchange}
	return traffic{Stats: s.tally(of, publishCount, signed(t.Published))}
}

// drained shows what a channel has taken from a queue.
func (s *Server) drained(t *server.Traffic) traffic {
	of := subject{kind: "deliveries", name: channelName(t.Connection.Name, t.Channel) + "\x00" + t.Queue.Declaration().Name}
	return traffic{Stats: s.tally(of, drainCounts, countsOfChannel(t.Counts)[len(channelCounts)-len(drainCounts):])}
}

// channelOf shows the channel that a traffic is of.
func (s *Server) channelOf(t *server.Traffic) *consuming {
	channel := s.channelOn(t.Connection, t.Channel)
	return &channel
}

// publishersTo is which channels have published to an exchange, of those that the user
// may see.
func (s *Server) publishersTo(c *call, v *vhost.VirtualHost, exchange string) []traffic {
	shown := []traffic{}
	for t := range s.broker.Traffic(func(info *server.ConnectionInfo) bool { return info.VHost == v.Name() && c.maySee(info) }) {
		if t.Queue == nil && t.Exchange == exchange {
			item := s.published(&t)
			item.Channel = s.channelOf(&t)
			shown = append(shown, item)
		}
	}
	return shown
}

// takersFrom is which channels have taken messages from a queue, of those that the user
// may see.
func (s *Server) takersFrom(c *call, q queue.Hosted) []traffic {
	shown := []traffic{}
	vhost := q.Declaration().VHost
	for t := range s.broker.Traffic(func(info *server.ConnectionInfo) bool { return info.VHost == vhost && c.maySee(info) }) {
		if t.Queue == q {
			item := s.drained(&t)
			item.Channel = s.channelOf(&t)
			shown = append(shown, item)
		}
	}
	return shown
}

// ofChannel is what a channel has published, and taken from queues that are still there.
func (s *Server) ofChannel(info server.ChannelInfo, v *vhost.VirtualHost) (publishes, deliveries []traffic) {
	publishes, deliveries = []traffic{}, []traffic{}
	for t := range s.broker.Traffic(func(other *server.ConnectionInfo) bool { return other == info.Connection }) {
		switch {
		case t.Channel != info.Number:
		case t.Queue == nil:
			item := s.published(&t)
			item.Exchange = &objectRef{t.Exchange, v.Name()}
			publishes = append(publishes, item)
		case t.Queue == v.Find(t.Queue.Declaration().Name):
			item := s.drained(&t)
			item.Queue = &objectRef{t.Queue.Declaration().Name, v.Name()}
			deliveries = append(deliveries, item)
		}
	}
	return publishes, deliveries
}
