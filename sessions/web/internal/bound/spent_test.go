package bound_test

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/device"
	"github.com/dynasession/dynasession/sessions/web/internal/bound"
)

func keyOf(i int) (k bound.SpentKey) {
	binary.BigEndian.PutUint64(k[:], uint64(i))
	return k
}

func TestSpent_OnceWithinALife(t *testing.T) {
	is := is.New(t)
	s := bound.NewSpent(life)
	for i := range 100 { // one each second
		is.True(s.Spend(keyOf(i), epoch.Add(time.Duration(i)*time.Second)))
	}
	for i := range 100 {
		is.True(!s.Spend(keyOf(i), epoch.Add(life)))
	}
	is.True(s.Spend(keyOf(0), epoch.Add(3*life))) // forgotten, but its proof has expired too
}

// Each proof is remembered for its whole life, whenever it comes, and the memory does not grow.
func TestSpent_RemembersForALife(t *testing.T) {
	is := is.New(t)
	s := bound.NewSpent(life)
	step := life / 7
	for i := range 200 {
		now := epoch.Add(time.Duration(i) * step)
		is.True(s.Spend(keyOf(i), now))
		for back := range min(i, 7) {
			is.True(!s.Spend(keyOf(i-back), now))
		}
	}
}

func TestSpent_TheClockGoesBack(t *testing.T) {
	is := is.New(t)
	s := bound.NewSpent(life)
	is.True(s.Spend(keyOf(1), epoch))
	is.True(!s.Spend(keyOf(1), epoch.Add(-time.Minute)))
	is.True(s.Spend(keyOf(2), epoch.Add(-24*time.Hour))) // and begins anew
	is.True(!s.Spend(keyOf(2), epoch.Add(-24*time.Hour)))
}

func TestSpent_IsBounded(t *testing.T) {
	is := is.New(t)
	s := bound.NewSpent(life)
	for i := range 3*bound.MaxSpent + 1 {
		is.True(s.Spend(keyOf(i), epoch))
	}
	is.True(s.Spend(keyOf(0), epoch))                     // the oldest is forgotten
	is.True(!s.Spend(keyOf(2*bound.MaxSpent+2), epoch))   // the newer ones are not
	is.True(!s.Spend(keyOf(3*bound.MaxSpent), epoch))     // nor the newest
	is.True(!s.Spend(keyOf(3*bound.MaxSpent-100), epoch)) // nor one before
}

func TestSpent_ByManyAtOnce(t *testing.T) {
	is := is.New(t)
	s := bound.NewSpent(life)
	var first atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if s.Spend(keyOf(1), epoch) {
				first.Add(1)
			}
		})
	}
	wg.Wait()
	is.Equal(first.Load(), int64(1))
}

func TestSpentKeys_TellProofsApart(t *testing.T) {
	is := is.New(t)
	s, other := device.NewES256(t), device.NewES256(t)
	one := parseProof(t, s.Proof(t, claims(itsRequest, epoch, nil))).Spent()
	// Signed again, it has the same key.
	is.Equal(one, parseProof(t, s.Proof(t, claims(itsRequest, epoch, nil))).Spent())
	is.True(one != parseProof(t, s.Proof(t, claims(itsRequest, epoch, device.Object{"jti": "two"}))).Spent())
	is.True(one != parseProof(t, other.Proof(t, claims(itsRequest, epoch, nil))).Spent())
	is.Equal(parse(t, s.Refresh(t, "c")).Spent(), parse(t, other.Refresh(t, "c")).Spent())
	is.True(parse(t, s.Refresh(t, "c")).Spent() != parse(t, s.Refresh(t, "d")).Spent())
}
