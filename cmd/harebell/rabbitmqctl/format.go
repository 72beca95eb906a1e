package rabbitmqctl

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

// formatters are the names of the formatters.
var formatters = []string{"table", "pretty_table", "json", "csv"}

// What a command returns to be shown is one of these, nil for nothing.
type (
	// text is for people, and for programs a message.
	text string

	// reported is text for people, and an object for programs.
	reported struct {
		text   string
		object any
	}

	// rows are a table.
	rows struct {
		columns []string
		cells   [][]any
		bare    bool // without a line of headers
	}
)

// A term is a value that is shown in Erlang's way where people read it: a list of
// arguments.
type term map[string]any

// show writes a result with the formatter that was asked for.
func (c *call) show(result any) error {
	var err error
	switch r := result.(type) {
	case nil:
		if c.formatter == "json" {
			_, err = fmt.Fprintln(c.Stdout, tool.JSON(map[string]any{"node": c.node, "result": "ok"}, ""))
		}
	case quietly:
	case text:
		if c.formatter == "json" {
			_, err = fmt.Fprintln(c.Stdout, tool.JSON(map[string]any{"message": string(r)}, ""))
		} else {
			_, err = fmt.Fprintln(c.Stdout, string(r))
		}
	case reported:
		if c.formatter == "json" {
			_, err = fmt.Fprintln(c.Stdout, tool.JSON(r.object, ""))
		} else {
			_, err = fmt.Fprintln(c.Stdout, r.text)
		}
	case rows:
		_, err = fmt.Fprint(c.Stdout, r.format(c.formatter, c.headless || r.bare))
	default:
		panic(fmt.Sprintf("show %T", result))
	}
	return err
}

// format writes a table.
//
// rabbitmq: without rows there are no headers either
func (r rows) format(formatter string, headless bool) string {
	var b strings.Builder
	switch {
	case formatter == "json":
		b.WriteString("[\n")
		for i, row := range r.cells {
			if i > 0 {
				b.WriteString(",")
			}
			for j, cell := range row {
				fmt.Fprintf(&b, "%s%s:%s", []string{"{", ","}[min(j, 1)], tool.JSON(r.columns[j], ""), tool.JSON(encode(cell), ""))
			}
			b.WriteString("}\n")
		}
		b.WriteString("]\n")
	case len(r.cells) == 0:
	case formatter == "pretty_table":
		b.WriteString(tool.Boxes.Draw(r.columns, r.texts()))
	case formatter == "csv":
		for _, row := range append([][]string{r.columns}, r.texts()...) {
			for j, cell := range row {
				fmt.Fprintf(&b, `%s"%s"`, []string{"", ","}[min(j, 1)], strings.ReplaceAll(cell, `"`, `""`))
			}
			b.WriteString("\n")
		}
	default:
		if !headless {
			b.WriteString(strings.Join(r.columns, "\t") + "\n")
		}
		for _, row := range r.texts() {
			b.WriteString(strings.Join(row, "\t") + "\n")
		}
	}
	return b.String()
}

// texts are the cells for people.
func (r rows) texts() [][]string {
	all := make([][]string, len(r.cells))
	for i, row := range r.cells {
		for _, cell := range row {
			all[i] = append(all[i], strings.ReplaceAll(plainText(cell), "\n", "")) // rabbitmq: a row is a line
		}
	}
	return all
}

// plainText writes a value for people.
func plainText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case term:
		return erlang(map[string]any(v))
	case map[string]any:
		return erlang(v)
	case []any:
		var parts []string
		for _, item := range v {
			parts = append(parts, plainText(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(value)
}

// erlang writes a value as Erlang does: an object as a list of pairs.
func erlang(value any) string {
	var parts []string
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, fmt.Sprintf("{%s,%s}", strconv.Quote(name), erlang(v[name])))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case []any:
		for _, item := range v {
			parts = append(parts, erlang(item))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case string:
		return strconv.Quote(v)
	case nil:
		return "undefined"
	}
	return fmt.Sprint(value)
}

// encode makes a value of what JSON shows of it.
//
// rabbitmq: what is not there is "", and arguments are lists of a name, a type and a
// value
func encode(value any) any {
	switch v := value.(type) {
	case nil:
		return ""
	case term:
		return typed(map[string]any(v))[1]
	}
	return value
}

// typed is a value of an argument with the name of its type.
func typed(value any) [2]any {
	switch v := value.(type) {
	case map[string]any:
		fields := []any{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			pair := typed(v[name])
			fields = append(fields, []any{name, pair[0], pair[1]})
		}
		return [2]any{"table", fields}
	case []any:
		items := []any{}
		for _, item := range v {
			pair := typed(item)
			items = append(items, []any{pair[0], pair[1]})
		}
		return [2]any{"array", items}
	case string:
		return [2]any{"longstr", v}
	case bool:
		return [2]any{"bool", v}
	case json.Number:
		n, err := v.Int64()
		switch {
		case err != nil:
			return [2]any{"double", v}
		case n < math.MinInt32 || n > math.MaxInt32:
			return [2]any{"long", v}
		}
		return [2]any{"signedint", v}
	}
	return [2]any{"void", "undefined"}
}
