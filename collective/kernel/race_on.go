//go:build race

package kernel

// raceDetector: this build has one, and folds in Go are seen by it.
const raceDetector = true
