//go:build unix

package server

import (
	"errors"
	"syscall"
)

// isTooManyFiles reports whether accepting failed for want of descriptors.
func isTooManyFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// isReset reports whether the client has dropped the connection.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
