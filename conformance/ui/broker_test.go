//go:build ui && unix

package ui

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

// harebell is the program, as make builds it.
const harebell = "../../bin/harebell"

// A broker is the program, serving on ports of its own.
type broker struct {
	t         *testing.T
	amqp, web string // addresses
}

// startBroker starts it, with a data directory that the test forgets.
func startBroker(t *testing.T) *broker {
	t.Helper()
	const anyPort = "127.0.0.1:0"
	cmd := exec.Command(harebell, "serve", "--config", "none", "--listen", anyPort, "--management-listen", anyPort, "--prometheus-listen", "none",
		"--data-dir", t.TempDir(), "--log-format", "json")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start the broker (make build makes it): %v", err)
	}
	b := &broker{t: t}
	started, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		start := sync.OnceFunc(func() { close(started) })
		for scanner := bufio.NewScanner(stderr); scanner.Scan(); {
			var said struct{ Message, Address string }
			if json.Unmarshal(scanner.Bytes(), &said) != nil {
				continue // not a line of the log
			}
			switch {
			case strings.HasPrefix(said.Message, "started TCP listener on "):
				b.amqp = said.Address
			case strings.HasPrefix(said.Message, "Management plugin: HTTP"):
				b.web = said.Address
			case strings.HasPrefix(said.Message, "Server startup complete"):
				start()
			}
		}
	}()
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error("stop the broker:", err)
		}
		<-ended
		cmd.Wait() // how it ends is the concern of other tests
	})
	select {
	case <-started:
	case <-ended:
		t.Fatal("the broker did not start")
	}
	return b
}

// dial opens a channel, whose connection is closed at the end.
func (b *broker) dial(name string) *amqp.Channel {
	b.t.Helper()
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName(name)
	c, err := amqp.DialConfig("amqp://guest:guest@"+b.amqp+"/", amqp.Config{Properties: properties})
	b.ok(err)
	b.t.Cleanup(func() { c.Close() })
	ch, err := c.Channel()
	b.ok(err)
	return ch
}

func (b *broker) ok(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// ask asks the API as guest, and returns what it answers.
func (b *broker) ask(method, path string, body any) []byte {
	b.t.Helper()
	var sent io.Reader
	if body != nil {
		octets, err := json.Marshal(body)
		b.ok(err)
		sent = bytes.NewReader(octets)
	}
	r, err := http.NewRequest(method, "http://"+b.web+"/api/"+path, sent)
	b.ok(err)
	r.SetBasicAuth("guest", "guest")
	w, err := http.DefaultClient.Do(r)
	b.ok(err)
	defer w.Body.Close()
	got, err := io.ReadAll(w.Body)
	b.ok(err)
	if w.StatusCode >= 300 {
		b.t.Fatalf("%s %s: %d %s", method, path, w.StatusCode, got)
	}
	return got
}

// queue declares a durable queue.
func (b *broker) queue(ch *amqp.Channel, name string, arguments amqp.Table) {
	b.t.Helper()
	_, err := ch.QueueDeclare(name, true, false, false, false, arguments)
	b.ok(err)
}

// say publishes a persistent message, and waits until it is on disk.
func (b *broker) say(ch *amqp.Channel, exchange, key, body string, headers amqp.Table) {
	b.t.Helper()
	b.ok(ch.Confirm(false))
	c, err := ch.PublishWithDeferredConfirm(exchange, key, false, false, amqp.Publishing{
		DeliveryMode: amqp.Persistent, ContentType: "application/json", Headers: headers, Body: []byte(body)})
	b.ok(err)
	if !c.Wait() {
		b.t.Fatalf("%s was not confirmed", body)
	}
}

// holds returns the bodies of a queue, which is empty then.
func (b *broker) holds(name string) (bodies []string) {
	b.t.Helper()
	ch := b.dial("looks at " + name)
	for {
		d, ok, err := ch.Get(name, true)
		b.ok(err)
		if !ok {
			return bodies
		}
		bodies = append(bodies, string(d.Body))
	}
}

// page is the address of a page.
func (b *broker) page(hash string) string { return "http://" + b.web + "/#/" + hash }

// inPath encodes a name for a path.
func inPath(name string) string { return strings.ReplaceAll(url.QueryEscape(name), "+", "%20") }
