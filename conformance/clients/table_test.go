//go:build clients && unix

package clients

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"sync"
	"text/tabwriter"
)

// A table is what became of each library.
type table struct {
	mu   sync.Mutex
	rows []row
}

type row struct {
	library, version, result, why string
}

func (t *table) add(library, version, result, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, row{library, version, result, why})
}

// print writes the table to standard output.
func (t *table) print() {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.SortFunc(t.rows, func(a, b row) int { return cmp.Compare(a.library, b.library) })
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "LIBRARY\tVERSION\tRESULT\tWHY")
	for _, r := range t.rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.library, cmp.Or(r.version, "-"), r.result, r.why)
	}
	w.Flush()
}
