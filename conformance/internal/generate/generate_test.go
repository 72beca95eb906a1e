package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestGeneratedChaptersAreUpToDate(t *testing.T) {
	chapters, err := scan("../..")
	if err != nil {
		t.Fatal(err)
	}
	want, err := render(chapters)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("../..", name))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the rules say; run go generate ./conformance", name)
	}
}

func TestEveryDifferenceHasAReason(t *testing.T) {
	chapters, err := scan("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range chapters {
		for _, d := range c.differences {
			if d.reason == "" {
				t.Errorf("%s, %s: a difference without a reason in words", c.title, d.rule)
			}
		}
	}
}

func TestRulesOutsideOfChaptersAreRefused(t *testing.T) {
	directory := t.TempDir()
	source := "package conformance\nfunc TestSomething(t T) {}\n"
	if err := os.WriteFile(filepath.Join(directory, "stray.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := scan(directory); err == nil {
		t.Error("scan of a rule in no chapter: got no error, want one")
	}
}
