package exchange

import (
	"strings"

	"github.com/harebellmq/harebell/amqp"
)

// topic matches binding keys that are patterns of words between dots: * is any
// one word, # any number of them, none included.
//
// The patterns form a trie of words. A match walks it with a set of live
// positions: the numbers of words of the routing key that a node's pattern can
// have used up. Each node has one parent, so it is visited at most once, and many
// # in a pattern cost no more than its other words do. Guessing instead, for each
// # in turn, how many words it stands for takes a time that grows exponentially.
//
// spec: the topic exchange type
type topic struct{ root node }

// A node stands for the words from the root to it.
type node struct {
	parent *node
	word   string
	words  map[string]*node // nodes one literal word further
	one    *node            // one * further
	any    *node            // one # further
	bound  set              // bindings with exactly this key
}

const (
	oneWord  = "*"
	anyWords = "#"
)

func (t *topic) bind(b *binding) error {
	n := &t.root
	for rest, more := b.Key, b.Key != ""; more; {
		var word string
		word, rest, more = strings.Cut(rest, ".")
		n = n.grow(word)
	}
	n.bound.add(b)
	b.node = n
	return nil
}

// CheckHashes returns PRECONDITION_FAILED if a topic exchange's binding key has
// more than two words #. Here they do no harm; a broker may refuse them
// nevertheless.
func CheckHashes(key string) error {
	hashes := 0
	for word := range strings.SplitSeq(key, ".") {
		if word == anyWords {
			hashes++
		}
	}
	if hashes > 2 {
		return amqp.Errorf(amqp.PreconditionFailed, "Topic binding key '%s' uses %d '#' wildcards, at most 2 are allowed", key, hashes)
	}
	return nil
}

// unbind takes out b and the part of the trie that led to nothing else.
func (t *topic) unbind(b *binding) {
	n := b.node
	n.bound.remove(b)
	for n.parent != nil && n.bound.empty() && n.leaf() {
		n.parent.cut(n)
		n = n.parent
	}
}

// grow returns the node one word further, and makes it if need be.
func (n *node) grow(word string) *node {
	child := n.child(word)
	if child != nil {
		return child
	}
	child = &node{parent: n, word: word}
	switch word {
	case oneWord:
		n.one = child
	case anyWords:
		n.any = child
	default:
		if n.words == nil {
			n.words = make(map[string]*node)
		}
		n.words[word] = child
	}
	return child
}

func (n *node) child(word string) *node {
	switch word {
	case oneWord:
		return n.one
	case anyWords:
		return n.any
	}
	return n.words[word]
}

func (n *node) cut(child *node) {
	switch child.word {
	case oneWord:
		n.one = nil
	case anyWords:
		n.any = nil
	default:
		if delete(n.words, child.word); len(n.words) == 0 {
			n.words = nil
		}
	}
}

// leaf reports whether no pattern goes on from n.
func (n *node) leaf() bool { return n.one == nil && n.any == nil && n.words == nil }

func (t *topic) match(dst []Destination, key string, _ amqp.Properties) []Destination {
	var (
		words [16]string // both are on the stack, and enough for keys of usual length
		live  [192]position
	)
	return t.root.match(dst, appendWords(words[:0], key), live[:1])
}

// appendWords splits a key at its dots. The empty key has no words; any other
// has one more than it has dots, some of them perhaps empty.
func appendWords(dst []string, key string) []string {
	for more := key != ""; more; {
		var word string
		word, key, more = strings.Cut(key, ".")
		dst = append(dst, word)
	}
	return dst
}

// A position is a number of words of the routing key that are used up, from none
// to all.
type position int32

// match appends the destinations of all patterns through n. The live positions
// are in ascending order, and there is at least one. The room behind them in
// their array is scratch space for the nodes below: one path of the trie is
// walked at a time.
func (n *node) match(dst []Destination, words []string, live []position) []Destination {
	if int(live[len(live)-1]) == len(words) {
		dst = append(dst, n.bound.destinations...)
	}
	if n.any != nil {
		dst = n.any.matchAny(dst, words, live)
	}
	if n.one != nil {
		if next := afterOne(words, live); len(next) > 0 {
			dst = n.one.match(dst, words, next)
		}
	}
	if n.words != nil {
		dst = n.matchWords(dst, words, live)
	}
	return dst
}

// matchAny goes on to n by a #: every position from the first live one on is live.
func (n *node) matchAny(dst []Destination, words []string, live []position) []Destination {
	if n.leaf() {
		return append(dst, n.bound.destinations...)
	}
	next := live[len(live):]
	for at := live[0]; at <= position(len(words)); at++ {
		next = append(next, at)
	}
	return n.match(dst, words, next)
}

// afterOne returns the positions after a *: each moves on by one, if it can.
func afterOne(words []string, live []position) (next []position) {
	next = live[len(live):]
	for _, at := range live {
		if int(at) < len(words) {
			next = append(next, at+1)
		}
	}
	return next
}

// matchWords goes on to the nodes of the words that come next.
func (n *node) matchWords(dst []Destination, words []string, live []position) []Destination {
	for i, at := range live {
		if int(at) == len(words) {
			break
		}
		word := words[at]
		child := n.words[word]
		if child == nil || comesNext(word, words, live[:i]) {
			continue // no pattern has it, or it was followed from a position before
		}
		dst = child.match(dst, words, afterWord(word, words, live))
	}
	return dst
}

// afterWord returns the positions after a word that comes next at one or more.
func afterWord(word string, words []string, live []position) (next []position) {
	next = live[len(live):]
	for _, at := range live {
		if int(at) < len(words) && words[at] == word {
			next = append(next, at+1)
		}
	}
	return next
}

// comesNext reports whether a word comes next at one of the positions.
func comesNext(word string, words []string, live []position) bool {
	for _, at := range live {
		if words[at] == word {
			return true
		}
	}
	return false
}
