//go:build !linux

package memory_test

import "time"

// worked returns 0: the processor time of a thread is only measured on Linux.
func worked() time.Duration { return 0 }
