package report

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/harebellmq/harebell/conformance"
	"github.com/harebellmq/harebell/internal/policy"
	"github.com/harebellmq/harebell/queue"
)

func TestCompatibilityPageIsUpToDate(t *testing.T) {
	file, err := os.Open("testdata/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	records, err := ReadRecord(file)
	if err != nil {
		t.Fatalf("%v; run make conformance-rabbitmq", err)
	}
	var want bytes.Buffer
	if err := Page(&want, records); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("docs/compatibility.md is not what the rules and the last run say; run make conformance-rabbitmq")
	}
}

// TestArgumentsAreAllListed compares the page's list with what queues and policies know.
func TestArgumentsAreAllListed(t *testing.T) {
	rules := make(map[string]bool)
	for _, c := range conformance.Chapters {
		for _, r := range c.Rules {
			rules[r.Name] = true
		}
	}
	listed := make(map[string]map[string]bool)
	for _, a := range conformance.Arguments {
		listed[a.Of] = make(map[string]bool)
		for _, one := range a.List {
			if !rules[one.Rule] {
				t.Errorf("%s of %s: there is no rule %s", one.Key, a.Of, one.Rule)
			}
			if listed[a.Of][one.Key] {
				t.Errorf("%s of %s: twice", one.Key, a.Of)
			}
			listed[a.Of][one.Key] = true
		}
	}
	for _, key := range queue.Arguments() {
		if !listed["queue.declare"][key] {
			t.Errorf("queue argument %s is not listed", key)
		}
	}
	for _, key := range policy.Keys() {
		if !listed["policies"][key] {
			t.Errorf("policy key %s is not listed", key)
		}
	}
}

func TestRecordOfOtherRulesIsRefused(t *testing.T) {
	var b bytes.Buffer
	if err := WriteRecord(&b, []conformance.Report{sample()}); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadRecord(&b); err == nil {
		t.Error("record of a few rules: got no error, want one")
	}
}

func TestTableHasAColumnForEachReport(t *testing.T) {
	var b bytes.Buffer
	other := sample()
	other.Product, other.Results[1].Outcome = "Other", conformance.Passed
	if err := Table(&b, []conformance.Report{sample(), other}); err != nil {
		t.Fatal(err)
	}
	want := `
chapter   Some 1.2            Other 1.2
Frames    1/2 (1 skipped)   2/2 (1 skipped)
total     1/2 (1 skipped)   2/2 (1 skipped)

Some 1.2: <b> is refused (TestB)
    frames.go:7:
     got 1
    want 2
`
	want = strings.ReplaceAll(want, "Some 1.2            Other", "Some 1.2          Other")
	if b.String() != want {
		t.Errorf("table:\n got %q\nwant %q", b.String(), want)
	}
}

func TestHTMLShowsDifferencesAndEscapesThem(t *testing.T) {
	var b bytes.Buffer
	if err := HTML(&b, []conformance.Report{sample()}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"&lt;b&gt; is refused", "<p>frames.go:7</p>", "<mark>1</mark>", "<mark>2</mark>", "not offered", "1/2", "--part:50",
		`id="failed-TestB"`, `href="#failed-TestB"`, `data-kinds="skipped"`, "prefers-color-scheme: dark",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("page: got no %q in it", want)
		}
	}
	for _, unwanted := range []string{"<b> is refused", "ZgotmplZ", "http://", "https://"} {
		if strings.Contains(b.String(), unwanted) {
			t.Errorf("page: got %q in it, want none", unwanted)
		}
	}
}

func TestDifferencesAreDeliberateOrBetweenVersions(t *testing.T) {
	deliberate, versions := differences(true), differences(false)
	if len(deliberate) == 0 || len(versions) == 0 {
		t.Fatalf("got %d deliberate and %d between versions, want some of each", len(deliberate), len(versions))
	}
	for _, d := range versions {
		if d.Since == "" {
			t.Errorf("%s: %s: between versions, but of none", d.Chapter, d.Reason)
		}
	}
}

// sample is one chapter with a rule of each outcome.
func sample() conformance.Report {
	return conformance.Report{Product: "Some", Version: "1.2", Address: "amqp://host/", Results: []conformance.Result{
		{Chapter: "Frames", Rule: "TestA", Sentence: "A holds", Outcome: conformance.Passed},
		{Chapter: "Frames", Rule: "TestB", Sentence: "<b> is refused", Outcome: conformance.Failed, Messages: []string{"frames.go:7:\n got 1\nwant 2"}},
		{Chapter: "Frames", Rule: "TestC", Sentence: "C", Outcome: conformance.Skipped, Messages: []string{"not offered"}},
	}}
}

func TestHTMLHasACellForEachReport(t *testing.T) {
	other := sample()
	other.Product = "Other"
	other.Results = append(other.Results[:1:1], conformance.Result{Chapter: "New", Rule: "TestD", Sentence: "D", Outcome: conformance.Failed, Messages: []string{"no words"}})
	var b bytes.Buffer
	if err := HTML(&b, []conformance.Report{sample(), other}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--columns:2", "Other 1.2", `id="TestD"`, "<pre>no words</pre>", "All 4", "Did not hold 2", "Skipped 1"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("page: got no %q in it", want)
		}
	}
	if got := strings.Count(b.String(), `<span class="cell">`); got != 8 {
		t.Errorf("cells: got %d, want 2 for each of 4 rules", got)
	}
}

func TestMessagesAreTakenApart(t *testing.T) {
	for text, want := range map[string]message{
		"consume.go:43: delivery: got \"a\", want \"b\"": {
			About: "consume.go:43: delivery", Got: &compared{`"`, "a", `"`}, Want: &compared{`"`, "b", `"`},
		},
		"a part: refusal.go:50: close on channel 1:\n got {406 ab}\nwant {406 ac}": {
			About: "a part: refusal.go:50: close on channel 1", Got: &compared{"{406 a", "b", "}"}, Want: &compared{"{406 a", "c", "}"},
		},
		"x.go:1: got ü, want ö":            {About: "x.go:1", Got: &compared{"", "ü", ""}, Want: &compared{"", "ö", ""}},
		"x.go:1: got aa, want a":           {About: "x.go:1", Got: &compared{"a", "a", ""}, Want: &compared{"a", "", ""}},
		"x.go:1: no a delivery within 15s": {Text: "x.go:1: no a delivery within 15s"},
	} {
		if got := split(text); !reflect.DeepEqual(got, want) {
			t.Errorf("split(%q): got %+v, want %+v", text, got, want)
		}
	}
}
