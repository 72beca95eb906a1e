package amqptest

// A TB is what a broker needs of the test that it belongs to. *testing.T,
// *testing.B and *testing.F have it, and so has what test frameworks give in
// their place.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}
