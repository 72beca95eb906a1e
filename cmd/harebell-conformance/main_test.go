package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/amqptest"
	amqpserver "github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/conformance"
	"github.com/harebellmq/harebell/internal/management"
	"github.com/harebellmq/harebell/store"
)

// broker starts one for the test and returns its address.
func broker(t *testing.T) string {
	t.Helper()
	b, err := amqptest.Start(store.NewMemory(), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b.URL()
}

// execute runs the program and returns what it prints.
func execute(arguments ...string) (string, error) {
	var out bytes.Buffer
	err := newApp(&out, io.Discard).Run(append([]string{"harebell-conformance"}, arguments...))
	return out.String(), err
}

func TestTableAndPageOfHTML(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.html")
	out, err := execute("--url", broker(t), "--run", "TestMaxLength", "--html", file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "Length limits") || strings.Contains(out, "Transactions") {
		t.Errorf("table: got\n%s\nwant the chapter Length limits alone", out)
	}
	html, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(html, []byte("Max length drops the oldest")) {
		t.Error("page of HTML: got no rule in it, want Max length drops the oldest")
	}
}

func TestJSONOfTwoBrokers(t *testing.T) {
	out, err := execute("--url", broker(t), "--url", broker(t), "--run", "TestMaxLengthDropsTheOldest", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var reports []conformance.Report
	if err := json.Unmarshal([]byte(out), &reports); err != nil {
		t.Fatal(err)
	}
	if len(reports) != 2 {
		t.Fatalf("reports: got %d, want 2", len(reports))
	}
	for _, r := range reports {
		if r.Product != "Harebell" || r.Count("") != (conformance.Count{Passed: 1}) {
			t.Errorf("got %s with %+v, want Harebell with 1 passed", r.Product, r.Count(""))
		}
		if strings.Contains(r.Address, "@") {
			t.Errorf("address: got %s, want it without user and password", r.Address)
		}
	}
}

func TestReportOfResultsPrintedAsJSON(t *testing.T) {
	dir := t.TempDir()
	results, page := filepath.Join(dir, "results.json"), filepath.Join(dir, "report.html")
	printed, err := execute("--url", broker(t), "--run", "TestMaxLengthDropsTheOldest", "--json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(results, []byte(printed), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := execute("report", "--html", page, results, results)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "Length limits   1/1") || strings.Count(out, "1/1") != 4 {
		t.Errorf("table: got\n%s\nwant two columns", out)
	}
	if html, err := os.ReadFile(page); err != nil || !bytes.Contains(html, []byte("--columns:2")) {
		t.Errorf("page: got %.20q, %v, want one with two columns", html, err)
	}
	failed := strings.ReplaceAll(printed, `"passed"`, `"failed"`)
	if err := os.WriteFile(results, []byte(failed), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := execute("report", results); !errors.Is(err, errDiffers) {
		t.Errorf("report of a failure: got %v, want %v", err, errDiffers)
	}
}

func TestRulesThatAdministerNeedTheManagementAPI(t *testing.T) {
	var server *httptest.Server
	b, err := amqptest.Start(store.NewMemory(), zerolog.Nop(), amqptest.WithServer(func(s *amqpserver.Server) {
		server = httptest.NewServer(management.New(s, management.Options{Node: "harebell@test"}))
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	t.Cleanup(server.Close)
	for _, test := range []struct {
		arguments []string
		want      conformance.Count
	}{
		{nil, conformance.Count{Skipped: 1}},
		{[]string{"--management-url", strings.Replace(server.URL, "://", "://guest:guest@", 1)}, conformance.Count{Passed: 1}},
	} {
		out, err := execute(append([]string{"--url", b.URL(), "--run", "TestUserConnectionLimit", "--json"}, test.arguments...)...)
		if err != nil {
			t.Fatal(err)
		}
		var reports []conformance.Report
		if err := json.Unmarshal([]byte(out), &reports); err != nil {
			t.Fatal(err)
		}
		if got := reports[0].Count(""); got != test.want {
			t.Errorf("%q: got %+v, want %+v", test.arguments, got, test.want)
		}
		if why := reports[0].Results[0].Messages; test.want.Skipped > 0 && !slices.Equal(why, []string{"needs --management-url"}) {
			t.Errorf("skipped because of %q", why)
		}
	}
}

func TestVerdict(t *testing.T) {
	result := func(o conformance.Outcome) conformance.Report {
		return conformance.Report{Results: []conformance.Result{{Outcome: o}}}
	}
	holds, differs, skipped := result(conformance.Passed), result(conformance.Failed), result(conformance.Skipped)
	if err := verdict([]conformance.Report{holds, skipped}); err != nil {
		t.Errorf("all hold: got %v, want no error", err)
	}
	if err := verdict([]conformance.Report{holds, differs}); !errors.Is(err, errDiffers) {
		t.Errorf("one does not: got %v, want %v", err, errDiffers)
	}
}

func TestMistakesAreErrors(t *testing.T) {
	t.Setenv("AMQP_URL", "")
	t.Setenv("MANAGEMENT_URL", "")
	address := broker(t)
	for name, arguments := range map[string][]string{
		"no address":                {},
		"nobody there":              {"--url", "amqp://guest:guest@127.0.0.1:1/"},
		"not an address":            {"--url", "http://127.0.0.1/"},
		"no such rule":              {"--url", address, "--run", "TestNothingOfTheKind"},
		"not a regexp":              {"--url", address, "--run", "("},
		"one management API of two": {"--url", address, "--url", address, "--management-url", "http://guest:guest@127.0.0.1:1"},
		"no management API":         {"--url", address, "--management-url", "http://127.0.0.1:1"},
		"no turns":                  {"--url", address, "--parallel", "0"},
		"no such directory":         {"--url", address, "--run", "TestMaxLengthDropsTheOldest", "--html", "/no/such/directory/report.html"},
		"unknown flag":              {"--nonsense"},
		"unknown word":              {"--url", address, "nonsense"},
		"record of a part":          {"--url", address, "--run", "TestMaxLengthDropsTheOldest", "--record", filepath.Join(t.TempDir(), "r.json")},
		"no record":                 {"page"},
		"TLS":                       {"--url", "amqps://127.0.0.1/"},
		"no scheme":                 {"--url", "127.0.0.1:5672"},
		"nothing to report":         {"report"},
		"report of nothing":         {"report", filepath.Join(t.TempDir(), "none.json")},
		"report of a page":          {"report", "main.go"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := execute(arguments...); err == nil || errors.Is(err, errDiffers) {
				t.Errorf("got %v, want an error that says what is wrong", err)
			}
		})
	}
}

// The broker is built without the client that judges it.
func TestBrokerDoesNotLinkTheClient(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../harebell").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for _, unwanted := range []string{"amqp091-go", "harebell/conformance"} {
		if bytes.Contains(out, []byte(unwanted)) {
			t.Errorf("harebell links %s, want it free of that", unwanted)
		}
	}
}
