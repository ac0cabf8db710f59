package hedge

import "sync"

// budget bounds the hedges: each read earns a share of one. So hedges are at most that share of the
// reads, from the first read on. It is safe for concurrent use.
type budget struct {
	share float64

	mu     sync.Mutex
	earned float64
}

// mostSaved is how many hedges the budget accumulates, for reads that are late together because a
// host was lost.
const mostSaved = 100

// earn notes a read.
func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.earned = min(b.earned+b.share, mostSaved)
}

// spend takes a hedge from the budget, and reports whether there was one.
func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.earned < 1 {
		return false
	}
	b.earned--
	return true
}
