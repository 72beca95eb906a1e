//go:build !linux

package badger

// An adviser does nothing where the kernel needs no advice, see advise_linux.go.
type adviser struct{}

func newAdviser(string) *adviser { return &adviser{} }

func (*adviser) advise() {}
