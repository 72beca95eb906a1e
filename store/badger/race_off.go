//go:build !race

package badger

// raceDetector is explained in race_on.go.
const raceDetector = false
