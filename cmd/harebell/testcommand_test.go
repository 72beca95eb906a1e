package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/internal/testapi"
)

// A tested process is one with the test API.
type tested struct {
	*process
	url string // of the API
}

func startTested(t *testing.T, arguments ...string) *tested {
	t.Helper()
	p := start(t, append([]string{"--test-api"}, arguments...)...)
	return &tested{process: p, url: "http://" + p.testAPI}
}

// command makes a command of the real program.
func (p *tested) command(arguments ...string) *exec.Cmd {
	p.t.Helper()
	path, err := binary()
	if err != nil {
		p.t.Fatal(err)
	}
	c := exec.CommandContext(p.t.Context(), path, append([]string{"test"}, arguments...)...)
	c.Env = append(os.Environ(), "HAREBELL_TEST_URL="+p.url)
	return c
}

// test runs "harebell test", and returns what it printed and its code.
func (p *tested) test(arguments ...string) (out string, code int) {
	p.t.Helper()
	c := p.command(arguments...)
	c.Stdin = strings.NewReader("from the input")
	text, err := c.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(text), exit.ExitCode()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text), 0
}

// ask runs it, and fails the test if it fails.
func (p *tested) ask(arguments ...string) string {
	p.t.Helper()
	out, code := p.test(arguments...)
	if code != 0 {
		p.t.Fatalf("harebell test %q: ended with %d: %s", arguments, code, out)
	}
	return out
}

func TestEveryTestCommand(t *testing.T) {
	p := startTested(t, "--memory")
	ch := p.channel()
	_, err := ch.QueueDeclare("orders", true, false, false, false, nil)
	must(t, err)
	const (
		instant = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.?\d*Z`
		vhost   = `test-[\w-]{22}`
	)
	address := regexp.QuoteMeta(p.address)
	used := make(map[string]bool)
	for _, c := range []struct {
		command string // words apart by blanks, ~ for a blank within one
		code    int
		want    string // a regular expression for all that is printed
	}{
		{"clock", 0, instant + "\n"},
		{"advance 1h", 0, instant + "\n"},
		{"advance 1h --json", 0, `{"now":"` + instant + `"}` + "\n"},
		{"set-clock 2090-01-01T00:00:00Z", 0, `2090-01-01T00:0\d:\d\d\.\d*Z` + "\n"},
		{"set-clock 2001-01-01T00:00:00Z", 2, "harebell: to 2001.*: time does not go back: want .* or later\n"},
		{"add-vhost", 0, vhost + " amqp://guest:guest@" + address + "/" + vhost + "\n"},
		{"vhosts", 0, "NAME +URL\n/ +amqp://guest:guest@" + address + "/%2F\n" + vhost + " +amqp://.*\n"},
		{"delete-vhost nowhere", 2, `harebell: no virtual host "nowhere": want one of .*` + "\n"},

		{"publish --routing-key orders first", 0, ""},
		{"publish - --routing-key=orders --properties {\"delivery_mode\":2}", 0, ""},
		{"publish --routing-key nowhere lost", 1, `harebell: no queue gets what is published to exchange "" with key "nowhere".*` + "\n"},
		{"publish --properties {\"ttl\":1} x", 2, `harebell: --properties: properties: "ttl": there is no such field.*` + "\n"},
		{"snapshot", 0, "1\n"},
		{"snapshots", 0, "ID +VHOST +TAKEN\n1 +/ +2090-01-01T00:.*Z\n"},
		{"messages orders", 0, "EXCHANGE +ROUTING KEY +REDELIVERED +OCTETS +PAYLOAD\n\"\" +\"orders\" +false +5 +\"first\"\n\"\" +\"orders\" +false +14 +\"from the input\"\n"},
		{"messages orders --count 1", 0, "EXCHANGE.*\n\"\" +\"orders\" .*\"first\"\n"},
		{"queues", 0, "VHOST +QUEUE +READY +UNACKED +CONSUMERS\n/ +\"orders\" +2 +0 +0\n"},
		{"queues --vhost /", 0, "VHOST.*\n/ +\"orders\".*\n"},
		{"queues --vhost nowhere", 2, `harebell: no virtual host "nowhere".*` + "\n"},
		{"exchanges", 0, "(?s)VHOST +EXCHANGE +TYPE +BINDINGS\n/ +\"\" +direct +\"orders\" to queue \"orders\"\n/ +\"amq.direct\" +direct.*"},
		{"connections", 0, "CONNECTION +CLIENT +USER +VHOST +CHANNELS\n127.0.0.1:\\d+ -> " + address + " +\"\" +guest +/ +1\n"},
		{"await orders --ready 2 --unacked 0 --messages 2 --consumers 0", 0, "2 ready, 0 unacked, 0 consumers\n"},
		{"await --timeout 10ms --ready 3 orders", 1, `harebell: queue "orders" in virtual host "/": got messages_ready 2, want 3: not within 10ms` + "\n"},
		{"idle --timeout 10s", 0, ""},
		{"purge orders", 0, "2\n"},
		{"restore 1", 0, ""},
		{"restore 1 --vhost nowhere", 2, `harebell: no virtual host "nowhere".*` + "\n"},
		{"await orders --ready 2", 0, "2 ready, .*\n"},
		{"delete-snapshot 1", 0, ""},
		{"restore 1", 2, `harebell: no snapshot 1: want one of \[\].*` + "\n"},

		{"journal --kind published --kind routed --routing-key orders --limit 2", 0,
			` +\d+ published +exchange "" key "orders" "first"` + "\n" + ` +\d+ routed +exchange "" key "orders" to "orders" "first"` + "\n"},
		{"journal --kind acked --wait 1 --timeout 10ms", 1, "(?s)harebell: events acked: got 0, want 1; .*: not within 10ms\n"},
		{"check", 1, "harebell: no queue got it: .*\n"},
		{"check --vhost /", 1, "harebell: no queue got it: .*\n"},
		{"erase-journal", 0, ""},
		{"journal", 0, ""},
		{"check", 0, ""},

		{"fault add nack publish --times 2 --exchange orders", 0, "1\n"},
		{"fault add close~channel --code 404 --text gone --queue orders --body x", 0, "2\n"},
		{"fault add delay delivery --delay 5s --vhost / --client me --routing-key k", 0, "3\n"},
		{"fault add block publish --reason because --exchange=", 0, "4\n"},
		{"fault add dance", 2, `harebell: fault "dance": want one of "nack publish".*` + "\n"},
		{"fault add delay publish", 2, "harebell: delay publish by 0s: want more than 0\n"},
		{"fault list", 0, "ID +HITS +TIMES +FAULT +AT\n1 +0 +2 +nack publish +exchange \"orders\"\n2 +0 +always +close channel +queue \"orders\", body \"x\"\n" +
			"3 +0 +always +delay delivery +virtual host \"/\", key \"k\", client \"me\"\n4 +0 +always +block publish +exchange \"\"\n"},
		{"fault remove 1", 0, ""},
		{"fault remove 1", 2, `harebell: no fault 1: want one of \[2 3 4\]` + "\n"},
		{"fault remove all", 0, ""},
		{"fault list --json", 0, "\\[\\]\n"},

		{"alarm disk", 0, ""},
		{"alarm disk --off", 0, ""},
		{"reset", 0, ""},
		{"queues", 0, "VHOST.*\n"},
		{"fail-disk", 0, ""},
		{"cut-connections", 0, ""},
		{"kill", 0, ""},
		{"queues", 2, "harebell: the broker is down.*\n"},
		{"fail-disk no~more", 2, "harebell: fail the disk: the broker is down.*\n"},
		{"restart", 0, ""},

		{"", 0, "(?s)NAME:.*harebell test - .*COMMANDS:.*advance.*"},
		{"dance", 2, "harebell: dance: there is no such command; see harebell test --help\n"},
		{"fault dance", 2, "harebell: dance: there is no such command; see harebell test fault --help\n"},
		{"fault add --help", 0, "(?s).*nack publish +the message gets into no queue.*"},
		{"advance", 2, "harebell: got 0 arguments: want harebell test advance DURATION\n"},
		{"advance 1 hour", 2, "harebell: got 2 arguments: want harebell test advance DURATION\n"},
		{"advance 5", 2, "harebell: 5: want a duration, such as 500ms, 10s or 1h30m\n"},
		{"set-clock noon", 2, "harebell: noon: want a time, such as 2040-01-01T00:00:00Z\n"},
		{"clock now", 2, "harebell: got 1 arguments: want harebell test clock\n"},
		{"clock --zone UTC", 2, "harebell: flag provided but not defined: -zone\n"},
		{"purge q --zone UTC", 2, "harebell: flag provided but not defined: -zone\n"},
		{"await q --ready", 2, "harebell: flag needs an argument: -ready\n"},
		{"await q --ready many", 2, "harebell: invalid value \"many\" for flag -ready: .*\n"},
		{"await q", 2, "harebell: nothing to wait for: .*\n"},
		{"clock --url http://" + p.address, 2, "harebell: .*: want a broker that was started with --test-api\n"},
	} {
		words := strings.Fields(c.command)
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], "~", " ")
		}
		out, code := p.test(words...)
		if code != c.code || !regexp.MustCompile("^"+c.want+"$").MatchString(out) {
			t.Errorf("harebell test %s: ended with %d\ngot  %q\nwant %q and %d", c.command, code, out, c.want, c.code)
		}
		if len(words) > 0 && code == 0 {
			used[words[0]] = true
			if words[0] == "fault" {
				used["fault "+words[1]] = true
			}
		}
	}
	name, _, _ := strings.Cut(p.ask("add-vhost"), " ")
	p.ask("delete-vhost", name)
	used["delete-vhost"] = true
	for _, q := range questions() {
		if !used[q.name] {
			t.Errorf("no test has done harebell test %s", q.name)
		}
	}
	for _, q := range faultQuestions() {
		if !used["fault "+q.name] {
			t.Errorf("no test has done harebell test fault %s", q.name)
		}
	}
	p.stop()
}

func TestJournalIsFollowed(t *testing.T) {
	for _, flags := range [][]string{nil, {"--json"}} {
		p := startTested(t, "--memory")
		ch := p.channel()
		_, err := ch.QueueDeclare("q", false, false, false, false, nil)
		must(t, err)
		follow := p.command(append([]string{"journal", "--follow", "--kind", "published", "--routing-key", "q", "--exchange", ""}, flags...)...)
		out, err := follow.StdoutPipe()
		must(t, err)
		must(t, follow.Start())
		lines := bufio.NewScanner(out)
		for n := range 3 {
			body := fmt.Sprint("message ", n)
			p.ask("publish", "--routing-key", "q", body)
			if !lines.Scan() || !strings.Contains(lines.Text(), body) {
				t.Fatalf("got %q, want it to tell of %s", lines.Text(), body)
			}
			if flags != nil && !json.Valid(lines.Bytes()) {
				t.Errorf("got %s, want JSON", lines.Text())
			}
		}
		must(t, follow.Process.Signal(syscall.SIGINT))
		if err := follow.Wait(); err != nil {
			t.Errorf("interrupted: got %v, want an orderly end", err)
		}
		p.stop()
	}
}

func TestTestsOnDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p := startTested(t, "--data-dir", dir)
	ch := p.channel()
	for _, durable := range []bool{true, false} {
		_, err := ch.QueueDeclare(map[bool]string{true: "durable", false: "transient"}[durable], durable, false, false, false, nil)
		must(t, err)
	}
	for n, end := range []string{"kill", "restart"} {
		publishConfirmedTo(t, ch, "", "durable", amqp091.Persistent, nil, end)
		closed := ch.NotifyClose(make(chan *amqp091.Error, 1))
		p.ask(end)
		if err := <-closed; err != nil && (err.Code == 320) != (end == "restart") {
			t.Errorf("%s: closed with %v", end, err)
		}
		if end == "kill" {
			if _, err := amqp091.Dial("amqp://guest:guest@" + p.address + "/"); err == nil {
				t.Error("a broker that was killed let a client in")
			}
			p.ask("restart")
		}
		out := p.ask("queues", "--json")
		var queues []testapi.Queue
		if err := json.Unmarshal([]byte(out), &queues); err != nil || len(queues) != 1 || queues[0].Name != "durable" || queues[0].MessagesReady != n+1 {
			t.Errorf("after %s: got %s, %v, want %d messages in durable only", end, out, err, n+1)
		}
		ch = p.channel()
	}
	out, code := p.test("fail-disk")
	if code != 1 || !strings.Contains(out, "want a store in memory") {
		t.Errorf("fail-disk: ended with %d: %s, want 1 and the reason", code, out)
	}
	p.stop()

	// And it is the data of any broker.
	d := get(t, start(t, "--data-dir", dir).channel(), "durable")
	if string(d.Body) != "kill" || !d.Redelivered && d.DeliveryMode != amqp091.Persistent {
		t.Errorf("got %+v, want the first message", d)
	}
}

func TestDiskAlarmOutlivesARestartForTests(t *testing.T) {
	p := startTested(t, "--data-dir", t.TempDir(), "--disk-free-limit", "4000000GB")
	for range 2 {
		conn := p.dial()
		blocked := conn.NotifyBlocked(make(chan amqp091.Blocking, 1))
		ch, err := conn.Channel()
		must(t, err)
		must(t, ch.Publish("", "q", false, false, amqp091.Publishing{}))
		if b := <-blocked; !b.Active || b.Reason != "low on disk" {
			t.Errorf("got %+v, want blocked by low disk", b)
		}
		p.ask("restart")
	}
	if !strings.Contains(p.log.String(), "low on disk: publishers are blocked") {
		t.Errorf("log: got %s, want to read of it", p.log)
	}
	p.stop()
}

func TestSettingsHoldForTests(t *testing.T) {
	p := startTested(t, "--memory", "--default-user", "ann", "--default-pass", "s/cret", "--default-vhost", "orders",
		"--channel-max", "7", "--product", "Testbed", "--heartbeat", "5")
	for range 2 {
		var index testapi.Index
		must(t, (&testapi.Client{URL: p.url}).Do(t.Context(), "GET", "/api/test", nil, &index))
		if index.URL != "amqp://ann:s%2Fcret@"+p.address+"/orders" {
			t.Errorf("URL: got %s, want ann's", index.URL)
		}
		conn, err := amqp091.Dial(index.URL)
		must(t, err)
		t.Cleanup(func() { conn.Close() }) // the broker may have closed it
		if conn.Config.ChannelMax != 7 || conn.Config.Heartbeat != 5*time.Second || conn.Properties["product"] != "Testbed" {
			t.Errorf("got %+v and product %v, want 7 channels, 5 seconds, Testbed", conn.Config, conn.Properties["product"])
		}
		p.ask("restart")
	}
	p.stop()
}

func TestWithoutTheTestAPINobodyListensForTests(t *testing.T) {
	const nobody = "127.0.0.1:1"
	p := &tested{process: start(t, "--memory", "--test-api-listen", nobody), url: "http://" + nobody}
	if out, code := p.test("clock"); code != 2 || !strings.Contains(out, "connection refused: want a broker that was started with --test-api") {
		t.Errorf("ended with %d: %s, want 2 and what to do", code, out)
	}
	p.stop()
}

func TestDocsNameEveryTestCommand(t *testing.T) {
	text, err := os.ReadFile("../../docs/testing.md")
	must(t, err)
	_, section, _ := strings.Cut(string(text), "### On the command line")
	section, _, _ = strings.Cut(section, "### In CI")
	for _, q := range questions() {
		if !regexp.MustCompile(`\b` + q.name + `\b`).MatchString(section) {
			t.Errorf("docs/testing.md does not name harebell test %s", q.name)
		}
	}
	for _, q := range faultQuestions() {
		if !strings.Contains(section, "fault "+q.name) {
			t.Errorf("docs/testing.md does not name harebell test fault %s", q.name)
		}
	}
}
