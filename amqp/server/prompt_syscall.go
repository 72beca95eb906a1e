//go:build unix && (!linux || race)

package server

import "syscall"

// Elsewhere there is no such call, and the race detector could not see that what is
// read comes after what was written.

func promptRead(fd uintptr, b []byte) (int, error) { return syscall.Read(int(fd), b) }

func promptWrite(fd uintptr, b []byte) (int, error) { return syscall.Write(int(fd), b) }
