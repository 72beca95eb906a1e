package badger

import (
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/rs/zerolog"
)

// Options are the choices for a store. The zero value is right for a broker.
type Options struct {
	Logger zerolog.Logger // the zero value is silent

	// Fault, if not nil, is called before each write, and an error that it
	// returns makes the write fail. It is how tests break the disk.
	Fault func() error

	limits limits // zero fields are replaced by the defaults
}

// limits are what decides when housekeeping happens. Tests make them small.
type limits struct {
	memTable    int64         // octets of the table that Badger fills in memory
	file        int64         // octets of a segment file
	small       int           // how many small segments there may be
	tendEvery   time.Duration // between two rounds of housekeeping
	settleAfter time.Duration // how long settlements may wait to be written
	noAdvice    bool          // give the kernel none
}

const (
	// pendingLimit is when Room tells publishers to wait, in octets of
	// messages not written.
	pendingLimit = 16 << 20

	// groupLimit is how many octets of messages go into one transaction,
	// unless one batch has more.
	groupLimit = 8 << 20

	// noValueLog is more than any value has, so that Badger's value log stays
	// empty; see files.
	noValueLog = 64 << 10
)

func (l limits) withDefaults() limits {
	if l.memTable == 0 {
		l.memTable = 4 << 20
	}
	if l.file == 0 {
		l.file = 64 << 20
	}
	if l.small == 0 {
		l.small = 8 << 10
	}
	if l.tendEvery == 0 {
		l.tendEvery = 30 * time.Second
	}
	if l.settleAfter == 0 {
		l.settleAfter = 25 * time.Millisecond
	}
	return l
}

// badgerOptions returns the options that were found to fit one writer.
func (l limits) badgerOptions(dir string, logger badger.Logger) badger.Options {
	return badger.DefaultOptions(dir).
		WithLogger(logger).
		WithSyncWrites(true).
		WithValueThreshold(noValueLog).
		WithMemTableSize(l.memTable).
		WithValueLogFileSize(1 << 20). // the least there may be
		WithNumLevelZeroTables(1).
		WithNumLevelZeroTablesStall(15).
		WithNumCompactors(2).
		WithCompression(options.None).
		WithBlockCacheSize(0).
		WithIndexCacheSize(0).
		WithDetectConflicts(false). // there is one writer
		WithMetricsEnabled(false)
}
