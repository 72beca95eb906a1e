package metrics

import (
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/vhost"
)

// exchangeColumns are of exchanges.
var exchangeColumns = []column[vhost.Flow]{
	{"exchange_metrics", "exchange_messages_published_total", counter, "Messages that clients have published to an exchange",
		func(f *vhost.Flow) float64 { return float64(f.In) }},
}

// exchangeRows looks at exchanges, one after the other.
func exchangeRows(exchanges []vhost.CountedExchange) []row[vhost.Flow] {
	rows := make([]row[vhost.Flow], len(exchanges))
	for i := range exchanges {
		x := &exchanges[i]
		rows[i] = row[vhost.Flow]{labels: labels(label{"vhost", x.VHost}, label{"exchange", x.Name}), of: x.Flow()}
	}
	return rows
}

// allExchanges are the sum of exchanges, and of what was published to those that are gone.
func allExchanges(rows []row[vhost.Flow], gone vhost.Flow) vhost.Flow {
	for i := range rows {
		gone.In += rows[i].of.In
		gone.Out += rows[i].of.Out
	}
	return gone
}

// What is told of the topology, if somebody asks for it by its name: of one broker in a
// cluster, or of all, it is the same.
//
// rabbitmq: prefix rabbitmq_cluster_
var (
	vhostColumns = []column[int]{
		{"vhost_status", "vhost_status", gauge, "1 for a virtual host that runs", func(*int) float64 { return 1 }},
	}
	bindingColumns = []column[int]{
		{"exchange_bindings", "exchange_bindings", gauge, "Bindings of which an exchange is the source", func(n *int) float64 { return float64(*n) }},
	}
	exchangeNameColumns = []column[int]{
		{"exchange_names", "exchange_name", gauge, "1 for each exchange", func(*int) float64 { return 1 }},
	}
)

// vhostRows are all virtual hosts: there is none that does not run.
func (s *Server) vhostRows() []row[int] {
	var rows []row[int]
	for _, name := range s.broker.VHosts.Names() {
		rows = append(rows, row[int]{labels: labels(label{"vhost", name})})
	}
	return rows
}

// topologyRows are all exchanges, with the number of their bindings.
//
// rabbitmq: neither the default exchange nor internal ones
func (s *Server) topologyRows() []row[int] {
	var rows []row[int]
	for _, vhost := range s.broker.VHosts.Names() {
		v, err := s.broker.VHosts.Get(vhost)
		if err != nil {
			continue // it has gone meanwhile
		}
		for _, name := range v.Exchanges() {
			if d, bindings, ok := v.Exchange(name); ok && !d.Internal {
				rows = append(rows, topologyRow(d, vhost, len(bindings)))
			}
		}
	}
	return rows
}

func topologyRow(d exchange.Declaration, vhost string, bindings int) row[int] {
	return row[int]{labels: labels(label{"vhost", vhost}, label{"exchange", d.Name}, label{"type", d.Kind}), of: bindings}
}
