package badger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// A segmentReader reads segments from their files. It keeps the last file open and
// knows the last segment's index, both of which whoever pages through a backlog
// asks for again. It must be closed.
type segmentReader struct {
	s    *Store
	file *os.File
	of   *file

	segment  *segment // of contents, or nil
	contents contents
}

// open opens a segment and has its index in contents, until the next call. It
// returns errSettled if the segment is gone, because everything in it was settled
// meanwhile.
func (r *segmentReader) open(s *segment) (*io.SectionReader, error) {
	at, err := r.read(s)
	return at, r.unless(s, err)
}

// unless returns why something could not be read of a segment: err, unless the
// segment is gone. Then its place in the file may be another's.
func (r *segmentReader) unless(s *segment, err error) error {
	if err != nil && !r.s.index.alive(s) {
		return errSettled
	}
	return err
}

// read is open for a segment that need not be in the index.
func (r *segmentReader) read(s *segment) (*io.SectionReader, error) {
	at, err := r.at(s.file, s.offset)
	if err != nil || r.segment == s {
		return at, err
	}
	r.segment = nil
	if err := r.contents.read(at); err != nil {
		return nil, err
	}
	if n := r.contents.head.number; n != s.number {
		return nil, fmt.Errorf("%w: it is segment %d", errDamaged, n)
	}
	r.segment = s
	return at, nil
}

// at returns what is in a file from an offset on.
func (r *segmentReader) at(f *file, offset int64) (*io.SectionReader, error) {
	if r.of != f {
		r.close()
		file, err := os.Open(r.s.files.path(f.number))
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %w", errDamaged, err)
		}
		if err != nil {
			return nil, err
		}
		r.file, r.of = file, f
	}
	info, err := r.file.Stat()
	if err != nil {
		return nil, err
	}
	return io.NewSectionReader(notedReader{r.file, &r.s.used.reads}, offset, max(0, info.Size()-offset)), nil
}

func (r *segmentReader) close() {
	if r.file != nil {
		_ = r.file.Close() // nothing was written
	}
	r.file, r.of = nil, nil
}
