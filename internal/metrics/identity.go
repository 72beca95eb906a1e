package metrics

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"slices"
)

// ClusterID is the name of the global parameter that says which cluster a broker is, for as
// long as it has its data.
//
// rabbitmq: internal_cluster_id
const ClusterID = "internal_cluster_id"

var buildColumns = []column[string]{
	{"", "build_info", untyped, "1, with labels that say which versions these are", func(*string) float64 { return 1 }},
}

var identityColumns = []column[string]{
	{"", "identity_info", untyped, "1, with labels that say which broker this is", func(*string) float64 { return 1 }},
}

// identity writes who this is. Dashboards join everything with it.
//
// rabbitmq: the version is that which clients are told; Erlang's is Go's
func (s *Server) identity(e *exposition, endpoint string) {
	version, _ := s.broker.Presents()["version"].(string)
	own, _ := s.broker.Presents()["harebell"].(string)
	newSheet([]row[string]{{labels: labels(
		label{"rabbitmq_version", version}, label{"prometheus_plugin_version", version}, label{"prometheus_client_version", clientVersion()},
		label{"erlang_version", runtime.Version()}, label{"product_name", "Harebell"}, label{"product_version", own},
	)}}).write(e, prefix, buildColumns, nil)

	globals := s.broker.VHosts
	id, _ := globals.Global(ClusterID).(string)
	cluster, _ := globals.Global("cluster_name").(string)
	newSheet([]row[string]{{labels: labels(
		label{"rabbitmq_node", s.options.Node}, label{"rabbitmq_cluster", cmp.Or(cluster, s.options.Node)},
		label{"rabbitmq_cluster_permanent_id", id}, label{"rabbitmq_endpoint", endpoint},
	)}}).write(e, prefix, identityColumns, nil)
}

// clientVersion returns the version of the library that the format is from.
func clientVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, d := range info.Deps {
		if d.Path == "github.com/prometheus/client_golang" {
			return d.Version
		}
	}
	return ""
}

// A total is how many there are of what.
type total struct {
	connections, channels, consumers, queues int
}

var totalColumns = []column[total]{
	{"", "connections", gauge, "Connections that are open", func(t *total) float64 { return float64(t.connections) }},
	{"", "channels", gauge, "Channels that are open", func(t *total) float64 { return float64(t.channels) }},
	{"", "consumers", gauge, "Consumers that are there", func(t *total) float64 { return float64(t.consumers) }},
	{"", "queues", gauge, "Queues that are there", func(t *total) float64 { return float64(t.queues) }},
}

// alarmColumns are of what the broker is short of.
var alarmColumns = []column[[]string]{
	{"", "memory_used_watermark", untyped, "1 while publishers are blocked as memory is low", alarm("memory")},
	{"", "free_disk_space_watermark", untyped, "1 while publishers are blocked as disk space is low", alarm("disk")},
	{"", "file_descriptor_limit", untyped, "0: there is no such alarm here", alarm("file descriptors")},
}

func alarm(resource string) func(*[]string) float64 {
	return func(short *[]string) float64 {
		if slices.Contains(*short, resource) {
			return 1
		}
		return 0
	}
}

// rest writes what is the same whether or not there is a series for each object.
func (s *Server) rest(e *exposition, r *reading) {
	queues := r.queues()
	one(total{
		connections: len(r.connections()), channels: len(r.channels()), queues: len(queues),
		consumers: int(sum(queues, func(q *queueRow) float64 { return float64(q.Consumers) })),
	}).write(e, prefix, totalColumns, nil)
	one(s.broker.Alarms()).write(e, prefix+"alarms_", alarmColumns, nil)
	s.global(e, r)
	for _, f := range r.process() {
		e.write(f)
	}
}
