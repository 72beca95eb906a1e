package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestOfficialClientsOwnTests runs the integration tests that come with
// amqp091-go against the real program.
//
// Left out are those of connection recovery: they look their connections up in the
// management API's list of them, which there is none of yet.
func TestOfficialClientsOwnTests(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	p := start(t, "--data-dir", t.TempDir())

	// The module as downloaded is read-only, and its tests are no part of ours.
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/rabbitmq/amqp091-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(strings.TrimSpace(string(module)))); err != nil {
		t.Fatal(err)
	}
	suite := exec.Command("go", "test", "-count=1", "-tags", "integration", "-skip", "Recovery", "-v", ".")
	suite.Dir = dir
	suite.Env = append(os.Environ(), "AMQP_URL=amqp://guest:guest@"+p.address+"/", "GOFLAGS=-mod=mod")
	out, err := suite.CombinedOutput()
	passed := strings.Count(string(out), "\n--- PASS: ")
	if err != nil || passed < 100 {
		t.Errorf("%d tests passed, error %v\n%s", passed, err, failures(string(out)))
	}
	p.stop()
}

// failures returns what a test run says of its failures, or its end.
func failures(out string) string {
	if i := strings.Index(out, "--- FAIL: "); i >= 0 {
		return out[i:]
	}
	return out[max(0, len(out)-4000):]
}
