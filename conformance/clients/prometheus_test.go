//go:build clients && unix

package clients

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// A prometheus is the real one.
type prometheus struct {
	t       *testing.T
	address string
}

// startPrometheus starts Prometheus with a file of settings, and returns when it serves.
func startPrometheus(t *testing.T, path, settings string) *prometheus {
	t.Helper()
	command := exec.Command(path, "--config.file="+settings, "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+anyPort)
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &prometheus{t: t}
	var log strings.Builder // to be read once ended is closed
	listening, ready, ended := make(chan string, 1), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		address := regexp.MustCompile(`msg="Listening on".* address=(\S+)`)
		for scanner := bufio.NewScanner(stderr); scanner.Scan(); {
			log.WriteString(scanner.Text() + "\n")
			if found := address.FindStringSubmatch(scanner.Text()); found != nil {
				listening <- found[1]
			}
			if strings.Contains(scanner.Text(), "Server is ready to receive web requests") {
				close(ready)
			}
		}
	}()
	t.Cleanup(func() {
		if err := command.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error("stop Prometheus:", err)
		}
		<-ended
		_ = command.Wait() // however it ends
		if t.Failed() {
			t.Logf("the log of Prometheus:\n%s", log.String())
		}
	})
	for range 2 {
		select {
		case p.address = <-listening:
		case <-ready:
			ready = nil
		case <-ended:
			t.Fatal("Prometheus did not start")
		}
	}
	return p
}

// get asks the API for something, and has the data of the answer in into.
func (p *prometheus) get(ctx context.Context, path string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+"/api/v1/"+path, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var body struct {
		Status, Error string
		Data          any
	}
	body.Data = into
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		return err
	}
	if body.Status != "success" {
		return fmt.Errorf("%s: %s", path, body.Error)
	}
	return nil
}

// A sample is one series that a query finds, and its value.
type sample struct {
	Metric map[string]string
	Value  [2]any
}

// await asks a query again and again until it finds a series that is as it should be. Every
// scrape may bring something new, of which Prometheus tells nobody.
func (p *prometheus) await(query string, good func(sample) bool) sample {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		var found struct{ Result []sample }
		err := p.get(ctx, "query?query="+url.QueryEscape(query), &found)
		if err == nil && len(found.Result) == 1 && good(found.Result[0]) {
			return found.Result[0]
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			p.t.Fatalf("%s: got %v, %v", query, found.Result, err)
		}
	}
}

func is(value string) func(sample) bool {
	return func(s sample) bool { return s.Value[1] == value }
}

// block returns the example of a page that begins with a line.
func block(t *testing.T, page, first string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "```yaml\n"+first+"\n")
	example, _, ended := strings.Cut(after, "```")
	if !found || !ended {
		t.Fatalf("no example in %s that begins with %s", page, first)
	}
	return example
}

// TestPrometheus has it scrape Harebell as docs/metrics.md says, and asks what dashboards
// ask.
func TestPrometheus(t *testing.T) {
	t.Run("Prometheus", func(t *testing.T) {
		path, err := exec.LookPath("prometheus")
		if err != nil {
			results.add("Prometheus", "", "not run", err.Error())
			t.Skip("cannot be had: ", err)
		}
		version, err := run(t.Context(), []string{path, "--version"}, nil)
		if err != nil {
			t.Fatal(err, string(version))
		}
		result := "failed"
		defer func() { results.add("Prometheus", strings.Fields(string(version))[2], result, "") }()
		broker := startBroker(t, "--prometheus-listen", anyPort)

		conn, err := amqp091.Dial("amqp://guest:guest@" + broker.amqp + "/")
		ok(t, err)
		defer conn.Close()
		ch, err := conn.Channel()
		ok(t, err)
		_, err = ch.QueueDeclare("orders", true, false, false, false, nil)
		ok(t, err)
		for range 3 {
			ok(t, ch.Publish("", "orders", false, false, amqp091.Publishing{Body: []byte("hello")}))
		}

		dir := t.TempDir()
		const page = "../../docs/metrics.md"
		settings := "global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}\nrule_files: [rules.yml]\n" +
			strings.NewReplacer("localhost:15692", broker.metrics, "scrape_interval: 60s", "scrape_interval: 200ms").Replace(block(t, page, "# prometheus.yml"))
		ok(t, os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(settings), 0o600))
		ok(t, os.WriteFile(filepath.Join(dir, "rules.yml"), []byte(block(t, page, "# rules.yml")), 0o600))
		p := startPrometheus(t, path, filepath.Join(dir, "prometheus.yml"))

		p.await(`up{job="harebell"}`, is("1"))
		p.await(`up{job="harebell-queues"}`, is("1"))
		const join = ` * on (instance, job) group_left (rabbitmq_cluster, rabbitmq_node) rabbitmq_identity_info`
		joined := p.await(`sum by (rabbitmq_node, rabbitmq_cluster) (rabbitmq_queue_messages_ready`+join+`)`, is("3"))
		if !strings.HasPrefix(joined.Metric["rabbitmq_node"], "harebell@") || joined.Metric["rabbitmq_cluster"] != joined.Metric["rabbitmq_node"] {
			t.Errorf("joined with %v", joined.Metric)
		}
		build := p.await(`rabbitmq_build_info{job="harebell"}`+join, is("1"))
		if build.Metric["rabbitmq_version"] != "4.2.0" {
			t.Errorf("built as %v", build.Metric)
		}
		p.await(`sum(rabbitmq_global_messages_received_total`+join+`)`, is("3"))
		p.await(`rate(rabbitmq_connections_opened_total{job="harebell"}[1m])`, is("0"))
		p.await(`(rabbitmq_resident_memory_limit_bytes - rabbitmq_process_resident_memory_bytes) > bool 0`, is("1"))
		p.await(`(rabbitmq_disk_space_available_bytes - rabbitmq_disk_space_available_limit_bytes) > bool 0`, is("1"))
		p.await(`(rabbitmq_process_max_fds - rabbitmq_process_open_fds) > bool 0`, is("1"))
		p.await(`rabbitmq_detailed_queue_messages_ready{queue="orders", vhost="/"}`, is("3"))
		p.await(`max by (instance) ({__name__=~"rabbitmq_alarms_.*"})`, is("0"))
		p.await(`ALERTS{alertname="NobodyConsumes", queue="orders", alertstate="pending"}`, is("1"))

		var rules struct {
			Groups []struct {
				Rules []struct{ Name, Query string }
			}
		}
		ok(t, p.get(t.Context(), "rules", &rules))
		for _, rule := range rules.Groups[0].Rules {
			// Asked here, when there are two scrapes to compute rates of; whether the rule has been
			// evaluated since then nobody tells.
			var found struct{ Result []sample }
			if err := p.get(t.Context(), "query?query="+url.QueryEscape(rule.Query), &found); err != nil {
				t.Errorf("rule %s: %v", rule.Name, err)
			}
		}
		// A sum of something that is not there is nothing, and no alert.
		p.await(strings.ReplaceAll(`sum(rate(NAME_expired_total[1m])) + sum(rate(NAME_rejected_total[1m])) + sum(rate(NAME_maxlen_total[1m])) + sum(rate(NAME_delivery_limit_total[1m]))`,
			"NAME", "rabbitmq_global_messages_dead_lettered"), is("0"))
		if !t.Failed() {
			result = "passed"
		}
	})
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
