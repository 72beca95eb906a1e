package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/harebellmq/harebell/internal/bench"
)

// execute runs the program as from a command line, and returns what it printed.
func execute(arguments ...string) (string, error) {
	var out bytes.Buffer
	err := newApp(&out, io.Discard).Run(append([]string{"harebell-bench"}, arguments...))
	return out.String(), err
}

func TestMistakes(t *testing.T) {
	program := filepath.Join(t.TempDir(), "harebell")
	if err := os.WriteFile(program, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name      string
		arguments []string
		want      string // what the error begins with
	}{
		{"an unknown flag", []string{"--colour", "red"}, "flag provided but not defined: -colour"},
		{"an argument that is no flag", []string{"now"}, "now: only flags are taken; see --help"},
		{"no regexp", []string{"--shapes", "("}, "--shapes: error parsing regexp"},
		{"a load that is none", []string{"--shapes", "nothing"}, "--shapes nothing: matches none; --list shows"},
		{"no pairs", []string{"--pairs", "0"}, "--pairs 0: want a number from 1"},
		{"no time", []string{"--seconds", "0"}, "--seconds 0: want a whole number from 1"},
		{"a broker that cannot be reached", []string{"--broker", "mine=localhost"}, "--broker: want name=amqp://"},
		{"an unknown broker", []string{"--brokers", "mine"}, "--brokers mine: want some of harebell"},
		{"nothing to add to", []string{"--add"}, "--add: want a file to add to, --json"},
		{"an older file that is not there", []string{"--add", "--json", "/nowhere.json"}, "--add: open /nowhere.json:"},
		{"no program", []string{"--harebell", "/nowhere"}, "--harebell /nowhere: want the harebell program"},
		{"a page of nothing", []string{"page"}, "page: one FILE is needed"},
		{"a page of no file", []string{"page", "/nowhere.json"}, "open /nowhere.json:"},
		{"a page of something else", []string{"page", "main.go"}, "read results: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			arguments := test.arguments
			if arguments[0] != "page" {
				arguments = append([]string{"--harebell", program}, arguments...)
			}
			out, err := execute(arguments...)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || out != "" {
				t.Errorf("got %v, printed %q, want %s…", err, out, test.want)
			}
		})
	}
}

func TestList(t *testing.T) {
	out, err := execute("--list")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range bench.Shapes(false) {
		if !strings.Contains(out, s.Name+" ") || !strings.Contains(out, s.Title) {
			t.Errorf("%s is missing", s.Name)
		}
	}
}

func TestPageOfResults(t *testing.T) {
	dir := t.TempDir()
	if _, err := execute("page", "--out", dir, "../../internal/bench/report/testdata/recorded.json"); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "performance.md"))
	if err != nil || !bytes.HasPrefix(page, []byte("# Performance\n")) {
		t.Errorf("got %.40q, %v", page, err)
	}
}

func TestSavedResultsAreWhole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	for pairs := 1; pairs <= 2; pairs++ {
		if err := save(file, &bench.Results{Pairs: pairs}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := read(file)
	if err != nil || r.Pairs != 2 {
		t.Errorf("got %+v, %v", r, err)
	}
}

// The broker is built without what measures it.
func TestBrokerDoesNotLinkThePlots(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../harebell").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for _, unwanted := range []string{"gonum.org", "harebell/internal/bench"} {
		if bytes.Contains(out, []byte(unwanted)) {
			t.Errorf("harebell links %s, want it free of that", unwanted)
		}
	}
}
