//go:build unix

package rabbitmqctl

import (
	"errors"
	"syscall"
)

// alive reports whether a process is there.
func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
