//go:build !unix

package disk

// Writable cannot tell on this system, which has none of the directories that anybody
// asks about.
func Writable(string) bool { return false }
