package main

import (
	"os"
	"time"

	"github.com/rs/zerolog"
)

// newLogger makes the logger that the settings ask for. level and format have
// been checked.
func newLogger(f *os.File, level, format string) zerolog.Logger {
	zerolog.TimeFieldFormat = "2006-01-02T15:04:05.000Z07:00"
	at, err := zerolog.ParseLevel(level)
	if err != nil || level == "none" {
		at = zerolog.Disabled
	}
	if format == "console" || format == "auto" && isTerminal(f) {
		console := zerolog.ConsoleWriter{Out: f, TimeFormat: time.TimeOnly, NoColor: !isTerminal(f)}
		return zerolog.New(console).Level(at).With().Timestamp().Logger()
	}
	return zerolog.New(f).Level(at).With().Timestamp().Logger()
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
