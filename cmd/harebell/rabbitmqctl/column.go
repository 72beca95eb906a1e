package rabbitmqctl

import (
	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

// A column is one that a listing can show.
type column struct {
	name  string
	field string // of what the API answers; "" for what Harebell has not, which is shown empty
	as    func(any) any
	usual bool // shown if nobody says which
}

// columns are those of a listing.
type columns []column

func (cs columns) names() []string {
	var all []string
	for _, c := range cs {
		all = append(all, c.name)
	}
	return all
}

// usual are the names of what is shown if nobody says what.
func (cs columns) usual() []string {
	var all []string
	for _, c := range cs {
		if c.usual {
			all = append(all, c.name)
		}
	}
	return all
}

// rows makes a table of objects.
func (cs columns) rows(wanted []string, objects []tool.Object) rows {
	if len(wanted) == 0 {
		wanted = cs.usual()
	}
	r := rows{columns: wanted}
	for _, o := range objects {
		var cells []any
		for _, name := range wanted {
			cells = append(cells, cs.cell(name, o))
		}
		r.cells = append(r.cells, cells)
	}
	return r
}

func (cs columns) cell(name string, o tool.Object) any {
	for _, c := range cs {
		switch {
		case c.name != name:
		case c.field == "":
			return nil
		case c.as != nil:
			return c.as(o.At(c.field))
		default:
			return o.At(c.field)
		}
	}
	return nil
}

// plain are columns with the names of fields. The first so many are the usual ones.
func plain(usual int, names ...string) columns {
	var cs columns
	for i, name := range names {
		cs = append(cs, column{name: name, field: name, usual: i < usual})
	}
	return cs
}

// absent are columns of what Harebell has nothing like.
func absent(names ...string) columns {
	var cs columns
	for _, name := range names {
		cs = append(cs, column{name: name})
	}
	return cs
}

// What is done to fields to be shown.

// asTerm shows an object in Erlang's way.
func asTerm(value any) any {
	o, _ := value.(map[string]any)
	return term(o)
}

// asJSON shows a value as JSON, in one cell.
func asJSON(value any) any { return tool.JSON(value, "") }

// asProtocol shows the name of the protocol.
func asProtocol(value any) any {
	if value == "AMQP 0-9-1" {
		return "{0,9,1}"
	}
	return value
}

// orUndefined shows text that may be missing.
func orUndefined(value any) any {
	if value == nil || value == "" {
		return "undefined"
	}
	return value
}

// orNone shows a list that may be missing.
func orNone(value any) any {
	if value == nil {
		return []any{}
	}
	return value
}
