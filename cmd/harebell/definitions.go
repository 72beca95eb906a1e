package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/config"
	"github.com/harebellmq/harebell/internal/management"
	"github.com/harebellmq/harebell/vhost"
)

// readDefinitions reads what is to be imported at the start: a file, or those of a
// directory that end in .json, by name.
func readDefinitions(c config.Config) (d management.Definitions, err error) {
	d.SkipIfUnchanged = c.LoadChanged
	if c.LoadDefinitions == "" {
		return d, nil
	}
	names := []string{c.LoadDefinitions}
	info, err := os.Stat(c.LoadDefinitions)
	if err == nil && info.IsDir() {
		names, err = filepath.Glob(filepath.Join(c.LoadDefinitions, "*.json"))
	}
	if err != nil {
		return d, fmt.Errorf("load_definitions: %w", err)
	}
	for _, name := range names {
		octets, err := os.ReadFile(name)
		if err != nil {
			return d, fmt.Errorf("load_definitions: %w", err)
		}
		d.Files = append(d.Files, management.DefinitionFile{Name: name, JSON: octets})
	}
	return d, nil
}

// begin makes what a broker begins with: what definitions say, and the default user. One
// with a name of its own is made even if definitions bring others; guest is not.
//
// rabbitmq: with definitions to load there is no default user at all, which everybody
// finds out the hard way
func begin(c config.Config, users *auth.Users, vhosts *vhost.Registry, log zerolog.Logger) error {
	first := func() error {
		if err := users.First(defaultUser(c)); err != nil {
			return fmt.Errorf("default_user %q: %w", c.DefaultUser, err)
		}
		return nil
	}
	if c.DefaultUser != "guest" {
		if err := first(); err != nil {
			return err
		}
	}
	if err := load(c, users, vhosts, log); err != nil {
		return err
	}
	return first()
}

// load imports the definitions there are to load.
func load(c config.Config, users *auth.Users, vhosts *vhost.Registry, log zerolog.Logger) error {
	definitions, err := readDefinitions(c)
	if err != nil || len(definitions.Files) == 0 {
		return err
	}
	return management.Load(definitions, users, vhosts, log)
}
