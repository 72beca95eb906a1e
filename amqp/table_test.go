package amqp

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

// everything is a table with a value of every type.
var everything = Table{
	"bool": true, "int8": int8(-1), "uint8": uint8(255), "int16": int16(math.MinInt16),
	"uint16": uint16(math.MaxUint16), "int32": int32(math.MinInt32), "uint32": uint32(math.MaxUint32),
	"int64": int64(math.MinInt64), "float32": float32(0.5), "float64": math.Pi,
	"decimal": Decimal{Scale: 2, Value: 314}, "string": "text", "binary": []byte{0, 255},
	"array": []any{int32(1), "two", []any{}, Table{}}, "timestamp": Timestamp(math.MaxUint64),
	"table": Table{"a": nil}, "void": nil,
}

func TestTableRoundTrip(t *testing.T) {
	octets := everything.Append(nil)
	got, err := ParseTable(octets)
	if err != nil || !reflect.DeepEqual(got, everything) {
		t.Errorf("got %v, %v, want %v", got, err, everything)
	}
	if again := got.Append(nil); string(again) != string(octets) {
		t.Errorf("appended again:\n got %x\nwant %x", again, octets)
	}
	if err := everything.Check(); err != nil {
		t.Errorf("Check: %v", err)
	}
}

func TestTableOctets(t *testing.T) {
	tests := []struct {
		name   string
		table  Table
		octets string
	}{
		{"empty", Table{}, ""},
		{"sorted by name", Table{"b": true, "a": false, "": nil}, "\x00V" + "\x01at\x00" + "\x01bt\x01"},
		{"s is an integer", Table{"a": int16(-2)}, "\x01as\xff\xfe"},
		{"l is signed", Table{"a": int64(-2)}, "\x01al\xff\xff\xff\xff\xff\xff\xff\xfe"},
		{"a decimal is unsigned", Table{"a": Decimal{1, math.MaxUint32}}, "\x01aD\x01\xff\xff\xff\xff"},
		{"lengths count octets", Table{"é": "é"}, "\x02éS\x00\x00\x00\x02é"},
		{"an array", Table{"a": []any{nil, uint8(1)}}, "\x01aA\x00\x00\x00\x03VB\x01"},
		{"a table", Table{"a": Table{"b": nil}}, "\x01aF\x00\x00\x00\x03\x01bV"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := string(test.table.Append(nil)); got != test.octets {
				t.Errorf("Append: got %q, want %q", got, test.octets)
			}
			if got, err := ParseTable([]byte(test.octets)); err != nil || !reflect.DeepEqual(got, test.table) {
				t.Errorf("ParseTable: got %v, %v, want %v", got, err, test.table)
			}
		})
	}
}

func TestParseTableIsGenerous(t *testing.T) {
	tests := []struct {
		name   string
		octets string
		want   Table
	}{
		{"U is int16", "\x01aU\xff\xfe", Table{"a": int16(-2)}},
		{"L is int64", "\x01aL\xff\xff\xff\xff\xff\xff\xff\xfe", Table{"a": int64(-2)}},
		{"any octet but 0 is true", "\x01at\x05", Table{"a": true}},
		{"of entries with one name the first counts", "\x01aB\x01\x01aB\x02", Table{"a": uint8(1)}},
		{"names need not be UTF-8", "\x01\xffV", Table{"\xff": nil}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, err := ParseTable([]byte(test.octets)); err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, %v, want %v", got, err, test.want)
			}
		})
	}
}

func TestAppendTakesInt(t *testing.T) {
	got, want := Table{"a": -5}.Append(nil), Table{"a": int64(-5)}.Append(nil)
	if string(got) != string(want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

// nested returns a table in a table in a table, and so on, n of them.
func nested(n int) Table {
	t := Table{}
	for range n - 1 {
		t = Table{"t": t}
	}
	return t
}

func TestParseTableErrors(t *testing.T) {
	tests := []struct {
		name   string
		octets string
		want   string
	}{
		{"a name cut short", "\x05ab", "field table cut short"},
		{"no tag", "\x01a", "field table cut short"},
		{"a value cut short", "\x01aI\x00\x00\x00", "field table cut short"},
		{"a length cut short", "\x01aS\x00\x00", "field table cut short"},
		{"a string cut short", "\x01aS\x00\x00\x00\x02a", "field table cut short"},
		{"a length beyond everything", "\x01aS\xff\xff\xff\xff", "field table cut short"},
		{"an array whose last value is cut short", "\x01aA\x00\x00\x00\x02I\x00\x01bV", "field table cut short"},
		{"a table whose last value is cut short", "\x01aF\x00\x00\x00\x03\x01aI", "field table cut short"},
		{"an unknown tag", "\x01aq\x00", "field table with the unknown tag 113"},
		{"an unknown tag in an array", "\x01aA\x00\x00\x00\x01z", "field table with the unknown tag 122"},
		{"nested too deep", string(nested(34).Append(nil)), "field table nested deeper than 32"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseTable([]byte(test.octets))
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Code != FrameError || e.Text != test.want {
				t.Errorf("ParseTable: got %v, want %s", err, test.want)
			}
			if err := checkEntries([]byte(test.octets), maxNesting); !sameError(err, e) {
				t.Errorf("checkEntries: got %v, want %v", err, e)
			}
		})
	}
}

func TestNestingAtTheLimit(t *testing.T) {
	octets := nested(33).Append(nil) // 32 in the outermost
	if _, err := ParseTable(octets); err != nil {
		t.Errorf("ParseTable: %v", err)
	}
	if err := checkEntries(octets, maxNesting); err != nil {
		t.Errorf("checkEntries: %v", err)
	}
	if err := nested(33).Check(); err != nil {
		t.Errorf("Check: %v", err)
	}
	if err := nested(34).Check(); err == nil {
		t.Error("Check passes what ParseTable refuses")
	}
}

func TestTableCheck(t *testing.T) {
	tests := []struct {
		name  string
		table Table
		want  string
	}{
		{"a long name", Table{strings.Repeat("a", 256): nil}, "field name longer than 255 octets"},
		{"a type of Go's", Table{"a": uint(1)}, "field value of the type uint"},
		{"a type of Go's deep inside", Table{"a": []any{Table{"b": struct{}{}}}}, "field value of the type struct {}"},
		{"a map that is no Table", Table{"a": map[string]any{}}, "field value of the type map[string]interface {}"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.table.Check()
			if e, ok := errors.AsType[*Error](err); !ok || e.Code != SyntaxError || e.Text != test.want {
				t.Errorf("Check: got %v, want %s", err, test.want)
			}
			defer func() {
				if recover() == nil {
					t.Error("Append did not panic")
				}
			}()
			test.table.Append(nil)
		})
	}
}
