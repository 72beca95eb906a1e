package rabbitmqctl

import (
	"fmt"
	"strings"
)

// A command is one that a tool has.
type command struct {
	name    string
	tools   tools
	title   string // under which help shows it
	usage   string // what follows the name
	about   string
	least   int // arguments
	most    int // -1 for any number
	options []option
	columns columns // what a listing can show, as arguments; nil for what is none
	offline bool    // needs no broker
	waits   bool    // minds the time itself

	check  func(invocation) (code int, wrong string) // nil for nothing else to check
	banner func(*call) string                        // nil for none
	run    func(*call) (any, error)
}

// A tools is which tools have a command.
type tools int

const (
	ctl tools = 1 << iota
	diagnostics
	plugins
	queues
	upgrade
)

// every has what all tools have, looking is what diagnostics has too.
const (
	every   = ctl | diagnostics | plugins | queues | upgrade
	looking = ctl | diagnostics
)

var toolOf = map[string]tools{
	"rabbitmqctl": ctl, "rabbitmq-diagnostics": diagnostics, "rabbitmq-plugins": plugins, "rabbitmq-queues": queues, "rabbitmq-upgrade": upgrade,
}

// titles are the sections of help, in order.
var titles = []string{
	"Help", "Nodes", "Cluster", "Replication", "Users", "Access Control", "Monitoring, observability and health checks", "Parameters", "Policies",
	"Virtual hosts", "Configuration and Environment", "Definitions", "Feature flags", "Operations", "Queues", "Plugin Management", "Upgrade", "Deprecated",
}

const monitoring = "Monitoring, observability and health checks"

// say makes a banner of a text in which $1 is the first argument and so on, $v the virtual
// host and $n the node.
func say(format string) func(*call) string {
	return func(c *call) string {
		pairs := []string{"$v", c.vhost, "$n", c.node, "$*", strings.Join(c.arguments, ", ")}
		for i, argument := range c.arguments {
			pairs = append(pairs, fmt.Sprintf("$%d", i+1), argument)
		}
		if len(c.arguments) > 0 {
			pairs = append(pairs, "$+", strings.Join(c.arguments[1:], ", "))
		}
		return strings.NewReplacer(pairs...).Replace(format)
	}
}

func flags(names ...string) []option {
	var all []option
	for _, name := range names {
		value := strings.HasSuffix(name, "=")
		all = append(all, option{strings.TrimSuffix(name, "="), value})
	}
	return all
}

var (
	checkMemoryLimit, setMemoryLimit = limiting("/control/memory-high-watermark", memoryLimit)
	checkDiskLimit, setDiskLimit     = limiting("/control/disk-free-limit", diskLimit)
)

// commandsOf are the commands of a tool.
func commandsOf(name string) []*command {
	var all []*command
	for _, c := range table() {
		if c.tools&toolOf[name] != 0 {
			all = append(all, c)
		}
	}
	return all
}

// table is all there is.
func table() []*command {
	vhostMetadata := flags("description=", "tags=", "default-queue-type=", "protected-from-deletion=")
	priority := flags("priority=", "apply-to=")
	node := func(text string) func(*call) (any, error) {
		return func(*call) (any, error) { return nil, alone(text) }
	}
	const noCluster = "there is no cluster that it could be in"
	return []*command{
		{name: "autocomplete", tools: every, title: "Help", usage: "[<prefix>]", about: "Provides command name autocomplete variants", most: -1, offline: true, run: autocomplete},
		{name: "help", tools: every, title: "Help", usage: "[<command>]", about: "Displays usage information for a command", most: 1, offline: true, run: help},
		{name: "version", tools: every, title: "Help", about: "Displays CLI tools version", offline: true, run: version},

		{name: "await_startup", tools: ctl, title: "Nodes", usage: "[--timeout <timeout>]", about: "Waits for the broker to start", offline: true, waits: true, run: awaitStartup},
		{name: "wait", tools: looking, title: "Nodes", usage: "<pidfile> | --pid <pid> [--timeout <timeout>]", about: "Waits for the broker of a file with a process id to start", most: 1, options: flags("pid=", "P="), offline: true, waits: true, run: wait},
		{name: "stop", tools: ctl, title: "Nodes", usage: "[<pidfile>]", about: "Stops the broker; with the file of its process id it waits for the end", most: 1, options: flags("idempotent"), offline: true, waits: true, run: stop},
		{name: "shutdown", tools: ctl, title: "Nodes", usage: "[--wait] [--no-wait]", about: "Stops the broker, and waits for the end", options: flags("wait", "no-wait"), waits: true, run: shutdown,
			banner: func(c *call) string {
				return fmt.Sprintf("Shutting down %s node %s running at PID %d", c.product, c.node, c.pid)
			}},
		{name: "stop_app", tools: ctl, title: "Nodes", about: "Not on a single node", run: node("its broker and its process are one, which stop or shutdown ends")},
		{name: "start_app", tools: ctl, title: "Nodes", about: "Not on a single node", run: node("its broker and its process are one, and this one runs")},
		{name: "reset", tools: ctl, title: "Nodes", about: "Not on a single node", run: node("to begin anew, stop it and remove its data directory")},
		{name: "force_reset", tools: ctl, title: "Nodes", about: "Not on a single node", run: node("to begin anew, stop it and remove its data directory")},
		{name: "rotate_logs", tools: ctl, title: "Nodes", about: "Does nothing [deprecated]", run: func(*call) (any, error) {
			return nil, failf(exitUnavailable, "This command does not rotate logs anymore [deprecated]")
		}},

		{name: "cluster_status", tools: looking, title: "Cluster", about: "Displays the node with its listeners and features", banner: say("Cluster status of node $n ..."), run: clusterStatus},
		{name: "await_online_nodes", tools: ctl, title: "Cluster", usage: "<count> [--timeout <timeout>]", about: "Waits for <count> nodes, of which there is one", least: 1, most: 1,
			banner: say("Will wait for at least $1 nodes to join the cluster of $n. Timeout: 300 seconds."), run: awaitNodes},
		{name: "join_cluster", tools: ctl, title: "Cluster", usage: "<existing_cluster_member>", about: "Not on a single node", least: 1, most: 1, options: flags("disc", "ram"), run: func(*call) (any, error) {
			return nil, failf(exitUsage, "Harebell is a single node: %s", noCluster)
		}},
		{name: "forget_cluster_node", tools: ctl, title: "Cluster", usage: "<node>", about: "Not on a single node", least: 1, most: 1, options: flags("offline"), run: node(noCluster)},
		{name: "change_cluster_node_type", tools: ctl, title: "Cluster", usage: "<disc | ram>", about: "Not on a single node", least: 1, most: 1, run: node(noCluster)},
		{name: "rename_cluster_node", tools: ctl, title: "Cluster", usage: "<old> <new>", about: "Not on a single node", most: -1, run: node(noCluster)},
		{name: "update_cluster_nodes", tools: ctl, title: "Cluster", usage: "<seed_node>", about: "Not on a single node", least: 1, most: 1, run: node(noCluster)},
		{name: "force_boot", tools: ctl, title: "Cluster", about: "Not on a single node", run: node("it waits for no other when it starts")},
		{name: "sync_queue", tools: ctl, title: "Replication", usage: "<queue>", about: "Not on a single node", least: 1, most: 1, run: node("no queue has mirrors")},
		{name: "cancel_sync_queue", tools: ctl, title: "Replication", usage: "<queue>", about: "Not on a single node", least: 1, most: 1, run: node("no queue has mirrors")},

		{name: "add_user", tools: ctl, title: "Users", usage: "<username> [<password>] [--pre-hashed-password]", about: "Creates a new user, who has no permissions yet", least: 1, most: 2, options: flags("pre-hashed-password"), banner: say(`Adding user "$1" ...`), run: addUser},
		{name: "authenticate_user", tools: ctl, title: "Users", usage: "<username> [<password>]", about: "Attempts to authenticate a user. Exits with a non-zero code if authentication fails", least: 1, most: 2, banner: say(`Authenticating user "$1" ...`), run: authenticateUser},
		{name: "change_password", tools: ctl, title: "Users", usage: "<username> [<password>]", about: "Changes the user password", least: 1, most: 2, banner: say(`Changing password for user "$1" ...`), run: changePassword},
		{name: "clear_password", tools: ctl, title: "Users", usage: "<username>", about: "Clears (resets) password and disables password login for a user", least: 1, most: 1, banner: say(`Clearing password for user "$1" ...`), run: clearPassword},
		{name: "clear_user_limits", tools: ctl, title: "Users", usage: "<username> <limit> | all", about: "Clears user connection/channel limits", least: 2, most: 2, banner: clearingUserLimits, run: clearUserLimits},
		{name: "delete_user", tools: ctl, title: "Users", usage: "<username>", about: "Removes a user", least: 1, most: 1, banner: say(`Deleting user "$1" ...`), run: deleteUser},
		{name: "hash_password", tools: ctl, title: "Users", usage: "[<password>]", about: "Hashes a password, for definitions", most: 1, offline: true, banner: say("Will hash password..."), run: hashPassword},
		{name: "list_user_limits", tools: looking, title: "Users", usage: "[--user <username>] [--global]", about: "Displays configured user limits", options: flags("user=", "global"), run: listUserLimits,
			banner: func(c *call) string {
				if c.options["global"] != "" {
					return "Listing limits for all users ..."
				}
				return fmt.Sprintf("Listing limits for user \"%s\" ...", c.limitedUser())
			}},
		{name: "list_users", tools: looking, title: "Users", about: "List user names and tags", banner: say("Listing users ..."), run: func(c *call) (any, error) {
			all, err := c.list("/api/users")
			return userColumns.rows(nil, all), err
		}},
		{name: "set_user_limits", tools: ctl, title: "Users", usage: "<username> <definition>", about: "Sets user limits", least: 2, most: 2, banner: say(`Setting user limits to "$2" for user "$1" ...`), run: setUserLimits},
		{name: "set_user_tags", tools: ctl, title: "Users", usage: "<username> <tag> [...]", about: "Sets user tags", least: 1, most: -1, banner: say(`Setting tags for user "$1" to [$+] ...`), run: setUserTags},

		{name: "clear_permissions", tools: ctl, title: "Access Control", usage: "[--vhost <vhost>] <username>", about: "Revokes user permissions for a vhost", least: 1, most: 1, banner: say(`Clearing permissions for user "$1" in vhost "$v" ...`), run: clearPermissions},
		{name: "clear_topic_permissions", tools: ctl, title: "Access Control", usage: "[--vhost <vhost>] <username> [<exchange>]", about: "Clears user topic permissions for a vhost or exchange", least: 1, most: 2, banner: clearingTopics, run: clearTopicPermissions},
		{name: "list_permissions", tools: looking, title: "Access Control", usage: "[--vhost <vhost>]", about: "Lists user permissions in a virtual host", banner: say(`Listing permissions for vhost "$v" ...`), run: ofVHost("permissions", permissionsOf)},
		{name: "list_topic_permissions", tools: looking, title: "Access Control", usage: "[--vhost <vhost>]", about: "Lists topic permissions in a virtual host", banner: say(`Listing topic permissions for vhost "$v" ...`), run: ofVHost("topic-permissions", topicsOf)},
		{name: "list_user_permissions", tools: looking, title: "Access Control", usage: "<username>", about: "Lists permissions of a user across all virtual hosts", least: 1, most: 1, banner: say(`Listing permissions for user "$1" ...`), run: ofUser("permissions", permissionsIn, false)},
		{name: "list_user_topic_permissions", tools: looking, title: "Access Control", usage: "<username>", about: "Lists user topic permissions", least: 1, most: 1, banner: say(`Listing topic permissions for user "$1" ...`), run: ofUser("topic-permissions", topicsIn, true)},
		{name: "list_vhosts", tools: looking, title: "Access Control", usage: "[--no-table-headers] [<column> ...] [--timeout <timeout>]", about: "Lists virtual hosts", most: -1, columns: vhostColumns, banner: say("Listing vhosts ..."), run: listingAll("vhosts")},
		{name: "set_permissions", tools: ctl, title: "Access Control", usage: "[--vhost <vhost>] <username> <conf> <write> <read>", about: "Sets user permissions for a vhost", least: 4, most: 4, banner: say(`Setting permissions for user "$1" in vhost "$v" ...`), run: setPermissions("permissions", "configure", "write", "read")},
		{name: "set_topic_permissions", tools: ctl, title: "Access Control", usage: "[--vhost <vhost>] <username> <exchange> <write> <read>", about: "Sets user topic permissions for an exchange", least: 4, most: 4, banner: say(`Setting topic permissions on "$2" for user "$1" in vhost "$v" ...`), run: setPermissions("topic-permissions", "exchange", "write", "read")},

		{name: "list_bindings", tools: looking, title: monitoring, usage: "[--vhost <vhost>] [--no-table-headers] [<column> ...] [--timeout <timeout>]", about: "Lists all bindings on a vhost", most: -1, columns: bindingColumns, banner: say("Listing bindings for vhost $v..."), run: listBindings},
		{name: "list_channels", tools: looking, title: monitoring, usage: "[--no-table-headers] [<column> ...] [--timeout <timeout>]", about: "Lists all channels in the node", most: -1, columns: channelColumns, banner: say("Listing channels ..."), run: listChannels},
		{name: "list_connections", tools: looking, title: monitoring, usage: "[--no-table-headers] [<column> ...] [--timeout <timeout>]", about: "Lists AMQP 0.9.1 connections for the node", most: -1, columns: connectionColumns, banner: say("Listing connections ..."), run: listingAll("connections")},
		{name: "list_consumers", tools: looking, title: monitoring, usage: "[--vhost <vhost>] [--no-table-headers] [<column> ...] [--timeout <timeout>]", about: "Lists all consumers for a vhost", most: -1, columns: consumerColumns, banner: say("Listing consumers in vhost $v ..."), run: listConsumers},
		{name: "list_exchanges", tools: looking, title: monitoring, usage: "[--vhost <vhost>] [--no-table-headers] [<column> ...] [--timeout <timeout>]", about: "Lists exchanges", most: -1, columns: exchangeColumns, banner: say("Listing exchanges for vhost $v ..."), run: listing("exchanges")},
		{name: "list_queues", tools: looking, title: monitoring, usage: "[--vhost <vhost>] [--online] [--offline] [--local] [--no-table-headers] [<column>, ...] [--timeout <timeout>]", about: "Lists queues and their properties", most: -1, columns: queueColumns, options: flags("online", "offline", "local"), run: listQueues,
			banner: func(c *call) string {
				return fmt.Sprintf("Timeout: %.1f seconds ...\nListing queues for vhost %s ...", c.timeout.Seconds(), c.vhost)
			}},
		{name: "list_unresponsive_queues", tools: looking, title: monitoring, usage: "[--vhost <vhost>] [<column> ...]", about: "Lists queues that do not answer in time", most: -1, columns: plain(1, "name"), options: flags("local", "all", "queue-timeout="), banner: say("Listing unresponsive queues for vhost $v ..."), run: listUnresponsive},
		{name: "list_node_auth_attempt_stats", tools: looking, title: monitoring, about: "Lists authentication attempts on the target node", options: flags("by-source"), banner: say("Listing authentication\n attempts for node \"$n\" ..."), run: attempts},
		{name: "reset_node_auth_attempt_metrics", tools: diagnostics, title: monitoring, about: "Resets auth attempt metrics on the target node", banner: say("Reset auth attempt metrics on node $n ..."), run: resetAttempts},
		{name: "ping", tools: looking, title: monitoring, usage: "[--timeout <timeout>]", about: "Checks that the broker answers", run: ping,
			banner: func(c *call) string {
				return fmt.Sprintf("Will ping %s. This only checks if the OS process is running and registered with epmd. Timeout: %d ms.", c.node, c.timeout.Milliseconds())
			}},
		{name: "report", tools: looking, title: monitoring, about: "Shows everything that helps who is to help", banner: say("Reporting server status of node $n ...\n"), run: reportAll},
		{name: "status", tools: looking, title: monitoring, usage: "[--unit <unit>] [--timeout <timeout>]", about: "Displays status of a node", options: flags("unit="), banner: say("Status of node $n ..."), run: status},
		{name: "alarms", tools: diagnostics, title: monitoring, about: "Lists resource alarms in effect on the target node", banner: say("Asking node $n to report any known resource alarms ..."), run: listAlarms},
		{name: "check_alarms", tools: diagnostics, title: monitoring, about: "Health check that fails while there are alarms", banner: say("Asking node $n to report any local resource alarms ..."), run: checkAlarms("alarms, local or clusterwide")},
		{name: "check_local_alarms", tools: diagnostics, title: monitoring, about: "Health check that fails while there are alarms", banner: say("Asking node $n to report any local resource alarms ..."), run: checkAlarms("local alarms")},
		{name: "check_certificate_expiration", tools: diagnostics, title: monitoring, usage: "--within <period> [--unit <unit>]", about: "Health check that fails if a certificate expires soon", options: flags("within=", "unit="), check: checkExpiry, banner: say("Checking certificate expiration on node $n ..."), run: checkCertificates},
		{name: "check_if_node_is_mirror_sync_critical", tools: diagnostics | queues, title: monitoring, about: "Health check for several nodes", banner: say("Checking if node $n is critical for data safety of any classic mirrored queues ..."), run: onlyNode},
		{name: "check_if_node_is_quorum_critical", tools: diagnostics | queues, title: monitoring, about: "Health check for several nodes", banner: say("Checking if node $n is critical for quorum of any quorum queues ..."), run: onlyNode},
		{name: "check_port_connectivity", tools: diagnostics, title: monitoring, usage: "[--address <address>]", about: "Health check that connects to where clients come", options: flags("address="), banner: say("Testing TCP connections to all active listeners on node $n ..."), run: checkConnectivity},
		{name: "check_port_listener", tools: diagnostics, title: monitoring, usage: "<port>", about: "Health check that fails if nobody listens on a port", least: 1, most: 1, check: checkPortNumber, banner: say("Asking node $n if there's an active listener on port $1 ..."), run: checkPort},
		{name: "check_protocol_listener", tools: diagnostics, title: monitoring, usage: "<protocol>", about: "Health check that fails if nobody listens for a protocol", least: 1, most: 1, banner: say("Asking node $n if there's an active listener for protocol $1 ..."), run: checkProtocol},
		{name: "check_running", tools: diagnostics, title: monitoring, about: "Health check that fails if the broker does not run", banner: say("Checking if RabbitMQ is running on node $n ..."), run: checkRunning},
		{name: "check_virtual_hosts", tools: diagnostics, title: monitoring, about: "Health check of virtual hosts", banner: say("Checking if all vhosts are running on node $n ..."), run: checkVHosts},
		{name: "is_running", tools: diagnostics, title: monitoring, about: "Checks if the broker is up", banner: say("Asking node $n for its status ..."), run: checkRunning},
		{name: "is_booting", tools: diagnostics, title: monitoring, about: "Checks if the broker is still starting", banner: say("Asking node $n for its boot status ..."), run: isBooting},
		{name: "listeners", tools: diagnostics, title: monitoring, about: "Lists where clients find the broker", banner: say("Asking node $n to report its protocol listeners ..."), run: showListeners},
		{name: "memory_breakdown", tools: diagnostics, title: monitoring, usage: "[--unit <unit>]", about: "Tells what memory is for", options: flags("unit="), banner: say("Reporting memory breakdown on node $n..."), run: memoryBreakdown},
		{name: "server_version", tools: diagnostics, title: monitoring, about: "Displays server version on the target node", banner: say("Asking node $n for its RabbitMQ version..."), run: serverVersion},
		{name: "discover_peers", tools: diagnostics, title: monitoring, about: "Finds no other nodes", banner: say("Discovering peers nodes ..."), run: func(*call) (any, error) { return text("No peers discovered"), nil }},

		{name: "clear_global_parameter", tools: ctl, title: "Parameters", usage: "<name>", about: "Clears a global runtime parameter", least: 1, most: 1, banner: say(`Clearing global runtime parameter "$1" ...`), run: clearGlobal},
		{name: "clear_parameter", tools: ctl, title: "Parameters", usage: "[--vhost <vhost>] <component_name> <name>", about: "Clears a runtime parameter", least: 2, most: 2, banner: say(`Clearing runtime parameter "$2" for component "$1" on vhost "$v" ...`), run: clearParameter},
		{name: "list_global_parameters", tools: looking, title: "Parameters", about: "Lists global runtime parameters", banner: say("Listing global runtime parameters ..."), run: func(c *call) (any, error) {
			all, err := c.list("/api/global-parameters")
			return globalColumns.rows(nil, all), err
		}},
		{name: "list_parameters", tools: looking, title: "Parameters", usage: "[--vhost <vhost>]", about: "Lists runtime parameters for a virtual host", banner: say(`Listing runtime parameters for vhost "$v" ...`), run: listParameters},
		{name: "set_global_parameter", tools: ctl, title: "Parameters", usage: "<name> <value>", about: "Sets a global runtime parameter", least: 2, most: 2, banner: say(`Setting global runtime parameter "$1" to "$2" ...`), run: setGlobal},
		{name: "set_parameter", tools: ctl, title: "Parameters", usage: "[--vhost <vhost>] <component_name> <name> <value>", about: "Sets a runtime parameter", least: 3, most: 3, banner: say(`Setting runtime parameter "$2" for component "$1" to "$3" in vhost "$v" ...`), run: setParameter},

		{name: "clear_operator_policy", tools: ctl, title: "Policies", usage: "[--vhost <vhost>] <name>", about: "Clears an operator policy", least: 1, most: 1, banner: say(`Clearing operator policy "$1" on vhost "$v" ...`), run: clearPolicy("operator-policies")},
		{name: "clear_policy", tools: ctl, title: "Policies", usage: "[--vhost <vhost>] <name>", about: "Clears (removes) a policy", least: 1, most: 1, banner: say(`Clearing policy "$1" on vhost "$v" ...`), run: clearPolicy("policies")},
		{name: "list_operator_policies", tools: looking, title: "Policies", usage: "[--vhost <vhost>]", about: "Lists operator policy overrides for a virtual host", banner: say(`Listing operator policy overrides for vhost "$v" ...`), run: listPolicies("operator-policies")},
		{name: "list_policies", tools: looking, title: "Policies", usage: "[--vhost <vhost>]", about: "Lists all policies in a virtual host", banner: say(`Listing policies for vhost "$v" ...`), run: listPolicies("policies")},
		{name: "set_operator_policy", tools: ctl, title: "Policies", usage: "[--vhost <vhost>] [--priority <priority>] [--apply-to <apply-to>] <name> <pattern> <definition>", about: "Sets an operator policy that overrides a subset of arguments in user policies", least: 3, most: 3, options: priority, check: checkPriority, banner: settingPolicy("operator policy override"), run: setPolicy("operator-policies")},
		{name: "set_policy", tools: ctl, title: "Policies", usage: "[--vhost <vhost>] [--priority <priority>] [--apply-to <apply-to>] <name> <pattern> <definition>", about: "Sets or updates a policy", least: 3, most: 3, options: priority, check: checkPriority, banner: settingPolicy("policy"), run: setPolicy("policies")},

		{name: "add_vhost", tools: ctl, title: "Virtual hosts", usage: "<vhost> [--description <description>] [--tags \"<tag1>,<tag2>,<...>\"] [--default-queue-type <quorum|classic|stream>]", about: "Creates a virtual host", least: 1, most: 1, options: vhostMetadata, banner: say(`Adding vhost "$1" ...`), run: addVHost},
		{name: "clear_vhost_limits", tools: ctl, title: "Virtual hosts", usage: "[--vhost <vhost>]", about: "Clears virtual host limits", banner: say(`Clearing vhost "$v" limits ...`), run: clearVHostLimits},
		{name: "delete_vhost", tools: ctl, title: "Virtual hosts", usage: "<vhost>", about: "Deletes a virtual host", least: 1, most: 1, banner: say(`Deleting vhost "$1" ...`), run: deleteVHost},
		{name: "list_vhost_limits", tools: looking, title: "Virtual hosts", usage: "[--vhost <vhost>] [--global]", about: "Displays configured virtual host limits", options: flags("global"), run: listVHostLimits,
			banner: func(c *call) string {
				if c.options["global"] != "" {
					return "Listing limits for all vhosts ..."
				}
				return fmt.Sprintf("Listing limits for vhost \"%s\" ...", c.vhost)
			}},
		{name: "disable_vhost_deletion_protection", tools: ctl, title: "Virtual hosts", usage: "<vhost>", about: "Lets a virtual host be deleted", least: 1, most: 1, banner: say(`Removing deletion protection from virtual host "$1" ...`), run: protect(false)},
		{name: "enable_vhost_deletion_protection", tools: ctl, title: "Virtual hosts", usage: "<vhost>", about: "Keeps a virtual host from being deleted", least: 1, most: 1, banner: say(`Marking virtual host "$1" as protected from deletion ...`), run: protect(true)},
		{name: "restart_vhost", tools: ctl, title: "Virtual hosts", usage: "[--vhost <vhost>]", about: "Has nothing to restart", banner: say("Trying to restart vhost '$v' on node '$n' ..."), run: restartVHost},
		{name: "set_vhost_limits", tools: ctl, title: "Virtual hosts", usage: "[--vhost <vhost>] <definition>", about: "Sets virtual host limits", least: 1, most: 1, banner: say(`Setting vhost limits to "$1" for vhost "$v" ...`), run: setVHostLimits},
		{name: "set_vhost_tags", tools: ctl, title: "Virtual hosts", usage: "<vhost> <tag> [...]", about: "Sets virtual host tags", least: 1, most: -1, banner: say(`Setting tags for vhost "$1" to [$+] ...`), run: setVHostTags},
		{name: "trace_off", tools: ctl, title: "Virtual hosts", usage: "[--vhost <vhost>]", about: "Stops tracing", banner: say(`Stopping tracing for vhost "$v" ...`), run: trace(false, "disabled")},
		{name: "trace_on", tools: ctl, title: "Virtual hosts", usage: "[--vhost <vhost>]", about: "Starts tracing", banner: say(`Starting tracing for vhost "$v" ...`), run: trace(true, "enabled")},
		{name: "update_vhost_metadata", tools: ctl, title: "Virtual hosts", usage: "<vhost> [--description <description>] [--tags <tags>] [--default-queue-type <type>]", about: "Updates metadata (tags, description, default queue type) of a virtual host", least: 1, most: 1, options: vhostMetadata, banner: say(`Updating metadata of vhost "$1" ...`), run: updateVHost},

		{name: "environment", tools: looking, title: "Configuration and Environment", about: "Displays the settings in force", banner: say("Application environment of node $n ..."), run: environment},
		{name: "set_cluster_name", tools: ctl, title: "Configuration and Environment", usage: "<name>", about: "Sets the cluster name", least: 1, most: 1, banner: say("Setting cluster name to $1 ..."), run: setClusterName},
		{name: "set_disk_free_limit", tools: ctl, title: "Configuration and Environment", usage: "<disk_limit> | mem_relative <fraction>", about: "Sets the disk_free_limit setting", least: 1, most: 2, check: checkDiskLimit, banner: settingDiskLimit, run: setDiskLimit},
		{name: "set_log_level", tools: ctl, title: "Configuration and Environment", usage: "<log_level>", about: "Sets log level in the running node", least: 1, most: 1, check: checkLogLevel, banner: say(`Setting log level to "$1" ...`), run: setLogLevel},
		{name: "set_vm_memory_high_watermark", tools: ctl, title: "Configuration and Environment", usage: "<fraction> | absolute <value>", about: "Sets the vm_memory_high_watermark setting", least: 1, most: 2, check: checkMemoryLimit, banner: settingMemoryLimit, run: setMemoryLimit},

		{name: "export_definitions", tools: ctl, title: "Definitions", usage: "<file_path | \"-\"> [--format <json>] [--timeout <timeout>]", about: "Exports definitions in JSON", least: 1, most: 1, options: flags("format="), check: checkExport, run: exportDefinitions,
			banner: func(c *call) string {
				if c.arguments[0] == "-" {
					return ""
				}
				return fmt.Sprintf("Exporting definitions in JSON to a file at %q ...", c.arguments[0])
			}},
		{name: "import_definitions", tools: ctl, title: "Definitions", usage: "<file_path | \"-\"> [--format <json>] [--timeout <timeout>]", about: "Imports definitions in JSON", most: 1, options: flags("format=", "skip-if-unchanged"), check: checkImport, run: importDefinitions,
			banner: func(c *call) string {
				if fromInput(c.invocation) {
					return "Importing definitions in JSON from standard input ..."
				}
				return fmt.Sprintf("Importing definitions in JSON from a file at %q ...", c.arguments[0])
			}},

		{name: "enable_feature_flag", tools: ctl, title: "Feature flags", usage: "<feature_flag>", about: "Enables a feature flag or all supported feature flags on the target node", least: 1, most: 1, options: flags("experimental", "opt-in"), run: enableFeature,
			banner: func(c *call) string {
				if c.arguments[0] == "all" {
					return "Enabling all feature flags ..."
				}
				return fmt.Sprintf("Enabling feature flag \"%s\" ...", c.arguments[0])
			}},
		{name: "list_feature_flags", tools: looking, title: "Feature flags", usage: "[<column> ...]", about: "Lists feature flags", most: -1, columns: featureColumns, banner: say("Listing feature flags ..."), run: listingAll("feature-flags")},

		{name: "close_all_connections", tools: ctl, title: "Operations", usage: "[--vhost <vhost> --limit <limit>] [-n <node> --global] [--per-connection-delay <delay>] <explanation>", about: "Instructs the broker to close all connections for the specified vhost or entire node", least: 1, most: 1, options: flags("limit=", "global", "per-connection-delay="), check: checkLimit, banner: closingAll, run: closeAllConnections},
		{name: "close_all_user_connections", tools: ctl, title: "Operations", usage: "<username> <explanation>", about: "Instructs the broker to close all connections of the specified user", least: 2, most: 2, banner: say("Closing connections of user $1, reason: $2..."), run: closeUserConnections},
		{name: "close_connection", tools: ctl, title: "Operations", usage: "<connectionpid> <explanation>", about: "Instructs the broker to close the connection of that pid or name", least: 2, most: 2, banner: say("Closing connection $1, reason: $2..."), run: closeConnection},
		{name: "eval", tools: ctl, title: "Operations", usage: "<expression>", about: "Evaluates the few expressions that test suites use", least: 1, most: -1, run: eval},
		{name: "eval_file", tools: ctl, title: "Operations", usage: "<file path>", about: "There is no Erlang here", least: 1, most: 1, run: noErlang},
		{name: "exec", tools: ctl, title: "Operations", usage: "<expression>", about: "There is no Elixir here", least: 1, most: -1, options: flags("offline"), run: noErlang},

		{name: "delete_queue", tools: ctl, title: "Queues", usage: "[--vhost <vhost>] <queue_name> [--if-empty|-e] [--if-unused|-u]", about: "Deletes a queue", least: 1, most: 1, options: flags("if-empty", "if-unused", "e", "u"), banner: deletingQueue, run: deleteQueue},
		{name: "purge_queue", tools: ctl, title: "Queues", usage: "[--vhost <vhost>] <queue>", about: "Purges a queue (removes all messages in it)", least: 1, most: 1, banner: say("Purging queue '$1' in vhost '$v' ..."), run: purgeQueue},
		{name: "quorum_status", tools: queues | diagnostics, title: monitoring, usage: "[--vhost <vhost>] <queue>", about: "Displays quorum status of a quorum queue", least: 1, most: 1, banner: say("Status of quorum queue $1 on node $n ..."), run: quorumStatus},
		{name: "rebalance", tools: queues, title: "Cluster", usage: "< all | classic | quorum > [--vhost-pattern <pattern>] [--queue-pattern <pattern>]", about: "Has nothing to rebalance", least: 1, most: 1, options: flags("vhost-pattern=", "queue-pattern="), banner: say("Re-balancing leaders of $1 queues..."), run: rebalance},
		{name: "add_member", tools: queues, title: "Replication", usage: "<queue> <node>", about: "Not on a single node", least: 2, most: 2, run: node("a queue has one member")},
		{name: "delete_member", tools: queues, title: "Replication", usage: "<queue> <node>", about: "Not on a single node", least: 2, most: 2, run: node("a queue has one member")},
		{name: "grow", tools: queues, title: "Replication", usage: "<node> < all | even >", about: "Not on a single node", least: 2, most: 2, run: node("a queue has one member")},
		{name: "shrink", tools: queues, title: "Replication", usage: "<node>", about: "Not on a single node", least: 1, most: 1, run: node("a queue has one member")},

		{name: "list", tools: plugins, title: "Plugin Management", usage: "[pattern] [--verbose] [--minimal] [--enabled] [--implicitly-enabled]", about: "Lists plugins and their state", most: 1, options: flags("verbose", "minimal", "enabled", "implicitly-enabled", "v", "m", "E", "e"), check: checkPattern, run: listPlugins,
			banner: func(c *call) string { return fmt.Sprintf("Listing plugins with pattern %q ...", c.pluginPattern()) }},
		{name: "enable", tools: plugins, title: "Plugin Management", usage: "<plugin1> [<plugin2>]|--all [--offline] [--online]", about: "Enables plugins, which are built in", most: -1, options: flags("all", "offline", "online"), offline: true, banner: enabling, run: enablePlugins(exitSoftware, "{:plugins_not_found, [:%s]}")},
		{name: "set", tools: plugins, title: "Plugin Management", usage: "<plugin1> [<plugin2>] [--offline] [--online]", about: "Enables plugins, which are built in", most: -1, options: flags("offline", "online"), offline: true, banner: enabling, run: enablePlugins(exitData, "The following plugins were not found: %s")},
		{name: "disable", tools: plugins, title: "Plugin Management", usage: "<plugin> [<plugin> ...]|--all [--offline] [--online]", about: "Disables plugins, but for what is built in", most: -1, options: flags("all", "offline", "online"), offline: true, run: disablePlugins,
			banner: func(c *call) string {
				return "Disabling plugins on node " + c.configuredNode() + ":\n" + strings.Join(c.arguments, "\n")
			}},
		{name: "is_enabled", tools: plugins, title: monitoring, usage: "<plugin1> [ <plugin2>] [--offline] [--online]", about: "Health check that fails if plugins are not enabled", least: 1, most: -1, options: flags("offline", "online"), run: isEnabled,
			banner: func(c *call) string {
				return fmt.Sprintf("Asking node %s if %s enabled...", c.node, numbered(c.arguments, "plugin %s is", "plugins %s are"))
			}},

		{name: "await_online_quorum_plus_one", tools: upgrade | queues, title: "Upgrade", about: "Has nothing to wait for", banner: say("Will wait for a quorum + 1 of nodes to be online for all quorum queues for 120 seconds..."), run: nothingToAwait},
		{name: "await_online_synchronized_mirror", tools: upgrade, title: "Upgrade", about: "Has nothing to wait for", banner: say("Will wait for a synchronised mirror be online for all classic mirrored queues for 120 seconds..."), run: nothingToAwait},
		{name: "post_upgrade", tools: upgrade, title: "Upgrade", about: "Has nothing to do", banner: say("Executing post upgrade tasks..."), run: func(*call) (any, error) { return nil, nil }},
		{name: "drain", tools: upgrade, title: "Upgrade", about: "Not on a single node", run: node("there is no other that could take over; shutdown waits until clients have acked what they have")},
		{name: "revive", tools: upgrade, title: "Upgrade", about: "Not on a single node", run: node("it is never drained")},

		{name: "node_health_check", tools: looking, title: "Deprecated", about: "DEPRECATED. Health check of the whole node", run: nodeHealth,
			banner: func(c *call) string {
				return "This command is DEPRECATED and will be removed in a future version.\nIt performs intrusive, opinionated health checks and requires a fully booted node.\n" +
					"Use one of the options covered in https://www.rabbitmq.com/monitoring.html#health-checks instead.\n" +
					fmt.Sprintf("Timeout: %.0f seconds ...\nChecking health of node %s ...", nodeHealthTimeout, c.node)
			}},
	}
}

// nodeHealthTimeout is in seconds.
const nodeHealthTimeout = 70.0
