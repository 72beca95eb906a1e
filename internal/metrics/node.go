package metrics

import (
	"runtime"
	"slices"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/disk"
	"github.com/harebellmq/harebell/internal/process"
	"github.com/harebellmq/harebell/vhost"
)

// A nodeRow is what there is to say of the broker as a process.
type nodeRow struct {
	churn  server.Churn
	census *vhost.Census
	limits Options

	openFiles, maxFiles float64 // none where nobody can tell
	diskFree            float64
	sockets             int
	uptime              float64 // seconds
	usage               process.Usage
	io                  *IO // nil without a disk
}

// used returns how the disk has been used, none without one.
func (n *nodeRow) used(of func(*IO) float64) float64 {
	if n.io == nil {
		return none
	}
	return of(n.io)
}

// nodeColumns are of the broker as a process. What RabbitMQ says there of Erlang is said
// of Go where it means the same.
var nodeColumns = []column[nodeRow]{
	{"connection_churn_metrics", "connections_opened_total", counter, "Connections that were opened",
		func(n *nodeRow) float64 { return float64(n.churn.ConnectionsOpened) }},
	{"connection_churn_metrics", "connections_closed_total", counter, "Connections that have ended",
		func(n *nodeRow) float64 { return float64(n.churn.ConnectionsClosed) }},
	{"connection_churn_metrics", "channels_opened_total", counter, "Channels that were opened",
		func(n *nodeRow) float64 { return float64(n.churn.ChannelsOpened) }},
	{"connection_churn_metrics", "channels_closed_total", counter, "Channels that have ended",
		func(n *nodeRow) float64 { return float64(n.churn.ChannelsClosed) }},
	{"connection_churn_metrics", "queues_declared_total", counter, "How often a queue was declared, there or not",
		func(n *nodeRow) float64 { return float64(n.census.Declared) }},
	{"connection_churn_metrics", "queues_created_total", counter, "Queues that were made",
		func(n *nodeRow) float64 { return float64(n.census.Created) }},
	{"connection_churn_metrics", "queues_deleted_total", counter, "Queues that were deleted",
		func(n *nodeRow) float64 { return float64(n.census.Deleted) }},

	{"node_coarse_metrics", "process_open_fds", gauge, "Files and connections that the process has open",
		func(n *nodeRow) float64 { return n.openFiles }},
	{"node_coarse_metrics", "process_open_tcp_sockets", gauge, "Connections of clients",
		func(n *nodeRow) float64 { return float64(n.sockets) }},
	{"node_coarse_metrics", "process_resident_memory_bytes", gauge, "Memory that the process has from the system, as it counts against the watermark",
		func(n *nodeRow) float64 { return float64(n.usage.Used()) }},
	{"node_coarse_metrics", "disk_space_available_bytes", gauge, "Disk space that is free",
		func(n *nodeRow) float64 { return n.diskFree }},
	{"node_coarse_metrics", "erlang_processes_used", gauge, "Goroutines",
		func(*nodeRow) float64 { return float64(runtime.NumGoroutine()) }},
	{"node_coarse_metrics", "erlang_gc_runs_total", counter, "How often garbage was collected",
		func(n *nodeRow) float64 { return float64(n.usage.Collections) }},
	{"node_coarse_metrics", "erlang_gc_reclaimed_bytes_total", counter, "Octets that collecting garbage has freed",
		func(n *nodeRow) float64 { return float64(n.usage.Collected) }},

	{"node_metrics", "process_max_fds", gauge, "Files and connections that the process may have open",
		func(n *nodeRow) float64 { return n.maxFiles }},
	{"node_metrics", "process_max_tcp_sockets", gauge, "Connections that the process may have open",
		func(n *nodeRow) float64 { return n.maxFiles }},
	{"node_metrics", "resident_memory_limit_bytes", gauge, "Memory above which publishers are blocked",
		func(n *nodeRow) float64 { return unlessZero(n.limits.Memory.Limit()) }},
	{"node_metrics", "disk_space_available_limit_bytes", gauge, "Free disk space below which publishers are blocked",
		func(n *nodeRow) float64 {
			if n.limits.DataDir == "" {
				return none
			}
			return float64(n.limits.Disk.Limit())
		}},
	{"node_metrics", "erlang_scheduler_run_queue", gauge, "Goroutines that wait for a processor",
		func(n *nodeRow) float64 { return float64(n.usage.Runnable) }},
	{"node_metrics", "erlang_uptime_seconds", gauge, "For how long the broker has been running",
		func(n *nodeRow) float64 { return n.uptime }},

	{"node_persister_metrics", "io_read_ops_total", counter, "How often messages were read from disk",
		func(n *nodeRow) float64 { return n.used(func(u *IO) float64 { return float64(u.Reads) }) }},
	{"node_persister_metrics", "io_read_bytes_total", counter, "Octets of messages that were read from disk",
		func(n *nodeRow) float64 { return n.used(func(u *IO) float64 { return float64(u.Read) }) }},
	{"node_persister_metrics", "io_write_ops_total", counter, "How often messages and definitions were written to disk",
		func(n *nodeRow) float64 { return n.used(func(u *IO) float64 { return float64(u.Writes) }) }},
	{"node_persister_metrics", "io_write_bytes_total", counter, "Octets of messages and definitions that were written to disk",
		func(n *nodeRow) float64 { return n.used(func(u *IO) float64 { return float64(u.Written) }) }},
	{"node_persister_metrics", "io_sync_ops_total", counter, "How often what was written was synced",
		func(n *nodeRow) float64 { return n.used(func(u *IO) float64 { return float64(u.Syncs) }) }},
	{"node_persister_metrics", "io_read_time_seconds_total", counter, "Time that reading has taken",
		func(n *nodeRow) float64 { return n.used(func(u *IO) float64 { return u.Reading.Seconds() }) }},
	{"node_persister_metrics", "io_write_time_seconds_total", counter, "Time that writing has taken",
		func(n *nodeRow) float64 { return n.used(func(u *IO) float64 { return u.Writing.Seconds() }) }},
	{"node_persister_metrics", "io_sync_time_seconds_total", counter, "Time that syncing has taken",
		func(n *nodeRow) float64 { return n.used(func(u *IO) float64 { return u.Syncing.Seconds() }) }},
}

func unlessZero(n int64) float64 {
	if n == 0 {
		return none
	}
	return float64(n)
}

// An attemptRow is how often somebody has tried to log in.
type attemptRow struct{ admitted, refused uint64 }

var attemptColumns = []column[attemptRow]{
	{"auth_attempt_metrics", "auth_attempts_total", counter, "How often somebody has tried to log in",
		func(a *attemptRow) float64 { return float64(a.admitted + a.refused) }},
	{"auth_attempt_metrics", "auth_attempts_succeeded_total", counter, "How often somebody was let in",
		func(a *attemptRow) float64 { return float64(a.admitted) }},
	{"auth_attempt_metrics", "auth_attempts_failed_total", counter, "How often somebody was turned away",
		func(a *attemptRow) float64 { return float64(a.refused) }},
}

// node writes what there is to say of the broker as a process.
func (s *Server) node(e *exposition, prefix string, r *reading, wanted func(string) bool) {
	if wanted == nil || slices.ContainsFunc(nodeColumns, func(c column[nodeRow]) bool { return wanted(c.family) }) {
		one(s.nodeRow(r)).write(e, prefix, nodeColumns, wanted)
	}
	newSheet(s.attempts()).write(e, prefix, attemptColumns, wanted)
}

func (s *Server) nodeRow(r *reading) nodeRow {
	n := nodeRow{
		census: r.census, limits: s.options, diskFree: none, openFiles: none, maxFiles: none,
		sockets: len(r.connections()), uptime: s.broker.VHosts.Clock().Now().Sub(s.began).Seconds(),
		usage: process.Now(),
	}
	_, n.churn = s.broker.Totals()
	if s.options.DataDir != "" {
		if free, err := disk.Free(s.options.DataDir); err == nil { // or the system cannot tell
			n.diskFree = float64(free)
		}
	}
	if s.options.IO != nil {
		used := s.options.IO()
		n.io = &used
	}
	if open, ok := process.OpenFiles(); ok {
		n.openFiles = float64(open)
	}
	if most, ok := process.MaxFiles(); ok {
		n.maxFiles = float64(most)
	}
	return n
}

func (s *Server) attempts() []row[attemptRow] {
	var amqp, http attemptRow
	amqp.admitted, amqp.refused = s.broker.Attempts()
	rows := []row[attemptRow]{{labels(label{"protocol", protocol}), amqp}}
	if s.options.HTTPAttempts != nil {
		http.admitted, http.refused = s.options.HTTPAttempts()
		rows = append(rows, row[attemptRow]{labels(label{"protocol", "http"}), http})
	}
	return rows
}
