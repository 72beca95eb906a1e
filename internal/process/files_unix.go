//go:build unix

package process

import "syscall"

// MaxFiles returns how many files and sockets the process may have open, and false where
// nobody can tell.
func MaxFiles() (n int, ok bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, false
	}
	return int(min(uint64(limit.Cur), 1<<31-1)), true
}
