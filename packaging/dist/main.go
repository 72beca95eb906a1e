// Dist makes what is released: archives of the program for each system, packages for
// Debian and RPM, a formula for Homebrew, and checksums of all of them. The same commit
// makes the same files, octet for octet, with the same version of Go.
//
//	go run ./packaging/dist --version 1.0.0
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// nfpm makes the packages. Later versions need modules that are not on every proxy.
const nfpm = "github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.4"

// targets are the systems that there are archives for.
var targets = []target{
	{"linux", "amd64"}, {"linux", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

type target struct{ system, machine string }

func main() {
	version := flag.String("version", "", "of the release")
	out := flag.String("out", "dist", "directory to fill")
	packages := flag.Bool("packages", true, "make packages for Debian and RPM too")
	flag.Parse()
	if *version == "" || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "dist: want --version, and nothing but flags")
		os.Exit(2)
	}
	at, err := sourceDate()
	if err == nil {
		err = release{version: *version, out: *out, at: at}.make(*packages)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

// sourceDate is the time that everything in the release has: that of the commit, unless
// the environment has another.
func sourceDate() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		out, err := exec.Command("git", "log", "-1", "--format=%ct").Output()
		if err != nil {
			return time.Time{}, fmt.Errorf("time of the commit: %w; SOURCE_DATE_EPOCH sets another", err)
		}
		text = strings.TrimSpace(string(out))
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH=%s: want seconds", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// A release is one version, for everybody.
type release struct {
	version, out string
	at           time.Time
}

func (r release) make(packages bool) error {
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	work := filepath.Join(r.out, "build")
	if packages {
		if err := completions(work); err != nil {
			return err
		}
	}
	for _, t := range targets {
		binary, err := r.build(t, work)
		if err != nil {
			return err
		}
		if err := r.archive(t, binary); err != nil {
			return fmt.Errorf("archive of %s/%s: %w", t.system, t.machine, err)
		}
		if packages && t.system == "linux" {
			if err := r.packages(t, binary, work); err != nil {
				return err
			}
		}
	}
	if err := os.RemoveAll(work); err != nil {
		return err
	}
	if err := r.formula(); err != nil {
		return fmt.Errorf("formula: %w", err)
	}
	return r.checksums()
}

// build makes the program for a target.
func (r release) build(t target, work string) (binary string, err error) {
	binary = filepath.Join(work, t.system+"_"+t.machine, "harebell")
	if t.system == "windows" {
		binary += ".exe"
	}
	command := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid= -X main.release="+r.version, "-o", binary, "./cmd/harebell")
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.system, "GOARCH="+t.machine, "GOFLAGS=")
	return binary, loudly(command)
}

// completions writes what shells complete commands by, under the names that they look
// for.
func completions(work string) error {
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	for shell, name := range map[string]string{"bash": "harebell.bash", "zsh": "_harebell", "fish": "harebell.fish"} {
		script, err := exec.Command("go", "run", "./cmd/harebell", "completion", shell).Output()
		if err != nil {
			return fmt.Errorf("completion for %s: %w", shell, err)
		}
		if err := os.WriteFile(filepath.Join(work, name), script, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// packages makes a package for Debian and one for RPM.
func (r release) packages(t target, binary, work string) error {
	for _, kind := range []string{"deb", "rpm"} {
		command := exec.Command("go", "run", nfpm, "package", "--config", "packaging/nfpm.yaml", "--packager", kind, "--target", r.out)
		command.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "ARCH="+t.machine, "VERSION="+strings.TrimPrefix(r.version, "v"), "BINARY="+binary, "COMPLETIONS="+work,
			fmt.Sprint("SOURCE_DATE_EPOCH=", r.at.Unix()))
		if err := loudly(command); err != nil {
			return err
		}
	}
	return nil
}

func loudly(command *exec.Cmd) error {
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return nil
}
