// Generate writes chapters_gen.go: which rules there are, and where they know
// that brokers differ. It finds both in the source of the rules.
//
//	go run ./internal/generate directory
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// name of the file it writes.
const name = "chapters_gen.go"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: generate directory")
		os.Exit(2)
	}
	if err := generate(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate(directory string) error {
	chapters, err := scan(directory)
	if err != nil {
		return err
	}
	source, err := render(chapters)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(directory, name), source, 0o644)
}
