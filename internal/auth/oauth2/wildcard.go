package oauth2

import (
	"net/url"
	"strings"
)

// A wildcard is a pattern in which * stands for any text, even none, and %2A for an
// asterisk, as in the query of an address. Its zero value matches the empty text.
type wildcard []string // what is between the asterisks, decoded

// parseWildcard reads a pattern. One that is not encoded rightly matches nothing.
func parseWildcard(pattern string) (w wildcard, ok bool) {
	for part := range strings.SplitSeq(pattern, "*") {
		decoded, err := url.QueryUnescape(part)
		if err != nil {
			return nil, false
		}
		w = append(w, decoded)
	}
	return w, true
}

// match takes time in proportion to the text, whatever the pattern: the first place
// at which a part is found is as good as any other.
func (w wildcard) match(text string) bool {
	if len(w) < 2 {
		return text == strings.Join(w, "")
	}
	first, last := w[0], w[len(w)-1]
	rest, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	for _, part := range w[1 : len(w)-1] {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, last)
}
