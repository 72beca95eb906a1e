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

// readable reports whether a socket has something to read, or has ended.
func readable(conn syscall.Conn) (yes bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false // closed, and its loops are ending
	}
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		yes = err == nil
	})
	return yes && err == nil
}

// isReset reports whether the client has dropped the connection.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
