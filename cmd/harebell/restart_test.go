package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// must fails the test for an error of a call that is not what it is about.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// publishConfirmedTo publishes and waits for the confirm.
func publishConfirmedTo(t *testing.T, ch *amqp091.Channel, exchange, key string, mode uint8, headers amqp091.Table, body string) {
	t.Helper()
	must(t, ch.Confirm(false))
	d, err := ch.PublishWithDeferredConfirm(exchange, key, false, false, amqp091.Publishing{
		DeliveryMode: mode, Headers: headers, Body: []byte(body),
	})
	must(t, err)
	if ok, err := d.WaitContext(t.Context()); !ok || err != nil {
		t.Fatalf("publish %q: confirmed %v, error %v", body, ok, err)
	}
}

// get takes the next message out of a queue.
func get(t *testing.T, ch *amqp091.Channel, queue string) amqp091.Delivery {
	t.Helper()
	d, ok, err := ch.Get(queue, false)
	must(t, err)
	if !ok {
		t.Fatalf("%s: empty, want a message", queue)
	}
	return d
}

func TestRestartKeepsWhatIsDurable(t *testing.T) {
	for name, end := range map[string]func(*process){"after SIGTERM": (*process).stop, "after kill -9": (*process).kill} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p := start(t, "--data-dir", dir)
			ch := p.channel()
			must(t, ch.ExchangeDeclare("fallback", "fanout", true, false, true, false, nil))
			must(t, ch.ExchangeDeclare("h", "headers", true, false, false, false, amqp091.Table{"alternate-exchange": "fallback"}))
			must(t, ch.ExchangeDeclare("passing", "topic", false, false, false, false, nil))
			_, err := ch.QueueDeclare("q", true, false, false, false, amqp091.Table{"x-max-priority": int32(3), "x-dead-letter-exchange": ""})
			must(t, err)
			_, err = ch.QueueDeclare("rest", true, false, false, false, nil)
			must(t, err)
			_, err = ch.QueueDeclare("gone", false, false, false, false, nil)
			must(t, err)
			must(t, ch.QueueBind("q", "", "h", false, amqp091.Table{"x-match": "all", "n": int8(5)}))
			must(t, ch.QueueBind("rest", "", "fallback", false, nil))
			publishConfirmedTo(t, ch, "h", "k", amqp091.Persistent, amqp091.Table{"n": int64(5)}, "stays")
			publishConfirmedTo(t, ch, "h", "k", amqp091.Transient, amqp091.Table{"n": int64(5)}, "goes")
			publishConfirmedTo(t, ch, "h", "k", amqp091.Persistent, nil, "to the rest")
			end(p)

			ch = start(t, "--data-dir", dir).channel()
			for _, queue := range []string{"q", "rest"} {
				held, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil)
				must(t, err)
				if held.Messages != 1 {
					t.Errorf("%s: %d messages, want 1", queue, held.Messages)
				}
			}
			d := get(t, ch, "q")
			if string(d.Body) != "stays" || d.Exchange != "h" || d.RoutingKey != "k" || d.Headers["n"] != int64(5) || d.DeliveryMode != amqp091.Persistent {
				t.Errorf("got %+v, want the persistent message as it was published", d)
			}
			publishConfirmedTo(t, ch, "h", "k", amqp091.Persistent, amqp091.Table{"n": int64(6)}, "to the rest again")
			if first, second := get(t, ch, "rest"), get(t, ch, "rest"); string(first.Body) != "to the rest" || string(second.Body) != "to the rest again" {
				t.Errorf("rest: got %q and %q", first.Body, second.Body)
			}
			if _, err := ch.QueueDeclarePassive("gone", false, false, false, false, nil); err == nil {
				t.Error("the transient queue has survived")
			}
		})
	}
}

// A message may have been delivered before a crash only if it was there when
// somebody consumed.
func TestRedeliveredAfterRestart(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(*process)
	}{{"after SIGTERM", (*process).stop}, {"after kill -9", (*process).kill}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p := start(t, "--data-dir", dir)
			ch := p.channel()
			for _, queue := range []string{"seen", "unseen"} {
				_, err := ch.QueueDeclare(queue, true, false, false, false, nil)
				must(t, err)
				publishConfirmedTo(t, ch, "", queue, amqp091.Persistent, nil, queue)
			}
			deliveries, err := p.channel().Consume("seen", "", false, false, false, false, nil)
			must(t, err)
			if d := <-deliveries; d.Redelivered {
				t.Error("redelivered at the first delivery")
			}
			test.end(p)

			ch = start(t, "--data-dir", dir).channel()
			if d := get(t, ch, "seen"); !d.Redelivered {
				t.Error("seen: not marked as redelivered")
			}
			if d := get(t, ch, "unseen"); d.Redelivered {
				t.Error("unseen: marked as redelivered")
			}
		})
	}
}

func TestStartFailsWithOneClearLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, "--data-dir", dir)
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	path, err := binary()
	must(t, err)
	for _, test := range []struct {
		name      string
		arguments []string
		want      string
	}{
		{"data directory in use", []string{"--data-dir", dir, "--listen", "127.0.0.1:0"}, dir},
		{"data directory is a file", []string{"--data-dir", file, "--listen", "127.0.0.1:0"}, file},
		{"port in use", []string{"--memory", "--listen", taken.Addr().String()}, "cannot listen on " + taken.Addr().String() + ": bind: address already in use"},
		{"port of the management API in use", []string{"--memory", "--listen", "127.0.0.1:0", "--management-listen", taken.Addr().String()},
			"cannot listen on " + taken.Addr().String() + " for management: bind: address already in use; --management-listen sets another address, or none"},
		{"port for Prometheus in use", []string{"--memory", "--listen", "127.0.0.1:0", "--management-listen", "none", "--prometheus-listen", taken.Addr().String()},
			"cannot listen on " + taken.Addr().String() + " for prometheus: bind: address already in use; --prometheus-listen sets another address, or none"},
		{"metrics with TLS, and no certificate", []string{"--memory", "--listen", "127.0.0.1:0", "--management-listen", "none", "--prometheus-listen", "none", "--prometheus-tls-listen", "0"},
			"--prometheus-tls-listen: want a certificate, --prometheus-tls-cert and --prometheus-tls-key, or that for clients, --tls-cert and --tls-key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := exec.Command(path, append([]string{"serve", "--log-level", "none"}, test.arguments...)...).CombinedOutput()
			if err == nil {
				t.Error("exit status 0")
			}
			text := strings.TrimSpace(string(out))
			if !strings.HasPrefix(text, "harebell: ") || !strings.Contains(text, test.want) || strings.Count(text, "\n") > 0 {
				t.Errorf("it printed %q, want one line with %q", text, test.want)
			}
		})
	}
	p.stop()
}
