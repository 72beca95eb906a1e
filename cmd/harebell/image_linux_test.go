package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"syscall"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/internal/config"
)

// TestTheImageRuns runs the broker in the root file system of the container image, as
// the image's user, and keeps a message over a restart.
func TestTheImageRuns(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root may change the root directory")
	}
	path, err := binary()
	must(t, err)
	root := filepath.Join(t.TempDir(), "root")
	if out, err := exec.Command("../../packaging/rootfs.sh", root, path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	as := func(user uint32, program string, arguments ...string) *exec.Cmd {
		command := exec.Command("/usr/bin/"+program, arguments...)
		command.Dir = "/var/lib/rabbitmq"
		command.Env = []string{"RABBITMQ_NODE_PORT=0", "HAREBELL_MANAGEMENT_LISTEN=" + anyPort, "HAREBELL_PROMETHEUS_LISTEN=" + anyPort, "HAREBELL_LOG_FORMAT=json", "RABBITMQ_DEFAULT_VHOST=/"}
		command.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: user, Gid: user}}
		return command
	}
	inside := func(arguments ...string) *exec.Cmd { return as(999, "harebell", arguments...) }
	if out, err := inside("version").CombinedOutput(); err != nil {
		if os.IsPermission(err) {
			t.Skipf("changing the root directory is not permitted: %v", err)
		}
		t.Fatalf("%v: %s", err, out)
	}

	p := startCommand(t, inside("serve"))
	for _, want := range []string{`"files":["/etc/rabbitmq/conf.d/10-defaults.conf"]`, `"data_dir":"/var/lib/rabbitmq/harebell"`} {
		if !strings.Contains(p.log.String(), want) {
			t.Errorf("no %s in the log\n%s", want, p.log)
		}
	}
	_, port, _ := strings.Cut(p.address, "]:")
	p.address = "127.0.0.1:" + port
	if text := p.scrape(""); !strings.Contains(text, "\nrabbitmq_connections 0\n") {
		t.Errorf("no metrics, but %s", text)
	}
	ch := p.channel()
	must(t, ch.Confirm(false))
	_, err = ch.QueueDeclare("kept", true, false, false, false, nil)
	must(t, err)
	confirm, err := ch.PublishWithDeferredConfirm("", "kept", false, false, amqp091.Publishing{DeliveryMode: amqp091.Persistent, Body: []byte("hello")})
	must(t, err)
	if !confirm.Wait() {
		t.Fatal("not confirmed")
	}
	if out, err := inside("ping", "--listen", port).CombinedOutput(); err != nil || !bytes.Equal(out, []byte("Ping succeeded\n")) {
		t.Errorf("ping: got %s, %v", out, err)
	}
	for _, user := range []uint32{999, 0} { // as docker exec would, with and without --user root
		for want, command := range map[string]*exec.Cmd{
			"kept\t1\n":                 as(user, "rabbitmqctl", "-s", "list_queues"),
			"Ping succeeded\n":          as(user, "rabbitmq-diagnostics", "-q", "ping"),
			"rabbitmq_event_exchange\n": as(user, "rabbitmq-plugins", "-s", "list", "-m", "event"),
		} {
			if out, err := command.CombinedOutput(); err != nil || string(out) != want {
				t.Errorf("%v as %d: got %q, %v, want %q", command.Args, user, out, err, want)
			}
		}
	}
	if out, err := as(1000, "rabbitmqctl", "list_queues").CombinedOutput(); err == nil {
		t.Errorf("anybody may do everything: %s", out)
	}
	p.stop()

	p = startCommand(t, inside("serve"))
	_, port, _ = strings.Cut(p.address, "]:")
	p.address = "127.0.0.1:" + port
	if d, found, err := p.channel().Get("kept", true); err != nil || !found || string(d.Body) != "hello" {
		t.Errorf("after a restart: got %q, %v, %v", d.Body, found, err)
	}
	p.stop()
}

// TestTheUnitIsOne asks systemd, which looks whether the program is there too.
func TestTheUnitIsOne(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not here")
	}
	path, err := binary()
	must(t, err)
	text, err := os.ReadFile("../../packaging/harebell.service")
	must(t, err)
	unit := filepath.Join(t.TempDir(), "harebell.service")
	must(t, os.WriteFile(unit, bytes.ReplaceAll(text, []byte("/usr/bin/harebell"), []byte(path)), 0o600))
	if out, err := exec.Command(analyze, "verify", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}

// TestTheExampleIsTheDefault reads the example of a file of settings as if nothing in
// it were commented out.
func TestTheExampleIsTheDefault(t *testing.T) {
	text, err := os.ReadFile("../../packaging/harebell.conf")
	must(t, err)
	example := config.Defaults()
	must(t, example.ReadFile("harebell.conf", bytes.NewReader(regexp.MustCompile(`(?m)^# ([a-z_.0-9]+ *= )`).ReplaceAll(text, []byte("$1")))))
	if strange, unknown := example.Ignored(), example.Unknown(); len(strange) > 0 || len(unknown) > 0 {
		t.Errorf("got %v and %v, want only keys of ours", strange, unknown)
	}
	got, want := example.Config(), config.Defaults().Config()
	if got.TLS.Certificate == "" {
		t.Error("nothing has been read")
	}
	got.TLS, got.LoadDefinitions = want.TLS, want.LoadDefinitions
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
