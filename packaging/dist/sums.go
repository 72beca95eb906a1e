package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

// downloads is where archives of a version will be.
const downloads = "https://github.com/harebellmq/harebell/releases/download"

// URL is where the archive for a target will be.
func (r release) URL(system, machine string) string {
	return fmt.Sprintf("%s/%s/%s", downloads, r.version, r.archiveName(target{system, machine}))
}

// Version is the release's.
func (r release) Version() string { return r.version }

// Sum is the checksum of the archive for a target.
func (r release) Sum(system, machine string) (string, error) {
	return sum(filepath.Join(r.out, r.archiveName(target{system, machine})))
}

// formula fills in the one for Homebrew.
func (r release) formula() error {
	t, err := template.ParseFiles("packaging/homebrew/harebell.rb")
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, r); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, "harebell.rb"), text.Bytes(), 0o644)
}

// checksums lists all files of the release, as sha256sum does.
func (r release) checksums() error {
	files, err := os.ReadDir(r.out) // by name
	if err != nil {
		return err
	}
	var list bytes.Buffer
	for _, f := range files {
		s, err := sum(filepath.Join(r.out, f.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&list, "%s  %s\n", s, f.Name())
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), list.Bytes(), 0o644)
}

func sum(name string) (string, error) {
	body, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(body)), nil
}
