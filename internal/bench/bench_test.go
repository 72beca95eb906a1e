package bench

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// options are those of a short run of one load.
func options(t *testing.T) Options {
	t.Helper()
	program := filepath.Join(t.TempDir(), "harebell")
	if err := os.WriteFile(program, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	return Options{Harebell: program, Brokers: []string{"harebell"}, Pairs: 1, Time: time.Second, Port: 26500}
}

func TestCheck(t *testing.T) {
	if runtime.GOOS != "linux" {
		if err := options(t).Check(); err == nil || !strings.Contains(err.Error(), "want Linux") {
			t.Errorf("got %v, want that Linux is needed", err)
		}
		return
	}
	tests := []struct {
		name   string
		change func(*Options)
		want   string // what the error begins with, or "" for none
	}{
		{"the usual is fine", func(*Options) {}, ""},
		{"no pairs", func(o *Options) { o.Pairs = 0 }, "--pairs 0: want a number from 1 to 1000"},
		{"no time", func(o *Options) { o.Time = 0 }, "--seconds 0: want a whole number from 1 to 3600"},
		{"half a second", func(o *Options) { o.Time = 1500 * time.Millisecond }, "--seconds 1.5: want a whole number"},
		{"a port of the system's", func(o *Options) { o.Port = 80 }, "--port 80: want a number from 1024"},
		{"no load", func(o *Options) { o.Shapes = regexp.MustCompile("^none$") }, "--shapes ^none$: matches none"},
		{"no program", func(o *Options) { o.Harebell = "/nowhere/harebell" }, "--harebell /nowhere/harebell: want the harebell program"},
		{"a directory for a program", func(o *Options) { o.Harebell = "/" }, "--harebell /: want the harebell program"},
		{"an unknown broker", func(o *Options) { o.Brokers = []string{"rabbit"} }, "--brokers rabbit: want some of harebell, rabbitmq"},
		{"one that runs already", func(o *Options) { o.External, o.Brokers = []External{{Name: "mine"}}, []string{"mine"} }, ""},
		{"one of the same name", func(o *Options) { o.External = []External{{Name: "rabbitmq"}} }, "--broker rabbitmq: want a name that no other"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := options(t)
			test.change(&o)
			err := o.Check()
			switch {
			case test.want == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)):
				t.Errorf("got %v, want %s…", err, test.want)
			}
		})
	}
}

func TestParseExternal(t *testing.T) {
	us := os.Getpid()
	tests := []struct {
		text  string
		want  External
		wrong string // what the error begins with
	}{
		{text: "a=amqp://h", want: External{Name: "a", URL: "amqp://h"}},
		{text: "a=amqp://u:p=1@h:1/v", want: External{Name: "a", URL: "amqp://u:p=1@h:1/v"}},
		{text: "amqp://h", wrong: "--broker"},
		{text: "=amqp://h", wrong: "--broker =amqp://h: want name=amqp://"},
		{text: "a b=amqp://h", wrong: "--broker a b=amqp://h: want name=amqp://"},
		{text: "a=http://u:secret@h", wrong: "--broker: want name=amqp://"},
		{text: "a=amqp://h,pid=x", wrong: "--broker a: pid=x: want the number of a process"},
		{text: "a=amqp://h,pid=0", wrong: "--broker a: pid=0: want the number of a process"},
		{text: "a=amqp://h,pid=999999999", wrong: "--broker a: pid=999999999: there is no such process"},
	}
	for _, test := range tests {
		got, err := ParseExternal(test.text)
		if (err != nil) != (test.wrong != "") || err == nil && got != test.want || err != nil && !strings.HasPrefix(err.Error(), test.wrong) {
			t.Errorf("%s: got %+v, %v", test.text, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
	if runtime.GOOS == "linux" {
		if got, err := ParseExternal("a=amqp://h,pid=" + strconv.Itoa(us)); err != nil || got.PID != us {
			t.Errorf("our own process: got %+v, %v", got, err)
		}
	}
}

func TestHostOf(t *testing.T) {
	for address, want := range map[string]string{
		"amqp://h": "h:5672", "amqp://u:p@h:1/v": "h:1", "amqp://[::1]": "[::1]:5672", "http://h": "", "amqp://": "",
	} {
		if got := hostOf(address); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}

func TestShapes(t *testing.T) {
	for _, full := range []bool{false, true} {
		names := make(map[string]bool)
		for _, s := range Shapes(full) {
			if names[s.Name] || s.Chapter() == s.Name || s.Title == "" || s.Command == "" {
				t.Errorf("%+v: want a name of its own with a chapter, a title and a command", s)
			}
			names[s.Name] = true
			if s.bound(5*time.Second) < startTime+warmup+5*time.Second+s.Extra {
				t.Errorf("%s: is given up after %v, before it is done", s.Name, s.bound(5*time.Second))
			}
		}
	}
}

// A recorder is a Progress that keeps everything.
type recorder struct {
	found []string
	turns []turn
	left  []time.Duration
	done  []Measurement
}

func (r *recorder) Found(b *Broker) { r.found = append(r.found, b.Name) }
func (r *recorder) Next(shape, broker string, pair, _ int, left time.Duration) {
	r.turns, r.left = append(r.turns, turn{shape, broker, pair}), append(r.left, left)
}
func (r *recorder) Done(m Measurement) { r.done = append(r.done, m) }

// TestRun measures the real program, each kind of load once.
func TestRun(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("takes seconds, and /proc")
	}
	o := options(t)
	if out, err := exec.Command("go", "build", "-o", o.Harebell, "../../cmd/harebell").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for i, test := range []struct {
		name string
		run  func(*testing.T, Options)
	}{
		{"as wanted", testRun},
		{"many", testRunOfMany},
		{"a broker that runs", testRunOfExternal},
		{"commands are understood", testCommands},
		{"until told to stop", testRunStops},
		{"once", testOnce},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			mine := o
			mine.Port += 50 * i
			test.run(t, mine)
		})
	}
}

func testRun(t *testing.T, o Options) {
	o.Shapes, o.Pairs = regexp.MustCompile("^latency/transient$|^churn/channel$"), 2
	var saved []int
	o.Save = func(r *Results) error {
		saved = append(saved, len(r.Runs))
		return nil
	}
	show := new(recorder)
	r, err := Run(t.Context(), o, show)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(show.found, []string{"harebell"}) || len(show.done) != 4 || !slices.Equal(saved, []int{1, 2, 3, 4}) {
		t.Errorf("found %v, done %d, saved %v", show.found, len(show.done), saved)
	}
	want := []turn{
		{"latency/transient", "harebell", 1}, {"latency/transient", "harebell", 2}, {"churn/channel", "harebell", 1},
		{"churn/channel", "harebell", 2},
	}
	if !slices.Equal(show.turns, want) {
		t.Errorf("turns: got %v, want %v", show.turns, want)
	}
	wantMetrics(t, r, "latency/transient", Published, Delivered, P50, P99, CPU, Anon, RSS)
	wantMetrics(t, r, "churn/channel", Cycles, P50, CPU, Anon)
	if b := r.Broker("harebell"); b == nil || b.Version == "" || r.Machine.Cores < 1 || r.Took <= 0 {
		t.Errorf("got broker %+v, machine %+v, in %v s", b, r.Machine, r.Took)
	}
}

// wantMetrics checks that there are metrics of Harebell. Of the processor it may
// have taken less than can be seen.
func wantMetrics(t *testing.T, r *Results, shape string, metrics ...string) {
	t.Helper()
	if text, _ := r.Problem(shape, "harebell"); text != "" {
		t.Errorf("%s: %s", shape, text)
	}
	for _, metric := range metrics {
		if v, ok := r.Median(shape, "harebell", metric); !ok || v < 0 || v == 0 && metric != CPU {
			t.Errorf("%s, %s: got %v, %v", shape, metric, v, ok)
		}
	}
}

func testRunOfMany(t *testing.T, o Options) {
	o.Shapes = regexp.MustCompile("^many/queues-1000$")
	r, err := Run(t.Context(), o, new(recorder))
	if err != nil {
		t.Fatal(err)
	}
	wantMetrics(t, r, "many/queues-1000", Made, MakeTime, Published, CPU, Anon)
}

func testRunOfExternal(t *testing.T, o Options) {
	b := &Broker{Name: "harebell"}
	findHarebell(t.Context(), b, o, "")
	at, err := b.start(t.Context(), filepath.Join(t.TempDir(), "data"), &ports{next: o.Port + 25})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := at.remove(); err != nil {
			t.Error(err)
		}
	}()
	o.External = []External{{Name: "mine", URL: at.url}}
	o.Brokers, o.Shapes = []string{"mine"}, regexp.MustCompile("^latency/transient$")
	r, err := Run(t.Context(), o, new(recorder))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := r.Median("latency/transient", "mine", P50); !ok {
		t.Error("got no latency")
	}
	if v, ok := r.Median("latency/transient", "mine", CPU); ok {
		t.Errorf("got %v µs of CPU, of a process that is not known", v)
	}
}

// testCommands has each load refused by nobody but the network.
func testCommands(t *testing.T, o Options) {
	for _, s := range Shapes(false) {
		_, err := perf(t.Context(), o.Harebell, "amqp://127.0.0.1:1", append(strings.Fields(s.Command), "--duration", "1s"))
		if err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("%s: got %v, want that nobody listens", s.Name, err)
		}
	}
}

func testRunStops(t *testing.T, o Options) {
	ctx, cancel := context.WithCancel(t.Context())
	o.Shapes = regexp.MustCompile("^latency/")
	o.Save = func(*Results) error {
		cancel()
		return nil
	}
	r, err := Run(ctx, o, new(recorder))
	if err != context.Canceled || r == nil || len(r.Runs) != 1 {
		t.Errorf("got %v, %v, want one run and that it was stopped", r, err)
	}
}

func testOnce(t *testing.T, o Options) {
	start := func(address, dir string) *exec.Cmd {
		return exec.Command(o.Harebell, "serve", "--config", "none", "--management-listen", "none", "--prometheus-listen", "none", "--memory", "--listen", address, "--data-dir", dir)
	}
	for command, metric := range map[string]string{"": Anon, "--rate 1000": Delivered} {
		m, err := Once(t.Context(), o, start, command)
		if err != nil || m[metric] <= 0 {
			t.Errorf("%q: got %v, %v, want a metric %s", command, m, err, metric)
		}
	}
	ends := func(string, string) *exec.Cmd { return exec.Command(o.Harebell, "serve", "--nonsense") }
	if _, err := Once(t.Context(), o, ends, ""); err == nil || !strings.Contains(err.Error(), "flag provided but not defined: -nonsense") {
		t.Errorf("a program that ends: got %v, want what it says", err)
	}
}

func TestTimeLeft(t *testing.T) {
	p := &plan{options: Options{Time: 5 * time.Second}, took: map[turn]time.Duration{{"latency/transient", "a", 0}: time.Minute}}
	p.left = []turn{{"latency/transient", "a", 2}, {"latency/transient", "b", 2}}
	if got, want := p.timeLeft(), time.Minute+startTime+warmup+5*time.Second; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLines(t *testing.T) {
	m := Measurement{Shape: "churn/channel", Broker: "a", Metrics: Metrics{Cycles: 1234, Anon: 2 << 20}}
	failed := Measurement{Shape: "churn/channel", Broker: "b", Error: "it stalls\nand more"}
	for _, test := range []struct {
		terminal bool
		want     string
	}{
		{false, "a                1.0 (here)\n" +
			"b                not measured: not there\n" +
			"2 runs to go, about 3s\n" +
			"churn/channel                a                1234 cycles/s  2 MiB\n" +
			"churn/channel                b                it stalls\n"},
		{true, "a                1.0 (here)\n" +
			"b                not measured: not there\n" +
			"\r\x1b[Kchurn/channel on a, pair 1; 2 runs to go, about 3s" +
			"\r\x1b[Kchurn/channel                a                1234 cycles/s  2 MiB\n" +
			"\r\x1b[Kchurn/channel on b, pair 1; 1 runs to go, about 2s" +
			"\r\x1b[Kchurn/channel                b                it stalls\n"},
	} {
		var b strings.Builder
		l := NewLines(&b, test.terminal)
		l.Found(&Broker{Name: "a", Version: "1.0", Origin: "here"})
		l.Found(&Broker{Name: "b", Absent: "not there"})
		l.Next("churn/channel", "a", 1, 2, 3*time.Second)
		l.Done(m)
		l.Next("churn/channel", "b", 1, 1, 2*time.Second)
		l.Done(failed)
		if b.String() != test.want {
			t.Errorf("terminal %v: got\n%q\nwant\n%q", test.terminal, b.String(), test.want)
		}
	}
}
