//go:build !unix

package server

import "syscall"

// readable does not know.
func readable(syscall.Conn) bool { return false }

func isTooManyFiles(error) bool { return false }

func isReset(error) bool { return false }
