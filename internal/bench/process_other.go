//go:build !unix

package bench

import (
	"errors"
	"io/fs"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

func killGroup(int) error { return errors.ErrUnsupported }

func terminate(int) error { return errors.ErrUnsupported }

func raiseFileLimit() error { return nil }

func allocated(info fs.FileInfo) int64 { return info.Size() }
