package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
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
	inside := func(arguments ...string) *exec.Cmd {
		command := exec.Command("/usr/bin/harebell", arguments...)
		command.Dir = "/var/lib/rabbitmq"
		command.Env = []string{"RABBITMQ_NODE_PORT=0", "HAREBELL_MANAGEMENT_LISTEN=" + anyPort, "HAREBELL_LOG_FORMAT=json", "RABBITMQ_DEFAULT_VHOST=/"}
		command.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 999, Gid: 999}}
		return command
	}
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
	p.stop()

	p = startCommand(t, inside("serve"))
	_, port, _ = strings.Cut(p.address, "]:")
	p.address = "127.0.0.1:" + port
	if d, found, err := p.channel().Get("kept", true); err != nil || !found || string(d.Body) != "hello" {
		t.Errorf("after a restart: got %q, %v, %v", d.Body, found, err)
	}
	p.stop()
}
