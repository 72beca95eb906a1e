package management

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// fieldOf returns the field of a value that a path with dots leads to, as the value's JSON
// names it: nil if there is none, or it is null. To make all of the JSON for one field took
// 20 times as long.
func fieldOf(value any, path string) any {
	at := reflect.ValueOf(value)
	for {
		for at.Kind() == reflect.Pointer || at.Kind() == reflect.Interface {
			if at.IsNil() {
				return nil
			}
			at = at.Elem()
		}
		if path == "" {
			return known(at)
		}
		if !at.IsValid() || at.Kind() != reflect.Struct || encodesItself(at.Type()) {
			return fieldWithin(at, path)
		}
		var name string
		name, path, _ = strings.Cut(path, ".")
		f, ok := jsonFields(at.Type())[name]
		if !ok {
			return nil
		}
		var err error
		if at, err = at.FieldByIndexErr(f.index); err != nil {
			return nil // what it is in is not there
		}
		if f.omitEmpty && at.IsZero() {
			return nil
		}
	}
}

// known returns a value, or nil if it is null.
func known(at reflect.Value) any {
	if !at.IsValid() {
		return nil
	}
	if k := at.Kind(); (k == reflect.Slice || k == reflect.Map) && at.IsNil() && !encodesItself(at.Type()) {
		return nil
	}
	return at.Interface()
}

// fieldWithin is fieldOf for a value that only its JSON tells of.
func fieldWithin(at reflect.Value, path string) any {
	if !at.IsValid() {
		return nil
	}
	if o, is := at.Interface().(object); is {
		return o.field(path)
	}
	switch at.Kind() {
	case reflect.Struct, reflect.Map:
		return objectOf(at.Interface()).field(path)
	}
	return nil
}

var marshaler = reflect.TypeFor[json.Marshaler]()

func encodesItself(t reflect.Type) bool {
	return t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler)
}

// A jsonField is where a field of a struct is.
type jsonField struct {
	index     []int
	omitEmpty bool
}

// jsonFieldsOf are the fields of structs by their names in JSON, by type.
var jsonFieldsOf sync.Map

func jsonFields(t reflect.Type) map[string]jsonField {
	if fields, ok := jsonFieldsOf.Load(t); ok {
		return fields.(map[string]jsonField)
	}
	fields := make(map[string]jsonField)
	for _, f := range reflect.VisibleFields(t) {
		tag, ok := f.Tag.Lookup("json")
		if name, options, _ := strings.Cut(tag, ","); ok && f.IsExported() && name != "-" {
			if other, twice := fields[name]; !twice || len(f.Index) < len(other.index) {
				fields[name] = jsonField{f.Index, strings.Contains(options, "omitempty")}
			}
		}
	}
	jsonFieldsOf.Store(t, fields)
	return fields
}

// sortKey is what a field is sorted by: numbers are float64, all else is text.
func sortKey(field any) any {
	switch v := reflect.ValueOf(field); v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return float64(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return float64(v.Uint())
	case reflect.Float32, reflect.Float64:
		return v.Float()
	}
	if field == nil {
		return 0.0 // rabbitmq: nothing is before everything else
	}
	if n, is := field.(json.Number); is {
		f, _ := n.Float64() // JSON's own number
		return f
	}
	return text(field)
}
