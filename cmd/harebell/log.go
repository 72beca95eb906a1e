package main

import (
	"os"
	"time"

	"github.com/rs/zerolog"
)

// newLogger makes the logger that the settings ask for. format has been checked.
func newLogger(f *os.File, format string) zerolog.Logger {
	zerolog.TimeFieldFormat = "2006-01-02T15:04:05.000Z07:00"
	if format == "console" || format == "auto" && isTerminal(f) {
		console := zerolog.ConsoleWriter{Out: f, TimeFormat: time.TimeOnly, NoColor: !isTerminal(f)}
		return zerolog.New(console).Level(zerolog.TraceLevel).With().Timestamp().Logger()
	}
	return zerolog.New(f).Level(zerolog.TraceLevel).With().Timestamp().Logger()
}

// logOutput returns the file of a name that has been checked.
func logOutput(name string) *os.File {
	if name == "stdout" {
		return os.Stdout
	}
	return os.Stderr
}

// setLogLevel sets from which level on to log, which has been checked. It is the
// process's: loggers that have been handed on follow it.
func setLogLevel(level string) {
	at, err := zerolog.ParseLevel(level)
	if err != nil || level == "none" {
		at = zerolog.Disabled
	}
	zerolog.SetGlobalLevel(at)
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
