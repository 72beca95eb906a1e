package conformance

// T is what a rule reports to. It is the part of *testing.T that the rules need,
// so that a program can run them without the testing package.
type T interface {
	// Name returns the name of the rule, and of the part of it, behind slashes.
	Name() string
	// Run runs a part of the rule and reports whether it held so far. A part that
	// runs in parallel runs after the function that started it has returned.
	Run(name string, part func(T)) bool
	// Parallel waits for the rules that must run alone, and then for its turn.
	Parallel()
	// Cleanup has a function called when the rule and all parts of it have ended,
	// the last one first.
	Cleanup(func())
	// Helper marks the calling function as one whose callers are to blame.
	Helper()

	Log(values ...any)
	Logf(format string, values ...any)
	Error(values ...any)
	Errorf(format string, values ...any)
	// Fatal, Fatalf and Skip end the goroutine that calls them.
	Fatal(values ...any)
	Fatalf(format string, values ...any)
	Skip(values ...any)
}
