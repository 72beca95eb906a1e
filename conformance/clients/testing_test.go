//go:build clients && unix

package clients

import (
	"bytes"
	"testing"
)

// The programs of docs/testing.md, which use the test API besides a client
// library.
func TestTestingPrograms(t *testing.T) {
	api := startBroker(t, "--test-api").testAPI
	for _, c := range []struct {
		client
		passed string // is in what the program prints
	}{{
		client{
			library: "pytest with pika",
			version: []string{python(), "-c", "import pika, pytest; print(pytest.__version__)"},
			program: []string{python(), "-m", "pytest", "-q", "-p", "no:cacheprovider", "../../docs/testing"},
		}, "7 passed",
	}, {
		client{
			library: "node:test with amqplib",
			version: []string{"node", "--version"},
			program: []string{"node", "--test", "../../docs/testing/shop.test.js"},
			fetch:   fetchAmqplib,
		}, "pass 5",
	}} {
		t.Run(c.library, func(t *testing.T) {
			version, env, err := c.find(t)
			if err != nil {
				results.add(c.library, "", "not run", err.Error())
				t.Skip("cannot be had: ", err)
			}
			out, err := run(t.Context(), c.program, append(env, "HAREBELL_TEST_URL=http://"+api))
			if err != nil || !bytes.Contains(out, []byte(c.passed)) {
				results.add(c.library, version, "failed", "see above")
				t.Fatalf("got %v, want %q\n%s", err, c.passed, out)
			}
			results.add(c.library, version, "passed", "")
		})
	}
}
