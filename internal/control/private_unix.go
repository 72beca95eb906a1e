//go:build unix

package control

import (
	"fmt"
	"os"
	"syscall"
)

// Private returns an error unless a directory belongs to who runs the program, and only
// that one may open it. In a directory for everybody's files somebody else may have made
// it first.
func Private(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !ok || int(owner.Uid) != os.Geteuid() {
		return fmt.Errorf("%s: want a directory that is mine, and of mode 0700", dir)
	}
	return nil
}
