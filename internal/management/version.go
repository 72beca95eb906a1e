package management

import (
	"cmp"
	"strconv"
	"strings"
)

// version is what the broker presents itself as.
func (s *Server) version() string {
	version, _ := s.broker.Presents()["version"].(string)
	return version
}

// before reports whether the broker presents itself as older than a version.
func (s *Server) before(version string) bool {
	return compareVersions(s.version(), version) < 0
}

// compareVersions compares major and minor.
func compareVersions(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y), 2) {
		m, _ := strconv.Atoi(x[i]) // what is no number is 0
		n, _ := strconv.Atoi(y[i])
		if c := cmp.Compare(m, n); c != 0 {
			return c
		}
	}
	return 0
}
