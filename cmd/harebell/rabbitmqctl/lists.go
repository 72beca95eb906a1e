package rabbitmqctl

import (
	"net/url"
	"slices"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

// The columns of the listings, in RabbitMQ's words.
var (
	queueColumns = append(append(columns{
		{name: "name", field: "name", usual: true},
		{name: "messages", field: "messages", usual: true},
		{name: "arguments", field: "arguments", as: asTerm},
		{name: "effective_policy_definition", field: "effective_policy_definition", as: asTerm},
		{name: "owner_pid", field: "owner_pid_details.pid"},
		{name: "exclusive_consumer_tag", field: "exclusive_consumer_tag"},
		{name: "single_active_consumer_tag", field: "single_active_consumer_tag"},
	}, plain(0, "durable", "auto_delete", "exclusive", "policy", "operator_policy", "messages_ready", "messages_unacknowledged",
		"message_bytes", "message_bytes_ready", "message_bytes_unacknowledged", "consumers", "memory", "state", "type", "leader", "members", "online")...),
		absent("pid", "exclusive_consumer_pid", "messages_ready_ram", "messages_unacknowledged_ram", "messages_ram", "messages_persistent",
			"message_bytes_ram", "message_bytes_persistent", "head_message_timestamp", "disk_reads", "disk_writes", "consumer_utilisation",
			"consumer_capacity", "slave_pids", "synchronised_slave_pids", "mirror_pids", "synchronised_mirror_pids")...)

	exchangeColumns = append(plain(2, "name", "type", "durable", "auto_delete", "internal", "policy"),
		column{name: "arguments", field: "arguments", as: asTerm})

	bindingColumns = columns{
		{name: "source_name", field: "source", usual: true},
		{name: "source_kind", field: "source_kind", usual: true},
		{name: "destination_name", field: "destination", usual: true},
		{name: "destination_kind", field: "destination_type", usual: true},
		{name: "routing_key", field: "routing_key", usual: true},
		{name: "arguments", field: "arguments", as: asTerm, usual: true},
	}

	connectionColumns = append(append(plain(4, "user", "peer_host", "peer_port", "state", "pid", "name", "port", "host", "ssl", "ssl_protocol",
		"ssl_key_exchange", "ssl_cipher", "ssl_hash", "peer_cert_subject", "peer_cert_issuer", "peer_cert_validity", "channels",
		"auth_mechanism", "vhost", "timeout", "frame_max", "channel_max", "recv_oct", "send_oct", "send_cnt", "send_pend", "connected_at", "user_provided_name"),
		column{name: "protocol", field: "protocol", as: asProtocol},
		column{name: "client_properties", field: "client_properties", as: asTerm}),
		absent("recv_cnt")...)

	channelColumns = append(plain(4, "pid", "user", "consumer_count", "messages_unacknowledged", "name", "number", "vhost", "transactional", "confirm",
		"messages_uncommitted", "acks_uncommitted", "messages_unconfirmed", "prefetch_count", "global_prefetch_count"),
		column{name: "connection", field: "connection_pid"})

	consumerColumns = columns{
		{name: "queue_name", field: "queue.name", usual: true},
		{name: "channel_pid", field: "channel_pid", usual: true},
		{name: "consumer_tag", field: "consumer_tag", usual: true},
		{name: "ack_required", field: "ack_required", usual: true},
		{name: "prefetch_count", field: "prefetch_count", usual: true},
		{name: "active", field: "active", usual: true},
		{name: "arguments", field: "arguments", as: asTerm, usual: true},
		{name: "activity_status", field: "activity_status"},
	}

	vhostColumns = append(plain(1, "name", "description", "tracing", "protected_from_deletion"),
		column{name: "tags", field: "tags", as: orNone},
		column{name: "default_queue_type", field: "default_queue_type", as: orUndefined},
		column{name: "cluster_state", field: "cluster_state", as: asTerm})

	policyColumns = columns{
		{name: "vhost", field: "vhost", usual: true},
		{name: "name", field: "name", usual: true},
		{name: "pattern", field: "pattern", usual: true},
		{name: "apply-to", field: "apply-to", usual: true},
		{name: "definition", field: "definition", as: asJSON, usual: true},
		{name: "priority", field: "priority", usual: true},
	}

	parameterColumns = append(plain(2, "component", "name"), column{name: "value", field: "value", as: asJSON, usual: true})
	globalColumns    = append(plain(1, "name"), column{name: "value", field: "value", as: asJSON, usual: true})
	featureColumns   = plain(2, "name", "state", "stability", "provided_by", "desc", "doc_url")
	userColumns      = append(columns{{name: "user", field: "name", usual: true}}, column{name: "tags", field: "tags", as: orNone, usual: true})
	permissionsOf    = plain(4, "user", "configure", "write", "read")
	permissionsIn    = plain(4, "vhost", "configure", "write", "read")
	topicsOf         = plain(4, "user", "exchange", "write", "read")
	topicsIn         = plain(4, "vhost", "exchange", "write", "read")
	attemptColumns   = plain(4, "protocol", "auth_attempts", "auth_attempts_failed", "auth_attempts_succeeded")
	sourceColumns    = plain(6, "remote_address", "username", "protocol", "auth_attempts", "auth_attempts_failed", "auth_attempts_succeeded")
)

// listing returns what lists the objects of a path in the virtual host.
func listing(of string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		all, err := c.list("/api" + tool.Path(of, c.vhost))
		if missing(err) {
			return nil, noVHost(c.vhost)
		}
		return c.command.columns.rows(c.arguments, all), err
	}
}

// listingAll returns what lists the objects of a path, of all virtual hosts.
func listingAll(of string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		all, err := c.list("/api/" + of)
		return c.command.columns.rows(c.arguments, all), err
	}
}

// listQueues lists queues.
//
// rabbitmq: a virtual host that is not there has none; --offline are those of nodes that
// do not run
func listQueues(c *call) (any, error) {
	if c.options["offline"] != "" && c.options["online"] == "" {
		return queueColumns.rows(c.arguments, nil), nil
	}
	all, err := c.list("/api" + tool.Path("queues", c.vhost))
	if missing(err) {
		return queueColumns.rows(c.arguments, nil), nil
	}
	if err != nil {
		return nil, err
	}
	pids, err := c.processes("connections", "owner_pid")
	if err != nil {
		return nil, err
	}
	for i, q := range all {
		if c.wants("exclusive_consumer_tag") || c.wants("single_active_consumer_tag") {
			err := c.get("/api"+tool.Path("queues", c.vhost, q.Text("name")), &all[i])
			if err != nil && !missing(err) { // it may have gone meanwhile
				return nil, err
			}
		}
		if owner, ok := all[i]["owner_pid_details"].(map[string]any); ok {
			owner["pid"] = pids[tool.Object(owner).Text("name")]
		}
	}
	return queueColumns.rows(c.arguments, all), nil
}

// wants reports whether a column is to be shown.
func (c *call) wants(name string) bool {
	wanted := c.arguments
	if len(wanted) == 0 {
		wanted = c.command.columns.usual()
	}
	return slices.Contains(wanted, name)
}

// processes are the names of the processes of connections or channels, by their names. If
// the column that shows them is not wanted, nobody is asked.
func (c *call) processes(of, column string) (map[string]any, error) {
	if !c.wants(column) {
		return nil, nil
	}
	all, err := c.list("/api/" + of + "?" + url.Values{"columns": {"name,pid"}}.Encode())
	pids := make(map[string]any, len(all))
	for _, o := range all {
		pids[o.Text("name")] = o["pid"]
	}
	return pids, err
}

func listBindings(c *call) (any, error) {
	all, err := c.list("/api" + tool.Path("bindings", c.vhost))
	if missing(err) {
		return nil, noVHost(c.vhost)
	}
	for _, b := range all {
		b["source_kind"] = "exchange"
	}
	return bindingColumns.rows(c.arguments, all), err
}

func listChannels(c *call) (any, error) {
	all, err := c.list("/api/channels")
	if err != nil {
		return nil, err
	}
	pids, err := c.processes("connections", "connection")
	for _, ch := range all {
		ch["connection_pid"] = pids[ch.Text("connection_details.name")]
	}
	return channelColumns.rows(c.arguments, all), err
}

func listConsumers(c *call) (any, error) {
	all, err := c.list("/api" + tool.Path("consumers", c.vhost))
	if missing(err) {
		return nil, noVHost(c.vhost)
	}
	if err != nil {
		return nil, err
	}
	pids, err := c.processes("channels", "channel_pid")
	for _, consumer := range all {
		consumer["channel_pid"] = pids[consumer.Text("channel_details.name")]
	}
	return consumerColumns.rows(c.arguments, all), err
}

// listUnresponsive lists no queue: each answers as long as the broker does.
func listUnresponsive(c *call) (any, error) {
	_, err := c.list("/api" + tool.Path("queues", c.vhost))
	if missing(err) {
		return nil, noVHost(c.vhost)
	}
	return c.command.columns.rows(c.arguments, nil), err
}
