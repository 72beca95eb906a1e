package main

import (
	"archive/tar"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// What versions have left on disk is in testdata, so that later ones are known to read
// it: a directory for each format of the store, as an orderly stop leaves it and as a
// kill does. When the format changes, the last version of the old one makes them:
//
//	go test ./cmd/harebell -run TestDataOfEveryFormat -record format-2
var record = flag.String("record", "", "make data directories of that name for testdata")

// kept are the messages of the queues in the data directories: what was acked is not
// among them.
var kept = map[string][]string{
	"classic":  {"1", "2", strings.Repeat("large ", 10_000), "4"},
	"quorum":   {"1", "2", strings.Repeat("large ", 10_000), "4"},
	"priority": {"high", "low"},
}

// acked is the body of a message that was acked.
const acked = "acked"

// as dials the process as a user with a password like its name.
func (p *process) as(user, vhost string) *amqp091.Channel {
	p.t.Helper()
	conn, err := amqp091.Dial("amqp://" + user + ":" + user + "@" + p.address + "/" + vhost)
	must(p.t, err)
	p.t.Cleanup(func() { conn.Close() })
	ch, err := conn.Channel()
	must(p.t, err)
	return ch
}

// declareKept declares what the data directories have, which must not differ from what
// is there.
func declareKept(t *testing.T, ch *amqp091.Channel) {
	t.Helper()
	must(t, ch.ExchangeDeclare("orders", "topic", true, false, false, false, amqp091.Table{"alternate-exchange": "lost"}))
	must(t, ch.ExchangeDeclare("lost", "fanout", true, false, true, false, nil))
	for name, arguments := range map[string]amqp091.Table{
		"classic":  {"x-max-length": int32(1000), "x-dead-letter-exchange": "lost"},
		"quorum":   {"x-queue-type": "quorum"},
		"priority": {"x-max-priority": int32(5)},
		"lost":     nil,
	} {
		_, err := ch.QueueDeclare(name, true, false, false, false, arguments)
		must(t, err)
	}
}

// fill puts into a broker what the data directories have.
func fill(t *testing.T, p *process) {
	for _, put := range []struct{ path, body string }{
		{"vhosts/shop", `{}`},
		{"users/ann", `{"password":"ann","tags":"management"}`},
		{"permissions/shop/ann", `{"configure":".*","write":".*","read":".*"}`},
	} {
		if got := p.administer("guest", "PUT", put.path, put.body); got != 201 {
			t.Fatalf("%s: got status %d", put.path, got)
		}
	}
	ch := p.as("ann", "shop")
	declareKept(t, ch)
	must(t, ch.QueueBind("classic", "eu.#", "orders", false, nil))
	must(t, ch.QueueBind("quorum", "#.order", "orders", false, nil))
	must(t, ch.QueueBind("lost", "", "lost", false, nil))
	must(t, ch.Confirm(false))
	send := func(exchange, key, body string, priority uint8) {
		c, err := ch.PublishWithDeferredConfirm(exchange, key, false, false, amqp091.Publishing{
			DeliveryMode: amqp091.Persistent, Priority: priority, ContentType: "text/plain", Headers: amqp091.Table{"n": int64(7)}, Body: []byte(body),
		})
		must(t, err)
		if !c.Wait() {
			t.Fatalf("%s not confirmed", key)
		}
	}
	for i, body := range append([]string{acked}, kept["classic"]...) {
		send("orders", "eu.de.order", body, 0)
		if i == 0 {
			for _, q := range []string{"classic", "quorum"} {
				_, found, err := ch.Get(q, true)
				if err != nil || !found {
					t.Fatal(found, err)
				}
			}
		}
	}
	send("", "priority", "low", 1)
	send("", "priority", "high", 4)
}

func TestDataOfEveryFormat(t *testing.T) {
	if *record != "" {
		for how, end := range map[string]func(*process){"stopped": (*process).stop, "killed": (*process).kill} {
			dir := filepath.Join(t.TempDir(), how)
			p := start(t, "--data-dir", dir)
			fill(t, p)
			end(p)
			must(t, pack(filepath.Join("testdata", *record+"-"+how+".tar.gz"), dir))
		}
	}
	archives, err := filepath.Glob("testdata/format-*.tar.gz")
	if err != nil || len(archives) == 0 {
		t.Fatalf("got %v, %v, want data directories", archives, err)
	}
	for _, archive := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".tar.gz"), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			must(t, unpack(archive, dir))
			p := start(t, "--data-dir", dir)
			ch := p.as("ann", "shop")
			declareKept(t, ch)
			for queue, want := range kept {
				for _, body := range want {
					d, found, err := ch.Get(queue, true)
					if err == nil && string(d.Body) == acked && strings.HasSuffix(archive, "-killed.tar.gz") {
						d, found, err = ch.Get(queue, true) // an ack is on disk a little later
					}
					must(t, err)
					if !found || string(d.Body) != body || d.ContentType != "text/plain" || d.Headers["n"] != int64(7) {
						t.Fatalf("%s: got %.20q, %v, %v, want %.20q", queue, d.Body, found, d.Headers, body)
					}
				}
				if d, found, err := ch.Get(queue, true); err != nil || found {
					t.Errorf("%s: also got %q, %v", queue, d.Body, err)
				}
			}
			for key, queue := range map[string]string{"eu.x": "classic", "us.order": "quorum", "us": "lost"} {
				must(t, ch.Publish("orders", key, false, false, amqp091.Publishing{Body: []byte(key)}))
				if d, found, err := ch.Get(queue, true); err != nil || !found || string(d.Body) != key {
					t.Errorf("%s: got %q, %v, %v in %s", key, d.Body, found, err, queue)
				}
			}
			p.stop()
		})
	}
}

// pack puts a directory without directories into an archive.
func pack(name, dir string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	defer out.Close()
	z := gzip.NewWriter(out)
	w := tar.NewWriter(z)
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		body, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: f.Name(), Mode: 0o600, Size: int64(len(body))}); err != nil {
			return err
		}
		if _, err := w.Write(body); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return z.Close()
}

func unpack(name, dir string) error {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(h.Name)), body, 0o600); err != nil {
			return err
		}
	}
}
