package bench

import (
	"slices"
	"testing"
	"testing/fstest"
	"time"
)

// some is a system with a broker (10), its helper (12), what that started (13),
// and others.
func some() system {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	stat := func(pid, name, state, parent, user, kernel string) *fstest.MapFile {
		return file(pid + " (" + name + ") " + state + " " + parent + " 10 10 0 -1 4194560 1 2 3 4 " + user + " " + kernel + " 0 0 20 0 9 0 5\n")
	}
	return system{fstest.MapFS{
		"1/stat":    stat("1", "init", "S", "0", "1", "1"),
		"10/stat":   stat("10", "sh", "S", "1", "1", "2"),
		"12/stat":   stat("12", "beam (smp) x", "S", "10", "150", "50"),
		"12/status": file("Name:\tbeam\nVmHWM:\t  2048 kB\nVmRSS:\t    1024 kB\nRssAnon:\t     512 kB\n"),
		"12/io":     file("rchar: 5\nwrite_bytes: 4096\ncancelled_write_bytes: 1\n"),
		"13/stat":   stat("13", "helper", "Z", "12", "0", "0"),
		"14/stat":   stat("14", "other", "S", "1", "900", "900"),
		"15/stat":   file("15 (odd"),
		"self/stat": stat("12", "beam", "S", "10", "150", "50"),
		"uptime":    file("1 2\n"),
	}}
}

func TestTreeHasAllDescendants(t *testing.T) {
	got := some().tree(10)
	if want := []int{10, 12, 13}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestUsageAddsUp(t *testing.T) {
	now := time.Unix(5, 0)
	got := some().usage([]int{10, 12, 13, 99}, now)
	want := usage{at: now, cpu: 2030 * time.Millisecond, kernel: 520 * time.Millisecond, anon: 512 << 10, rss: 1 << 20, written: 4096}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := some().peak([]int{10, 12, 99}); got != 2<<20 {
		t.Errorf("peak: got %d, want 2 MiB", got)
	}
}

func TestStat(t *testing.T) {
	if got, ok := some().stat(12); !ok || got.name != "beam (smp) x" || got.parent != 10 || got.ended {
		t.Errorf("a name with brackets: got %+v, %v", got, ok)
	}
	for _, pid := range []int{15, 99} {
		if got, ok := some().stat(pid); ok {
			t.Errorf("%d: got %+v, want nothing", pid, got)
		}
	}
	if some().running([]int{13, 99}) || !some().running([]int{13, 12}) {
		t.Error("running: a process that has ended, and one that never was, are not")
	}
	if pid, err := some().named([]int{10, 12, 13}, "helper"); err != nil || pid != 13 {
		t.Errorf("named: got %d, %v, want 13", pid, err)
	}
	if _, err := some().named([]int{10, 12, 13}, "other"); err == nil {
		t.Error("named: got no error for one that is not among them")
	}
}

func TestFileSystem(t *testing.T) {
	root := fstest.MapFS{"proc/self/mounts": {Data: []byte(
		"/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/disk xfs rw 0 0\n/dev/c /tmp/disks btrfs rw 0 0\n")}}
	for dir, want := range map[string]string{
		"/home/x": "ext4", "/tmp": "tmpfs", "/tmp/x": "tmpfs", "/tmp/disk/x": "xfs", "/tmpx": "ext4",
	} {
		if got := fileSystem(root, dir); got != want {
			t.Errorf("%s: got %s, want %s", dir, got, want)
		}
	}
}
