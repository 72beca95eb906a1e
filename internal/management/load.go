package management

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/vhost"
)

// LoadedHash is the global parameter that tells which definitions were loaded last.
//
// rabbitmq: the same
const LoadedHash = "imported_definition_hash_value"

// Definitions are what a broker is given at its start.
type Definitions struct {
	Files           []DefinitionFile // imported in this order
	SkipIfUnchanged bool             // import nothing if they are those of the start before
}

// A DefinitionFile is one file of definitions.
type DefinitionFile struct {
	Name string // for error texts
	JSON []byte
}

// Hash tells definitions from others.
func (d Definitions) Hash() string {
	h := sha256.New()
	for _, f := range d.Files {
		fmt.Fprintf(h, "%d:", len(f.JSON))
		h.Write(f.JSON)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Load imports definitions before a broker opens its ports, and returns when they are on
// disk. The first that cannot be imported ends it, with an error that names it and its
// file; those before it stay.
//
// rabbitmq: load_definitions
func Load(d Definitions, users *auth.Users, vhosts *vhost.Registry, log zerolog.Logger) error {
	i := importer{users: users, vhosts: vhosts, log: log, by: operator(audit.Internal)}
	hash := d.Hash()
	if d.SkipIfUnchanged && vhosts.Global(LoadedHash) == any(hash) {
		log.Info().Msg("definitions are those of the last start, and are not imported again")
		return nil
	}
	for _, f := range d.Files {
		if err := i.file(f); err != nil {
			return fmt.Errorf("load definitions: %s: %w", f.Name, err)
		}
		log.Info().Str("file", f.Name).Msg("definitions imported")
	}
	if !d.SkipIfUnchanged {
		return nil
	}
	value, err := json.Marshal(hash)
	if err != nil {
		return err
	}
	_, err = setGlobal(vhosts, LoadedHash, value)
	return err
}

// file imports one file.
func (i importer) file(f DefinitionFile) error {
	d, err := parseDefinitions(bytes.TrimPrefix(f.JSON, []byte("\ufeff")))
	if err == nil {
		err = i.all(d)
	}
	if r, is := errors.AsType[*refusal](err); is {
		return fmt.Errorf("%v", r.reason)
	}
	return err
}
