package testapi

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/harebellmq/harebell/amqp/amqptest"
)

const docs = "../../docs/testing.md"

// HAREBELL_WRITE_DOCS=1 go test ./internal/testapi writes the tables anew.
func TestDocsHaveTheTables(t *testing.T) {
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for name, table := range map[string]string{"routes": routesTable(), "faults": faultsTable(), "kinds": kindsTable()} {
		place := regexp.MustCompile(`(?s)<!-- ` + name + ` -->\n.*?<!-- end -->`)
		if len(place.FindAllString(want, -1)) != 1 {
			t.Fatalf("%s: want one place for the table of %s", docs, name)
		}
		want = place.ReplaceAllLiteralString(want, "<!-- "+name+" -->\n"+table+"<!-- end -->")
	}
	if want == string(text) {
		return
	}
	if os.Getenv("HAREBELL_WRITE_DOCS") == "" {
		t.Fatalf("%s has other tables: HAREBELL_WRITE_DOCS=1 go test ./internal/testapi writes them anew", docs)
	}
	if err := os.WriteFile(docs, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func routesTable() string {
	var b strings.Builder
	b.WriteString("| method | path | takes | does |\n|---|---|---|---|\n")
	for _, r := range Routes() {
		takes := ""
		switch {
		case r.Takes != "":
			takes = "`" + r.Takes + "`"
		case r.Query != "":
			takes = "`?" + strings.ReplaceAll(r.Query, ",", "=` `") + "=`"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", r.Method, r.Path, takes, r.Does)
	}
	return b.String()
}

func faultsTable() string {
	var b strings.Builder
	b.WriteString("| fault | takes too | does |\n|---|---|---|\n")
	for _, k := range FaultKinds() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.Name, strings.Join(k.Takes, ", "), k.Does)
	}
	return b.String()
}

func kindsTable() string {
	words := make([]string, 0, len(amqptest.Kinds()))
	for _, k := range amqptest.Kinds() {
		words = append(words, "`"+k.String()+"`")
	}
	return strings.Join(words, " ") + "\n"
}

// The programs in the docs are parts of those that tests run.
func TestDocsHaveProgramsThatRun(t *testing.T) {
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)<!-- from (\\S+) -->\n```\\w+\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 10 {
		t.Fatalf("%s: got %d programs, want those there are", docs, len(blocks))
	}
	for _, block := range blocks {
		program, err := os.ReadFile("../../docs/" + block[1])
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(program), block[2]) {
			t.Errorf("%s does not have what %s shows:\n%s", block[1], docs, block[2])
		}
	}
}
