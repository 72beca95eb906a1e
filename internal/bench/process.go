package bench

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A system is /proc, where the kernel tells what processes take.
type system struct{ proc fs.FS }

func thisSystem() system { return system{os.DirFS("/proc")} }

// A usage is what processes have taken up to a moment.
type usage struct {
	at      time.Time
	cpu     time.Duration // of user and system
	kernel  time.Duration // of system, in cpu
	anon    int64         // octets of anonymous memory
	rss     int64         // octets of memory
	written int64         // octets that were to reach the disk
}

// userTick is the unit of time of /proc/PID/stat.
//
// proc_pid_stat(5): "divide by sysconf(_SC_CLK_TCK)", which is 100 wherever Linux
// runs.
const userTick = 10 * time.Millisecond

// usage adds up what processes take. Those that have ended are left out.
func (s system) usage(pids []int, now time.Time) usage {
	u := usage{at: now}
	for _, pid := range pids {
		f, ok := s.stat(pid)
		if !ok {
			continue
		}
		u.cpu += f.cpu
		u.kernel += f.kernel
		status := strconv.Itoa(pid) + "/status"
		u.anon += kibibytes(field(s.proc, status, "RssAnon"))
		u.rss += kibibytes(field(s.proc, status, "VmRSS"))
		n, _ := strconv.ParseInt(field(s.proc, strconv.Itoa(pid)+"/io", "write_bytes"), 10, 64)
		u.written += n
	}
	return u
}

// peak returns the most memory that processes had at once, each for itself.
func (s system) peak(pids []int) (octets int64) {
	for _, pid := range pids {
		octets += kibibytes(field(s.proc, strconv.Itoa(pid)+"/status", "VmHWM"))
	}
	return octets
}

// A stat is a process, as far as we care.
type stat struct {
	ended  bool // and only waits for its parent to notice
	parent int
	name   string
	cpu    time.Duration
	kernel time.Duration // of cpu
}

// stat reads /proc/PID/stat: "PID (name) state parent …", in which the times are
// the 14th and 15th field, and the name may contain anything.
func (s system) stat(pid int) (stat, bool) {
	text, err := fs.ReadFile(s.proc, strconv.Itoa(pid)+"/stat")
	if err != nil {
		return stat{}, false
	}
	begin, end := strings.IndexByte(string(text), '('), strings.LastIndexByte(string(text), ')')
	if begin < 0 || end < begin {
		return stat{}, false
	}
	f := strings.Fields(string(text[end+1:])) // the third field and on
	if len(f) < 13 {
		return stat{}, false
	}
	parent, err := strconv.Atoi(f[1])
	user, err1 := strconv.ParseInt(f[11], 10, 64)
	kernel, err2 := strconv.ParseInt(f[12], 10, 64)
	if err != nil || err1 != nil || err2 != nil {
		return stat{}, false
	}
	ended := f[0] == "Z" || f[0] == "X"
	return stat{
		ended: ended, parent: parent, name: string(text[begin+1 : end]),
		cpu: time.Duration(user+kernel) * userTick, kernel: time.Duration(kernel) * userTick,
	}, true
}

// running reports whether any of the processes is there.
func (s system) running(pids []int) bool {
	return slices.ContainsFunc(pids, func(pid int) bool {
		f, ok := s.stat(pid)
		return ok && !f.ended
	})
}

// tree returns a process and all that descend from it.
func (s system) tree(root int) []int {
	entries, err := fs.ReadDir(s.proc, ".")
	if err != nil {
		return []int{root}
	}
	children := make(map[int][]int)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if f, ok := s.stat(pid); ok {
			children[f.parent] = append(children[f.parent], pid)
		}
	}
	found := []int{root}
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i]]...)
	}
	return found
}

// named returns the first process of that name.
func (s system) named(pids []int, name string) (int, error) {
	for _, pid := range pids {
		if f, ok := s.stat(pid); ok && f.name == name {
			return pid, nil
		}
	}
	return 0, fmt.Errorf("there is no process %s", name)
}
