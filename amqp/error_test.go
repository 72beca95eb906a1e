package amqp

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestErrorReplyText(t *testing.T) {
	tests := []struct {
		name string
		err  *Error
		want string
	}{
		{"the name and the text", Errorf(NotFound, "no queue '%s'", "q"), "NOT_FOUND - no queue 'q'"},
		{"the name alone", &Error{Code: InternalError}, "INTERNAL_ERROR"},
		{"a code without a name", Errorf(299, "hm"), "299 - hm"},
		{"as long as can be", Errorf(NotFound, "%s", strings.Repeat("a", 243)), "NOT_FOUND - " + strings.Repeat("a", 243)},
		{"too long", Errorf(NotFound, "%s", strings.Repeat("a", 244)), "NOT_FOUND - " + strings.Repeat("a", 240) + "..."},
		{"too long within a rune", Errorf(NotFound, "a%s", strings.Repeat("é", 200)), "NOT_FOUND - a" + strings.Repeat("é", 119) + "..."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := test.err.ReplyText()
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if len(got) > 255 || !utf8.ValidString(got) {
				t.Errorf("%d octets, valid UTF-8 %v, want at most 255 and valid", len(got), utf8.ValidString(got))
			}
		})
	}
}

func TestTheLongestErrorsStayShort(t *testing.T) {
	payload := append([]byte{0, 20, 0, 10, 0}, bytes.Repeat([]byte{7}, 100_000)...)
	_, err := ParseMethod(payload)
	if err == nil || len(err.Error()) > 1100 {
		t.Errorf("got an error of %d octets, want at most 1100", len(err.Error()))
	}
}

func TestCodeHard(t *testing.T) {
	for code, want := range map[Code]bool{NotFound: false, PreconditionFailed: false, ContentTooLarge: false, FrameError: true, ConnectionForced: true, InvalidPath: true} {
		if got := code.Hard(); got != want {
			t.Errorf("%v: got %v, want %v", code, got, want)
		}
	}
}
