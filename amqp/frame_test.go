package amqp

import "testing"

func TestFrameString(t *testing.T) {
	tests := []struct {
		payload string
		want    string
	}{
		{"", "type 1, all octets = <<>>"},
		{"\x00\x3c\xff", "type 1, all octets = <<0,60,255>>"},
		{"abc", `type 1, all octets = <<"abc">>`},
		{"0123456789abcdef", `type 1, all octets = <<"0123456789abcdef">>`},
		{"0123456789abcdefg", `type 1, first 16 octets = <<"0123456789abcdef">>`},
		{"0123456789abcdef\x00", `type 1, first 16 octets = <<"0123456789abcdef">>`},
		{"a\"\\\n\r\t\x1b", `type 1, all octets = <<"a\"\\\n\r\t\e">>`},
		{"a\x7f", "type 1, all octets = <<97,127>>"},
		{"a\x9f", "type 1, all octets = <<97,159>>"},
		{"\xa1\xe9", `type 1, all octets = <<"¡é">>`},
	}
	for _, test := range tests {
		if got := (Frame{Type: FrameMethod, Payload: []byte(test.payload)}).String(); got != test.want {
			t.Errorf("%q:\n got %s\nwant %s", test.payload, got, test.want)
		}
	}
}
