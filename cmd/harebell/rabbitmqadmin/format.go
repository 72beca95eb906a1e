package rabbitmqadmin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

// formats are the names of the formats.
var formats = []string{"raw_json", "pretty_json", "tsv", "long", "table", "kvp", "bash"}

// promoted are the columns that come first if nobody says which.
var promoted = []string{"vhost", "name", "type", "source", "destination", "destination_type", "routing_key"}

// showList shows a list of JSON. The columns are those that are wanted, or all.
func (c *call) showList(octets []byte, wanted, asJSON []string) error {
	if c.format == "raw_json" {
		_, err := fmt.Fprintf(c.Stdout, "%s\n", octets)
		return err
	}
	d := json.NewDecoder(bytes.NewReader(octets))
	d.UseNumber()
	if c.format == "pretty_json" {
		var value any
		if err := d.Decode(&value); err != nil {
			return err
		}
		_, err := fmt.Fprintln(c.Stdout, tool.JSON(value, "  "))
		return err
	}
	var items []map[string]any
	if err := d.Decode(&items); err != nil {
		return err
	}
	depth := math.MaxInt
	if len(wanted) == 0 {
		depth = c.depth
	}
	f := flattener{asJSON, depth}
	var flat []map[string]string
	seen := make(map[string]bool)
	for _, item := range items {
		row := make(map[string]string)
		f.add(row, "", 1, item)
		for column := range row {
			seen[column] = true
		}
		flat = append(flat, row)
	}
	if len(items) == 0 {
		return c.say("No items")
	}
	columns := wanted
	if len(columns) == 0 {
		for column := range seen {
			columns = append(columns, column)
		}
		slices.SortFunc(columns, compareColumns)
	}
	var rows [][]string
	for _, row := range flat {
		var cells []string
		for _, column := range columns {
			cells = append(cells, row[column])
		}
		rows = append(rows, cells)
	}
	_, err := fmt.Fprint(c.Stdout, c.draw(columns, rows))
	return err
}

func compareColumns(a, b string) int {
	rank := func(column string) int {
		if i := slices.Index(promoted, column); i >= 0 {
			return i
		}
		return len(promoted)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

// A flattener makes rows of objects: what is within an object is a column with a dot.
type flattener struct {
	asJSON []string
	depth  int
}

func (f flattener) add(row map[string]string, prefix string, depth int, item map[string]any) {
	for key, value := range item {
		column := key
		if prefix != "" {
			column = prefix + "." + key
		}
		switch v := value.(type) {
		case map[string]any:
			switch {
			case slices.Contains(f.asJSON, key):
				row[column] = spaced(v)
			case depth < f.depth:
				f.add(row, column, depth+1, v)
			}
		case []any:
			row[column] = texts(v)
		case nil:
			row[column] = ""
		case bool:
			row[column] = python(v)
		default:
			row[column] = fmt.Sprint(v)
		}
	}
}

// python is how the Python program shows what is true.
func python(v bool) string {
	if v {
		return "True"
	}
	return "False"
}

// texts shows a list: of texts with blanks between them, of others as JSON.
func texts(list []any) string {
	var all []string
	for _, one := range list {
		text, ok := one.(string)
		if !ok {
			return spaced(list)
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

// spaced writes JSON with blanks, as the Python program does.
func spaced(value any) string {
	var parts []string
	switch v := value.(type) {
	case map[string]any:
		var keys []string
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			parts = append(parts, tool.JSON(key, "")+": "+spaced(v[key]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		for _, item := range v {
			parts = append(parts, spaced(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return tool.JSON(value, "")
}

// draw draws a table in the format that was asked for.
func (c *call) draw(columns []string, rows [][]string) string {
	var b strings.Builder
	switch c.format {
	case "table":
		return tool.ASCII.Draw(columns, rows)
	case "tsv":
		if !c.quiet {
			b.WriteString(strings.Join(columns, "\t") + "\n")
		}
		for _, row := range rows {
			b.WriteString(strings.Join(row, "\t") + "\n")
		}
	case "long":
		widest := 0
		for _, column := range columns {
			widest = max(widest, utf8.RuneCountInString(column))
		}
		separator := "\n" + strings.Repeat("-", 80) + "\n\n"
		b.WriteString(separator)
		for _, row := range rows {
			for i, column := range columns {
				fmt.Fprintf(&b, "%*s: %s\n", widest, column, row[i])
			}
			b.WriteString(separator)
		}
	case "kvp":
		for _, row := range rows {
			for i, column := range columns {
				fmt.Fprintf(&b, "%s%s=\"%s\"", []string{"", " "}[min(i, 1)], column, row[i])
			}
			b.WriteString("\n")
		}
	case "bash":
		if at := slices.Index(columns, "name"); at >= 0 {
			var names []string
			for _, row := range rows {
				names = append(names, row[at])
			}
			b.WriteString(strings.Join(names, " ") + "\n")
		}
	}
	return b.String()
}
