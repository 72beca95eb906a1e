//go:build unix

package disk

import "golang.org/x/sys/unix"

// Writable reports whether the program may make files in a directory.
func Writable(dir string) bool { return unix.Access(dir, unix.W_OK|unix.X_OK) == nil }
