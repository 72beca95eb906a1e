package management

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
)

// An object is a value by its fields, as JSON has it.
type object map[string]any

// objectOf takes a value apart that JSON makes an object of.
func objectOf(value any) object {
	if o, ok := value.(object); ok {
		return o
	}
	d := json.NewDecoder(bytes.NewReader(marshal(value)))
	d.UseNumber()
	var o object
	if err := d.Decode(&o); err != nil {
		panic(fmt.Sprintf("decode %T: %v", value, err)) // it is none
	}
	return o
}

// field returns the field that a path with dots leads to, nil if there is none.
func (o object) field(path string) any {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return o[name]
	}
	inner, _ := o[name].(map[string]any)
	return object(inner).field(rest)
}

// columns are the paths of the fields that a query asks for; none are all.
type columns []string

// columns reads them from the query.
func (c *call) columns() columns {
	query := c.URL.Query().Get("columns")
	if query == "" {
		return nil
	}
	return strings.Split(query, ",")
}

// of returns what the columns leave of a value. A field that is not there is left
// out.
func (cs columns) of(value any) any {
	if cs == nil {
		return value
	}
	part := make(object)
	for _, path := range cs {
		if field := fieldOf(value, path); field != nil {
			part.put(path, field)
		}
	}
	return part
}

// each are those fields of each item.
func (cs columns) each(items iter.Seq[any]) iter.Seq[any] {
	return func(yield func(any) bool) {
		for item := range items {
			if !yield(cs.of(item)) {
				return
			}
		}
	}
}

// put sets the field that a path with dots leads to.
func (o object) put(path string, field any) {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		o[name] = field
		return
	}
	inner, ok := o[name].(object)
	if !ok {
		inner = make(object)
		o[name] = inner
	}
	inner.put(rest, field)
}

// marshal encodes a value that JSON can express: without the escapes that only
// HTML needs.
func marshal(value any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(fmt.Sprintf("encode %T: %v", value, err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
