package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

// An instance is a broker that runs.
type instance struct {
	broker  *Broker
	home    *home // nil if it is not ours
	url     string
	pid     int    // 0 if it is not to be seen
	version string // as it says itself

	log     *os.File
	process *exec.Cmd
	beside  *exec.Cmd
	ended   chan struct{} // closed when process has
}

const (
	startLimit = time.Minute
	endLimit   = time.Minute
	askEvery   = 5 * time.Millisecond
)

// start starts a broker in a directory that must be empty, or of the same broker,
// and returns when it lets clients in.
func (b *Broker) start(ctx context.Context, dir string, p *ports) (*instance, error) {
	if !b.started() {
		at := &instance{broker: b, url: b.external.URL, pid: b.external.PID}
		return at, at.await(ctx)
	}
	port, err := p.free()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	at := &instance{broker: b, home: &home{dir: dir, ports: p, port: port}}
	at.url = "amqp://guest:guest@" + at.home.address() + "/"
	if err := at.launch(ctx); err != nil {
		return nil, errors.Join(err, at.kill())
	}
	return at, nil
}

// launch starts the process.
func (at *instance) launch(ctx context.Context) (err error) {
	c, err := at.broker.program(at.home)
	if err != nil {
		return err
	}
	if at.log, err = os.Create(filepath.Join(at.home.dir, "output.log")); err != nil {
		return err
	}
	if c.beside != nil {
		ownGroup(c.beside)
		c.beside.Stdout, c.beside.Stderr = at.log, at.log
		if err := c.beside.Start(); err != nil {
			return err
		}
		at.beside = c.beside
	}
	ownGroup(c.Cmd)
	c.Stdout, c.Stderr = at.log, at.log
	if err := c.Start(); err != nil {
		return err
	}
	at.process, at.pid = c.Cmd, c.Process.Pid
	at.ended = make(chan struct{})
	go func() {
		// How it ends is seen by who ends it; a broker that ends by
		// itself lets nobody in.
		_ = c.Wait()
		close(at.ended)
	}()
	return at.await(ctx)
}

// await waits until the broker lets clients in.
func (at *instance) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, errors.New("it lets nobody in"))
	defer cancel()
	for {
		properties, err := hello(ctx, at.url)
		if err == nil {
			at.version = versionOf(properties)
			return nil
		}
		if at.process == nil {
			return err // nobody has just started it
		}
		select {
		case <-at.ended:
			return fmt.Errorf("it has ended by itself:\n%s", at.tail())
		case <-ctx.Done():
			return fmt.Errorf("%w: %w\n%s", context.Cause(ctx), err, at.tail())
		case <-time.After(askEvery):
		}
	}
}

// tail returns the last of what the broker has written.
func (at *instance) tail() string {
	text, err := os.ReadFile(at.log.Name())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

// hello connects as a client does and returns what the broker says of itself.
//
// spec: connection.start
func hello(ctx context.Context, address string) (amqp.Table, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", hostOf(address))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := io.WriteString(conn, "AMQP\x00\x00\x09\x01"); err != nil {
		return nil, err
	}
	f, err := amqp.NewReader(conn).ReadFrame()
	if err != nil {
		return nil, err
	}
	m, err := amqp.ParseMethod(f.Payload)
	if err != nil {
		return nil, err
	}
	start, ok := m.(*amqp.ConnectionStart)
	if !ok {
		return nil, fmt.Errorf("broker sent %s, want connection.start", m.ID())
	}
	return start.ServerProperties, nil
}

// restart ends the broker in order and starts it anew, on the same data. It
// returns how long the latter took.
func (at *instance) restart(ctx context.Context) (time.Duration, error) {
	main := at.pid
	if name := at.broker.main; name != "" {
		var err error
		s := thisSystem()
		if main, err = s.named(s.tree(at.pid), name); err != nil {
			return 0, err
		}
	}
	if err := terminate(main); err != nil {
		return 0, err
	}
	select {
	case <-at.ended:
	case <-time.After(endLimit):
		return 0, fmt.Errorf("it has not ended within %v", endLimit)
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	if err := at.kill(); err != nil {
		return 0, err
	}
	began := time.Now()
	err := at.launch(ctx)
	return time.Since(began), err
}

// kill ends the broker at once, with all its processes.
func (at *instance) kill() (err error) {
	for _, c := range []*exec.Cmd{at.process, at.beside} {
		if c != nil {
			err = errors.Join(err, killAll(c.Process.Pid))
		}
	}
	if at.process != nil {
		<-at.ended
	}
	if at.beside != nil {
		_ = at.beside.Wait() // it was killed
	}
	at.process, at.beside = nil, nil
	if at.log != nil {
		err = errors.Join(err, at.log.Close())
		at.log = nil
	}
	return err
}

// killAll ends the group of a process, and returns when all have ended: until
// then they may write.
func killAll(leader int) error {
	s := thisSystem()
	pids := s.tree(leader)
	if err := killGroup(leader); err != nil {
		return err
	}
	for began := time.Now(); s.running(pids[1:]); time.Sleep(askEvery) {
		if time.Since(began) > endLimit {
			return fmt.Errorf("processes %v do not end", pids)
		}
	}
	return nil
}

// remove ends the broker and removes its data. A broker that is not ours stays.
func (at *instance) remove() error {
	if at.home == nil {
		return nil
	}
	return errors.Join(at.kill(), os.RemoveAll(at.home.dir))
}

// versionOf returns what a broker says its version is.
func versionOf(properties amqp.Table) string {
	for _, key := range []string{"harebell", "version"} {
		if v, ok := properties[key].(string); ok {
			return v
		}
	}
	return ""
}
