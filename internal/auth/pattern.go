package auth

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// A pattern says which names a permission is about: a regular expression, which
// need not match the whole name. The empty pattern is for the empty name alone.
//
// rabbitmq: patterns are Perl's there. Ours are RE2's, which take time in
// proportion to the name, whatever the pattern; they lack what looks ahead,
// behind or back, and a pattern that needs it is refused when it is set.
type pattern struct {
	expression *regexp.Regexp
	any        bool // whatever the name: no need to look
}

// A PatternError says that a pattern is none.
type PatternError struct {
	Pattern string
	Reason  string
}

func (e *PatternError) Error() string {
	return fmt.Sprintf("pattern %q: %s", e.Pattern, e.Reason)
}

// compile makes a pattern of its text. The error is a *PatternError.
func compile(text string) (pattern, error) {
	if text == "" {
		text = "^$"
	}
	expression, err := regexp.Compile(text)
	if err != nil {
		reason := err.Error()
		if e, ok := errors.AsType[*syntax.Error](err); ok {
			reason = fmt.Sprintf("%s: `%s`; patterns are RE2's, see https://github.com/google/re2/wiki/Syntax", e.Code, e.Expr)
		}
		return pattern{}, &PatternError{Pattern: text, Reason: reason}
	}
	return pattern{expression: expression, any: text == ".*"}, nil
}

// match reports whether a name is one of those meant.
func (p pattern) match(name string) bool {
	return p.any || p.expression.MatchString(name)
}

// compileTopic makes the pattern of a topic permission, in which {username} and
// {vhost} stand for the user's name and the virtual host's.
//
// The names are taken as they are: a user called "a.b" gets no access to what
// begins with "axb", and one called "(" is no mistake. RabbitMQ reads them as
// part of the expression.
func compileTopic(text, user, vhost string) (pattern, error) {
	p, err := compile(strings.NewReplacer(
		"{username}", regexp.QuoteMeta(user),
		"{vhost}", regexp.QuoteMeta(vhost),
	).Replace(text))
	if e, ok := errors.AsType[*PatternError](err); ok {
		e.Pattern = text
	}
	return p, err
}
