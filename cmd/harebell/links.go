package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/urfave/cli/v2"
)

// linksName is the command that makes links.
const linksName = "install-links"

func linksCommand() *cli.Command {
	return &cli.Command{
		Name:      linksName,
		Usage:     "let the program be called as rabbitmqctl and its like",
		ArgsUsage: "DIRECTORY",
		Description: "Makes links in a directory to this program, one for each of RabbitMQ's tools that it\n" +
			"has. What is there already and is not this program stays, and is an error.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "copy", Usage: "make copies, where there can be no links", DisableDefaultText: true},
		},
		OnUsageError:    plainError,
		HideHelpCommand: true,
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return fmt.Errorf("got %d arguments: want %s DIRECTORY, and flags before it", c.NArg(), c.Command.HelpName)
			}
			program, err := os.Executable()
			if err != nil {
				return err
			}
			if program, err = filepath.EvalSymlinks(program); err != nil {
				return err
			}
			return linker{program, c.Bool("copy"), c.App.Writer}.all(c.Args().First())
		},
	}
}

// A linker makes links to a program.
type linker struct {
	program string // where it is
	copy    bool
	out     io.Writer // is told what was done
}

// all makes all links in a directory, as far as they can be made.
func (l linker) all(dir string) error {
	var failed []error
	for _, name := range toolNames() {
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		failed = append(failed, l.one(filepath.Join(dir, name)))
	}
	return errors.Join(failed...)
}

// one makes one, unless it is there.
func (l linker) one(path string) error {
	if _, err := os.Lstat(path); err == nil {
		ours, err := l.isOurs(path)
		switch {
		case err != nil:
			return err
		case !ours:
			return fmt.Errorf("%s: there is something else: it stays", path)
		}
		fmt.Fprintf(l.out, "%s is there\n", path)
		return nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if l.copy {
		if err := l.copyTo(path); err != nil {
			return err
		}
		fmt.Fprintf(l.out, "%s is a copy of %s\n", path, l.program)
		return nil
	}
	if err := os.Symlink(l.program, path); err != nil {
		return fmt.Errorf("%w; --copy makes a copy instead", err)
	}
	fmt.Fprintf(l.out, "%s -> %s\n", path, l.program)
	return nil
}

// isOurs reports whether a file is the program, by a link or as a copy.
func (l linker) isOurs(path string) (bool, error) {
	there, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil // a link to nowhere is not known to be ours
	}
	if err != nil {
		return false, err
	}
	program, err := os.Stat(l.program)
	if err != nil {
		return false, err
	}
	if os.SameFile(there, program) {
		return true, nil
	}
	if there.Size() != program.Size() {
		return false, nil
	}
	return sameContent(path, l.program)
}

func sameContent(a, b string) (bool, error) {
	x, err := os.ReadFile(a)
	if err != nil {
		return false, err
	}
	y, err := os.ReadFile(b)
	return err == nil && string(x) == string(y), err
}

// copyTo makes a hard link, or else a copy, which takes room.
func (l linker) copyTo(path string) error {
	if os.Link(l.program, path) == nil {
		return nil
	}
	from, err := os.Open(l.program)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}
