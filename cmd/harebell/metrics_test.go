package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/internal/certificate"
)

// scrape asks for the metrics behind the path of those.
func (p *process) scrape(behind string) string {
	p.t.Helper()
	return p.fetch(http.DefaultClient, "http://"+p.metrics+"/metrics"+behind)
}

// fetch gets a page.
func (p *process) fetch(c *http.Client, url string) string {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, url, nil)
	must(p.t, err)
	answer, err := c.Do(r)
	must(p.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(p.t, err)
	if answer.StatusCode != http.StatusOK {
		p.t.Fatalf("GET %s: got %s: %s\n%s", url, answer.Status, text, p.log)
	}
	return string(text)
}

// manage gets what the management API has at a path.
func (p *process) manage(path string) string {
	p.t.Helper()
	return p.fetch(http.DefaultClient, "http://guest:guest@"+p.management+"/api/"+path)
}

// startWith starts the broker with a file of settings, and nothing on disk.
func startWith(t *testing.T, file string) *process {
	t.Helper()
	path, err := binary()
	must(t, err)
	return startCommand(t, exec.Command(path, "serve", "--config", file, "--memory", "--log-format", "json"))
}

// lacks returns those of some regular expressions that match no line.
func lacks(text string, want ...string) (missing []string) {
	for _, line := range want {
		if !regexp.MustCompile("(?m)^" + line + "$").MatchString(text) {
			missing = append(missing, line)
		}
	}
	return missing
}

func TestPrometheusFindsTheBroker(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, mode := range []string{"--test-api=false", "--test-api"} {
		p := start(t, mode, "--data-dir", filepath.Join(dir, mode), "--memory-high-watermark-absolute", "1GiB")
		ch := p.channel()
		must(t, ch.Confirm(false))
		_, err := ch.QueueDeclare("q", true, false, false, false, nil)
		must(t, err)
		confirm, err := ch.PublishWithDeferredConfirm("", "q", false, false, amqp091.Publishing{DeliveryMode: amqp091.Persistent, Body: []byte("hello")})
		must(t, err)
		if !confirm.Wait() {
			t.Fatal("not confirmed")
		}
		p.manage("overview")
		missing := lacks(p.scrape(""),
			`rabbitmq_queue_messages_ready 1`, `rabbitmq_channel_messages_confirmed_total 1`,
			`rabbitmq_resident_memory_limit_bytes 1.073741824e\+09`, `rabbitmq_disk_space_available_bytes [1-9].*`, `rabbitmq_disk_space_available_limit_bytes 5e\+07`,
			`rabbitmq_io_sync_ops_total [1-9].*`, `rabbitmq_io_sync_time_seconds_total .*[1-9].*`, `rabbitmq_io_write_bytes_total [1-9].*`, `rabbitmq_io_read_ops_total \d+`,
			`rabbitmq_process_open_fds [1-9].*`, `rabbitmq_process_max_fds [1-9].*`, `go_goroutines [1-9].*`,
			`rabbitmq_auth_attempts_total\{protocol="http"\} 1`, `rabbitmq_auth_attempts_total\{protocol="amqp091"\} 1`,
		)
		if missing != nil {
			t.Errorf("%s: nothing like %q in\n%s", mode, missing, p.scrape(""))
		}
		if missing := lacks(p.scrape("/per-object"), `rabbitmq_queue_messages_ready\{vhost="/",queue="q"\} 1`); missing != nil {
			t.Errorf("%s, per object: nothing like %q", mode, missing)
		}
		p.stop()
	}
}

func TestTheClusterKeepsItsName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var ids []string
	for range 2 {
		p := start(t, "--data-dir", dir)
		ids = append(ids, regexp.MustCompile(`rabbitmq_cluster_permanent_id="(rabbitmq-cluster-id-[^"]{22})"`).FindString(p.scrape("")))
		p.stop()
	}
	if ids[0] == "" || ids[0] != ids[1] {
		t.Errorf("it was called %q", ids)
	}
}

// TestTheManagementAPIKnowsOfPrometheus asks as those do who wait for the plug-in.
func TestTheManagementAPIKnowsOfPrometheus(t *testing.T) {
	t.Parallel()
	p := start(t, "--memory")
	_, port, _ := net.SplitHostPort(p.metrics)
	for _, check := range []string{"port-listener/" + port, "protocol-listener/http%2Fprometheus"} {
		if got := p.manage("health/checks/" + check); !strings.Contains(got, `"status":"ok"`) {
			t.Errorf("%s: got %s", check, got)
		}
	}
	var nodes []struct {
		Plugins []string `json:"enabled_plugins"`
	}
	body := p.manage("nodes")
	must(t, json.Unmarshal([]byte(body), &nodes))
	if !slices.Contains(nodes[0].Plugins, "rabbitmq_prometheus") || !strings.Contains(body, `"RabbitMQ Prometheus","path":"/","ip":"127.0.0.1","port":"`+port+`"`) {
		t.Errorf("got %s", body)
	}
}

// TestMetricsWithTLS have a certificate of their own, which is read again.
func TestMetricsWithTLS(t *testing.T) {
	t.Parallel()
	dir, next := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "next")
	for _, at := range []string{dir, next} {
		_, err := certificate.Authority{Hosts: []string{"localhost"}, User: "prometheus"}.Make(at)
		must(t, err)
	}
	file := filepath.Join(t.TempDir(), "rabbitmq.conf")
	must(t, os.WriteFile(file, []byte("listeners.tcp.1 = 127.0.0.1:0\nmanagement.tcp.port = 0\n"+
		"prometheus.ssl.ip = 127.0.0.1\nprometheus.ssl.port = 0\nprometheus.path = /numbers\n"+
		"prometheus.ssl.certfile = "+filepath.Join(dir, "server.pem")+"\nprometheus.ssl.keyfile = "+filepath.Join(dir, "server.key")+"\n"+
		"prometheus.ssl.cacertfile = "+filepath.Join(dir, "ca.pem")+"\nprometheus.ssl.verify = verify_peer\nprometheus.ssl.fail_if_no_peer_cert = true\n"), 0o600))
	p := startWith(t, file)
	said := regexp.MustCompile(`"address":"(127\.0\.0\.1:\d+)","time":[^}]*"message":"Prometheus metrics: HTTPS listener started on port \d+"`).FindStringSubmatch(p.log.String())
	if said == nil || p.metrics != "" {
		t.Fatalf("metrics are at %q without TLS, and with it:\n%s", p.metrics, p.log)
	}
	ask := func(c *tls.Config) error {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: c, DisableKeepAlives: true}}
		answer, err := client.Get("https://" + said[1] + "/numbers")
		if err == nil {
			answer.Body.Close()
		}
		return err
	}
	must(t, ask(showing(t, dir)))
	if ask(trusting(t, dir)) == nil {
		t.Error("who shows no certificate got an answer")
	}
	if ask(&tls.Config{RootCAs: x509.NewCertPool(), ServerName: "localhost"}) == nil {
		t.Error("who trusts nobody was content")
	}
	for _, name := range []string{"server.pem", "server.key", "ca.pem"} {
		text, err := os.ReadFile(filepath.Join(next, name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	must(t, p.command.Process.Signal(syscall.SIGHUP))
	p.log.await(t, "certificates read again")
	must(t, ask(showing(t, next)))
	p.stop()
}

// TestRabbitMQsSettingMakesMetricsOfEachObject is with a file as RabbitMQ's image has it.
func TestRabbitMQsSettingMakesMetricsOfEachObject(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "rabbitmq.conf")
	must(t, os.WriteFile(file, []byte("listeners.tcp.1 = 127.0.0.1:0\nmanagement.tcp.port = 0\nprometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = 0\n"+
		"prometheus.return_per_object_metrics = true\n"), 0o600))
	p := startWith(t, file)
	_, err := p.channel().QueueDeclare("q", false, false, false, false, nil)
	must(t, err)
	if missing := lacks(p.scrape(""), `rabbitmq_queue_messages_ready\{vhost="/",queue="q"\} 0`); missing != nil {
		t.Errorf("nothing like %q", missing)
	}
	p.stop()
}

func TestMetricsCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	for _, off := range []string{"", "none"} {
		if p := start(t, "--memory", "--prometheus-listen", off); p.metrics != "" {
			t.Errorf("--prometheus-listen %q: they are at %s", off, p.metrics)
		}
	}
}
