package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/harebellmq/harebell/internal/bench"
)

var update = flag.Bool("update", false, "write the page that is expected anew")

// recorded reads results that nobody has measured, made for these tests.
func recorded(t *testing.T) *bench.Results { return read(t, "testdata/recorded.json") }

func read(t *testing.T, file string) *bench.Results {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := bench.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// render makes the page.
func render(t *testing.T, r *bench.Results) (page string, dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := Write(dir, r); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text), dir
}

func TestPage(t *testing.T) {
	got, _ := render(t, recorded(t))
	const file = "testdata/performance.md"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the page has changed; go test ./internal/bench/report -update writes it anew. Got:\n%s", got)
	}
}

// The page in docs is of the results beside it, if anybody has measured yet.
func TestPageInDocs(t *testing.T) {
	const docs = "../../../docs"
	results := filepath.Join(docs, pictures, "results.json")
	if _, err := os.Stat(results); errors.Is(err, fs.ErrNotExist) {
		t.Skip("nobody has measured: make bench-peers")
	}
	want, _ := render(t, read(t, results))
	got, err := os.ReadFile(filepath.Join(docs, "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/performance.md is not what was measured; bin/harebell-bench page docs/performance/results.json writes it anew")
	}
}

func TestChartsAreDrawnForBothThemes(t *testing.T) {
	page, dir := render(t, recorded(t))
	files, err := filepath.Glob(filepath.Join(dir, pictures, "*.svg"))
	if err != nil || len(files) != 2*4 {
		t.Fatalf("got %v, %v, want four charts in two themes", files, err)
	}
	for _, file := range files {
		svg, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		wellFormed(t, file, svg)
		if name := pictures + "/" + filepath.Base(file); !strings.Contains(page, `="`+name+`"`) {
			t.Errorf("the page does not show %s", name)
		}
		ink := "#1F2328"
		if strings.HasSuffix(file, "-dark.svg") {
			ink = "#E6EDF3"
		}
		for _, want := range []string{"Harebell", "RabbitMQ 3.10.8", "fill:" + ink} {
			if !bytes.Contains(svg, []byte(want)) {
				t.Errorf("%s: there is no %s", file, want)
			}
		}
	}
}

// wellFormed checks that all of it is XML without numbers that are none.
func wellFormed(t *testing.T, file string, svg []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	for {
		_, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	for _, wrong := range []string{"NaN", "Inf", "-8000000000"} {
		if bytes.Contains(svg, []byte(wrong)) {
			t.Errorf("%s: there is %s in it", file, wrong)
		}
	}
}

func TestWriteRemovesChartsOfAnEarlierPage(t *testing.T) {
	_, dir := render(t, recorded(t))
	r := recorded(t)
	r.Runs = slices.DeleteFunc(r.Runs, func(m bench.Measurement) bool { return strings.HasPrefix(m.Shape, "size/") })
	if err := Write(dir, r); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, pictures, "size-light.svg")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that there is no such file", err)
	}
}

func TestPageOfAPart(t *testing.T) {
	r := recorded(t)
	r.Runs = r.Of("latency/transient", "harebell")
	r.Brokers = r.Brokers[:1]
	page, _ := render(t, r)
	for _, want := range []string{"# Performance", "## A thousand messages a second", "0.052 ms"} {
		if !strings.Contains(page, want) {
			t.Errorf("there is no %q", want)
		}
	}
	for _, unwanted := range []string{"## As fast", "## Opening", "## A backlog", "## From one", "<picture>", "LavinMQ |", "≈"} {
		if strings.Contains(page, unwanted) {
			t.Errorf("there is %q, of which nothing was measured", unwanted)
		}
	}
}

func TestReferenceIsScaled(t *testing.T) {
	reference, err := parseReference("a/b\tcycles\t6000-21000\t-\t2000\nchurn/x\tmemory\t5e6\t-\t-\n")
	if err != nil {
		t.Fatal(err)
	}
	r := &bench.Results{Runs: []bench.Measurement{
		{Shape: "a/b", Broker: "rabbitmq", Pair: 1, Metrics: bench.Metrics{"cycles": 1000}},
		{Shape: "a/b", Broker: "rabbitmq", Pair: 2, Metrics: bench.Metrics{"cycles": 3000}},
		{Shape: "a/b", Broker: "rabbitmq", Pair: 3, Metrics: bench.Metrics{"cycles": 1000}},
	}}
	if got, ok := reference.scaled(r, "a/b", "cycles", "lavinmq"); !ok || got != (span{3000, 10500}) {
		t.Errorf("at half the speed: got %v, %v, want 3000 to 10500", got, ok)
	}
	for _, unknown := range []struct{ shape, metric, broker string }{
		{"a/b", "cycles", "lavinmq-no-sync"}, {"a/b", "cpu", "lavinmq"}, {"c/d", "cycles", "lavinmq"},
	} {
		if got, ok := reference.scaled(r, unknown.shape, unknown.metric, unknown.broker); ok {
			t.Errorf("%v: got %v, want nothing", unknown, got)
		}
	}
	if got, ok := reference.memory("churn/x", "lavinmq"); !ok || got.low != 5e6 {
		t.Errorf("memory: got %v, %v, want it as it is", got, ok)
	}
}

func TestReferenceApplies(t *testing.T) {
	tests := []struct {
		name    string
		brokers []bench.Broker
		want    bool
	}{
		{"if it is not there", []bench.Broker{{Name: "rabbitmq", Version: "3.10.8"}, {Name: "lavinmq", Absent: "not there"}}, true},
		{"if it was not asked for", []bench.Broker{{Name: "rabbitmq", Version: "3.10.25"}}, true},
		{"not if it was measured", []bench.Broker{{Name: "rabbitmq", Version: "3.10.8"}, {Name: "lavinmq"}}, false},
		{"not beside another version", []bench.Broker{{Name: "rabbitmq", Version: "4.1.0"}}, false},
		{"not without anything to scale by", []bench.Broker{{Name: "rabbitmq", Absent: "not there"}}, false},
	}
	for _, test := range tests {
		if got := (reference{}).applies(&bench.Results{Brokers: test.brokers}, "lavinmq"); got != test.want {
			t.Errorf("%s: got %v", test.name, got)
		}
	}
}

func TestReferenceTable(t *testing.T) {
	reference, err := parseReference(referenceTable)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range bench.Shapes(false) {
		names = append(names, s.Name)
	}
	for k := range reference {
		if !slices.Contains(names, k.shape) {
			t.Errorf("%s: there is no such load", k.shape)
		}
	}
	for _, wrong := range []string{"a\tb\t1\t2", "a\tb\tone\t2\t3", "a\tb\t1-x\t2\t3"} {
		if _, err := parseReference(wrong); err == nil {
			t.Errorf("%q: got no error", wrong)
		}
	}
}

func TestNumbers(t *testing.T) {
	tests := []struct{ got, want string }{
		{rate(1_253_412), "1,250,000"},
		{rate(771_499), "771,000"},
		{rate(361), "361"},
		{rate(12.34), "12"},
		{rate(0), "0"},
		{micro(1.149), "1.1 µs"},
		{micro(66.2), "66 µs"},
		{micro(1234), "1234 µs"},
		{milli(0.0671), "0.067 ms"},
		{octets(32e6), "32 MB"},
		{octets(1.72e9), "1.7 GB"},
		{octets(160e3), "0.16 MB"},
		{times(7.42), "7.4 ×"},
		{spanned(span{6000, 21000}, rate), "6,000–21,000"},
		{spanned(span{6000, 6000}, rate), "6,000"},
		{counted(1, "run"), "1 run"},
		{counted(3, "run"), "3 runs"},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
		}
	}
}

func TestTicks(t *testing.T) {
	tests := []struct {
		most float64
		want string
	}{
		{32, "0 10 20 30"},
		{310_000, "0 100 k 200 k 300 k"},
		{760_000, "0 200 k 400 k 600 k"},
		{1.2e6, "0 200 k 400 k 600 k 800 k 1 M 1.2 M"},
		{0.9, "0 0.2 0.4 0.6 0.8"},
	}
	for _, test := range tests {
		var labels []string
		for _, tick := range yTicks(0, test.most) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != test.want {
			t.Errorf("up to %v: got %s, want %s", test.most, got, test.want)
		}
	}
}
