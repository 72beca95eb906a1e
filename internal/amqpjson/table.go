package amqpjson

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/harebellmq/harebell/amqp"
)

// A Table is an amqp.Table that is an object in JSON. Null is void.
type Table amqp.Table

// MarshalJSON implements json.Marshaler.
func (t Table) MarshalJSON() ([]byte, error) { return json.Marshal(object(amqp.Table(t))) }

func object(t amqp.Table) map[string]any {
	o := make(map[string]any, len(t))
	for name, v := range t {
		o[text([]byte(name))] = value(v)
	}
	return o
}

// value returns what encoding/json makes the right thing of.
func value(v any) any {
	switch v := v.(type) {
	case amqp.Table:
		return object(v)
	case []any:
		array := make([]any, len(v))
		for i := range v {
			array[i] = value(v[i])
		}
		return array
	case string:
		return text([]byte(v))
	case []byte:
		return text(v)
	case amqp.Decimal:
		return float64(v.Value) / math.Pow10(int(v.Scale))
	case float32:
		return number(float64(v))
	case float64:
		return number(v)
	}
	return v
}

// number returns a float, or a word for one that JSON has no numeral for.
func number(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Sprint(f)
	}
	return f
}

// text returns octets as a string.
//
// rabbitmq: what it says of octets that are no text
func text(octets []byte) string {
	if utf8.Valid(octets) {
		return string(octets)
	}
	return "Not UTF-8, base64 is: " + base64.StdEncoding.EncodeToString(octets)
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Table) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var o map[string]any
	if err := d.Decode(&o); err != nil {
		return fmt.Errorf("got %s: want an object of names and values", excerpt(data))
	}
	table, err := table(o)
	if err != nil {
		return err
	}
	*t = Table(table)
	return nil
}

func table(o map[string]any) (amqp.Table, error) {
	if o == nil {
		return nil, nil
	}
	t := make(amqp.Table, len(o))
	for name, v := range o {
		var err error
		if t[name], err = field(v); err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
	}
	return t, nil
}

// field returns the value of a table for one of JSON.
//
// rabbitmq: whole numbers are long, others double.
func field(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		return table(v)
	case []any:
		array := make([]any, len(v))
		for i := range v {
			var err error
			if array[i], err = field(v[i]); err != nil {
				return nil, err
			}
		}
		return array, nil
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		if f, err := v.Float64(); err == nil {
			return f, nil
		}
		return nil, fmt.Errorf("got %s: want a number of 64 bits", v)
	}
	return v, nil
}

// excerptMost is how much of wrong input an error shows.
const excerptMost = 40

func excerpt(data []byte) string {
	if len(data) <= excerptMost {
		return string(data)
	}
	return string(data[:excerptMost]) + "…"
}
