//go:build clients && unix

package clients

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestRabbitmqadmin administers the broker with the command that Debian's RabbitMQ brings,
// as it is.
func TestRabbitmqadmin(t *testing.T) {
	at := startBroker(t).management
	c := client{
		library: "rabbitmqadmin (Python)",
		version: []string{python(), "--version"},
		program: []string{"sh", "rabbitmqadmin.sh"},
		checks:  7,
		fetch:   fetchRabbitmqadmin,
	}
	version, env, err := c.find(t)
	if err != nil {
		results.add(c.library, "", "not run", err.Error())
		t.Skip("cannot be had: ", err)
	}
	out, err := run(t.Context(), c.program, append(env, "PYTHON="+python(), "HTTP_URL=http://"+at))
	if made := checks(out); err == nil && made != c.checks {
		err = fmt.Errorf("made %d checks, want %d", made, c.checks)
	}
	if err != nil {
		results.add(c.library, version, "failed", err.Error())
		t.Fatalf("%v\n%s", err, out)
	}
	results.add(c.library, version, "passed", "")
}

// fetchRabbitmqadmin finds the command where the package has put it, or takes it out of
// the package, which is not installed for that.
func fetchRabbitmqadmin(dir string) ([]string, error) {
	const installed = "/usr/bin/rabbitmqadmin"
	if _, err := os.Stat(installed); err == nil {
		return []string{"ADMIN=" + installed}, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchPatience)
	defer cancel()
	take := exec.CommandContext(ctx, "sh", "-c", "apt-get -qq download rabbitmq-server && dpkg-deb --extract rabbitmq-server_*.deb .")
	take.Dir = dir
	if out, err := take.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("take it out of the package: %w: %s", err, reason(out))
	}
	return []string{"ADMIN=" + filepath.Join(dir, installed)}, nil
}
