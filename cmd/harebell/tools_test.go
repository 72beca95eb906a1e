package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/cmd/harebell/rabbitmqctl"
	"github.com/harebellmq/harebell/internal/control"
)

// A toolbox is RabbitMQ's tools, by links to the program, and a broker for them.
type toolbox struct {
	*process
	dir string // of the links, the data and the socket
}

// newToolbox starts a broker with a control socket, and makes the links.
func newToolbox(t *testing.T, arguments ...string) *toolbox {
	t.Helper()
	path, err := binary()
	must(t, err)
	dir, err := os.MkdirTemp("", "tools-") // t.TempDir's may be too long for a socket
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	if out, err := exec.Command(path, "install-links", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b := &toolbox{dir: dir}
	b.process = start(t, append([]string{"--data-dir", b.data(), "--nodename", "oracle@localhost", "--prometheus-listen", "none"}, arguments...)...)
	return b
}

func (b *toolbox) data() string { return filepath.Join(b.dir, "data") }

// tool makes a command of a tool.
func (b *toolbox) tool(name string, arguments ...string) *exec.Cmd {
	c := exec.CommandContext(b.t.Context(), filepath.Join(b.dir, name), arguments...)
	c.Env = []string{"HAREBELL_CONFIG=none", "HAREBELL_DATA_DIR=" + b.data(), "HAREBELL_NODENAME=oracle@localhost", "HOME=" + b.dir}
	return c
}

// run runs a tool, and returns what it wrote and its code.
func (b *toolbox) run(name string, arguments ...string) (out, complaint string, code int) {
	b.t.Helper()
	var o, e bytes.Buffer
	c := b.tool(name, arguments...)
	c.Stdout, c.Stderr = &o, &e
	err := c.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else if err != nil {
		b.t.Fatal(err)
	}
	return o.String(), e.String(), code
}

// ctl runs rabbitmqctl quietly, which must do what it should.
func (b *toolbox) ctl(arguments ...string) string {
	b.t.Helper()
	out, complaint, code := b.run("rabbitmqctl", append([]string{"-q"}, arguments...)...)
	if code != 0 {
		b.t.Fatalf("rabbitmqctl %q: ended with %d: %s", arguments, code, complaint)
	}
	return out
}

// words takes a line of a shell apart that quotes with ' only.
func words(line string) []string {
	var all []string
	for _, found := range regexp.MustCompile(`(?:'[^']*'|[^\s'])+`).FindAllString(line, -1) {
		all = append(all, strings.ReplaceAll(found, "'", ""))
	}
	return all
}

// TestToolsSayWhatRabbitMQsSay runs the commands of a recording made with RabbitMQ's own
// tools, in its order. Each is a command after $, lines that it wrote to standard output
// (1) and standard error (2), and the code it ended with.
func TestToolsSayWhatRabbitMQsSay(t *testing.T) {
	recorded, err := os.ReadFile("testdata/rabbitmqctl-3.10.8.txt")
	must(t, err)
	b := newToolbox(t)
	for want := range strings.SplitSeq(strings.TrimSpace(string(recorded)), "\n\n") {
		command, _, _ := strings.Cut(want, "\n")
		w := words(strings.TrimPrefix(command, "$ "))
		out, complaint, code := b.run(w[0], w[1:]...)
		got := command + "\n"
		for line := range strings.Lines(out) {
			got += "1 " + line
		}
		for line := range strings.Lines(complaint) {
			got += "2 " + line
		}
		if got += fmt.Sprintf("= %d", code); got != strings.TrimSpace(want) {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	b.stop()
}

// TestEveryToolCommand runs what the recording does not have: what depends on the moment,
// and what Harebell says itself.
func TestEveryToolCommand(t *testing.T) {
	b := newToolbox(t)
	ch := b.channel()
	must(t, ch.Confirm(false))
	_, err := ch.QueueDeclare("orders", true, false, false, false, amqp091.Table{"x-max-length": int32(10)})
	must(t, err)
	_, err = ch.QueueDeclare("mine", false, false, true, false, nil)
	must(t, err)
	confirm, err := ch.PublishWithDeferredConfirm("", "orders", false, false, amqp091.Publishing{Body: []byte("hello")})
	must(t, err)
	confirm.Wait()
	_, err = ch.Consume("mine", "me", false, true, false, false, nil)
	must(t, err)
	const pid = `<oracle@localhost\.\d+\.\d+\.0>`
	node := "oracle@localhost"
	_, port, _ := strings.Cut(b.address, ":")
	for _, c := range []struct {
		command string // the tool first
		code    int
		want    string // a regular expression for all that is printed
	}{
		{"rabbitmqctl -q list_queues name arguments messages owner_pid exclusive_consumer_tag messages_ram", 0,
			"name\targuments\tmessages\towner_pid\texclusive_consumer_tag\tmessages_ram\nmine\t.*\t0\t" + pid + "\tme\t\norders\t" + `\[{"x-max-length",10},{"x-queue-type","classic"}\]` + "\t1\t\t\t\n"},
		{"rabbitmqctl list_queues --formatter pretty_table name messages", 0, "(?s).*│ orders │ 1        │.*"},
		{"rabbitmqctl list_queues --offline", 0, "Timeout: .*\nListing .*\n"},
		{"rabbitmqctl list_unresponsive_queues", 0, "Listing unresponsive queues for vhost / ...\n"},
		{"rabbitmqctl -s list_connections user state protocol pid", 0, "guest\trunning\t{0,9,1}\t" + pid + "\n"},
		{"rabbitmqctl -s list_channels pid connection number confirm", 0, pid + "\t" + pid + "\t1\ttrue\n"},
		{"rabbitmqctl -s list_consumers", 0, "mine\t" + pid + "\tme\ttrue\t0\ttrue\t\\[\\]\n"},
		{"rabbitmqctl -s list_exchanges name type", 0, "(?s)\tdirect\namq.direct\tdirect\n.*"},
		{"rabbitmqctl status", 0, "(?s)Status of node " + node + ".*RabbitMQ version: 4.2.0\n.*Connection count: 1\nQueue count: 2\n.*protocol: amqp, purpose: AMQP 0-9-1.*"},
		{"rabbitmqctl status --unit mb", 0, "(?s).*Total memory used: [0-9.]+ mb\n.*"},
		{"rabbitmqctl status --formatter json", 0, `{.*"rabbitmq_version":"4.2.0".*` + "\n"},
		{"rabbitmqctl cluster_status", 0, "(?s)Cluster status of node.*Network Partitions.*\n\n\\(none\\)\n.*Flag: quorum_queue, state: enabled\n.*"},
		{"rabbitmqctl environment", 0, "(?s).*\nheartbeat = 60\n.*"},
		{"rabbitmqctl environment --formatter json", 0, `{.*"heartbeat":"60".*` + "\n"},
		{"rabbitmqctl report", 0, "(?s)Reporting server status.*Listing queues for vhost / ...\n.*Listing runtime parameters for vhost \"/\" ...\n.*"},
		{"rabbitmqctl version", 0, "4.2.0\n"},
		{"rabbitmqctl --version", 0, "4.2.0\n"},
		{"rabbitmqctl list_feature_flags", 0, "(?s)Listing feature flags ...\nname\tstate\n.*quorum_queue\tenabled\n.*"},
		{"rabbitmqctl list_node_auth_attempt_stats", 0, "(?s).*amqp091\t1\t0\t1\n.*"},
		{"rabbitmqctl hash_password secret", 0, "Will hash password...\n[A-Za-z0-9+/]{48}\n"},
		{"rabbitmqctl await_startup", 0, ""},
		{"rabbitmqctl await_online_nodes 1", 0, "Will wait for at least 1 nodes.*\n"},
		{"rabbitmqctl await_online_nodes 2", 69, "(?s).*there will not be 2\n"},
		{"rabbitmqctl update_vhost_metadata / --description d --tags a,b", 0, "Updating metadata of vhost \"/\" ...\n"},
		{"rabbitmqctl set_vhost_tags / x y", 0, "Setting tags for vhost \"/\" to \\[x, y\\] ...\n"},
		{"rabbitmqctl -s list_vhosts name description tags", 0, "/\td\t\\[x, y\\]\n"},
		{"rabbitmqctl enable_vhost_deletion_protection /", 0, "Marking.*\n"},
		{"rabbitmqctl delete_vhost /", 69, "(?s).*Refusing to delete virtual host '/' because it is protected from deletion\n"},
		{"rabbitmqctl disable_vhost_deletion_protection /", 0, "Removing.*\n"},
		{"rabbitmqctl restart_vhost", 0, "Trying .*\nVhost '/' is already running on node '" + node + "'\n"},
		{"rabbitmqctl add_user bob --pre-hashed-password WaD8B0mKEwNhReVa2Q8H8L1zmiPDbTBy7+Oqn1KGPqm34/mC", 0, "(?s)Adding user.*"},
		{"rabbitmqctl authenticate_user bob foo", 0, "Authenticating user \"bob\" ...\nSuccess\n"},
		{"rabbitmqctl eval node().", 0, node + "\n"},
		{"rabbitmqctl eval rabbit:product_version().", 0, "\"4.2.0\"\n"},
		{"rabbitmqctl eval application:set_env(rabbit,~loopback_users,~[<<\"bob\">>]).", 0, "ok\n"},
		{"rabbitmqctl eval 1+1.", 64, "Error:\nHarebell is written in Go and has no Erlang.*\n"},
		{"rabbitmqctl eval_file x", 64, "Error:\nHarebell is written in Go.*\n"},
		{"rabbitmqctl exec x", 64, "Error:\nHarebell is written in Go.*\n"},
		{"rabbitmqctl join_cluster rabbit@other", 64, "Error:\nHarebell is a single node: .*\n"},
		{"rabbitmqctl -n nobody@nowhere status", 69, "(?s)Error: unable to perform an operation on node 'nobody@nowhere'. .*want -n oracle@localhost.*"},
		{"rabbitmqctl trace_on -p nowhere", 65, "(?s).*Virtual host 'nowhere' does not exist\n"},
		{"rabbitmqctl trace_on", 0, "(?s).*Trace enabled for vhost /\n"},
		{"rabbitmqctl trace_off", 0, "(?s).*Trace disabled for vhost /\n"},
		{"rabbitmqctl delete_queue orders --if-empty", 64, "Deleting queue 'orders' on vhost '/' if queue is empty ...\nError:\nQueue is not empty\n"},
		{"rabbitmqctl purge_queue orders", 0, "Purging queue 'orders' in vhost '/' ...\n"},
		{"rabbitmqctl delete_queue orders", 0, "Deleting.*\nQueue was successfully deleted with 0 ready messages\n"},
		{"rabbitmqctl dance", 64, "(?s)\nCommand 'dance' not found. \n\n.*Available commands:.*"},
		{"rabbitmqctl list_queues --formatter dance", 64, "(?s)Error \\(argument validation\\): no formatter dance: want one of.*"},
		{"rabbitmqctl help list_queues", 0, "(?s).*must be one of arguments, auto_delete,.*"},
		{"rabbitmqctl --help", 0, "(?s).*Available commands:.*"},
		{"rabbitmqctl autocomplete list_q", 0, "list_queues\n"},
		{"rabbitmqctl encode x", 64, "(?s)\nCommand 'encode' not found.*"},

		{"rabbitmq-diagnostics -q check_port_connectivity", 0, "Successfully connected to ports .*" + port + ".* on node " + node + "\\.\n"},
		{"rabbitmq-diagnostics -q check_port_listener " + port, 0, "A listener for port " + port + " is running on node " + node + "\\.\n"},
		{"rabbitmq-diagnostics -q check_port_listener 1", 69, "No listener for port 1 is active.*\n"},
		{"rabbitmq-diagnostics -q check_protocol_listener mqtt", 69, "Error:\nNo listener for protocol mqtt is active .*: amqp, http\n"},
		{"rabbitmq-diagnostics -q listeners", 0, "Interface: 127.0.0.1, port: " + port + ", protocol: amqp, purpose: AMQP 0-9-1\nInterface: .*protocol: http, purpose: HTTP API\n"},
		{"rabbitmq-diagnostics -q memory_breakdown --unit kb", 0, "queue_procs: .* kb .*\nother: .* kb .*\n"},
		{"rabbitmq-diagnostics -q server_version", 0, "4.2.0\n"},

		{"rabbitmq-plugins -q list -m management", 0, "rabbitmq_management\nrabbitmq_management_agent\n"},
		{"rabbitmq-plugins -q list event", 0, "\\[E\\*\\] rabbitmq_event_exchange 4.2.0\n"},
		{"rabbitmq-plugins -q list -v event", 0, "\\[E\\*\\] rabbitmq_event_exchange\n     Version:     \t4.2.0\n(?s).*"},
		{"rabbitmq-plugins -q enable rabbitmq_management", 0, "(?s)The following plugins have been configured:\n.*\nPlugin configuration unchanged.\n"},
		{"rabbitmq-plugins -q disable rabbitmq_management", 69, "Error:\nrabbitmq_management is built into Harebell: it cannot be switched off\n"},
		{"rabbitmq-plugins -q disable --all", 69, "Error:\nall plugins are built into Harebell: they cannot be switched off\n"},
		{"rabbitmqctl -q list_node_auth_attempt_stats --by-source", 0, "(remote_address\tusername\tprotocol\tauth_attempts\tauth_attempts_failed\tauth_attempts_succeeded\n)?"},
		{"rabbitmqctl -q set_policy p ^x {\"max-length\":1}}", 69, "(?s)Error:\nJSON decoding error.*"},
		{"rabbitmq-queues -q rebalance all --queue-pattern (", 64, "(?s).*--queue-pattern.*"},
		{"rabbitmq-plugins -q is_enabled rabbitmq_management", 0, "Plugin rabbitmq_management is enabled on node .*\n"},
		{"rabbitmq-plugins -q is_enabled rabbitmq_mqtt", 69, "Error:\nPlugin rabbitmq_mqtt is not enabled on node .*\n"},
		{"rabbitmq-queues -q rebalance all", 0, "Node name\tNumber of quorum queues\tNumber of replicated classic queues\n" + node + "\t0\t0\n"},
		{"rabbitmq-upgrade drain", 69, "Error:\nHarebell is a single node: .*\n"},
		{"rabbitmq-upgrade -q post_upgrade", 0, ""},
	} {
		w := strings.Fields(c.command)
		for i := range w {
			w[i] = strings.ReplaceAll(w[i], "~", " ")
		}
		out, complaint, code := b.run(w[0], w[1:]...)
		if code != c.code || !regexp.MustCompile("^(?:"+c.want+")$").MatchString(out+complaint) {
			t.Errorf("%s: ended with %d\ngot  %q\nwant %q and %d", c.command, code, out+complaint, c.want, c.code)
		}
	}
	b.stop()
}

func TestDefinitionsByTheCommandLine(t *testing.T) {
	b := newToolbox(t)
	b.ctl("add_vhost", "shop")
	file := filepath.Join(b.dir, "definitions.json")
	b.ctl("export_definitions", file)
	if text := b.ctl("export_definitions", "-"); !strings.Contains(text, `"name":"shop"`) {
		t.Errorf("exported %s", text)
	}
	b.ctl("delete_vhost", "shop")
	b.ctl("import_definitions", file)
	if got := b.ctl("-s", "list_vhosts"); got != "/\nshop\n" {
		t.Errorf("got %q", got)
	}
	for time, want := range []bool{true, false} { // the second time they are those of the first
		b.ctl("delete_vhost", "shop")
		b.ctl("import_definitions", "--skip-if-unchanged", file)
		if got := strings.Contains(b.ctl("list_vhosts"), "shop"); got != want {
			t.Errorf("import %d: imported is %t, want %t", time+1, got, want)
		}
	}
	c := b.tool("rabbitmqctl", "import_definitions", "-")
	text, err := os.Open(file)
	must(t, err)
	defer text.Close()
	c.Stdin = text
	if out, err := c.CombinedOutput(); err != nil || !strings.Contains(b.ctl("list_vhosts"), "shop") {
		t.Errorf("from standard input: %v: %s", err, out)
	}
	b.stop()
}

// TestPasswordsMayComeByStandardInput keeps them from those who see arguments.
func TestPasswordsMayComeByStandardInput(t *testing.T) {
	b := newToolbox(t)
	c := b.tool("rabbitmqctl", "add_user", "ann")
	c.Stdin = strings.NewReader("secret\n")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b.ctl("authenticate_user", "ann", "secret")
	b.stop()
}

// TestWatermarksCountAtOnce blocks publishers and lets them go on.
func TestWatermarksCountAtOnce(t *testing.T) {
	b := newToolbox(t)
	for _, c := range []struct{ short, enough, alarm string }{
		{"set_vm_memory_high_watermark absolute 1kB", "set_vm_memory_high_watermark 0.9", "Memory alarm on node oracle@localhost"},
		{"set_disk_free_limit 1000TB", "set_disk_free_limit 50MB", "Free disk space alarm on node oracle@localhost"},
	} {
		b.ctl(strings.Fields(c.short)...)
		if out, complaint, code := b.run("rabbitmq-diagnostics", "-q", "check_local_alarms"); code != 69 || complaint != "Error:\n"+c.alarm+"\n" {
			t.Errorf("after %s: ended with %d: %s%s", c.short, code, out, complaint)
		}
		if out, _, _ := b.run("rabbitmq-diagnostics", "-q", "alarms"); !strings.Contains(out, c.alarm) {
			t.Errorf("after %s: got %q", c.short, out)
		}
		b.ctl(strings.Fields(c.enough)...)
		if out, complaint, code := b.run("rabbitmq-diagnostics", "-q", "check_local_alarms"); code != 0 {
			t.Errorf("after %s: ended with %d: %s%s", c.enough, code, out, complaint)
		}
	}
	b.stop()
}

func TestChannelMaxByEval(t *testing.T) {
	b := newToolbox(t)
	b.ctl("eval", "application:set_env(rabbit, channel_max, 8).")
	if got := b.dial().Config.ChannelMax; got != 8 {
		t.Errorf("a client may open %d channels, want 8", got)
	}
	b.stop()
}

func TestConnectionsAreClosed(t *testing.T) {
	b := newToolbox(t)
	b.ctl("add_user", "ann", "x")
	for _, command := range []string{"close_connection PID bye", "close_all_connections bye", "close_all_connections --limit 1 --vhost / bye", "close_all_connections --global bye", "close_all_user_connections guest bye"} {
		closed := b.dial().NotifyClose(make(chan *amqp091.Error, 1))
		pid := strings.TrimSpace(b.ctl("-s", "list_connections", "pid"))
		b.ctl(strings.Fields(strings.ReplaceAll(command, "PID", pid))...)
		if err := <-closed; err == nil || err.Code != 320 || err.Reason != "CONNECTION_FORCED - bye" {
			t.Errorf("%s: got %v", command, err)
		}
	}
	b.stop()
}

func TestLogLevelByTheCommandLine(t *testing.T) {
	b := newToolbox(t)
	b.ctl("set_log_level", "debug")
	b.dial().Close()
	b.log.await(t, `"level":"debug"`)
	b.stop()
}

// TestTheBrokerEndsAsOnASignal tells it to by each command there is.
func TestTheBrokerEndsAsOnASignal(t *testing.T) {
	for _, command := range []string{"shutdown", "stop", "shutdown --no-wait"} {
		b := newToolbox(t)
		out, complaint, code := b.run("rabbitmqctl", strings.Fields(command)...)
		if err := <-b.ended; err != nil || code != 0 {
			t.Errorf("%s: the broker ended with %v, the command with %d: %s%s", command, err, code, out, complaint)
		}
		if _, err := os.Lstat(filepath.Join(b.data(), control.Name)); !os.IsNotExist(err) {
			t.Errorf("%s: the socket is still there: %v", command, err)
		}
		if _, _, code := b.run("rabbitmqctl", "status"); code != 69 {
			t.Errorf("after %s: status ended with %d, want 69", command, code)
		}
		if _, _, code := b.run("rabbitmqctl", "stop"); code != 69 {
			t.Errorf("after %s: stop ended with %d, want 69", command, code)
		}
		if out, complaint, code := b.run("rabbitmqctl", "stop", "--idempotent"); code != 0 {
			t.Errorf("after %s: stop --idempotent ended with %d: %s%s", command, code, out, complaint)
		}
	}
}

func TestWaitForThePIDFile(t *testing.T) {
	b := newToolbox(t)
	file := filepath.Join(b.dir, "pid")
	must(t, os.WriteFile(file, fmt.Appendln(nil, b.command.Process.Pid), 0o600))
	out, complaint, code := b.run("rabbitmqctl", "wait", file)
	if code != 0 || !strings.HasSuffix(out, "Applications 'rabbit_and_plugins' are running on node 'oracle@localhost'\n") {
		t.Errorf("ended with %d: %s%s", code, out, complaint)
	}
	if _, complaint, code := b.run("rabbitmqctl", "wait", "-t", "0.1", file+"2"); code != 75 {
		t.Errorf("without a file: ended with %d: %s", code, complaint)
	}
	b.stop()
}

// TestASocketLeftBehindIsReplaced kills a broker.
func TestASocketLeftBehindIsReplaced(t *testing.T) {
	b := newToolbox(t, "--management-listen", "none")
	b.kill()
	if _, complaint, code := b.run("rabbitmqctl", "status"); code != 69 || !strings.Contains(complaint, "nobody listens at its control socket") {
		t.Errorf("while nobody is there: ended with %d: %s", code, complaint)
	}
	again := start(t, "--data-dir", b.data(), "--management-listen", "none")
	if out, complaint, code := b.run("rabbitmq-diagnostics", "-q", "ping"); code != 0 || out != "Ping succeeded\n" {
		t.Errorf("after a restart: ended with %d: %s%s", code, out, complaint)
	}
	again.stop()
}

func TestControlSocketSettings(t *testing.T) {
	dir, err := os.MkdirTemp("", "control-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	p := start(t, "--memory", "--control-socket", socket)
	if err := control.Fits(socket); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(socket); err != nil {
		t.Error(err)
	}
	path, err := binary()
	must(t, err)
	second := exec.Command(path, "serve", "--config", "none", "--memory", "--listen", anyPort, "--management-listen", "none", "--control-socket", socket)
	if out, err := second.CombinedOutput(); err == nil || !strings.Contains(string(out), "a broker that runs has it") {
		t.Errorf("a second broker: %v: %s", err, out)
	}
	c := exec.Command(path, "rabbitmqctl", "-q", "status") // without links
	c.Env = []string{"HAREBELL_CONFIG=none", "HAREBELL_CONTROL_SOCKET=" + socket}
	if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "(everything is in memory)") {
		t.Errorf("%v: %s", err, out)
	}
	c = exec.Command(path, "rabbitmqctl", "-q", "set_disk_free_limit", "1GB")
	c.Env = []string{"HAREBELL_CONFIG=none", "HAREBELL_CONTROL_SOCKET=" + socket}
	if out, err := c.CombinedOutput(); err == nil || !strings.Contains(string(out), "there is no disk to watch") {
		t.Errorf("a limit of the disk in memory: %v: %s", err, out)
	}
	p.stop()
	c = exec.Command(path, "rabbitmqctl", "status")
	c.Env = []string{"HAREBELL_CONFIG=none", "HAREBELL_CONTROL_SOCKET=none"}
	if out, err := c.CombinedOutput(); err == nil || !strings.Contains(string(out), "has no control socket") {
		t.Errorf("none: %v: %s", err, out)
	}
}

// TestNobodyIsLetInOverTCP asks for what only the control socket has.
func TestNobodyIsLetInOverTCP(t *testing.T) {
	b := newToolbox(t)
	for path, want := range map[string]int{"/control/broker": 404, "/control/stop": 404, "/api/overview": 401} {
		r, err := http.Get("http://" + b.management + path)
		must(t, err)
		r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("%s: got %d, want %d", path, r.StatusCode, want)
		}
	}
	b.stop()
}

func TestLinks(t *testing.T) {
	path, err := binary()
	must(t, err)
	dir := t.TempDir()
	other := filepath.Join(dir, "rabbitmqctl")
	must(t, os.WriteFile(other, []byte("RabbitMQ's"), 0o700))
	out, err := exec.Command(path, "install-links", "--copy", dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), other+": there is something else: it stays\n") || !strings.Contains(string(out), "rabbitmqadmin is a copy of "+path) {
		t.Errorf("%v: %s", err, out)
	}
	if text, err := os.ReadFile(other); err != nil || string(text) != "RabbitMQ's" {
		t.Errorf("now it is %q, %v", text, err)
	}
	must(t, os.Remove(other))
	for range 2 { // the second time all are there
		if out, err := exec.Command(path, "install-links", dir).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
	for _, name := range append([]string{"rabbitmqadmin"}, rabbitmqctl.Tools...) {
		if out, err := exec.Command(filepath.Join(dir, name), "--version").CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}

// TestTheServersName starts the broker as RabbitMQ's script does, and ends it by a signal.
func TestTheServersName(t *testing.T) {
	dir := t.TempDir()
	path, err := binary()
	must(t, err)
	must(t, os.Symlink(path, filepath.Join(dir, "rabbitmq-server")))
	p := startCommand(t, exec.Command(filepath.Join(dir, "rabbitmq-server"), "-detached", "--memory", "--listen", anyPort, "--management-listen", "none", "--prometheus-listen", "none", "--log-format", "json"))
	must(t, p.command.Process.Signal(syscall.SIGTERM))
	if err := <-p.ended; err != nil {
		t.Error(err)
	}
}

func TestCompletion(t *testing.T) {
	for shell, want := range map[string]string{
		"bash": "complete -o default -F _rabbitmqctl rabbitmqctl\n", "zsh": "#compdef harebell rabbitmqadmin rabbitmqctl ", "fish": "complete -c rabbitmq-diagnostics ",
	} {
		out, err := run(t, "completion", shell)
		if err != nil || !strings.Contains(out, want) || !strings.Contains(out, " list_queues ") {
			t.Errorf("%s: got %q, %v", shell, out, err)
		}
		if program, err := exec.LookPath(shell); err == nil {
			check := exec.Command(program, "-n")
			check.Stdin = strings.NewReader(out)
			if said, err := check.CombinedOutput(); err != nil {
				t.Errorf("%s does not understand it: %v: %s", shell, err, said)
			}
		}
	}
	if _, err := run(t, "completion", "csh"); err == nil || err.Error() != `"csh": want bash, zsh or fish` {
		t.Errorf("got %v", err)
	}
}

// TestRabbitmqadmin goes to the broker by HTTP in the old words and the new.
func TestRabbitmqadmin(t *testing.T) {
	b := newToolbox(t)
	host, port, _ := strings.Cut(b.management, ":")
	must(t, os.WriteFile(filepath.Join(b.dir, ".rabbitmqadmin.conf"), fmt.Appendf(nil, "[default]\nhostname = %s\nport = %s\n\n[bad]\nport = 1\nhostname = %s\n\n[odd]\nrequest_timeout = soon\n", host, port, host), 0o600))
	payload := filepath.Join(b.dir, "payload")
	for _, c := range []struct {
		command string
		code    int
		want    string
	}{
		{"declare vhost name=shop", 0, "vhost declared\n"},
		{"declare permission vhost=shop user=guest configure=.* write=.* read=.*", 0, "permission declared\n"},
		{"-V shop declare queue name=orders durable=true arguments={\"x-max-length\":5}", 0, "queue declared\n"},
		{"--vhost shop queues declare --name quick --type quorum --durable true", 0, "queue declared\n"},
		{"--vhost shop declare exchange --name x --type topic", 0, "exchange declared\n"},
		{"-V shop declare binding source=x destination=orders routing_key=a.#", 0, "binding declared\n"},
		{"-V shop publish routing_key=orders payload=hello exchange=amq.default", 0, "Message published\n"},
		{"-V shop publish message --routing-key nowhere --payload hello", 0, "Message published but NOT routed\n"},
		{"-V shop list queues name durable type", 0, "+--------+---------+---------+\n|  name  | durable |  type   |\n+--------+---------+---------+\n| orders | True    | classic |\n| quick  | True    | quorum  |\n+--------+---------+---------+\n"},
		{"-V shop queues list name", 0, "+--------+\n|  name  |\n+--------+\n| orders |\n| quick  |\n+--------+\n"},
		{"-f tsv -V shop list bindings source destination routing_key", 0, "source\tdestination\trouting_key\n\torders\torders\n\tquick\tquick\nx\torders\ta.#\n"},
		{"-f kvp list vhosts name", 0, "name=\"/\"\nname=\"shop\"\n"},
		{"-f bash list vhosts", 0, "/ shop\n"},
		{"-f raw_json list vhosts name", 0, "[{\"name\":\"/\"},{\"name\":\"shop\"}]\n"},
		{"-f pretty_json list vhosts name", 0, "[\n  {\n    \"name\": \"/\"\n  },\n  {\n    \"name\": \"shop\"\n  }\n]\n"},
		{"-f long show overview cluster_name", 0, "\n" + strings.Repeat("-", 80) + "\n\ncluster_name: oracle@localhost\n\n" + strings.Repeat("-", 80) + "\n\n"},
		{"-q -V shop get queue=orders ackmode=ack_requeue_false payload_file=" + payload, 0, "+-------------+----------+---------------+---------------+-------------+\n| routing_key | exchange | message_count | payload_bytes | redelivered |\n+-------------+----------+---------------+---------------+-------------+\n| orders      |          | 0             | 5             | False       |\n+-------------+----------+---------------+---------------+-------------+\n"},
		{"-V shop get queue=orders", 0, "No items\n"},
		{"--username guest --password guest users declare --name ann --password secret --tags management", 0, "user declared\n"},
		{"-u ann -p secret list users", 1, "*** Access refused: /api/users\n\n"},
		{"-V shop purge queue name=orders", 0, "queue purged\n"},
		{"health_check local_alarms", 0, "health check passed\n"},
		{"-V shop delete queue name=nothing", 1, "*** Not found: /api/queues/shop/nothing\n\n"},
		{"-V shop delete queue --name orders", 0, "queue deleted\n"},
		{"-N bad list users", 1, "*** Could not connect: connect: connection refused\n\n"},
		{"-N other list users", 1, "\nERROR: Could not read section 'other' in config file '" + filepath.Join(b.dir, ".rabbitmqadmin.conf") + "':\n   No section: 'other'\n\nrabbitmqadmin --help for help\n\n"},
		{"-U http://guest:guest@" + b.management + " delete vhost name=shop", 0, "vhost deleted\n"},
		{"declare queue", 1, "\nERROR: mandatory argument \"name\" is required\n\nrabbitmqadmin --help for help\n\n"},
		{"declare queue name=q arguments={}}", 1, "*** ERROR: Could not parse JSON:\n  {}}\n\n"},
		{"-N odd list users", 2, "Usage\n=====\n  rabbitmqadmin [options] subcommand\n\nrabbitmqadmin: error: option --request-timeout: invalid integer value: 'soon'\n"},
		{"--depth 0 list users", 2, "Usage\n=====\n  rabbitmqadmin [options] subcommand\n\nrabbitmqadmin: error: option --depth: invalid integer value: '0'\n"},
		{"--dance", 2, "Usage\n=====\n  rabbitmqadmin [options] subcommand\n\nrabbitmqadmin: error: no such option: --dance\n"},
	} {
		out, complaint, code := b.run("rabbitmqadmin", strings.Fields(c.command)...)
		if code != c.code || out+complaint != c.want {
			t.Errorf("rabbitmqadmin %s: ended with %d\ngot  %q\nwant %q and %d", c.command, code, out+complaint, c.want, c.code)
		}
	}
	if text, err := os.ReadFile(payload); err != nil || string(text) != "hello" {
		t.Errorf("the payload is %q, %v", text, err)
	}
	var status map[string]any
	if err := json.Unmarshal([]byte(b.ctl("status", "--formatter", "json")), &status); err != nil {
		t.Error(err)
	}
	b.stop()
}

// BenchmarkHealthCheck is what a probe costs, with the start of its process.
func BenchmarkHealthCheck(b *testing.B) {
	path, err := binary()
	if err != nil {
		b.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		b.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "s")
	broker := exec.Command(path, "serve", "--config", "none", "--memory", "--listen", anyPort, "--management-listen", "none", "--control-socket", socket)
	if err := broker.Start(); err != nil {
		b.Fatal(err)
	}
	defer broker.Wait()
	defer broker.Process.Signal(syscall.SIGTERM)
	env := []string{"HAREBELL_CONFIG=none", "HAREBELL_CONTROL_SOCKET=" + socket}
	probe := func(arguments ...string) error {
		c := exec.Command(path, append([]string{"rabbitmq-diagnostics", "-q"}, arguments...)...)
		c.Env = env
		out, err := c.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	up := exec.Command(path, "rabbitmqctl", "await_startup")
	up.Env = env
	if out, err := up.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	for _, check := range []string{"ping", "check_running", "check_local_alarms", "check_port_connectivity"} {
		b.Run(check, func(b *testing.B) {
			for b.Loop() {
				if err := probe(check); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
