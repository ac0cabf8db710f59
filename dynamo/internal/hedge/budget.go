package hedge

import "sync"

// budget is how many hedges there may be: each read earns a share of one. So over any number of
// reads, from the first on, they are at most that share. It is safe for concurrent use.
type budget struct {
	share float64

	mu     sync.Mutex
	earned float64
}

// mostSaved is how many hedges may be saved up for reads that are late together, as when a host is
// lost.
const mostSaved = 100

// earn notes a read.
func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.earned = min(b.earned+b.share, mostSaved)
}

// spend reports whether there may be another hedge, and takes it.
func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.earned < 1 {
		return false
	}
	b.earned--
	return true
}
