package sessions_test

import (
	"errors"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

// lostAnswer makes the next write of the store be applied, or not, and its answer be lost.
func (w world) lostAnswer(applied bool) {
	w.store.create = func(ctx ctx, rec driver.Record) error {
		w.store.create = nil
		if applied {
			_ = w.mem.Create(ctx, rec)
		}
		return sessions.ErrOutcomeUnknown
	}
	w.store.replace = func(ctx ctx, rec driver.Record, rev string) error {
		w.store.replace = nil
		if applied {
			_ = w.mem.Replace(ctx, rec, rev)
		}
		return sessions.ErrOutcomeUnknown
	}
}

// After an outcome unknown the same session may be saved again, whichever it was, with the same data or with other.
func TestSaveAfterAnUnknownOutcomeIsSafe(t *testing.T) {
	for _, applied := range []bool{true, false} {
		for _, created := range []bool{true, false} {
			for _, times := range []int{1, 3} {
				for _, changed := range []bool{true, false} {
					is := is.New(t)
					w := newWorld(t, nil)
					s := w.Create()
					if !created {
						s = w.saved(t, cart{Items: []string{"before"}})
					}
					for range times {
						s.Data.Count++
						w.lostAnswer(applied)
						err := w.Save(t.Context(), s)
						is.True(errors.Is(err, sessions.ErrOutcomeUnknown))
						is.True(errors.Is(err, sessions.ErrUnavailable))
						w.store.create, w.store.replace = nil, nil
					}
					if changed {
						s.Data.Count += 10
					}
					want := s.Data.Count
					is.NoErr(w.Save(t.Context(), s)) // the repetition
					got, err := w.other.Load(t.Context(), s.ID().Secret())
					is.NoErr(err)
					is.Equal(got.Data.Count, want)
					is.Equal(w.mem.Len(), 1)

					s.Data.Count++
					is.NoErr(w.Save(t.Context(), s)) // and then all is as ever
					w.store.took()
					is.NoErr(w.Save(t.Context(), s))
					is.Equal(len(w.store.took()), 0)
				}
			}
		}
	}
}

// Another writer who came after the write in doubt is not overwritten by its repetition.
func TestSaveAfterAnUnknownOutcomeRespectsOthers(t *testing.T) {
	for _, applied := range []bool{true, false} {
		is := is.New(t)
		w := newWorld(t, nil)
		s := w.saved(t, cart{})
		s.Data.Count = 1
		w.lostAnswer(applied)
		is.True(errors.Is(w.Save(t.Context(), s), sessions.ErrOutcomeUnknown))
		w.store.create, w.store.replace = nil, nil
		_, err := w.other.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Items = []string{"theirs"}; return nil })
		is.NoErr(err)
		is.True(errors.Is(w.Save(t.Context(), s), sessions.ErrConflict))

		is.NoErr(w.other.DestroyID(t.Context(), s.ID().Secret()))
		is.True(errors.Is(w.Save(t.Context(), s), sessions.ErrNotFound)) // nor does it bring back what is gone
		is.Equal(w.mem.Len(), 0)
	}
}

// An unchanged session whose last write is in doubt is written: what is stored may be older.
func TestUnchangedDataIsWrittenAfterAnUnknownOutcome(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 1})
	s.Data.Count = 2
	w.lostAnswer(true)
	is.True(errors.Is(w.Save(t.Context(), s), sessions.ErrOutcomeUnknown)) // 2 is stored, unbeknown to us
	w.store.create, w.store.replace = nil, nil
	s.Data.Count = 1
	is.NoErr(w.Save(t.Context(), s)) // 1 is what we believe to be stored
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 1)
}
