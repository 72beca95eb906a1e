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

// readable reports whether a socket has something to read, and whether it has ended.
func readable(conn syscall.Conn) (octets, end bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false, false // closed, and its loops are ending
	}
	// One that is closed meanwhile has nothing.
	_ = raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		octets, end = n > 0, n == 0 && err == nil
	})
	return octets, end
}

// isReset reports whether the client has dropped the connection.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
