package metrics

import (
	"net/url"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/vhost"
)

// A reading is what is looked at for one answer: each kind of thing when it is needed
// first, and only once.
type reading struct {
	s      *Server
	census *vhost.Census

	queued    []row[queueRow]
	sheet     *sheet[queueRow] // of these
	channeled []row[server.ChannelInfo]
	connected []row[server.ConnectionInfo]
	exchanged []row[vhost.Flow]
	processed []*dto.MetricFamily
}

func (s *Server) read() *reading { return &reading{s: s, census: s.broker.VHosts.Census()} }

func (r *reading) queues() []row[queueRow] {
	if r.queued == nil {
		r.queued = queueRows(r.census.Queues)
	}
	return r.queued
}

func (r *reading) channels() []row[server.ChannelInfo] {
	if r.channeled == nil {
		r.channeled = r.s.channelRows()
	}
	return r.channeled
}

func (r *reading) connections() []row[server.ConnectionInfo] {
	if r.connected == nil {
		r.connected = r.s.connectionRows()
	}
	return r.connected
}

func (r *reading) exchanges() []row[vhost.Flow] {
	if r.exchanged == nil {
		r.exchanged = exchangeRows(r.census.Exchanges)
	}
	return r.exchanged
}

// within leaves out queues and exchanges of other virtual hosts.
func (r *reading) within(vhosts []string) {
	r.census.Queues = slices.DeleteFunc(r.census.Queues, func(q vhost.CountedQueue) bool { return !slices.Contains(vhosts, q.VHost) })
	r.census.Exchanges = slices.DeleteFunc(r.census.Exchanges, func(x vhost.CountedExchange) bool { return !slices.Contains(vhosts, x.VHost) })
}

// process is what the client library has to say of the process, under names of its own. What
// it cannot find out it leaves out.
func (r *reading) process() []*dto.MetricFamily {
	if r.processed == nil {
		var err error
		if r.processed, err = r.s.process.Gather(); err != nil {
			r.s.options.Log.Debug().Err(err).Msg("metrics of the process not complete")
		}
	}
	return r.processed
}

const prefix = "rabbitmq_"

// aggregated is one series for each name.
func (s *Server) aggregated(e *exposition) {
	r := s.read()
	s.node(e, prefix, r, nil)
	queues := one(allQueues(r.queues(), r.census.Counts))
	queues.write(e, prefix, queueColumns, nil)
	queues.write(e, prefix, publishedColumns, nil)
	one(s.allChannels(r.channels())).write(e, prefix, channelColumns, nil)
	one(s.allConnections(r.connections())).write(e, prefix, connectionColumns, nil)
	one(allExchanges(r.exchanges(), r.census.Flow)).write(e, prefix, exchangeColumns, nil)
	s.rest(e, r)
	s.identity(e, "aggregated")
}

// perObject is one series for each name and object.
func (s *Server) perObject(e *exposition) {
	r := s.read()
	s.node(e, prefix, r, nil)
	s.objects(e, prefix, r, func(family string) bool { return family != consumerCount })
	r.writeQueues(e, prefix, infoLabels, infoColumns, nil)
	s.rest(e, r)
	s.identity(e, "per-object")
}

// detailed is one series for each name and object, of the families that are asked for.
//
// rabbitmq: what is not known is left out, and so are virtual hosts that are not there
func (s *Server) detailed(e *exposition, query url.Values) {
	families := query["family"]
	r := s.read()
	if vhosts, given := query["vhost"]; given {
		r.within(vhosts)
	}
	const prefix, cluster = "rabbitmq_detailed_", "rabbitmq_cluster_"
	wanted := func(family string) bool {
		if family == consumerCount && slices.Contains(families, "queue_metrics") {
			return false // it is there already
		}
		return slices.Contains(families, family)
	}
	s.node(e, prefix, r, wanted)
	s.objects(e, prefix, r, wanted)
	if wanted("vhost_status") {
		newSheet(s.vhostRows()).write(e, cluster, vhostColumns, nil)
	}
	if wanted("exchange_bindings") || wanted("exchange_names") {
		sheet := newSheet(s.topologyRows())
		sheet.write(e, cluster, bindingColumns, wanted)
		sheet.write(e, cluster, exchangeNameColumns, wanted)
	}
	if wanted("queue_coarse_metrics") || wanted("queue_metrics") || wanted(consumerCount) {
		r.writeQueues(e, prefix, infoLabels, infoColumns, nil)
	}
	s.identity(e, "detailed")
}

// objects writes what there is to say of each queue, channel and so on.
func (s *Server) objects(e *exposition, prefix string, r *reading, wanted func(string) bool) {
	if slices.ContainsFunc(queueColumns, func(c column[queueRow]) bool { return wanted(c.family) }) || wanted(consumerCount) {
		r.writeQueues(e, prefix, queueLabels, slices.Concat(queueColumns, consumerColumns), wanted)
	}
	if wanted(publishedColumns[0].family) {
		r.writeQueues(e, prefix, publishedLabels, publishedColumns, nil)
	}
	if slices.ContainsFunc(channelColumns, func(c column[server.ChannelInfo]) bool { return wanted(c.family) }) {
		newSheet(r.channels()).write(e, prefix, channelColumns, wanted)
	}
	if slices.ContainsFunc(connectionColumns, func(c column[server.ConnectionInfo]) bool { return wanted(c.family) }) {
		newSheet(r.connections()).write(e, prefix, connectionColumns, wanted)
	}
	if slices.ContainsFunc(exchangeColumns, func(c column[vhost.Flow]) bool { return wanted(c.family) }) {
		newSheet(r.exchanges()).write(e, prefix, exchangeColumns, wanted)
	}
}

// writeQueues writes columns of queues that have these labels.
func (r *reading) writeQueues(e *exposition, prefix string, labels []string, columns []column[queueRow], wanted func(string) bool) {
	if r.sheet == nil {
		r.sheet = newSheet(r.queues())
	}
	r.sheet.label(labels, func(row, label int) string { return labelOf(&r.census.Queues[row], label) })
	r.sheet.write(e, prefix, columns, wanted)
}
