package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// binary builds the program once, and returns where it is.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "harebell-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "harebell")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is released
	out, err := build.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

// A process is the real program, serving.
type process struct {
	t          *testing.T
	command    *exec.Cmd
	address    string
	secure     string // the address for TLS; "" without one
	management string // the address of its management API
	metrics    string // of its metrics
	testAPI    string // and of its test API; "" without one
	log        *lines
	ended      chan error
}

// lines collects what a process writes.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{} // closed when the next line comes
}

func (l *lines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.WriteString(line + "\n")
	close(l.more)
	l.more = make(chan struct{})
}

// await returns when a text has been written.
func (l *lines) await(t *testing.T, text string) {
	t.Helper()
	for {
		l.mu.Lock()
		there, more := strings.Contains(l.text.String(), text), l.more
		l.mu.Unlock()
		if there {
			return
		}
		select {
		case <-more:
		case <-t.Context().Done():
			t.Fatalf("nobody has written %q:\n%s", text, l)
		}
	}
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// start runs "harebell serve" and returns when it says that it has started.
func start(t *testing.T, arguments ...string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return startCommand(t, exec.Command(path, append([]string{
		"serve", "--listen", anyPort, "--management-listen", anyPort, "--prometheus-listen", anyPort, "--test-api-listen", anyPort, "--log-format", "json",
	}, arguments...)...))
}

// startCommand does the same with a command that logs in JSON to standard error. What
// settings the machine has does not matter, unless the command's environment is given.
func startCommand(t *testing.T, command *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, command: command, log: &lines{more: make(chan struct{})}, ended: make(chan error, 1)}
	if command.Env == nil {
		command.Env = append(os.Environ(), "HAREBELL_CONFIG=none")
	}
	stderr, err := p.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	started := make(chan bool, 1)
	go func() {
		scanner := bufio.NewScanner(stderr)
		for scanner.Scan() {
			p.log.add(scanner.Text())
			if p.note(scanner.Bytes()) {
				started <- true
			}
		}
		started <- false
		p.ended <- p.command.Wait()
	}()
	t.Cleanup(func() { p.command.Process.Kill() })
	if !<-started {
		t.Fatalf("the broker did not start:\n%s", p.log)
	}
	return p
}

// anyPort has the system choose a port that is free.
const anyPort = "127.0.0.1:0"

// note looks at a line of the log for where the broker listens, and reports whether
// it says that the broker has started.
func (p *process) note(line []byte) (started bool) {
	var said struct{ Message, Address string }
	if json.Unmarshal(line, &said) != nil {
		return false // not a line of the log
	}
	switch {
	case strings.HasPrefix(said.Message, "started TCP listener on "):
		p.address = said.Address
	case strings.HasPrefix(said.Message, "started TLS (SSL) listener on "):
		p.secure = said.Address
	case strings.HasPrefix(said.Message, "Management plugin: "):
		p.management = said.Address
	case strings.HasPrefix(said.Message, "Prometheus metrics: HTTP (non-TLS) "):
		p.metrics = said.Address
	case said.Message == "test API listening":
		p.testAPI = said.Address
	}
	return strings.HasPrefix(said.Message, "Server startup complete")
}

// kill ends the process as a power cut would, as far as it can tell.
func (p *process) kill() {
	p.t.Helper()
	if err := p.command.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	<-p.ended
}

// stop asks the process to end, and sees that it does so in order.
func (p *process) stop() {
	p.t.Helper()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := <-p.ended; err != nil {
		p.t.Fatalf("the broker ended with %v:\n%s", err, p.log)
	}
}

// dial connects to the process.
func (p *process) dial() *amqp091.Connection {
	p.t.Helper()
	c, err := amqp091.Dial("amqp://guest:guest@" + p.address + "/")
	if err != nil {
		p.t.Fatalf("dial: %v\n%s", err, p.log)
	}
	p.t.Cleanup(func() { c.Close() })
	return c
}

// channel opens a channel on a connection of its own.
func (p *process) channel() *amqp091.Channel {
	p.t.Helper()
	ch, err := p.dial().Channel()
	if err != nil {
		p.t.Fatal(err)
	}
	return ch
}
