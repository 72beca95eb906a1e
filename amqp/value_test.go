package amqp

import (
	"math"
	"testing"
)

func TestEqualValue(t *testing.T) {
	tests := []struct {
		name string
		a, b any
		want bool
	}{
		{"integers of all widths", int8(1), uint32(1), true},
		{"integers of all widths, again", int64(255), uint8(255), true},
		{"integers that differ", int32(1), int32(2), false},
		{"a sign matters", int8(-1), uint8(255), false},
		{"floats of both widths", float32(0.5), 0.5, true},
		{"a float is no integer", 1.0, int32(1), false},
		{"an integer is no float", int32(1), 1.0, false},
		{"not a number", math.NaN(), math.NaN(), false},
		{"strings", "a", "a", true},
		{"strings differ by case", "a", "A", false},
		{"a string and a binary", "a", []byte("a"), true},
		{"a binary and a string", []byte("a"), "b", false},
		{"a string is no number", "1", int32(1), false},
		{"booleans", true, true, true},
		{"a boolean is no number", true, int8(1), false},
		{"a number is no boolean", int8(1), true, false},
		{"void", nil, nil, true},
		{"void is nothing else", nil, false, false},
		{"nothing else is void", "", nil, false},
		{"decimals", Decimal{1, 10}, Decimal{1, 10}, true},
		{"decimals of another scale", Decimal{1, 10}, Decimal{2, 100}, false},
		{"timestamps", Timestamp(1), Timestamp(1), true},
		{"a timestamp is no integer", Timestamp(1), int64(1), false},
		{"arrays", []any{int8(1), "a"}, []any{int64(1), []byte("a")}, true},
		{"arrays in another order", []any{int8(1), int8(2)}, []any{int8(2), int8(1)}, false},
		{"arrays of another length", []any{int8(1)}, []any{int8(1), int8(1)}, false},
		{"an array is no table", []any{}, Table{}, false},
		{"tables", Table{"a": int8(1)}, Table{"a": int16(1)}, true},
		{"tables with other names", Table{"a": nil}, Table{"b": nil}, false},
		{"tables of another length", Table{}, Table{"b": nil}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := EqualValue(test.a, test.b); got != test.want {
				t.Errorf("EqualValue(%v, %v): got %v, want %v", test.a, test.b, got, test.want)
			}
			if got := EqualValue(test.b, test.a); got != test.want {
				t.Errorf("EqualValue(%v, %v): got %v, want %v", test.b, test.a, got, test.want)
			}
		})
	}
}

func TestTableEqual(t *testing.T) {
	tests := []struct {
		name string
		t, u Table
		want bool
	}{
		{"nil and empty", nil, Table{}, true},
		{"the same", everything, everything, true},
		{"another width", Table{"a": int32(1)}, Table{"a": int64(1)}, false},
		{"another width deep inside", Table{"a": []any{Table{"b": int32(1)}}}, Table{"a": []any{Table{"b": int64(1)}}}, false},
		{"a string and a binary", Table{"a": "b"}, Table{"a": []byte("b")}, false},
		{"another value", Table{"a": "b"}, Table{"a": "c"}, false},
		{"another name", Table{"a": "b"}, Table{"c": "b"}, false},
		{"one more", Table{"a": "b"}, Table{"a": "b", "c": "d"}, false},
		{"a NaN is itself", Table{"a": math.NaN()}, Table{"a": math.NaN()}, true},
		{"zeros of both signs", Table{"a": 0.0}, Table{"a": math.Copysign(0, -1)}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.t.Equal(test.u); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if got := test.u.Equal(test.t); got != test.want {
				t.Errorf("the other way round: got %v, want %v", got, test.want)
			}
		})
	}
}

func TestTypeName(t *testing.T) {
	want := map[string]string{
		"bool": "bool", "int8": "byte", "uint8": "unsignedbyte", "int16": "short", "uint16": "unsignedshort",
		"int32": "signedint", "uint32": "unsignedint", "int64": "long", "float32": "float", "float64": "double",
		"decimal": "decimal", "string": "longstr", "binary": "binary", "array": "array",
		"timestamp": "timestamp", "table": "table", "void": "void",
	}
	for name, v := range everything {
		if got := TypeName(v); got != want[name] {
			t.Errorf("%s: got %q, want %q", name, got, want[name])
		}
	}
	if got, want := TypeName(struct{}{}), "struct {}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestInteger(t *testing.T) {
	for _, v := range []any{int8(7), uint8(7), int16(7), uint16(7), int32(7), uint32(7), int64(7), 7} {
		if n, ok := Integer(v); n != 7 || !ok {
			t.Errorf("%T: got %d, %v, want 7", v, n, ok)
		}
	}
	for _, v := range []any{7.0, float32(7), "7", true, nil, Timestamp(7), Decimal{0, 7}} {
		if n, ok := Integer(v); ok {
			t.Errorf("%T: got %d, want none", v, n)
		}
	}
}

func TestFormatValue(t *testing.T) {
	tests := []struct {
		value any
		want  string
	}{
		{"foo", "foo"},
		{[]byte("foo"), "foo"},
		{int32(-1000), "-1000"},
		{uint32(math.MaxUint32), "4294967295"},
		{true, "true"},
		{Timestamp(5), "5"},
		{nil, "undefined"},
		{[]uint{1}, "[1]"},

		// What Erlang prints for these.
		{Decimal{2, 314}, "{2,314}"},
		{[]any{}, "[]"},
		{[]any{int32(1), "b", nil, true}, `[{signedint,1},{longstr,<<"b">>},{void,undefined},{bool,true}]`},
		{[]any{[]any{Decimal{1, 5}}}, "[{array,[{decimal,{1,5}}]}]"},
		{Table{"a": []byte{0, 1}, "b": 0.5}, `[{<<"a">>,binary,<<0,1>>},{<<"b">>,double,0.5}]`},
		{1000.0, "1.0e3"},
		{100.0, "100.0"},
		{1200.0, "1.2e3"},
		{123456.0, "123456.0"},
		{100000.0, "1.0e5"},
		{1.5, "1.5"},
		{float32(0.5), "0.5"},
		{0.0, "0.0"},
		{math.Copysign(0, -1), "-0.0"},
		{0.001, "0.001"},
		{0.0001, "0.0001"},
		{0.00001, "1.0e-5"},
		{0.00123, "0.00123"},
		{-2.0e10, "-2.0e10"},
		{123.0e10, "1.23e12"},
		{1.0e100, "1.0e100"},
		{12345678901234567890.0, "1.2345678901234567e19"},
		{9007199254740992.0, "9.007199254740992e15"},
		{math.Inf(1), "+Inf"},
	}
	for _, test := range tests {
		if got := FormatValue(test.value); got != test.want {
			t.Errorf("FormatValue(%v): got %s, want %s", test.value, got, test.want)
		}
	}
}

func TestFormatBinaryAndFormatList(t *testing.T) {
	for octets, want := range map[string][2]string{
		"":            {"<<>>", "[]"},
		"text":        {`<<"text">>`, `"text"`},
		"a\n\"b\"":    {`<<"a\n\"b\"">>`, `"a\n\"b\""`},
		"\x00\x01":    {"<<0,1>>", "[0,1]"},
		"h\xe4ufig":   {`<<"häufig">>`, `"häufig"`},
		"a\x7f\xff\t": {"<<97,127,255,9>>", "[97,127,255,9]"},
	} {
		if got := FormatBinary(octets); got != want[0] {
			t.Errorf("FormatBinary(%q): got %s, want %s", octets, got, want[0])
		}
		if got := FormatList(octets); got != want[1] {
			t.Errorf("FormatList(%q): got %s, want %s", octets, got, want[1])
		}
	}
}
