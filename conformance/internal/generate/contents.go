package main

// A chapter is a title and the files whose rules it holds, in their order.
type chapter struct {
	title       string
	files       []string
	rules       []string
	differences []difference
}

// contents lists the chapters. A file with rules must be in one of them.
func contents() []chapter {
	return []chapter{
		{title: "Handshake and login", files: []string{"handshake", "login"}},
		{title: "Connections", files: []string{"connection", "heartbeat"}},
		{title: "Frames", files: []string{"frames"}},
		{title: "Channels", files: []string{"channel"}},
		{title: "Exchanges", files: []string{"exchange", "alternate"}},
		{title: "Bindings and routing", files: []string{"binding", "routing"}},
		{title: "Plug-in exchanges", files: []string{"plugin", "delayed", "deduplication"}},
		{title: "Queues", files: []string{"queue", "exclusive", "autodelete", "delete"}},
		{title: "Quorum queues", files: []string{"quorum", "quorum_declare"}},
		{title: "Retries", files: []string{"retry"}},
		{title: "Length limits", files: []string{"length"}},
		{title: "TTL and expiry", files: []string{"ttl", "expiry"}},
		{title: "Dead letters", files: []string{"deadletter", "death"}},
		{title: "Policies", files: []string{"policy", "policy_api"}},
		{title: "Priorities", files: []string{"priority"}},
		{title: "Publish and get", files: []string{"basic", "properties"}},
		{title: "Consumers", files: []string{"consume", "turns", "sac"}},
		{title: "Streams", files: []string{"stream", "stream_refusal"}},
		{title: "Acknowledgements", files: []string{"ack", "timeout"}},
		{title: "Prefetch", files: []string{"qos"}},
		{title: "Publisher confirms", files: []string{"confirm", "confirm_refusal"}},
		{title: "Transactions", files: []string{"tx", "tx_settle"}},
		{title: "Direct reply-to", files: []string{"replyto"}},
		{title: "Permissions", files: []string{"admin", "permission", "permission_topic", "user", "limit", "vhost"}},
		{title: "Management API", files: []string{"management", "management_queue", "management_exchange", "management_message", "management_look", "management_definitions"}},
		{title: "Tracing", files: []string{"tracing"}},
		{title: "Events", files: []string{"event", "event_admin"}},
		{title: "Errors", files: []string{"errors", "errors_arguments", "errors_basic", "errors_text"}},
		{title: "What frameworks declare", files: []string{"framework"}},
		{title: "Restart", files: []string{"durability", "survival"}},
	}
}
