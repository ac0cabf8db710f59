package sessions_test

import (
	"errors"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

// lostRename makes the next Rename be applied, or not, and its answer be lost.
func (w world) lostRename(applied bool) {
	w.store.rename = func(ctx ctx, from string, rec driver.Record, rev string) error {
		w.store.rename = nil
		if applied {
			_ = w.mem.Rename(ctx, from, rec, rev)
		}
		return sessions.ErrOutcomeUnknown
	}
}

// After an outcome unknown every call may be made, with the right result, wherever the session lives by then.
func TestEveryCallAfterARenewInDoubt(t *testing.T) {
	for _, applied := range []bool{true, false} {
		for _, times := range []int{1, 3} {
			doubtful := func(t *testing.T) (world, *sessions.Session[cart], sessions.ID) {
				is := is.New(t)
				w := newWorld(t, nil)
				s := w.saved(t, cart{Count: 1})
				old := s.ID()
				for range times {
					s.Data.Count++
					w.lostRename(applied)
					is.True(errors.Is(w.Renew(t.Context(), s), sessions.ErrOutcomeUnknown))
				}
				w.store.rename = nil
				is.Equal(w.mem.Len(), 1) // wherever it is, it is once
				return w, s, old
			}
			alive := func(t *testing.T, w world, s *sessions.Session[cart], want int) {
				t.Helper()
				is := is.New(t)
				got, err := w.other.Load(t.Context(), s.ID().Secret())
				is.NoErr(err)
				is.Equal(got.Data.Count, want)
				is.Equal(w.mem.Len(), 1) // never two
			}
			t.Run("Renew", func(t *testing.T) {
				is := is.New(t)
				w, s, old := doubtful(t)
				is.NoErr(w.Renew(t.Context(), s))
				alive(t, w, s, 1+times)
				_, err := w.other.Load(t.Context(), old.Secret())
				is.True(errors.Is(err, sessions.ErrNotFound))
			})
			t.Run("Authenticate", func(t *testing.T) {
				is := is.New(t)
				w, s, old := doubtful(t)
				w.clock.Advance(time.Minute)
				is.NoErr(w.Authenticate(t.Context(), s, "ada"))
				is.Equal(s.CreatedAt(), start.Add(time.Minute))
				alive(t, w, s, 1+times)
				_, err := w.other.Load(t.Context(), old.Secret())
				is.True(errors.Is(err, sessions.ErrNotFound))
			})
			t.Run("Save", func(t *testing.T) {
				is := is.New(t)
				w, s, _ := doubtful(t)
				s.Data.Count = 50
				is.NoErr(w.Save(t.Context(), s))
				alive(t, w, s, 50)
			})
			t.Run("Save that looks idle", func(t *testing.T) {
				is := is.New(t)
				w, s, old := doubtful(t)
				w.clock.Advance(90 * time.Minute)
				for _, id := range []string{old.Secret(), s.ID().Secret()} {
					_, _ = w.other.Load(t.Context(), id) // keeps it awake, if it is there
				}
				if applied {
					return // nobody knows the new ID yet: it can only idle out
				}
				w.clock.Advance(40 * time.Minute)
				s.Data.Count = 50
				is.NoErr(w.Save(t.Context(), s))
				alive(t, w, s, 50)
			})
			t.Run("Save of the same data", func(t *testing.T) {
				is := is.New(t)
				w, s, _ := doubtful(t)
				is.NoErr(w.Save(t.Context(), s))
				alive(t, w, s, 1+times)
			})
			t.Run("Destroy", func(t *testing.T) {
				is := is.New(t)
				w, s, _ := doubtful(t)
				is.NoErr(w.Destroy(t.Context(), s))
				is.Equal(w.mem.Len(), 0) // under neither ID
			})
		}
	}
}

// A rename that arrives after the session was destroyed finds nothing to rename.
func TestDestroyBeatsARenewThatArrivesLate(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	var late func() error
	w.store.rename = func(ctx ctx, from string, rec driver.Record, rev string) error {
		late = func() error { return w.mem.Rename(ctx, from, rec, rev) }
		return sessions.ErrOutcomeUnknown
	}
	is.True(errors.Is(w.Renew(t.Context(), s), sessions.ErrOutcomeUnknown))
	is.NoErr(w.Destroy(t.Context(), s))
	is.True(errors.Is(late(), sessions.ErrNotFound))
	is.Equal(w.mem.Len(), 0)
}

func TestDestroyAfterARenewInDoubtTellsItsFailures(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	w.lostRename(true)
	is.True(errors.Is(w.Renew(t.Context(), s), sessions.ErrOutcomeUnknown))
	calls := 0
	w.store.remove = func(ctx ctx, key string) error {
		if calls++; calls == 2 {
			return sessions.ErrUnavailable // of the second key, where the session is
		}
		return w.mem.Delete(ctx, key)
	}
	is.True(errors.Is(w.Destroy(t.Context(), s), sessions.ErrUnavailable))
	is.Equal(w.mem.Len(), 1) // and it is true: the session is still there
	is.NoErr(w.Destroy(t.Context(), s))
	is.Equal(w.mem.Len(), 0)
}
