package rabbitmqctl

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

// status shows what there is to know of the broker.
func status(c *call) (any, error) {
	var node, overview tool.Object
	if err := c.get("/api"+tool.Path("nodes", c.node), &node); err != nil {
		return nil, err
	}
	if err := c.get("/api/overview", &overview); err != nil {
		return nil, err
	}
	listeners, err := c.listeners()
	if err != nil {
		return nil, err
	}
	alarms, err := c.alarms()
	if err != nil {
		return nil, err
	}
	vhosts, err := c.list("/api/vhosts?columns=name")
	if err != nil {
		return nil, err
	}
	files, err := c.configFiles()
	if err != nil {
		return nil, err
	}
	plugins, _ := node["enabled_plugins"].([]any)
	uptime := node.Number("uptime") / 1000
	connections, queues := overview.Number("object_totals.connections"), overview.Number("object_totals.queues")
	free := "unknown"
	if _, known := node["disk_free"]; known {
		free = c.octets(node.Number("disk_free"))
	}
	dataDir := node.Text("db_dir")
	if dataDir == "" {
		dataDir = "(everything is in memory)"
	}
	shown := sections(
		section{"Runtime", []string{
			fmt.Sprintf("OS PID: %d", c.pid), "OS: " + osName(), fmt.Sprintf("Uptime (seconds): %d", uptime), "Is under maintenance?: false",
			"RabbitMQ version: " + c.version, "Harebell version: " + overview.Text("harebell_version"), "Node name: " + c.node,
			"Go runtime: " + overview.Text("erlang_version"), fmt.Sprintf("Goroutines: %d", node.Number("proc_used")),
		}},
		section{"Plugins", append([]string{"Enabled plugins:", ""}, bullets(texts(plugins))...)},
		section{"Data directory", []string{"Node data directory: " + dataDir}},
		section{"Config files", bullets(files)},
		section{"Alarms", alarms.lines()},
		section{"Memory", []string{
			"Total memory used: " + c.octets(node.Number("mem_used")),
			"Memory high watermark setting: " + c.octets(node.Number("mem_limit")),
		}},
		section{"File Descriptors", []string{fmt.Sprintf("Total: %d", node.Number("fd_used")), fmt.Sprintf("Sockets: %d", node.Number("sockets_used"))}},
		section{"Free Disk Space", []string{
			"Low free disk space watermark: " + c.octets(node.Number("disk_free_limit")), "Free disk space: " + free,
		}},
		section{"Totals", []string{
			fmt.Sprintf("Connection count: %d", connections), fmt.Sprintf("Queue count: %d", queues), fmt.Sprintf("Virtual host count: %d", len(vhosts)),
		}},
		section{"Listeners", lines(listeners)},
	)
	return reported{shown, map[string]any{
		"pid": c.pid, "os": osName(), "uptime": uptime, "is_under_maintenance": false,
		"rabbitmq_version": c.version, "harebell_version": overview["harebell_version"], "product_name": c.product, "product_version": c.version,
		"erlang_version": overview["erlang_version"], "active_plugins": plugins, "data_directory": node["db_dir"], "config_files": files,
		"alarms": alarms.texts(), "memory": map[string]any{"strategy": "allocated", "total": map[string]any{"allocated": node["mem_used"]}},
		"vm_memory_high_watermark_limit": node["mem_limit"], "disk_free": node["disk_free"], "disk_free_limit": node["disk_free_limit"],
		"file_descriptors": map[string]any{"total_used": node["fd_used"], "sockets_used": node["sockets_used"]},
		"processes":        map[string]any{"used": node["proc_used"]}, "listeners": listeners,
		"totals": map[string]any{"connection_count": connections, "queue_count": queues, "virtual_host_count": len(vhosts)},
	}}, nil
}

// osName is the name of the system as RabbitMQ says it.
func osName() string {
	if runtime.GOOS == "darwin" {
		return "macOS"
	}
	return strings.ToUpper(runtime.GOOS[:1]) + runtime.GOOS[1:]
}

// A setting is one that is in force.
type setting struct{ Key, Value, Origin string }

func (c *call) settings() (all []setting, err error) {
	return all, c.get("/control/settings", &all)
}

// configFiles are the files that settings are from.
func (c *call) configFiles() ([]string, error) {
	files := []string{}
	all, err := c.settings()
	for _, s := range all {
		file, _, isFile := strings.Cut(s.Origin, ":")
		if isFile && !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	return files, err
}

// environment shows the settings.
func environment(c *call) (any, error) {
	all, err := c.settings()
	var b strings.Builder
	object := make(map[string]any)
	for i, s := range all {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s = %s", s.Key, s.Value)
		if before, several := object[s.Key]; several {
			object[s.Key] = fmt.Sprintf("%s,%s", before, s.Value)
			continue
		}
		object[s.Key] = s.Value
	}
	return reported{b.String(), object}, err
}

// clusterStatus shows a cluster of one.
func clusterStatus(c *call) (any, error) {
	var cluster tool.Object
	if err := c.get("/api/cluster-name", &cluster); err != nil {
		return nil, err
	}
	listeners, err := c.listeners()
	if err != nil {
		return nil, err
	}
	alarms, err := c.alarms()
	if err != nil {
		return nil, err
	}
	flags, err := c.list("/api/feature-flags")
	if err != nil {
		return nil, err
	}
	var ports, features []string
	for _, l := range listeners {
		ports = append(ports, fmt.Sprintf("Node: %s, interface: %s, port: %d, protocol: %s, purpose: %s", c.node, l.Interface, l.Port, l.Protocol, l.Purpose))
	}
	for _, f := range flags {
		features = append(features, fmt.Sprintf("Flag: %s, state: %s", f.Text("name"), f.Text("state")))
	}
	of := func(value any) map[string]any { return map[string]any{c.node: value} }
	const inService = "not under maintenance"
	return reported{sections(
		section{"Basics", []string{"Cluster name: " + cluster.Text("name")}},
		section{"Disk Nodes", []string{c.node}},
		section{"Running Nodes", []string{c.node}},
		section{"Versions", []string{fmt.Sprintf("%s: %s %s", c.node, c.product, c.version)}},
		section{"Maintenance status", []string{fmt.Sprintf("Node: %s, status: %s", c.node, inService)}},
		section{"Alarms", alarms.lines()},
		section{"Network Partitions", nil},
		section{"Listeners", ports},
		section{"Feature flags", features},
	), map[string]any{
		"cluster_name": cluster["name"], "disk_nodes": []string{c.node}, "ram_nodes": []string{}, "running_nodes": []string{c.node},
		"alarms": alarms.texts(), "partitions": map[string]any{}, "maintenance_status": of(inService),
		"versions":  of(map[string]string{"rabbitmq_name": c.product, "rabbitmq_version": c.version}),
		"listeners": of(listeners), "feature_flags": flags,
	}}, nil
}

// reportAll shows everything, for who wants to help.
func reportAll(c *call) (any, error) {
	for _, name := range []string{"status", "cluster_status", "environment", "list_connections", "list_channels"} {
		if err := c.part(name); err != nil {
			return nil, err
		}
	}
	vhosts, err := c.list("/api/vhosts?columns=name")
	if err != nil {
		return nil, err
	}
	for _, v := range vhosts {
		c.vhost = v.Text("name")
		for _, name := range []string{"list_queues", "list_exchanges", "list_bindings", "list_permissions", "list_policies", "list_parameters"} {
			if err := c.part(name); err != nil {
				return nil, err
			}
		}
	}
	return quietly{}, nil
}

// part carries out another command as a part of this one.
func (c *call) part(name string) error {
	other := *c
	other.command, other.arguments, other.formatter = find("rabbitmqctl", name), nil, ""
	if text := other.command.banner(&other); text != "" {
		fmt.Fprintln(c.Stdout, text)
	}
	result, err := other.command.run(&other)
	if err != nil {
		return err
	}
	if err := other.show(result); err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.Stdout)
	return err
}
