//go:build unix

package bench

import (
	"io/fs"
	"os/exec"
	"syscall"
)

// ownGroup makes a command the leader of a group of processes, to be ended
// together.
func ownGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends the group of a process at once. That it has ended already is no
// error.
func killGroup(pid int) error {
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != syscall.ESRCH {
		return err
	}
	return nil
}

// terminate asks a process to end in order.
func terminate(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) }

// raiseFileLimit lets this process, and those it starts, open as many files as the
// system allows.
func raiseFileLimit() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

// allocated returns the octets that a file takes on the disk.
func allocated(info fs.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int64(s.Blocks) * 512
	}
	return info.Size()
}
