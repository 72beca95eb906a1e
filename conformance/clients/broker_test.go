//go:build clients && unix

package clients

import (
	"bufio"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// harebell is the program, as make builds it.
const harebell = "../../bin/harebell"

// brokerURL returns the address of the broker to use: that of AMQP_URL, or one
// that runs until the test ends. Libraries disagree on what an empty path
// means, so the virtual host is always spelled out.
func brokerURL(t *testing.T) string {
	t.Helper()
	text := os.Getenv("AMQP_URL")
	if text == "" {
		return "amqp://guest:guest@" + startBroker(t) + "/%2f"
	}
	u, err := url.Parse(text)
	if err != nil {
		t.Fatalf("AMQP_URL: %v", err)
	}
	if u.Path == "" || u.Path == "/" {
		return strings.TrimSuffix(text, "/") + "/%2f"
	}
	return text
}

// startBroker starts Harebell with a data directory of its own, and returns its
// address once it serves. At the end it is stopped, and shows its warnings if
// the test failed.
func startBroker(t *testing.T, flags ...string) string {
	t.Helper()
	address := freeAddress(t)
	broker := exec.Command(harebell, append([]string{
		"serve", "--listen", address, "--management-listen", "none", "--data-dir", t.TempDir(), "--log-format", "json",
	}, flags...)...)
	stderr, err := broker.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := broker.Start(); err != nil {
		t.Fatalf("start the broker (make build makes it): %v", err)
	}
	var log strings.Builder // to be read once ended is closed
	started, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		start := sync.OnceFunc(func() { close(started) })
		for scanner := bufio.NewScanner(stderr); scanner.Scan(); {
			if !strings.Contains(scanner.Text(), `"level":"info"`) {
				log.WriteString(scanner.Text() + "\n")
			}
			if strings.Contains(scanner.Text(), `"broker started"`) {
				start()
			}
		}
	}()
	t.Cleanup(func() {
		if err := broker.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error("stop the broker:", err)
		}
		<-ended
		if err := broker.Wait(); err != nil {
			t.Error("the broker ended with", err)
		}
		if t.Failed() {
			t.Logf("the broker's warnings:\n%s", log.String())
		}
	})
	select {
	case <-started:
	case <-ended:
		t.Fatal("the broker did not start")
	}
	return address
}

// freeAddress returns a loopback address that was free a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
