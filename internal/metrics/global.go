package metrics

import (
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/queue"
)

// A protocolRow is what has come by one protocol.
type protocolRow struct {
	server.Counts
	routed                uint64
	publishers, consumers int
}

// protocolColumns are of protocols.
var protocolColumns = []column[protocolRow]{
	{"", "messages_received_total", counter, "Messages that publishers have sent",
		func(p *protocolRow) float64 { return float64(p.Published) }},
	{"", "messages_received_confirm_total", counter, "Messages of publishers that want them confirmed",
		func(p *protocolRow) float64 { return float64(p.ToConfirm) }},
	{"", "messages_routed_total", counter, "Messages that were routed to queues or streams, once for each of these",
		func(p *protocolRow) float64 { return float64(p.routed) }},
	{"", "messages_unroutable_dropped_total", counter, "Messages that were dropped as no queue wanted them",
		func(p *protocolRow) float64 { return float64(p.Dropped) }},
	{"", "messages_unroutable_returned_total", counter, "Messages that were published as mandatory, and came back as no queue wanted them",
		func(p *protocolRow) float64 { return float64(p.Returned) }},
	{"", "messages_confirmed_total", counter, "Messages that were confirmed to publishers",
		func(p *protocolRow) float64 { return float64(p.Confirmed) }},
	{"", "publishers", gauge, "Channels that have published something",
		func(p *protocolRow) float64 { return float64(p.publishers) }},
	{"", "consumers", gauge, "Consumers that are there",
		func(p *protocolRow) float64 { return float64(p.consumers) }},
}

// deliveryColumns are of types of queues.
var deliveryColumns = []column[queue.Counts]{
	{"", "messages_delivered_total", counter, "Messages that were delivered to consumers or fetched",
		func(c *queue.Counts) float64 { return float64(c.Delivered + c.DeliveredNoAck + c.Got + c.GotNoAck) }},
	{"", "messages_delivered_consume_manual_ack_total", counter, "Messages that were delivered to consumers that are to acknowledge them",
		func(c *queue.Counts) float64 { return float64(c.Delivered) }},
	{"", "messages_delivered_consume_auto_ack_total", counter, "Messages that were delivered to consumers without acknowledgement",
		func(c *queue.Counts) float64 { return float64(c.DeliveredNoAck) }},
	{"", "messages_delivered_get_manual_ack_total", counter, "Messages that were fetched with basic.get, to be acknowledged",
		func(c *queue.Counts) float64 { return float64(c.Got) }},
	{"", "messages_delivered_get_auto_ack_total", counter, "Messages that were fetched with basic.get, without acknowledgement",
		func(c *queue.Counts) float64 { return float64(c.GotNoAck) }},
	{"", "messages_get_empty_total", counter, "How often basic.get found no message",
		func(c *queue.Counts) float64 { return float64(c.GetEmpty) }},
	{"", "messages_redelivered_total", counter, "Messages that were delivered again",
		func(c *queue.Counts) float64 { return float64(c.Redelivered) }},
	{"", "messages_acknowledged_total", counter, "Messages that consumers have acknowledged",
		func(c *queue.Counts) float64 { return float64(c.Acked) }},
}

// A death is how many messages have died in queues of a type, and with what fate.
type death struct {
	of            func(queue.Reason) uint64
	quorum, least bool
	arrived       uint64
}

// count returns how many have died of a reason.
func (d *death) count(why queue.Reason) float64 { return float64(d.of(why)) }

// deathColumns are of types of queues and fates.
//
// rabbitmq: only what there can be: no delivery limit of classic queues, no length at
// least once
var deathColumns = []column[death]{
	{"", "messages_dead_lettered_expired_total", counter, "Messages that died as their time to live was over",
		func(d *death) float64 { return d.count(queue.Expired) }},
	{"", "messages_dead_lettered_rejected_total", counter, "Messages that died as a consumer has rejected them",
		func(d *death) float64 { return d.count(queue.Rejected) }},
	{"", "messages_dead_lettered_maxlen_total", counter, "Messages that died as there were too many in their queue",
		func(d *death) float64 {
			if d.least {
				return none
			}
			return d.count(queue.MaxLen)
		}},
	{"", "messages_dead_lettered_delivery_limit_total", counter, "Messages that died as they have come back too often",
		func(d *death) float64 {
			if !d.quorum {
				return none
			}
			return d.count(queue.DeliveryLimit)
		}},
	{"", "messages_dead_lettered_confirmed_total", counter, "Messages that were dead-lettered at least once and have arrived",
		func(d *death) float64 {
			if !d.least {
				return none
			}
			return float64(d.arrived)
		}},
}

const protocol = "amqp091"

// global writes what has happened since the broker began, whoever it happened to.
func (s *Server) global(e *exposition, r *reading) {
	const prefix = "rabbitmq_global_"
	channels := r.channels()
	all := s.allChannels(channels)
	p := protocolRow{Counts: all.Counts, consumers: all.Consumers, routed: allExchanges(r.exchanges(), r.census.Flow).Out}
	for i := range channels {
		if channels[i].of.Counts.Published > 0 {
			p.publishers++
		}
	}
	newSheet([]row[protocolRow]{{labels(label{"protocol", protocol}), p}}).write(e, prefix, protocolColumns, nil)
	newSheet(r.deliveries()).write(e, prefix, deliveryColumns, nil)
	newSheet(s.deaths()).write(e, prefix, deathColumns, nil)
}

// deaths are all types of queues with all fates that messages of theirs may have.
func (s *Server) deaths() []row[death] {
	b := s.broker.VHosts.Burials()
	var rows []row[death]
	for _, fate := range []struct {
		queue.Fate
		name string
	}{{queue.Discarded, "disabled"}, {queue.AtMostOnce, "at_most_once"}, {queue.AtLeastOnce, "at_least_once"}} {
		for _, t := range queueTypes {
			if t.Type == queue.Stream || t.Type == queue.Classic && fate.Fate == queue.AtLeastOnce {
				continue
			}
			rows = append(rows, row[death]{
				labels: labels(label{"queue_type", t.name}, label{"dead_letter_strategy", fate.name}),
				of: death{
					of:     func(why queue.Reason) uint64 { return b.Of(t.Type, why, fate.Fate) },
					quorum: t.Type == queue.Quorum, least: fate.Fate == queue.AtLeastOnce, arrived: b.Arrived(),
				},
			})
		}
	}
	return rows
}

// deliveries are what has gone out of queues, by their type.
func (r *reading) deliveries() []row[queue.Counts] {
	total := make(map[queue.Type]queue.Counts)
	for t, counts := range r.census.Counts {
		total[t] = counts
	}
	queues := r.queues()
	for i := range queues {
		t := r.census.Queues[i].Declaration().Type()
		total[t] = total[t].Plus(queues[i].of.Counts)
	}
	var rows []row[queue.Counts]
	for _, t := range queueTypes {
		rows = append(rows, row[queue.Counts]{labels(label{"protocol", protocol}, label{"queue_type", t.name}), total[t.Type]})
	}
	return rows
}
