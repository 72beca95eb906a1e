//go:build unix

// Package disk is how much room there is on a disk.
package disk

import (
	"fmt"
	"syscall"
)

// Free returns how many octets a program may still write to the file system that
// holds a directory.
func Free(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("free disk space of %s: %w", dir, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
