//go:build unix

package server

import (
	"net"
	"syscall"
)

// writeSome returns a function that writes as much to a connection as it takes
// without waiting, and returns how much that was; or nil if there is no way.
// Another write must not be under way.
func writeSome(conn net.Conn) func([]byte) int {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	return func(b []byte) (n int) {
		// An error is seen by the write loop, which is left with the rest.
		_ = raw.Write(func(fd uintptr) bool {
			n, _ = syscall.Write(int(fd), b)
			return true
		})
		return max(0, n)
	}
}
