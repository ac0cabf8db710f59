package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/memstore"
)

func TestSaveIsOneWriteAndAnAccess(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	w.clock.Advance(time.Minute)
	s.Data.Items = append(s.Data.Items, "tea")
	is.NoErr(w.Save(t.Context(), s))
	is.Equal(w.store.Took(), []string{"Replace"})
	is.Equal(s.AccessedAt(), start.Add(time.Minute))
	is.Equal(s.CreatedAt(), start)

	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Items, []string{"tea"})
	is.Equal(got.AccessedAt(), start.Add(time.Minute))
}

func TestUnchangedDataIsNotWritten(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Items: []string{"tea"}})
	is.NoErr(w.Save(t.Context(), s)) // as it was created
	s.Data.Items[0] = "cups"
	s.Data.Items[0] = "tea"
	is.NoErr(w.Save(t.Context(), s)) // changed and changed back
	loaded, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	w.store.Took()
	is.NoErr(w.Save(t.Context(), loaded)) // as it was loaded
	is.Equal(len(w.store.Took()), 0)

	loaded.Data.Items[0] = "cups"
	is.NoErr(w.Save(t.Context(), loaded))
	is.NoErr(w.Save(t.Context(), loaded)) // as it was saved
	is.Equal(w.store.Took(), []string{"Replace"})

	loaded.IdleTimeout = time.Minute
	is.NoErr(w.Save(t.Context(), loaded)) // a timeout is a change
	is.Equal(w.store.Took(), []string{"Replace"})
}

func TestSecondSaveIsErrConflict(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	a, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	b, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	a.Data.Count, b.Data.Count = 1, 2
	is.NoErr(w.Save(t.Context(), a))
	err = w.other.Save(t.Context(), b)
	wants.Err(t, err, sessions.ErrConflict)
	is.Equal(b.Data.Count, 2) // the session in hand keeps its data

	got, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 1) // the first save is kept
	is.NoErr(w.Save(t.Context(), a))
	a.Data.Count = 3
	is.NoErr(w.Save(t.Context(), a)) // the winner can save again
}

func TestSaveOfADestroyedSessionIsErrNotFound(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	inFlight, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.NoErr(w.other.DestroyID(t.Context(), s.ID().Secret()))
	inFlight.Data.Count = 9
	for range 3 {
		// No repetition revives it.
		wants.Err(t, w.Save(t.Context(), inFlight), sessions.ErrNotFound)
	}
	is.Equal(w.mem.Len(), 0)
}

func TestSaveOfAnExpiredSessionIsErrExpired(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{IdleTimeout: time.Hour, AbsoluteTimeout: 90 * time.Minute})
	s := w.saved(t, cart{})
	w.clock.Advance(time.Hour)
	s.Data.Count = 1
	wants.Err(t, w.Save(t.Context(), s), sessions.ErrExpired)
	is.Equal(s.Data.Count, 1)

	unsaved := w.Create()
	w.clock.Advance(time.Hour)
	// It expired before its first save.
	wants.Err(t, w.Save(t.Context(), unsaved), sessions.ErrExpired)
	_, err := w.Load(t.Context(), unsaved.ID().Secret())
	wants.Err(t, err, sessions.ErrNotFound)
}

// A request may take longer than the idle timeout while others keep the session alive.
func TestSlowRequestSavesASessionThatOthersKeptAwake(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{IdleTimeout: time.Minute, TouchInterval: -1})
	slow := w.saved(t, cart{})
	for range 10 {
		w.clock.Advance(30 * time.Second)
		_, err := w.other.Load(t.Context(), slow.ID().Secret())
		is.NoErr(err)
	}
	slow.Data.Count = 1
	is.NoErr(w.Save(t.Context(), slow)) // it only looks idle to this request
	got, err := w.other.Load(t.Context(), slow.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 1)
}

func TestTimeoutsOfASessionAreStoredAndJudgeItElsewhere(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.Create()
	s.IdleTimeout, s.AbsoluteTimeout = 10*time.Second, 30*time.Second
	is.NoErr(w.Save(t.Context(), s))
	is.Equal(s.ExpiresAt(), start.Truncate(time.Second).Add(10*time.Second))

	w.clock.Advance(9 * time.Second)
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err) // alive
	is.Equal(got.IdleTimeout, 10*time.Second)
	is.Equal(got.AbsoluteTimeout, 30*time.Second)
	got.Data.Count = 1
	is.NoErr(w.other.Save(t.Context(), got)) // another Manager's save keeps the timeouts
	w.clock.Advance(10 * time.Second)
	_, err = w.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrExpired) // by its own idle timeout
}

func TestLongerTimeoutsOfASessionCountToo(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{IdleTimeout: time.Minute, AbsoluteTimeout: time.Hour})
	s := w.Create()
	s.IdleTimeout, s.AbsoluteTimeout = 24*time.Hour, 48*time.Hour // remember me
	is.NoErr(w.Save(t.Context(), s))
	w.clock.Advance(23 * time.Hour)
	_, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
}

func TestInvalidTimeoutsOfASessionAreNamed(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	for _, d := range []time.Duration{0, -time.Second, time.Millisecond, time.Second + 1, math.MinInt64} {
		s := w.Create()
		s.IdleTimeout = d
		err := w.Save(t.Context(), s)
		is.True(err != nil)
		wants.Text(t, err, "Session.IdleTimeout")
		s = w.Create()
		s.AbsoluteTimeout = d
		err = w.Save(t.Context(), s)
		is.True(err != nil)
		wants.Text(t, err, "Session.AbsoluteTimeout")
		wants.NotErr(t, err, sessions.ErrUnavailable) // not the store's fault
	}
	is.Equal(len(w.store.Took()), 0) // nothing stored
}

func TestDataThatCannotBeEncodedIsRefusedAndNothingStored(t *testing.T) {
	is := is.New(t)
	store := cued.New(memstore.New(nil))
	m, err := sessions.New(store, &sessions.Config[any]{Clock: clock.NewFake(start)})
	is.NoErr(err)
	loop := map[string]any{}
	loop["self"] = loop
	for _, data := range []any{make(chan int), func() {}, math.NaN(), loop, map[string]any{"deep": []any{make(chan int)}}} {
		_, err := m.CreateAndSave(t.Context(), data)
		is.True(err != nil)
		wants.Text(t, err, "data can't be encoded")
		wants.NotErr(t, err, sessions.ErrUnavailable)
	}
	is.Equal(len(store.Took()), 0)
}

// broken is a codec that returns no payload, or one without a format.
type broken struct{ payload codec.Payload }

func (b broken) Encode(cart) (codec.Payload, error) { return b.payload, nil }
func (b broken) Decode(codec.Payload) (cart, error) { return cart{}, nil }

func TestCodecWithoutAPayloadIsAnError(t *testing.T) {
	is := is.New(t)
	for _, p := range []codec.Payload{nil, codec.Opaque("", []byte("x"))} {
		w := newWorld(t, &sessions.Config[cart]{Codec: broken{p}})
		_, err := w.CreateAndSave(t.Context(), cart{})
		is.True(err != nil)
		is.Equal(len(w.store.Took()), 0)
	}
}

func TestErrTooLargePassesThroughWithItsFigures(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	w.store.On("Create", func(*cued.Call) error { return &sessions.TooLargeError{Size: 9, Limit: 8} })
	_, err := w.CreateAndSave(t.Context(), cart{})
	var large *sessions.TooLargeError
	is.True(errors.As(err, &large))
	wants.Err(t, err, sessions.ErrTooLarge)
	is.Equal(large.Size, 9)
}

func TestEveryWriteHasARevOfItsOwn(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	seen := map[string]bool{}
	for i := range 50 {
		rec, err := w.mem.Load(t.Context(), s.Handle())
		is.NoErr(err)
		is.True(!seen[rec.Rev])
		seen[rec.Rev] = true
		s.Data.Count = i + 1
		is.NoErr(w.Save(t.Context(), s))
	}
}

// lostAnswer makes the response to the next write be lost, whether it is applied or not.
func (w world) lostAnswer(applied bool) {
	for _, name := range []string{"Create", "Replace"} {
		w.store.Once(name, func(c *cued.Call) error {
			if applied {
				_ = c.Do()
			}
			return sessions.ErrOutcomeUnknown
		})
	}
}

// After ErrOutcomeUnknown the session can be saved again, with the same data or other data, whether
// or not the write was applied.
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
						wants.Err(t, err, sessions.ErrOutcomeUnknown)
						wants.Err(t, err, sessions.ErrUnavailable)
						w.store.Off()
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
					is.NoErr(w.Save(t.Context(), s)) // later saves work as usual
					w.store.Took()
					is.NoErr(w.Save(t.Context(), s))
					is.Equal(len(w.store.Took()), 0)
				}
			}
		}
	}
}

// Repeating a write in doubt doesn't overwrite a later write by another request.
func TestSaveAfterAnUnknownOutcomeRespectsOthers(t *testing.T) {
	for _, applied := range []bool{true, false} {
		is := is.New(t)
		w := newWorld(t, nil)
		s := w.saved(t, cart{})
		s.Data.Count = 1
		w.lostAnswer(applied)
		wants.Err(t, w.Save(t.Context(), s), sessions.ErrOutcomeUnknown)
		w.store.Off()
		_, err := w.other.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Items = []string{"theirs"}; return nil })
		is.NoErr(err)
		wants.Err(t, w.Save(t.Context(), s), sessions.ErrConflict)

		is.NoErr(w.other.DestroyID(t.Context(), s.ID().Secret()))
		// Nor revive a session that has ended.
		wants.Err(t, w.Save(t.Context(), s), sessions.ErrNotFound)
		is.Equal(w.mem.Len(), 0)
	}
}

// An unchanged session whose last write is in doubt is written, since the stored state may be
// older.
func TestUnchangedDataIsWrittenAfterAnUnknownOutcome(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 1})
	s.Data.Count = 2
	w.lostAnswer(true)
	// 2 is stored, but s doesn't know.
	wants.Err(t, w.Save(t.Context(), s), sessions.ErrOutcomeUnknown)
	w.store.Off()
	s.Data.Count = 1
	is.NoErr(w.Save(t.Context(), s)) // s assumes that 1 is stored
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 1)
}

func TestUpdateLosesNoChange(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	var wg sync.WaitGroup
	errs := make(chan error, 100)
	for i := range 100 {
		m := w.other
		if i%2 == 0 {
			m, _ = sessions.New[cart](w.mem, &sessions.Config[cart]{Clock: w.clock})
		}
		wg.Go(func() {
			_, err := m.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count++; return nil })
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		is.NoErr(err)
	}
	got, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 100) // 100 parallel Updates of a counter give 100
}

func TestUpdateIsOneReadAndOneWrite(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	got, err := w.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count = 8; return nil })
	is.NoErr(err)
	is.Equal(got.Data.Count, 8)
	is.Equal(w.store.Took(), []string{"Load", "Replace"})
	_, err = w.Update(t.Context(), s.ID().Secret(), func(*cart) error { return nil })
	is.NoErr(err)
	is.Equal(w.store.Took(), []string{"Load"}) // without a change, none
}

func TestUpdateBeginsAgainWithWhatIsStored(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 1})
	var seen []int
	_, err := w.Update(t.Context(), s.ID().Secret(), func(c *cart) error {
		seen = append(seen, c.Count)
		if len(seen) < 3 {
			_, err := w.other.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count *= 10; return nil })
			is.NoErr(err)
		}
		c.Count++
		return nil
	})
	is.NoErr(err)
	is.Equal(seen, []int{1, 10, 100}) // never the same state twice
	got, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 101)
}

func TestUpdateReturnsTheErrorOfFAndStoresNothing(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 1})
	refused := errors.New("refused")
	got, err := w.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count = 99; return refused })
	is.Equal(err, refused) // unchanged
	is.True(got == nil)
	is.Equal(w.store.Took(), []string{"Load"})
}

// Applying f again after an unknown outcome could count twice.
func TestUpdateDoesNotRepeatAnUnknownOutcome(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	calls := 0
	w.lostAnswer(true)
	_, err := w.Update(t.Context(), s.ID().Secret(), func(c *cart) error { calls++; c.Count++; return nil })
	wants.Err(t, err, sessions.ErrOutcomeUnknown)
	is.Equal(calls, 1)
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 1)
}

func TestUpdateOfADestroyedSession(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	_, err := w.Update(t.Context(), s.ID().Secret(), func(c *cart) error {
		c.Count++
		return w.other.DestroyID(t.Context(), s.ID().Secret())
	})
	wants.Err(t, err, sessions.ErrNotFound) // destroyed between read and write
	is.Equal(w.mem.Len(), 0)
	_, err = w.Update(t.Context(), s.ID().Secret(), func(*cart) error { return nil })
	wants.Err(t, err, sessions.ErrNotFound) // destroyed before
}

func TestUpdateIsBoundedAndHeedsItsContext(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	w.store.On("Replace", func(*cued.Call) error { return sessions.ErrConflict })
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	_, err := w.Update(ctx, s.ID().Secret(), func(c *cart) error {
		c.Count++
		if calls++; calls == 5 {
			cancel()
		}
		return nil
	})
	wants.Err(t, err, context.Canceled) // cancelled during the pause
	is.True(calls < 10)
}

func TestUpdateGivesUpAfter256Attempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // pauses take no real time
		is := is.New(t)
		w := newWorld(t, nil)
		s := w.saved(t, cart{})
		w.store.On("Replace", func(*cued.Call) error { return sessions.ErrConflict })
		calls := 0
		_, err := w.Update(t.Context(), s.ID().Secret(), func(c *cart) error { calls++; c.Count++; return nil })
		wants.Err(t, err, sessions.ErrConflict)
		is.Equal(calls, 256)
	})
}

// add merges two carts: the result has what each side added to base.
func add(base, ours, theirs cart) (cart, error) {
	merged := cart{Items: slices.Clone(theirs.Items), Count: theirs.Count + ours.Count - base.Count}
	for _, item := range ours.Items {
		if !slices.Contains(base.Items, item) {
			merged.Items = append(merged.Items, item)
		}
	}
	return merged, nil
}

func TestMergeResolvesALostRace(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{Merge: add})
	s := w.saved(t, cart{Items: []string{"tea"}, Count: 1})
	_, err := w.other.Update(t.Context(), s.ID().Secret(), func(c *cart) error {
		c.Items = append(c.Items, "theirs")
		c.Count += 10
		return nil
	})
	is.NoErr(err)
	s.Data.Items = append(s.Data.Items, "ours")
	s.Data.Count += 100
	is.NoErr(w.Save(t.Context(), s))
	want := cart{Items: []string{"tea", "theirs", "ours"}, Count: 111}
	is.Equal(s.Data, want) // the session in hand has the stored data
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data, want)

	w.store.Took()
	is.NoErr(w.Save(t.Context(), s))
	is.Equal(len(w.store.Took()), 0) // and its rev
}

func TestMergeLosesNothingOfManySaves(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{Merge: add})
	s := w.saved(t, cart{})
	const n = 12 // fewer than the attempts, so that none gives up
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		mine, err := w.other.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		wg.Go(func() {
			mine.Data.Count++
			errs[i] = w.other.Save(t.Context(), mine)
		})
	}
	wg.Wait()
	is.NoErr(errors.Join(errs...))
	got, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, n)
}

func TestMergeWorksForRenewAndAuthenticateToo(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{Merge: add})
	s := w.saved(t, cart{})
	for i, call := range []func() error{
		func() error { return w.Renew(t.Context(), s) },
		func() error { return w.Authenticate(t.Context(), s, "ada") },
	} {
		_, err := w.other.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count += 10; return nil })
		is.NoErr(err)
		s.Data.Count++
		is.NoErr(call())
		got, err := w.other.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		is.Equal(got.Data.Count, (i+1)*11)
		is.Equal(w.mem.Len(), 1)
	}
}

func TestMergeIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // pauses take no real time
		is := is.New(t)
		calls := 0
		w := newWorld(t, &sessions.Config[cart]{Merge: func(_, ours, _ cart) (cart, error) { calls++; return ours, nil }})
		s := w.saved(t, cart{})
		w.store.On("Replace", func(*cued.Call) error { return sessions.ErrConflict })
		s.Data.Count = 1
		wants.Err(t, w.Save(t.Context(), s), sessions.ErrConflict)
		is.Equal(calls, 16)
		is.Equal(s.Data.Count, 1) // the session in hand keeps its data
	})
}

func TestMergeErrorEndsTheSave(t *testing.T) {
	is := is.New(t)
	refused := errors.New("both took the last seat")
	w := newWorld(t, &sessions.Config[cart]{Merge: func(_, _, _ cart) (cart, error) { return cart{}, refused }})
	s := w.saved(t, cart{})
	_, err := w.other.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count = 2; return nil })
	is.NoErr(err)
	s.Data.Count = 1
	err = w.Save(t.Context(), s)
	wants.Err(t, err, refused)
	wants.NotErr(t, err, sessions.ErrUnavailable)
	wants.Text(t, err, "save")
	is.Equal(s.Data.Count, 1)
}

func TestMergeDoesNotReviveTheDestroyed(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{Merge: add})
	s := w.saved(t, cart{})
	w.store.On("Replace", func(c *cued.Call) error {
		// Between the lost race and the merge.
		is.NoErr(w.other.DestroyID(c.Context, s.ID().Secret()))
		return sessions.ErrConflict
	})
	s.Data.Count = 1
	wants.Err(t, w.Save(t.Context(), s), sessions.ErrNotFound)
	is.Equal(w.mem.Len(), 0)
}

func TestMergeTakesTheirSettingsUnlessOursChanged(t *testing.T) {
	for name, c := range map[string]struct {
		ours    func(*sessions.Session[cart])
		idle    time.Duration
		abs     time.Duration
		persist bool
	}{
		"nothing of ours":      {func(*sessions.Session[cart]) {}, time.Hour, 5 * time.Hour, true},
		"our idle timeout":     {func(s *sessions.Session[cart]) { s.IdleTimeout = time.Minute }, time.Minute, 5 * time.Hour, true},
		"our absolute timeout": {func(s *sessions.Session[cart]) { s.AbsoluteTimeout = 6 * time.Hour }, time.Hour, 6 * time.Hour, true},
	} {
		for _, op := range []string{"Save", "Renew"} {
			t.Run(name+", "+op, func(t *testing.T) {
				is := is.New(t)
				w := newWorld(t, &sessions.Config[cart]{Merge: add})
				s := w.saved(t, cart{})
				theirs, err := w.other.Load(t.Context(), s.ID().Secret())
				is.NoErr(err)
				theirs.IdleTimeout, theirs.AbsoluteTimeout, theirs.Persist = time.Hour, 5*time.Hour, true
				is.NoErr(w.other.Save(t.Context(), theirs))
				c.ours(s)
				s.Data.Count = 1
				if op == "Save" {
					is.NoErr(w.Save(t.Context(), s))
				} else {
					is.NoErr(w.Renew(t.Context(), s))
				}
				got, err := w.other.Load(t.Context(), s.ID().Secret())
				is.NoErr(err)
				for _, s := range []*sessions.Session[cart]{s, got} {
					is.Equal(s.IdleTimeout, c.idle)
					is.Equal(s.AbsoluteTimeout, c.abs)
					is.Equal(s.Persist, c.persist)
					is.Equal(s.Data.Count, 1)
				}
			})
		}
	}
}

// Another request's save may include a write in doubt, which a merge would count twice.
func TestMergeIsNotTriedOnAWriteInDoubt(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{Merge: add})
	s := w.saved(t, cart{})
	s.Data.Count = 1
	w.lostAnswer(true)
	wants.Err(t, w.Save(t.Context(), s), sessions.ErrOutcomeUnknown)
	w.store.Off()
	_, err := w.other.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count += 10; return nil })
	is.NoErr(err)
	wants.Err(t, w.Save(t.Context(), s), sessions.ErrConflict)
	got, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 11)
}

// Update calls f again instead of merging; doing both would count twice.
func TestUpdateDoesNotMerge(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{Merge: func(_, _, _ cart) (cart, error) { panic("not for Update") }})
	s := w.saved(t, cart{})
	first := true
	_, err := w.Update(t.Context(), s.ID().Secret(), func(c *cart) error {
		if first {
			first = false
			_, err := w.other.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count++; return nil })
			is.NoErr(err)
		}
		c.Count++
		return nil
	})
	is.NoErr(err)
	got, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 2)
}

// What a T doesn't know of the stored value survives each of its writes, unless the Config says
// that it is dropped.
func TestUnknownMembersSurvive(t *testing.T) {
	type narrow struct {
		Count int `json:"count"`
	}
	for _, drop := range []bool{false, true} {
		for name, write := range map[string]func(m *sessions.Manager[narrow], ctx ctx, s *sessions.Session[narrow]) error{
			"Save":  func(m *sessions.Manager[narrow], ctx ctx, s *sessions.Session[narrow]) error { return m.Save(ctx, s) },
			"Renew": func(m *sessions.Manager[narrow], ctx ctx, s *sessions.Session[narrow]) error { return m.Renew(ctx, s) },
			"Authenticate": func(m *sessions.Manager[narrow], ctx ctx, s *sessions.Session[narrow]) error {
				return m.Authenticate(ctx, s, "user")
			},
		} {
			t.Run(fmt.Sprint(name, " ", drop), func(t *testing.T) {
				is := is.New(t)
				w := newWorld(t, nil)
				stored := w.saved(t, cart{Items: []string{"a"}, Count: 1})
				m, err := sessions.New(w.mem, &sessions.Config[narrow]{DropUnknown: drop})
				is.NoErr(err)
				s, err := m.Load(t.Context(), stored.ID().Secret())
				is.NoErr(err)
				s.Data.Count = 2
				is.NoErr(write(m, t.Context(), s))
				got, err := w.other.Load(t.Context(), s.ID().Secret())
				is.NoErr(err)
				is.Equal(got.Data.Count, 2)
				is.Equal(len(got.Data.Items) == 0, drop)
			})
		}
	}
}
