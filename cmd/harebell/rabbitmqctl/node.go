package rabbitmqctl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

// A section is a part of what is shown of a node.
type section struct {
	title string
	lines []string // none are "(none)"
}

func sections(all ...section) string {
	var b strings.Builder
	for i, s := range all {
		if i > 0 {
			b.WriteString("\n\n")
		}
		lines := strings.Join(s.lines, "\n")
		if lines == "" {
			lines = "(none)"
		}
		fmt.Fprintf(&b, "%s\n\n%s", tool.Bold(s.title), lines)
	}
	return b.String()
}

// bullets are lines of a list.
func bullets(items []string) []string {
	var lines []string
	for _, item := range items {
		lines = append(lines, " * "+item)
	}
	return lines
}

// octets writes a number of them in the unit that was asked for.
func (c *call) octets(n int64) string {
	unit, by := "gb", 1e9
	switch u := strings.ToLower(c.options["unit"]); u {
	case "mb":
		unit, by = u, 1e6
	case "kb":
		unit, by = u, 1e3
	case "b", "bytes":
		return fmt.Sprintf("%d bytes", n)
	}
	return strconv.FormatFloat(float64(int64(float64(n)/by*1e4+0.5))/1e4, 'f', -1, 64) + " " + unit
}

// A listener is where clients find the broker.
type listener struct {
	Interface string `json:"interface"`
	Node      string `json:"node"`
	Port      int    `json:"port"`
	Protocol  string `json:"protocol"`
	Purpose   string `json:"purpose"`
}

func (l listener) String() string {
	return fmt.Sprintf("Interface: %s, port: %d, protocol: %s, purpose: %s", l.Interface, l.Port, l.Protocol, l.Purpose)
}

var purposes = map[string]string{"amqp": "AMQP 0-9-1", "amqp/ssl": "AMQP 0-9-1 over TLS", "http": "HTTP API", "https": "HTTP API over TLS", "http/prometheus": "Prometheus exporter API over HTTP", "https/prometheus": "Prometheus exporter API over TLS (HTTPS)"}

// listeners asks where clients find the broker.
func (c *call) listeners() ([]listener, error) {
	var overview struct {
		Listeners []struct {
			Protocol string
			Address  string `json:"ip_address"`
			Port     int
		}
	}
	err := c.get("/api/overview?columns=listeners", &overview)
	all := []listener{}
	for _, l := range overview.Listeners {
		if strings.Contains(l.Address, ":") {
			l.Address = "[" + l.Address + "]"
		}
		all = append(all, listener{l.Address, c.node, l.Port, l.Protocol, purposes[l.Protocol]})
	}
	return all, err
}

func lines[T fmt.Stringer](all []T) []string {
	var texts []string
	for _, one := range all {
		texts = append(texts, one.String())
	}
	return texts
}

// texts are the fields of objects.
func texts(all []any) []string {
	list := []string{}
	for _, one := range all {
		list = append(list, fmt.Sprint(one))
	}
	return list
}

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
		section{"Config files", bullets(c.configFiles())},
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
		"erlang_version": overview["erlang_version"], "active_plugins": plugins, "data_directory": node["db_dir"], "config_files": c.configFiles(),
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
func (c *call) configFiles() []string {
	files := []string{}
	all, _ := c.settings() // then there are none to be shown
	for _, s := range all {
		file, _, isFile := strings.Cut(s.Origin, ":")
		if isFile && !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	return files
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

func setClusterName(c *call) (any, error) {
	return nil, c.put("/api/cluster-name", map[string]any{"name": c.arguments[0]})
}

func setLogLevel(c *call) (any, error) {
	return nil, c.put("/control/log-level", map[string]any{"value": c.arguments[0]})
}

// logLevels are the words for levels that RabbitMQ has.
var logLevels = []string{"debug", "info", "notice", "warning", "error", "critical", "none"}

// Watermarks.

// units are those of RabbitMQ, whose prefixes are powers of two if they are written so.
var units = []struct {
	suffix string
	factor float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"k", 1 << 10}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"T", 1 << 40},
}

// parseOctets reads a number of octets.
func parseOctets(given string) (json.Number, bool) {
	factor := 1.0
	for _, u := range units {
		if number, ok := strings.CutSuffix(given, u.suffix); ok {
			given, factor = number, u.factor
			break
		}
	}
	n, err := strconv.ParseFloat(given, 64)
	if err != nil || n < 0 || n*factor >= 1<<62 || int64(n*factor) == 0 {
		return "", false
	}
	return json.Number(strconv.FormatInt(int64(n*factor), 10)), true
}

// memoryLimit understands the arguments of set_vm_memory_high_watermark.
func memoryLimit(arguments []string) (body map[string]any, wrong string) {
	if arguments[0] == "absolute" {
		if len(arguments) == 2 {
			if octets, ok := parseOctets(arguments[1]); ok {
				return map[string]any{"octets": octets}, ""
			}
		}
		return nil, "Bad argument."
	}
	part, err := strconv.ParseFloat(arguments[0], 64)
	switch {
	case err != nil || len(arguments) > 1:
		return nil, "Bad argument."
	case part < 0 || part > 1:
		return nil, "Bad argument: The threshold should be a fraction between 0.0 and 1.0"
	}
	return map[string]any{"relative": part}, ""
}

// diskLimit understands those of set_disk_free_limit.
func diskLimit(arguments []string) (body map[string]any, wrong string) {
	if arguments[0] == "mem_relative" {
		if len(arguments) == 2 {
			if part, err := strconv.ParseFloat(arguments[1], 64); err == nil && part >= 0 && part < 1e6 {
				return map[string]any{"relative": part}, ""
			}
		}
		return nil, "Bad argument."
	}
	if octets, ok := parseOctets(arguments[0]); ok && len(arguments) == 1 {
		return map[string]any{"octets": octets}, ""
	}
	return nil, "Bad argument."
}

// limiting returns what checks such arguments, and what carries them out.
func limiting(path string, understand func([]string) (map[string]any, string)) (check func(invocation) (int, string), run func(*call) (any, error)) {
	return func(i invocation) (int, string) {
			if _, wrong := understand(i.arguments); wrong != "" {
				return exitData, wrong
			}
			return 0, ""
		}, func(c *call) (any, error) {
			body, _ := understand(c.arguments) // it was checked
			return nil, c.put(path, body)
		}
}

// Ends and beginnings.

// stop has the broker end. With the file that names its process it waits until that has
// ended.
func stop(c *call) (any, error) {
	if err := c.api.Do(c, "POST", "/control/stop", nil, nil); err != nil || len(c.arguments) == 0 {
		return nil, err
	}
	return nil, c.awaitEnd()
}

// shutdown has the broker end, and waits until it has.
func shutdown(c *call) (any, error) {
	if err := c.api.Do(c, "POST", "/control/stop", nil, nil); err != nil {
		return nil, err
	}
	if c.options["no-wait"] != "" {
		return nil, nil
	}
	c.say("Waiting for PID %d to terminate", c.pid)
	if err := c.awaitEnd(); err != nil {
		return nil, err
	}
	return text(fmt.Sprintf("%s node %s running at PID %d successfully shut down", c.product, c.node, c.pid)), nil
}

// pollEvery is how often a broker is looked at that begins or ends.
const pollEvery = 50 * time.Millisecond

// poll returns when it is so, or time is over.
func (c *call) poll(so func() bool) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var over <-chan time.Time
	if c.timeout > 0 {
		timer := time.NewTimer(c.timeout)
		defer timer.Stop()
		over = timer.C
	}
	for !so() {
		select {
		case <-tick.C:
		case <-over:
			return &failure{exitTimeout, fmt.Sprintf("Error: operation %s on node %s timed out. Timeout value used: %d", c.command.name, c.nodeOr(), c.timeout.Milliseconds()), true}
		case <-c.Done():
			return c.Err()
		}
	}
	return nil
}

// nodeOr is the name of the node, or of the one that is waited for.
func (c *call) nodeOr() string {
	if c.node != "" {
		return c.node
	}
	return fullName(c.broker.Node)
}

// awaitEnd returns when the broker's process has ended.
func (c *call) awaitEnd() error {
	return c.poll(func() bool { return isGone(c.get("/control/broker", nil)) && !alive(c.pid) })
}

// awaitStartup returns when the broker answers: by then it is up.
func awaitStartup(c *call) (any, error) {
	if _, given := c.options["timeout"]; !given {
		c.timeout = 300 * time.Second
	}
	var wrong error
	return nil, joinTimeout(c.poll(func() bool { wrong = c.connect(); return wrong == nil }), wrong)
}

// joinTimeout says why the time was not enough.
func joinTimeout(err, wrong error) error {
	f, ok := err.(*failure)
	if !ok || wrong == nil {
		return err
	}
	return &failure{f.code, f.text + "\n" + wrong.Error(), true}
}

// wait returns when the broker of a file that names a process is up.
func wait(c *call) (any, error) {
	if _, given := c.options["timeout"]; !given {
		c.timeout = 10 * time.Second
	}
	broker, err := c.Find()
	if err != nil {
		return nil, err
	}
	c.broker = broker
	pid := c.options["pid"]
	if c.options["P"] != "" {
		pid = c.options["P"]
	}
	if pid == "" && len(c.arguments) == 0 {
		return nil, failf(exitUsage, "a path of a file, or --pid, is wanted")
	}
	if pid == "" {
		file := c.arguments[0]
		c.say("Waiting for pid file '%s' to appear", file)
		if err := c.poll(func() bool {
			octets, err := os.ReadFile(file)
			pid = strings.TrimSpace(string(octets))
			return err == nil && pid != ""
		}); err != nil {
			return nil, err
		}
		c.say("pid is %s", pid)
	}
	c.say("Waiting for erlang distribution on node '%s' while OS process '%s' is running", fullName(broker.Node), pid)
	number, err := strconv.Atoi(pid)
	if err != nil {
		return nil, failf(exitData, "pid is %s: want a number", pid)
	}
	c.say("Waiting for applications 'rabbit_and_plugins' to start on node '%s'", fullName(broker.Node))
	ended := false
	err = c.poll(func() bool { ended = !alive(number); return ended || c.connect() == nil })
	switch {
	case err != nil:
		return nil, err
	case ended:
		return nil, failf(exitUnavailable, "process_not_running")
	}
	return text(fmt.Sprintf("Applications 'rabbit_and_plugins' are running on node '%s'", c.node)), nil
}

// Definitions.

// exportDefinitions writes them to a file, or to standard output.
func exportDefinitions(c *call) (any, error) {
	octets, err := c.api.Raw(c, "GET", "/api/definitions", nil)
	if err != nil {
		return nil, err
	}
	if c.arguments[0] == "-" {
		_, err := c.Stdout.Write(append(octets, '\n'))
		return quietly{}, err
	}
	return quietly{}, os.WriteFile(c.arguments[0], octets, 0o600) // it holds hashes of passwords
}

// importDefinitions reads them from a file, or from standard input.
func importDefinitions(c *call) (any, error) {
	octets, err := io.ReadAll(io.LimitReader(c.Stdin, definitionsMost))
	if !fromInput(c.invocation) {
		octets, err = os.ReadFile(c.arguments[0])
	}
	if err != nil {
		return nil, err
	}
	if !json.Valid(octets) {
		return nil, failf(exitData, "Failed to deserialise input (format: JSON)")
	}
	if _, err := c.api.Raw(c, "POST", "/api/definitions", bytes.TrimSpace(octets)); err != nil {
		return nil, err
	}
	return c.hint("Successfully imported definitions."), nil
}

// definitionsMost is more than the API takes.
const definitionsMost = 1 << 30

func fromInput(i invocation) bool { return len(i.arguments) == 0 || i.arguments[0] == "-" }

func checkExport(i invocation) (int, string) {
	if dir := filepath.Dir(i.arguments[0]); i.arguments[0] != "-" && !exists(dir) {
		return exitData, fmt.Sprintf("Bad argument: Directory %s does not exist", dir)
	}
	return checkFormat(i)
}

func checkImport(i invocation) (int, string) {
	if !fromInput(i) && !exists(i.arguments[0]) {
		return exitData, fmt.Sprintf("Bad argument: File %s does not exist", i.arguments[0])
	}
	return checkFormat(i)
}

// checkFormat refuses what only Erlang reads.
func checkFormat(i invocation) (int, string) {
	if f, given := i.options["format"]; given && !strings.EqualFold(f, "json") {
		return exitData, "Bad argument: Formatter should be json: Harebell has no other"
	}
	return 0, ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
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
