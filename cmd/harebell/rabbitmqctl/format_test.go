package rabbitmqctl

import (
	"encoding/json"
	"testing"
)

// TestFormats formats what RabbitMQ's tools have formatted so (3.10.8).
func TestFormats(t *testing.T) {
	arguments := term{"x-queue-type": "quorum", "n": json.Number("5"), "f": json.Number("1.5"), "big": json.Number("1099511627776"), "yes": true, "t": map[string]any{"k": "v"}, "l": []any{"a"}}
	r := rows{columns: []string{"name", "arguments", "messages"}, cells: [][]any{
		{"a\tb\\c\n\"é,", term{}, json.Number("0")},
		{"q", arguments, nil},
	}}
	for _, test := range []struct {
		formatter string
		headless  bool
		want      string
	}{
		{"table", false, "name\targuments\tmessages\na\tb\\c\"é,\t[]\t0\nq\t" +
			`[{"big",1099511627776},{"f",1.5},{"l",["a"]},{"n",5},{"t",[{"k","v"}]},{"x-queue-type","quorum"},{"yes",true}]` + "\t\n"},
		{"json", true, `[
{"name":"a\tb\\c\n\"é,","arguments":[],"messages":0}
,{"name":"q","arguments":[["big","long",1099511627776],["f","double",1.5],["l","array",[["longstr","a"]]],["n","signedint",5],["t","table",[["k","longstr","v"]]],["x-queue-type","longstr","quorum"],["yes","bool",true]],"messages":""}
]
`},
	} {
		if got := r.format(test.formatter, test.headless); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.formatter, got, test.want)
		}
	}
	csv := rows{columns: []string{"name"}, cells: [][]any{{"b\\c\n\"é,"}}}
	if got, want := csv.format("csv", false), "\"name\"\n\"b\\c\"\"é,\"\n"; got != want {
		t.Errorf("csv: got %q, want %q", got, want)
	}
	none := rows{columns: []string{"name"}}
	for formatter, want := range map[string]string{"json": "[\n]\n", "csv": "", "pretty_table": "", "": ""} {
		if got := none.format(formatter, false); got != want {
			t.Errorf("nothing in %q: got %q, want %q", formatter, got, want)
		}
	}
}

func TestGrammar(t *testing.T) {
	tests := []struct {
		name      string
		arguments []string
		want      string // of the failure, "" for none
		check     func(invocation) bool
	}{
		{"options stand anywhere", []string{"-q", "list_queues", "-p", "v", "name", "--formatter=json"}, "",
			func(i invocation) bool {
				return i.quiet && i.vhost == "v" && i.formatter == "json" && len(i.arguments) == 1
			}},
		{"columns with commas are taken apart", []string{"list_queues", "name,messages", "durable"}, "", func(i invocation) bool { return len(i.arguments) == 3 }},
		{"what follows two dashes is no option", []string{"delete_queue", "--", "-q"}, "", func(i invocation) bool { return !i.quiet && i.arguments[0] == "-q" }},
		{"a negative number is a value", []string{"set_policy", "--priority", "-5", "a", "b", "{}"}, "", func(i invocation) bool { return i.options["priority"] == "-5" }},
		{"no time limit", []string{"list_users", "-t", "infinity"}, "", func(i invocation) bool { return i.timeout == 0 }},
		{"silent is quiet and without headers", []string{"-s", "list_users"}, "", func(i invocation) bool { return i.quiet && i.headless }},
		{"an option of another command", []string{"list_users", "--priority", "5"}, "Invalid options for this command:\n--priority : ", nil},
		{"a priority that is no number", []string{"set_policy", "--priority", "high", "a", "b", "{}"}, "Invalid options for this command:\n--priority : high", nil},
		{"a limit of memory with a wrong unit", []string{"set_vm_memory_high_watermark", "absolute", "5 parsecs"}, "Bad argument.", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			i, err := parse("rabbitmqctl", test.arguments)
			if test.want == "" && (err != nil || !test.check(i)) {
				t.Errorf("got %+v, %v", i, err)
			}
			if test.want != "" {
				f, ok := err.(*failure)
				if want := "Error (argument validation): " + test.want + "\nArguments given:"; !ok || len(f.text) < len(want) || f.text[:len(want)] != want {
					t.Errorf("got %v, want %q", err, want)
				}
			}
		})
	}
}

func TestEveryCommandIsInHelp(t *testing.T) {
	for _, name := range Tools {
		for _, c := range commandsOf(name) {
			found := false
			for _, title := range titles {
				found = found || title == c.title
			}
			if !found || c.about == "" || c.run == nil {
				t.Errorf("%s %s: want a title of %q, what it is about and a function", name, c.name, titles)
			}
		}
	}
}
