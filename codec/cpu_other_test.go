//go:build !linux

package codec_test

import "time"

// worked returns how long f takes.
func worked(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}
