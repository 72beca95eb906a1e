package badger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
)

// format is the version of the keys and values of the whole store.
const format = 2

// errInUse is what lock returns if another process has the directory.
var errInUse = errors.New("in use by another process")

// Open opens the store in dir, which is made if it does not exist. Only one
// process at a time can have a store open.
//
// Whatever a crash has left half-written is put aside with a warning. Open fails
// only if the directory cannot be used, or was written by a newer version.
func Open(dir string, o Options) (*Store, error) {
	if err := prepare(dir); err != nil {
		return nil, err
	}
	s := &Store{
		dir:       dir,
		log:       o.Logger,
		limits:    o.limits.withDefaults(),
		fault:     o.Fault,
		index:     newIndex(),
		wake:      make(chan struct{}, 1),
		timer:     stoppedTimer(),
		committed: make(chan struct{}),
		stirred:   make(chan struct{}, 1),
		crowded:   make(chan struct{}, 1),
		quit:      make(chan struct{}),
		tended:    make(chan struct{}),
	}
	s.index.crowded = s.limits.small
	var err error
	if s.db, err = badger.Open(s.limits.badgerOptions(dir, logger{s})); err != nil {
		return nil, fmt.Errorf("open data directory %s: %w", dir, err)
	}
	if err := s.checkFormat(); err != nil {
		return nil, errors.Join(fmt.Errorf("open data directory %s: %w", dir, err), s.db.Close())
	}
	r := newRecovery(s)
	if err := r.run(); err != nil {
		return nil, errors.Join(fmt.Errorf("read data directory %s: %w", dir, err), s.db.Close())
	}
	if err := s.start(r); err != nil {
		return nil, errors.Join(fmt.Errorf("write to data directory %s: %w", dir, err), s.db.Close())
	}
	return s, nil
}

// prepare makes the directory and removes the empty files from it: a crash just
// after Badger has created a file leaves it with no content, and then Badger
// refuses to open.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	unlock, err := lock(dir)
	if err != nil {
		return fmt.Errorf("data directory %s: %w", dir, err)
	}
	defer unlock()
	for _, pattern := range []string{"*.mem", "*.vlog"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return fmt.Errorf("list data directory: %w", err)
		}
		for _, file := range files {
			if info, err := os.Stat(file); err != nil || info.Size() > 0 {
				continue
			}
			if err := os.Remove(file); err != nil {
				return fmt.Errorf("remove empty file: %w", err)
			}
		}
	}
	return nil
}

// checkFormat makes sure that this version can read the store, and signs an
// empty one.
func (s *Store) checkFormat() error {
	found, err := s.value(formatKey())
	switch {
	case err != nil:
		return err
	case found == nil:
		return s.sign()
	case len(found) != 1 || found[0] > format:
		return fmt.Errorf("store format %d is unknown: %w", found, errNewer)
	case found[0] < format:
		return fmt.Errorf("store format %d is of a version before the first release, want %d: consume its messages with that version", found[0], format)
	}
	return nil
}

func (s *Store) sign() error {
	empty := true
	err := s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{})
		defer it.Close()
		it.Rewind()
		empty = !it.Valid()
		return nil
	})
	if err != nil {
		return err
	}
	if !empty {
		return errors.New("this is a database of something else")
	}
	w := newWriter(s.db, s.fault)
	w.set(formatKey(), []byte{format})
	return w.commit()
}

// value returns a copy of what is stored under key, or nil.
func (s *Store) value(key []byte) (value []byte, err error) {
	err = s.db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(key)
		if err != nil {
			return err
		}
		value, err = item.ValueCopy(nil)
		return err
	})
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, nil
	}
	return value, err
}
