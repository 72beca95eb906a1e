package bench

import (
	"bufio"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// A Machine is what a measurement was made on.
type Machine struct {
	CPU    string `json:"cpu"` // as its maker calls it
	Cores  int    `json:"cores"`
	Memory int64  `json:"memory"` // octets
	System string `json:"system"`
	Kernel string `json:"kernel"`
	Disk   string `json:"disk"` // the file system of the data directories
	Go     string `json:"go"`   // the version that Harebell is built with
}

// machine describes the machine; what cannot be found out is left empty. dir is
// where data directories are.
func machine(dir string) Machine {
	root := os.DirFS("/")
	return Machine{
		CPU:    field(root, "proc/cpuinfo", "model name"),
		Cores:  runtime.NumCPU(),
		Memory: kibibytes(field(root, "proc/meminfo", "MemTotal")),
		System: strings.Trim(field(root, "etc/os-release", "PRETTY_NAME"), `"`),
		Kernel: firstLine(root, "proc/sys/kernel/osrelease"),
		Disk:   fileSystem(root, dir),
		Go:     runtime.Version(),
	}
}

// field returns what stands behind a name and a colon, or an equals sign, on the
// first line of a file that begins with it.
func field(root fs.FS, file, name string) string {
	f, err := root.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, found := strings.Cut(lines.Text(), ":")
		if !found {
			key, value, found = strings.Cut(lines.Text(), "=")
		}
		if found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func firstLine(root fs.FS, file string) string {
	text, _ := fs.ReadFile(root, file) // not every system has it
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

// kibibytes returns the octets that a number of "kB", as the kernel calls them, is.
func kibibytes(text string) int64 {
	n, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(text, "kB")), 10, 64)
	return n << 10
}

// fileSystem returns the kind of file system that a directory is on: the one
// whose mount point is the longest that the directory is below.
func fileSystem(root fs.FS, dir string) (kind string) {
	text, _ := fs.ReadFile(root, "proc/self/mounts")
	longest := ""
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line) // device, mount point, kind
		if len(f) < 3 || len(f[1]) < len(longest) {
			continue
		}
		if dir == f[1] || strings.HasPrefix(dir, strings.TrimSuffix(f[1], "/")+"/") {
			longest, kind = f[1], f[2]
		}
	}
	return kind
}
