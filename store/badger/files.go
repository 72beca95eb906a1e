package badger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// files are the files that segments are in, one after the other. They are written
// from front to back, and each is begun when the one before is full. What Badger
// has of a segment is its location, some time later.
//
// They are not Badger's value log because that is written through a memory
// mapping: measured with groups of 512 KiB, each KiB takes 2.2 µs of CPU there
// instead of 0.4, and twice the time. Nor is there anything to collect here. A file
// of which all segments are deleted is overwritten, which is synced in six tenths
// of the time that it takes where nothing was, or removed.
//
// The files belong to the committer.
type files struct {
	dir  string
	most int64 // octets of a file, unless one segment has more
	free int64 // octets of the disk, about

	all     map[uint32]*file
	last    uint32  // the highest number
	current *file   // the one that is written to, or nil
	spare   *file   // the next one, or nil
	written []*file // and not synced
	emptied []*file // since the last commit
}

// A file is one of them.
type file struct {
	number   uint32
	open     *os.File // while it is written to
	end      int64    // of what is written
	size     int64    // on disk
	segments int      // that are not deleted
	unsynced bool     // in files.written

	full atomic.Bool // nothing more is written to it
}

const fileEnding = ".segments"

// path returns where the file of a number is.
func (x *files) path(number uint32) string {
	return filepath.Join(x.dir, fmt.Sprintf("%08d%s", number, fileEnding))
}

// listFiles returns the files in a directory. Nothing more is written to them.
func listFiles(dir string, most int64) (*files, error) {
	x := &files{dir: dir, most: most, all: make(map[uint32]*file)}
	paths, err := filepath.Glob(filepath.Join(dir, "*"+fileEnding))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		var number uint32
		if _, err := fmt.Sscanf(filepath.Base(path), "%d"+fileEnding, &number); err != nil || path != x.path(number) {
			continue // not ours
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		f := &file{number: number, size: info.Size()}
		f.full.Store(true)
		x.all[number] = f
		x.last = max(x.last, number)
	}
	return x, nil
}

// removeEmpty removes the files without segments.
func (x *files) removeEmpty() error {
	for _, f := range x.all {
		if f.segments == 0 {
			if err := x.remove(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// append writes a segment, which may be in parts, and returns where it is. It is
// on disk after sync.
func (x *files) append(parts ...[]byte) (f *file, offset int64, err error) {
	var size int64
	for _, part := range parts {
		size += int64(len(part))
	}
	if f, err = x.room(size); err != nil {
		return nil, 0, err
	}
	offset = f.end
	for _, part := range parts {
		n, err := f.open.WriteAt(part, f.end)
		f.end += int64(n)
		if err != nil {
			return nil, 0, err
		}
	}
	f.segments++
	if !f.unsynced {
		f.unsynced = true
		x.written = append(x.written, f)
	}
	return f, offset, nil
}

// room returns the file that the next segment belongs to.
func (x *files) room(size int64) (*file, error) {
	f := x.current
	if f == nil || f.end > 0 && f.end+size > x.most {
		next, err := x.next()
		if err != nil {
			return nil, err
		}
		if f != nil {
			f.full.Store(true)
			if f.segments == 0 {
				x.emptied = append(x.emptied, f)
			}
		}
		x.current, f = next, next
	}
	x.reserve(f, f.end+size)
	return f, nil
}

// next returns a file for new segments. Its number is higher than any before, so
// that the files are in the order of their segments.
func (x *files) next() (*file, error) {
	path := x.path(x.last + 1)
	f := &file{number: x.last + 1}
	if old := x.spare; old != nil {
		x.spare = nil
		delete(x.all, old.number)
		// Some systems do not rename what somebody still reads from. Then it
		// is removed when the store is opened again.
		if os.Rename(x.path(old.number), path) == nil {
			f.size = old.size
		}
	}
	open, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	// Its name must outlast a power failure as well.
	if err := syncDir(x.dir); err != nil {
		return nil, errors.Join(err, open.Close())
	}
	f.open = open
	x.last++
	x.all[f.number] = f
	return f, nil
}

// reserve has the disk keep octets ready up to end and some more: then a sync need
// not note a new size each time. A broker of little traffic keeps little, and so
// does one whose disk is nearly full. Where this is not possible writing makes the
// file grow.
func (x *files) reserve(f *file, end int64) {
	if end <= f.size {
		return
	}
	size := max(end, min(x.most, max(1<<20, 2*f.size)))
	if size-f.size > x.free/4 || preallocate(f.open, size) != nil {
		size = end
	}
	f.size = size
}

// unsynced returns the files that were written to and not synced, which from now
// on count as synced.
func (x *files) unsynced() []*file {
	written := x.written
	x.written = nil
	for _, f := range written {
		f.unsynced = false
	}
	return written
}

// append is files.append, noted.
func (s *Store) append(parts ...[]byte) (f *file, offset int64, err error) {
	began, size := time.Now(), 0
	f, offset, err = s.files.append(parts...)
	for _, part := range parts {
		size += len(part)
	}
	s.used.writes.note(size, began)
	return f, offset, err
}

// syncAll returns when what was written to these files is on disk.
func (s *Store) syncAll(written []*file) error {
	for _, f := range written {
		began := time.Now()
		if err := datasync(f.open); err != nil {
			return fmt.Errorf("sync segments: %w", err)
		}
		s.used.syncs.note(0, began)
	}
	return nil
}

// closeFull closes those of some files that are synced and not written to any
// more.
func (x *files) closeFull(synced []*file) error {
	for _, f := range synced {
		if f != x.current && !f.unsynced {
			if err := f.close(); err != nil {
				return err
			}
		}
	}
	return nil
}

// close closes the file for writing.
func (f *file) close() error {
	if f.open == nil {
		return nil
	}
	open := f.open
	f.open = nil
	return open.Close()
}

// end returns where the next segment will be, or a location before that if
// nothing is in between.
func (x *files) end() location {
	if x.current == nil {
		return location{file: x.last + 1}
	}
	return location{file: x.current.number, offset: x.current.end}
}

// release notes that a segment of f is deleted.
func (x *files) release(f *file) {
	f.segments--
	if f.segments == 0 && f.full.Load() {
		x.emptied = append(x.emptied, f)
	}
}

// reuse is called when the deletions are on disk: of the files without segments
// one is kept for the next, the others are removed.
func (x *files) reuse() error {
	var err error
	for _, f := range x.emptied {
		if x.spare == nil && f.size <= x.most {
			x.spare = f
		} else {
			err = errors.Join(err, x.remove(f))
		}
	}
	clear(x.emptied)
	x.emptied = x.emptied[:0]
	return err
}

// trim gives the disk back what is kept for segments to come.
func (x *files) trim() error {
	var err error
	if f := x.spare; f != nil {
		x.spare = nil
		err = x.remove(f)
	}
	switch f := x.current; {
	case f == nil:
	case f.segments == 0:
		x.current = nil
		err = errors.Join(err, x.remove(f))
	default:
		f.size = f.end
		err = errors.Join(err, f.open.Truncate(f.end))
	}
	return err
}

func (x *files) remove(f *file) error {
	delete(x.all, f.number)
	return errors.Join(f.close(), os.Remove(x.path(f.number)))
}

// close ends all writing. What a store has that failed is left as it is: the
// database may know less of it than the store does.
func (x *files) close(failed bool) (err error) {
	if !failed {
		err = x.trim()
	}
	if x.current != nil {
		err = errors.Join(err, x.current.close())
	}
	return err
}

// syncFile returns when all that was ever written to a file is on disk.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(datasync(f), f.Close())
}

// syncDir returns when the names of the files in a directory are on disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, fs.ErrInvalid) || errors.Is(err, errors.ErrUnsupported) {
		err = nil // some systems keep names without being asked
	}
	return errors.Join(err, d.Close())
}
