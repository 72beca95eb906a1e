package badger

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// An adviser tells the kernel that the file Badger is writing to is accessed at
// random.
//
// Badger writes it through a memory mapping and syncs each group. Without the
// advice the kernel reads ahead where a group begins and keeps what it read as
// one large page; a small write then makes it write all of that: ten times as
// much, for groups below 64 KiB. It is only advice, so nothing can go wrong with
// it. Badger offers no way to give it; the mapping is looked up among those of the
// process.
type adviser struct {
	dir     string
	advised mapping // the newest table
}

// A mapping is a file in the memory of the process.
type mapping struct {
	file     string
	from, to uintptr
}

func newAdviser(dir string) *adviser {
	if full, err := filepath.Abs(dir); err == nil {
		dir = full
	}
	if full, err := filepath.EvalSymlinks(dir); err == nil {
		dir = full
	}
	return &adviser{dir: dir}
}

// advise looks for a new file. The one written before gets the usual treatment
// back, which is better for reading.
func (a *adviser) advise() {
	newest, old := a.newest(), a.advised
	if newest == old || newest.file == "" {
		return
	}
	if old.file != "" && old.file != newest.file {
		old.advise(syscall.MADV_NORMAL)
	}
	newest.advise(syscall.MADV_RANDOM)
	a.advised = newest
}

// advise ignores errors: a mapping may have gone meanwhile.
func (m mapping) advise(advice uintptr) {
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, m.from, m.to-m.from, advice)
}

// newest returns the mapping of the table that Badger made last.
func (a *adviser) newest() (newest mapping) {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return newest
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		m, ok := parseMapping(lines.Text())
		if ok && filepath.Dir(m.file) == a.dir && strings.HasSuffix(m.file, ".mem") && m.file > newest.file {
			newest = m
		}
	}
	return newest
}

// parseMapping reads a line of the kernel's list:
//
//	7f0c00000000-7f0c08000000 rw-s 00000000 fe:00 1234   /dir/000001.vlog
func parseMapping(line string) (mapping, bool) {
	slash := strings.IndexByte(line, '/')
	addresses, _, ok := strings.Cut(line, " ")
	first, second, dashed := strings.Cut(addresses, "-")
	if slash < 0 || !ok || !dashed {
		return mapping{}, false
	}
	from, err := strconv.ParseUint(first, 16, 64)
	if err != nil {
		return mapping{}, false
	}
	to, err := strconv.ParseUint(second, 16, 64)
	if err != nil || to <= from {
		return mapping{}, false
	}
	return mapping{file: line[slash:], from: uintptr(from), to: uintptr(to)}, true
}
