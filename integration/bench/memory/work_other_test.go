//go:build !linux

package memory_test

import "time"

// worked returns nothing: how long a thread has run is asked of Linux only.
func worked() time.Duration { return 0 }
