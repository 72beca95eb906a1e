//go:build !unix

package server

import "syscall"

// readable does not know.
func readable(syscall.Conn) (octets, end bool) { return false, false }

func isTooManyFiles(error) bool { return false }

func isReset(error) bool { return false }
