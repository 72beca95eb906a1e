package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/internal/config"
)

// run runs the program as from a command line, and returns what it printed.
func run(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	app := newApp()
	app.Writer, app.ErrWriter = &out, &out
	err := app.RunContext(t.Context(), append([]string{"harebell"}, arguments...))
	return out.String(), err
}

func TestMistakesOnTheCommandLine(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.conf")
	wrong := filepath.Join(t.TempDir(), "wrong.conf")
	if err := os.WriteFile(wrong, []byte("heartbeat = soon\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name      string
		arguments []string
		want      string
	}{
		{"an unknown command", []string{"dance"}, "dance: there is no such command; see harebell --help"},
		{"an unknown flag", []string{"serve", "--colour", "red"}, "flag provided but not defined: -colour"},
		{"an argument that is no flag", []string{"serve", "now"}, "now: harebell serve takes no arguments, only flags"},
		{"a value that is wrong", []string{"config", "--heartbeat", "soon"}, "--heartbeat soon: want whole seconds from 0 to 65535"},
		{"a file that is not there", []string{"config", "--config", missing}, "open " + missing + ": no such file or directory"},
		{"a file that is wrong", []string{"serve", "--config", wrong}, wrong + ":1: heartbeat = soon: want whole seconds from 0 to 65535"},
		{"an argument below a command", []string{"perf", "churn", "now"}, "now: harebell perf churn takes no arguments, only flags"},
		{"a word that is no command below another", []string{"perf", "chum"}, "chum: harebell perf takes no arguments, only flags"},
		{"churn of nothing", []string{"perf", "churn", "--of", "butter"}, "--of butter: want connection, channel, consumer, queue or binding"},
		{"many of none", []string{"perf", "many", "--number", "0"}, "--number 0: want a number from 1 to 10000"},
		{"a load nobody can make", []string{"perf", "--queues", "0"}, "--queues 0: want a number from 1 to 100000"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out, err := run(t, test.arguments...)
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if out != "" {
				t.Errorf("it also printed %q", out)
			}
		})
	}
}

func TestConfigPrintsWhatIsInForce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "h.conf")
	if err := os.WriteFile(file, []byte("heartbeat = 30\nframe_max = 8192\nmanagement.rates_mode = basic\nmanagement.tcp.port = 1\nheartbeet = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HAREBELL_CONFIG", file)
	t.Setenv("HAREBELL_FRAME_MAX", "16384")
	t.Setenv("HAREBELL_MEMORY", "true")
	out, err := run(t, "config", "--listen", "1234", "--listen", "[::1]:5678", "--memory=false", "--default-pass", "secret")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"heartbeat = 30 # " + file + ":1",
		"frame_max = 16384 # HAREBELL_FRAME_MAX",
		"memory = false # --memory",
		"listeners.tcp.default = 1234 # --listen",
		"listeners.tcp.default = [::1]:5678 # --listen",
		"channel_max = 2047 # default",
		"# default_pass = ******** # --default-pass",
		"management.tcp.port = 1 # " + file + ":4",
		"# heartbeet # " + file + ":5, there is no such setting; heartbeat is",
		"# management.rates_mode # " + file + ":3, of no meaning here",
	} {
		found := false
		for line := range strings.Lines(out) {
			found = found || strings.Join(strings.Fields(line), " ") == want
		}
		if !found {
			t.Errorf("no line %q in\n%s", want, out)
		}
	}
}

func TestVersion(t *testing.T) {
	out, err := run(t, "version")
	if err != nil || !strings.HasPrefix(out, "harebell "+version()+" (go") {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestHelpNamesEverySetting(t *testing.T) {
	out, err := run(t, "serve", "--help")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range config.Flags() {
		if !strings.Contains(out, "--"+f.Name+" ") || !strings.Contains(out, "[$"+f.Variable+"]") {
			t.Errorf("--%s or $%s is missing", f.Name, f.Variable)
		}
	}
}

func TestPerfOptions(t *testing.T) {
	tests := []struct {
		name         string
		arguments    []string
		wantDuration time.Duration
		wantLatency  bool
		wantNoAck    bool
	}{
		{"ten seconds if nothing is said", nil, 10 * time.Second, false, false},
		{"no limit of time for a number of messages", []string{"--messages", "5"}, 0, false, false},
		{"a rate brings latency", []string{"--rate", "5"}, 10 * time.Second, true, false},
		{"unless bodies are too small", []string{"--rate", "5", "--size", "15"}, 10 * time.Second, false, false},
		{"or it is not wanted", []string{"--rate", "5", "--latency=false"}, 10 * time.Second, false, false},
		{"no acks", []string{"--no-ack"}, 10 * time.Second, false, true},
		{"no acks in other words", []string{"--ack=false"}, 10 * time.Second, false, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			app := newApp()
			checked := false
			app.Command("perf").Action = func(c *cli.Context) error {
				checked = true
				o := perfOptions(c)
				if o.Duration != test.wantDuration || o.Latency != test.wantLatency || o.NoAck != test.wantNoAck {
					t.Errorf("got %v, latency %v, no ack %v", o.Duration, o.Latency, o.NoAck)
				}
				return o.Check()
			}
			if err := app.Run(append([]string{"harebell", "perf"}, test.arguments...)); err != nil || !checked {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestChurnAndManyOptions(t *testing.T) {
	tests := []struct {
		name      string
		arguments []string
		want      time.Duration
	}{
		{"ten seconds of churn if nothing is said", []string{"churn"}, 10 * time.Second},
		{"no limit of time for a number of cycles", []string{"churn", "--cycles", "5"}, 0},
		{"ten seconds of load if nothing is said", []string{"many"}, 10 * time.Second},
		{"no limit of time for a number of messages", []string{"many", "--messages", "5"}, 0},
		{"no load", []string{"many", "--duration", "0"}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			app := newApp()
			checked := false
			app.Command("perf").Command("churn").Action = func(c *cli.Context) error {
				checked = true
				if got := churnOptions(c).Duration; got != test.want {
					t.Errorf("got %v, want %v", got, test.want)
				}
				return churnOptions(c).Check()
			}
			app.Command("perf").Command("many").Action = func(c *cli.Context) error {
				checked = true
				if got := manyOptions(c).Duration; got != test.want {
					t.Errorf("got %v, want %v", got, test.want)
				}
				return manyOptions(c).Check()
			}
			if err := app.Run(append([]string{"harebell", "perf"}, test.arguments...)); err != nil || !checked {
				t.Errorf("got %v", err)
			}
		})
	}
}

// settings returns settings for a broker on a free port with its data in dir.
func settings(t *testing.T, dir string) config.Config {
	t.Helper()
	s := config.Defaults()
	for name, value := range map[string]string{"listen": anyPort, "management-listen": anyPort, "prometheus-listen": anyPort, "test-api-listen": anyPort, "data-dir": dir} {
		if err := s.SetFlag(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return s.Config()
}

// serves are the two ways to serve.
var serves = map[string]func(context.Context, config.Config, zerolog.Logger, *reloader) error{"usual": serve, "for tests": serveTests}

func TestServeStopsWhenTold(t *testing.T) {
	for _, memory := range []bool{true, false} {
		c := settings(t, filepath.Join(t.TempDir(), "data"))
		c.Memory = memory
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for name, serve := range serves {
			if err := serve(ctx, c, zerolog.Nop(), new(reloader)); err != nil {
				t.Errorf("%s, memory %v: %v", name, memory, err)
			}
		}
	}
}

func TestServeRefusesAPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := settings(t, t.TempDir())
	c.Listen = append(c.Listen, l.Addr().String())
	want := "cannot listen on " + l.Addr().String() + ": bind: address already in use"
	for name, serve := range serves { // each of which can open the store again
		if err := serve(t.Context(), c, zerolog.Nop(), new(reloader)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
	c = settings(t, t.TempDir())
	c.TestAPIListen = l.Addr().String()
	if err := serveTests(t.Context(), c, zerolog.Nop(), new(reloader)); err == nil || err.Error() != want {
		t.Errorf("the test API: got %v, want %s", err, want)
	}
}

func TestServeRefusesADataDirectoryInUse(t *testing.T) {
	c := settings(t, t.TempDir())
	st, err := openStore(c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	for name, serve := range serves {
		if err := serve(t.Context(), c, zerolog.Nop(), new(reloader)); err == nil || !strings.Contains(err.Error(), c.DataDir+": in use by another process") {
			t.Errorf("%s: got %v, want that it is in use", name, err)
		}
	}
}

func TestLogFormats(t *testing.T) {
	t.Cleanup(func() { zerolog.SetGlobalLevel(zerolog.TraceLevel) })
	tests := []struct {
		format, level string
		want          string // what is in the line, or "" for no line
	}{
		{"json", "info", `{"level":"info","time":"`},
		{"auto", "info", `{"level":"info","time":"`}, // a file is no terminal
		{"console", "info", " INF hello\n"},
		{"json", "warn", ""},
		{"json", "none", ""},
	}
	for _, test := range tests {
		f, err := os.Create(filepath.Join(t.TempDir(), "log"))
		if err != nil {
			t.Fatal(err)
		}
		setLogLevel(test.level)
		log := newLogger(f, test.format)
		log.Info().Msg("hello")
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		got := string(text)
		if !strings.Contains(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%s at %s: got %q, want %q in it", test.format, test.level, got, test.want)
		}
	}
}
