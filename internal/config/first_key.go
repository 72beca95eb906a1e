package config

// firstKeys are the settings of what a broker begins with, and who may use it.
var firstKeys = []*key{
	{
		name: "default_user", flag: "default-user", standard: "guest",
		usage: "`name` of the user made when there is none yet",
		want:  "a name",
		parse: func(c *Config, v string) bool { return parseText(&c.DefaultUser, v) },
	}, {
		name: "default_pass", flag: "default-pass", standard: "guest", secret: true,
		usage: "`password` of that user",
		want:  "a password",
		parse: func(c *Config, v string) bool { return parseText(&c.DefaultPass, v) },
	}, {
		name: "default_user_tags", flag: "default-user-tags", standard: "administrator", several: true,
		usage: "`tags` of that user: administrator, monitoring, policymaker, management or others, or none",
		want:  "a tag, or none",
		parse: func(c *Config, v string) bool { return parseNames(&c.DefaultUserTags, v) },
	}, {
		name: "default_permissions.configure", flag: "default-permissions-configure", standard: ".*",
		usage: "`pattern` of what that user may configure in the virtual host made with it",
		want:  wantPattern,
		parse: func(c *Config, v string) bool { return parsePattern(&c.DefaultPermissions.Configure, v) },
	}, {
		name: "default_permissions.write", flag: "default-permissions-write", standard: ".*",
		usage: "`pattern` of what that user may write to",
		want:  wantPattern,
		parse: func(c *Config, v string) bool { return parsePattern(&c.DefaultPermissions.Write, v) },
	}, {
		name: "default_permissions.read", flag: "default-permissions-read", standard: ".*",
		usage: "`pattern` of what that user may read from",
		want:  wantPattern,
		parse: func(c *Config, v string) bool { return parsePattern(&c.DefaultPermissions.Read, v) },
	}, {
		name: "load_definitions", flag: "load-definitions",
		usage: "`file` of definitions to import at each start, or directory of such files; if they bring users there is no guest",
		want:  "a file or a directory",
		parse: func(c *Config, v string) bool { return parseText(&c.LoadDefinitions, v) },
	}, {
		name: "definitions.import_backend", standard: "local_filesystem",
		want: "local_filesystem: there is no other",
		parse: func(_ *Config, v string) bool {
			return v == "local_filesystem" || v == "rabbit_definitions_import_local_filesystem"
		},
	}, {
		name: "definitions.skip_if_unchanged", flag: "load-definitions-skip-if-unchanged", standard: "false",
		usage: "import definitions only if they have changed since the last start",
		want:  wantBool,
		parse: func(c *Config, v string) bool { return parseBool(&c.LoadChanged, v) },
	}, {
		name: "default_queue_type", flag: "default-queue-type", standard: "classic",
		usage: "`type` of queues whose declaration names none, unless their virtual host has another: classic, quorum or stream",
		want:  "classic, quorum or stream",
		parse: func(c *Config, v string) bool {
			c.DefaultQueueType = v
			return v == "classic" || v == "quorum" || v == "stream"
		},
	}, {
		name: "default_vhost", flag: "default-vhost", standard: "/",
		usage: "`name` of the virtual host made on the first start",
		want:  "a name of at most 255 octets",
		parse: func(c *Config, v string) bool { return parseText(&c.DefaultVHost, v) && len(v) <= 255 },
	}, {
		name: "event_exchange.vhost", flag: "event-vhost",
		usage: "`name` of the virtual host with the exchange amq.rabbitmq.event, made if it is not there (default: default_vhost)",
		want:  "a name of at most 255 octets",
		parse: func(c *Config, v string) bool { return parseText(&c.EventVHost, v) && len(v) <= 255 },
	}, {
		name: "event_exchange.protocol", standard: "amqp_0_9_1",
		want:  "amqp_0_9_1, in whose headers the details of an event are",
		parse: func(_ *Config, v string) bool { return v == "amqp_0_9_1" },
	}, {
		name: "loopback_users", flag: "loopback-users", standard: "guest", several: true, live: true,
		usage: "`names` of users who may log in from this machine only, or none",
		want:  "a user's name, or none",
		parse: func(c *Config, v string) bool { return parseNames(&c.LoopbackUsers, v) },
	},
}
