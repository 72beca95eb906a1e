//go:build clients && unix

package clients

import (
	"bufio"
	"encoding/json"
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
		return "amqp://guest:guest@" + startBroker(t).amqp + "/%2f"
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

// anyPort has the system choose a port that is free.
const anyPort = "127.0.0.1:0"

// addresses are where a broker serves what; "" for what it does not.
type addresses struct{ amqp, management, testAPI, metrics string }

// startBroker starts Harebell with a data directory of its own, and returns its
// addresses once it serves: that of the test API if flags ask for one.
// At the end it is stopped, and shows its warnings if the test failed.
func startBroker(t *testing.T, flags ...string) (at addresses) {
	t.Helper()
	broker := exec.Command(harebell, append([]string{
		"serve", "--config", "none", "--listen", anyPort, "--test-api-listen", anyPort, "--management-listen", anyPort, "--prometheus-listen", anyPort, "--data-dir", t.TempDir(), "--log-format", "json",
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
			var said struct{ Message, Address string }
			if json.Unmarshal(scanner.Bytes(), &said) != nil {
				continue // not a line of the log
			}
			switch {
			case strings.HasPrefix(said.Message, "started TCP listener on "):
				at.amqp = said.Address
			case strings.HasPrefix(said.Message, "Management plugin: "):
				at.management = said.Address
			case strings.HasPrefix(said.Message, "Prometheus metrics: "):
				at.metrics = said.Address
			case said.Message == "test API listening":
				at.testAPI = said.Address
			case strings.HasPrefix(said.Message, "Server startup complete"):
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
	return at
}
