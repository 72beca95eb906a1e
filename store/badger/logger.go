package badger

import (
	"fmt"
	"strings"
)

// logger passes on what Badger has to say. Two of its messages are failures that
// Badger reports in no other way: after them nothing may be promised any more.
type logger struct{ s *Store }

var fatal = []string{
	"Error while curlf sync", // the value log was not synced
	"error flushing memtable to disk",
}

func (l logger) Errorf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, prefix := range fatal {
		if strings.HasPrefix(format, prefix) {
			l.s.fail(fmt.Errorf("write: %s", strings.TrimSpace(text)))
			return
		}
	}
	l.s.log.Error().Str("text", strings.TrimSpace(text)).Msg("badger")
}

func (l logger) Warningf(format string, args ...any) {
	l.s.log.Warn().Str("text", strings.TrimSpace(fmt.Sprintf(format, args...))).Msg("badger")
}

func (l logger) Infof(format string, args ...any) {
	if e := l.s.log.Debug(); e.Enabled() {
		e.Str("text", strings.TrimSpace(fmt.Sprintf(format, args...))).Msg("badger")
	}
}

func (l logger) Debugf(format string, args ...any) {
	if e := l.s.log.Trace(); e.Enabled() {
		e.Str("text", strings.TrimSpace(fmt.Sprintf(format, args...))).Msg("badger")
	}
}
