package config

import "strings"

// nearest returns the name of the key that is most like a name, "" if none is much
// like it.
func nearest(name string) string {
	best, least := "", max(2, len(name)/4)+1
	for _, k := range keys {
		if d := distance(strings.ToLower(name), k.name); d < least {
			best, least = k.name, d
		}
	}
	return best
}

// distance is how many octets must be put in, left out or replaced to make one string
// of another (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1) // from a's beginning so far, to each beginning of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
