package bound

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// maxSpent is the number of proofs within a life above which a Spent forgets the oldest.
const maxSpent = 1 << 16

// SpentKey names a proof in a [Spent].
type SpentKey [16]byte

// spentKey returns the name of a proof that consists of parts.
func spentKey(kind string, parts ...[]byte) SpentKey {
	h := sha256.New()
	for _, part := range append([][]byte{[]byte(kind)}, parts...) {
		_ = binary.Write(h, binary.BigEndian, uint64(len(part)))
		h.Write(part)
	}
	return SpentKey(h.Sum(nil)[:16])
}

// Spent remembers the proofs that this process has accepted, so that each is accepted once. Each
// process has its own: only the bounds in time limit a replay on another host. It remembers a proof
// for at least its life, and up to twice as long. Its memory is bounded: above 65,536 proofs within
// a life it forgets the oldest. It is safe for concurrent use.
type Spent struct {
	life time.Duration

	mu             sync.Mutex
	current, older map[SpentKey]struct{}
	since          time.Time // when current was begun
}

// NewSpent returns an empty Spent for proofs that are valid for life.
func NewSpent(life time.Duration) *Spent { return &Spent{life: life} }

// Spend reports whether key was spent for the first time. Call it last, for a proof that is valid
// otherwise, so that nobody can spend another client's.
func (s *Spent) Spend(key SpentKey, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if age := now.Sub(s.since); age >= s.life || age < -s.life || len(s.current) >= maxSpent {
		if age >= 2*s.life || age < -s.life {
			s.current = nil // all of them are too old
		}
		s.older, s.current, s.since = s.current, map[SpentKey]struct{}{}, now
	}
	if _, ok := s.current[key]; ok {
		return false
	}
	if _, ok := s.older[key]; ok {
		return false
	}
	s.current[key] = struct{}{}
	return true
}
