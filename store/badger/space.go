package badger

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/harebellmq/harebell/internal/disk"
)

// spare is how many octets must stay free besides those of a group: for the
// tables that Badger writes in the background.
const spare = 32 << 20

// Headroom is how many octets the store may need for what it has taken but not
// yet written. Who stops publishers before the disk is full must stop them when
// so many octets are left, at the latest: a group that finds the disk full makes
// the store fail.
const Headroom = pendingLimit + spare

// askAfter is how long what the system says of free space is believed.
const askAfter = 100 * time.Millisecond

// checkSpace returns an error if so many octets more may not fit on the disk. Badger writes through mappings of sparse files: where others get an error
// from a full disk, its process is ended by a signal.
func (c *committer) checkSpace(size int) error {
	octets := int64(size)
	c.free -= octets
	if c.free >= Headroom && time.Since(c.asked) < askAfter {
		return nil
	}
	free, err := disk.Free(c.s.dir)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		c.free = math.MaxInt64
		return nil
	case err != nil:
		return err
	case free < octets+spare:
		return fmt.Errorf("disk full: %d octets free in %s, want %d", free, c.s.dir, octets+spare)
	}
	c.free, c.asked = free-octets, time.Now()
	return nil
}
