package badger

import (
	"os"
	"syscall"
)

// preallocate makes a file size octets long, with room on disk for all of them.
func preallocate(f *os.File, size int64) error {
	return retried(func() error { return syscall.Fallocate(int(f.Fd()), 0, 0, size) })
}

// datasync is what Sync is, without the times in the file's description.
func datasync(f *os.File) error {
	return retried(func() error { return syscall.Fdatasync(int(f.Fd())) })
}

// retried calls f again for as long as a signal interrupts it.
func retried(f func() error) error {
	for {
		if err := f(); err != syscall.EINTR {
			return err
		}
	}
}
