//go:build clients && unix

package clients

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a program may take; Celery's worker needs seconds to start.
const patience = 75 * time.Second

// amqplibVersion is the one of Node's client that is fetched.
const amqplibVersion = "2.3.1"

// A client is a library and the program that uses it.
type client struct {
	library string
	version []string                                   // a command that prints it, and fails if the library is not there
	program []string                                   // it prints a line "ok ..." for each check
	checks  int                                        // that it makes
	fetch   func(dir string) (env []string, err error) // gets the library, unless nil
}

// python is the interpreter that Debian's packages are for, or another one.
func python() string {
	if path := os.Getenv("PYTHON"); path != "" {
		return path
	}
	return "/usr/bin/python3"
}

func clients() []client {
	java := []string{"java", "-cp", jars("amqp-client", "slf4j-api", "slf4j-nop"), "JavaClient.java"}
	return []client{{
		library: "pika (Python)",
		version: []string{python(), "-c", "import pika; print(pika.__version__)"},
		program: []string{python(), "pika_client.py"},
		checks:  9,
	}, {
		library: "kombu (Python)",
		version: []string{python(), "-c", "import kombu; print(kombu.__version__)"},
		program: []string{python(), "kombu_client.py"},
		checks:  9,
	}, {
		library: "Celery (Python)",
		version: []string{python(), "-c", "import celery; print(celery.__version__)"},
		program: []string{python(), "celery_client.py"},
		checks:  9,
	}, {
		library: "amqplib (Node.js)",
		version: []string{"node", "-p", "JSON.parse(fs.readFileSync(process.env.NODE_PATH + '/amqplib/package.json')).version"},
		program: []string{"node", "amqplib_client.js"},
		checks:  9,
		fetch:   fetchAmqplib,
	}, {
		library: "Bunny (Ruby)",
		version: []string{"ruby", "-e", "require 'bunny'; puts Bunny::VERSION"},
		program: []string{"ruby", "bunny_client.rb"},
		checks:  9,
	}, {
		library: "php-amqplib (PHP)",
		version: []string{"php", "-r", "require 'PhpAmqpLib/autoload.php'; echo PhpAmqpLib\\Package::VERSION;"},
		program: []string{"php", "php_amqplib_client.php"},
		checks:  9,
	}, {
		library: "amqp-tools (C)",
		version: []string{"dpkg-query", "--show", "--showformat", "${Version}", "amqp-tools"},
		program: []string{"sh", "amqp_tools_client.sh"},
		checks:  5,
	}, {
		library: "amqp-client (Java)",
		version: append(java, "version"),
		program: java,
		checks:  9,
	}}
}

// jars makes a class path of those that Debian's packages bring.
func jars(names ...string) string {
	for i, name := range names {
		names[i] = filepath.Join("/usr/share/java", name+".jar")
	}
	return strings.Join(names, ":")
}

// fetchPatience is how long a library may take to come.
const fetchPatience = 30 * time.Second

// fetchAmqplib installs the library in dir, and returns where Node.js finds it.
func fetchAmqplib(dir string) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchPatience)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=0",
		"--prefix", dir, "amqplib@"+amqplibVersion)
	if out, err := install.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm install: %w: %s", cmp.Or(ctx.Err(), err), reason(out))
	}
	return []string{"NODE_PATH=" + filepath.Join(dir, "node_modules")}, nil
}

// find fetches the library if need be, and returns its version and what the
// environment of its program must have.
func (c client) find(t *testing.T) (version string, env []string, err error) {
	t.Helper()
	if c.fetch != nil {
		if env, err = c.fetch(t.TempDir()); err != nil {
			return "", nil, err
		}
	}
	out, err := run(t.Context(), c.version, env)
	if err != nil {
		return "", nil, fmt.Errorf("%w: %s", err, reason(out))
	}
	return lastLine(out), env, nil
}

// run runs a command with its children to the end, and returns all it wrote.
func run(ctx context.Context, command, env []string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	cmd.Env = append(cmd.Env, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		err = fmt.Errorf("%w after %v", ctx.Err(), patience)
	}
	return out, err
}

// checks counts those that a program says have passed.
func checks(out []byte) int {
	n := 0
	for line := range bytes.Lines(out) {
		if bytes.HasPrefix(line, []byte("ok ")) {
			n++
		}
	}
	return n
}

// reason returns the line where a command says what went wrong: the first, but
// of a Python traceback the last.
func reason(out []byte) string {
	text := strings.TrimSpace(string(out))
	if strings.HasPrefix(text, "Traceback") {
		return lastLine(out)
	}
	first, _, _ := strings.Cut(text, "\n")
	return first
}

// lastLine returns the last line that is not empty.
func lastLine(out []byte) string {
	text := strings.TrimSpace(string(out))
	return text[strings.LastIndexByte(text, '\n')+1:]
}

var results table

func TestMain(m *testing.M) {
	status := m.Run()
	results.print()
	os.Exit(status)
}

func TestClients(t *testing.T) {
	url := brokerURL(t)
	for _, c := range clients() {
		t.Run(c.library, func(t *testing.T) {
			t.Parallel()
			version, env, err := c.find(t)
			if err != nil {
				results.add(c.library, "", "not run", err.Error())
				t.Skip("cannot be had: ", err)
			}
			out, err := run(t.Context(), c.program, append(env, "AMQP_URL="+url))
			if made := checks(out); err == nil && made != c.checks {
				err = fmt.Errorf("made %d checks, want %d", made, c.checks)
			}
			if err != nil {
				results.add(c.library, version, "failed", err.Error())
				t.Fatalf("%v\n%s", err, out)
			}
			results.add(c.library, version, "passed", "")
		})
	}
}
