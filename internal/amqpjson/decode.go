package amqpjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Decode reads a JSON value into the struct that v points to. It refuses names that
// the struct has no field for, and whatever follows. Its errors say what was wrong
// and what would be right.
func Decode(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return explain(err, v)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the JSON object: want one object")
	}
	return nil
}

// explain puts the errors of encoding/json into the words of JSON.
func explain(err error, v any) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if wrong.Field == "" {
			return fmt.Errorf("got %s, want an object", wrong.Value)
		}
		field := wrong.Field[strings.LastIndexByte(wrong.Field, '.')+1:] // the struct that it is embedded in comes first
		return fmt.Errorf("%q: got %s, want %s", field, wrong.Value, describe(wrong.Type))
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("%s: there is no such field: want %s", name, names(v))
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); ok || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("not JSON (%w): want an object", err)
	}
	return err
}

// describe says what a field of a type takes.
func describe(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return describe(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Uint8:
		return "a whole number from 0 to 255"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "a whole number"
	case reflect.Slice:
		return "an array"
	}
	return "an object"
}

// names lists the names that a struct has fields for.
func names(v any) string {
	var all []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(v).Elem()) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			all = append(all, fmt.Sprintf("%q", name))
		}
	}
	if len(all) == 0 {
		return "an empty object"
	}
	return "some of " + strings.Join(all, ", ")
}
