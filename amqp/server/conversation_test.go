package server

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

var update = flag.Bool("update", false, "rewrite what the server says in testdata")

// TestConversations holds the conversations in testdata. A line is
//
//	C 1 channel.open       what the client sends, in the language of amqp.AppendTrace
//	S 1 channel.open-ok    what the server says to that
//	C AMQP 0 0 9 1         the protocol header; the server may say it too
//	C login                the handshake of connect.txt, as far as open-ok
//	C hangs up             S hangs up, accordingly
//	wait 3s                time passes
//
// and comments begin with #. After each line of the client's the server is heard
// out, so a line more or less than there is in the script fails the test. Names
// that the server invents are called $1, $2 and so on, by both.
func TestConversations(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("conversations: got %v, %v, want some", paths, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			script, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var held []byte
			synctest.Test(t, func(t *testing.T) { held = converse(t, script) })
			switch {
			case bytes.Equal(held, script):
			case *update:
				if err := os.WriteFile(path, held, 0o666); err != nil {
					t.Fatal(err)
				}
			default:
				t.Errorf("%s\n%s", path, difference(string(held), string(script)))
			}
		})
	}
}

// difference shows the first lines in which two conversations differ.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := 0; ; i++ {
		if i == len(g) || i == len(w) || g[i] != w[i] {
			end := func(s []string) string { return strings.Join(s[min(i, len(s)):min(i+8, len(s))], "\n") }
			return fmt.Sprintf("from line %d on: got\n%s\nwant\n%s", i+1, end(g), end(w))
		}
	}
}

// converse leads the conversation of a script and returns it as it was: the
// client's lines and comments from the script, the server's as they came.
func converse(t *testing.T, script []byte) []byte {
	s := testServer(t)
	s.Properties = amqp.Table{"product": "Harebell"} // what it really says depends on how it was built
	client := dial(t, s)
	var held bytes.Buffer
	for line := range strings.Lines(string(script)) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "S ") {
			fmt.Fprintln(&held, line)
		}
		switch said, isClient := strings.CutPrefix(line, "C "); {
		case isClient:
			client.do(said)
		case strings.HasPrefix(line, "wait "):
			d, err := time.ParseDuration(strings.TrimPrefix(line, "wait "))
			if err != nil {
				t.Fatalf("script: %v", err)
			}
			time.Sleep(d)
		}
		synctest.Wait()
		for _, heard := range client.listen() {
			fmt.Fprintln(&held, "S", heard)
		}
	}
	return held.Bytes()
}

// A client speaks in the tracer's language.
type client struct {
	t    testing.TB
	conn net.Conn

	mu    sync.Mutex
	heard []string
	names []string // invented by the server
}

// dial connects a client to s in memory. The client goes when the test does.
func dial(t *testing.T, s *Server) *client {
	ours, theirs := net.Pipe()
	go s.ServeConn(theirs)
	c := &client{t: t, conn: ours}
	go c.read()
	t.Cleanup(func() { ours.Close() })
	return c
}

// read notes what the server says until it hangs up.
func (c *client) read() {
	in := bufio.NewReader(c.conn)
	if first, err := in.Peek(8); err == nil && string(first[:4]) == "AMQP" {
		c.hear(fmt.Sprintf("AMQP %d %d %d %d", first[4], first[5], first[6], first[7]))
		in.Discard(8)
	}
	r := amqp.NewReader(in)
	for {
		f, err := r.ReadFrame()
		if err != nil {
			c.hear("hangs up")
			return
		}
		c.hear(string(amqp.AppendTrace(nil, f)))
	}
}

// invented matches names that the server makes up.
var invented = regexp.MustCompile(`amq\.(gen-[\w-]{22}|ctag-[\w-]{22}|rabbitmq\.reply-to\.[\w-]{22}\.[\w-]{22}==)`)

func (c *client) hear(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = append(c.heard, invented.ReplaceAllStringFunc(line, func(name string) string {
		for i, known := range c.names {
			if known == name {
				return fmt.Sprintf("$%d", i+1)
			}
		}
		c.names = append(c.names, name)
		return fmt.Sprintf("$%d", len(c.names))
	}))
}

// listen returns what has been heard since the last time.
func (c *client) listen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	heard := c.heard
	c.heard = nil
	return heard
}

// handshake is what a client says to get in.
var handshake = []string{
	`AMQP 0 0 9 1`,
	`0 connection.start-ok client-properties={capabilities: F {consumer_cancel_notify: t true}} mechanism="PLAIN" response="\x00guest\x00guest" locale="en_US"`,
	`0 connection.tune-ok channel-max=2047 frame-max=131072 heartbeat=0`,
	`0 connection.open virtual-host="/"`,
}

// login leads the handshake; what the server says to it is not listened to.
func (c *client) login() {
	c.t.Helper()
	for _, line := range handshake {
		c.do(line)
	}
	synctest.Wait()
	if heard := c.listen(); len(heard) != 3 || !strings.HasPrefix(heard[2], "0 connection.open-ok") {
		c.t.Fatalf("handshake: got %q, want start, tune and open-ok", heard)
	}
}

// do does what a line says.
func (c *client) do(line string) {
	c.t.Helper()
	switch {
	case line == "login":
		c.login()
	case line == "hangs up":
		c.conn.Close()
	default:
		c.send(c.octets(line))
	}
}

// octets returns what a line is on the wire.
func (c *client) octets(line string) []byte {
	c.t.Helper()
	if v, ok := strings.CutPrefix(line, "AMQP "); ok {
		header := []byte("AMQP    ")
		if _, err := fmt.Sscan(v, &header[4], &header[5], &header[6], &header[7]); err != nil {
			c.t.Fatalf("protocol header %q: %v", line, err)
		}
		return header
	}
	c.mu.Lock()
	for i, name := range c.names {
		line = strings.ReplaceAll(line, fmt.Sprintf("$%d", i+1), name)
	}
	c.mu.Unlock()
	frame, err := amqp.ParseTrace(line)
	if err != nil {
		c.t.Fatal(err)
	}
	return frame
}

// send writes octets. That the server has hung up is for the script to tell.
func (c *client) send(octets []byte) {
	if _, err := c.conn.Write(octets); err != nil {
		c.hear("does not listen")
	}
}
