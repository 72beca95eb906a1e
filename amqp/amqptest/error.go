package amqptest

import (
	"errors"
	"fmt"
)

// What errors wrap that tell of a broker which cannot be asked at the moment, or
// at all, and of what it does not have.
var (
	ErrDown     = errors.New("the broker is down, after Kill: Restart starts it again")
	ErrClosed   = errors.New("the broker is closed: use it before Close, or before the test ends")
	ErrNotFound = errors.New("not found")
)

// A missing error says what is not there, and what there is. It is ErrNotFound.
type missing struct{ text string }

func notFound(format string, args ...any) error { return missing{fmt.Sprintf(format, args...)} }

func (m missing) Error() string { return m.text }

// Is makes it ErrNotFound.
func (m missing) Is(target error) bool { return target == ErrNotFound }
