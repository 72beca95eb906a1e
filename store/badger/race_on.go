//go:build race

package badger

// raceDetector says that the race detector is on. Badger 4.9.6 reads a counter of
// the table in memory when it begins to collect garbage, while writes change it;
// a smaller number than the latest is safe there. So that the detector can watch
// everything else, writing and collecting then take turns.
const raceDetector = true
