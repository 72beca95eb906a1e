package amqp

import (
	"fmt"
	"unicode/utf8"
)

// maxReplyText is what fits into a reply-text, which is a short string.
const maxReplyText = maxShortstr

// An Error is something a client did that AMQP has a reply code for. Every room
// returns it; only the server turns it into channel.close or connection.close.
type Error struct {
	Code Code
	Text string // the explanation, without the code's name in front; may be empty

	// Method is the method to blame, or 0 when none is. Rooms leave it 0; the
	// server fills in the method it was carrying out.
	Method MethodID
}

// Errorf makes an Error whose text follows RabbitMQ's, which clients and their
// logs know.
func Errorf(c Code, format string, args ...any) *Error {
	return &Error{Code: c, Text: fmt.Sprintf(format, args...)}
}

// Error returns the whole reply text, however long.
func (e *Error) Error() string {
	if e.Text == "" {
		return e.Code.String()
	}
	return e.Code.String() + " - " + e.Text
}

// ReplyText returns the reply text as it goes over the wire: at most 255 octets,
// a longer one cut before the last rune that would not fit and ended with "...".
func (e *Error) ReplyText() string {
	text := e.Error()
	if len(text) <= maxReplyText {
		return text
	}
	end := maxReplyText - len("...")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}
