package sessions_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

func TestSaveIsOneWriteAndAnAccess(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	w.clock.Advance(time.Minute)
	s.Data.Items = append(s.Data.Items, "tea")
	is.NoErr(w.Save(t.Context(), s))
	is.Equal(w.store.took(), []string{"Replace"})
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
	w.store.took()
	is.NoErr(w.Save(t.Context(), loaded)) // as it was loaded
	is.Equal(len(w.store.took()), 0)

	loaded.Data.Items[0] = "cups"
	is.NoErr(w.Save(t.Context(), loaded))
	is.NoErr(w.Save(t.Context(), loaded)) // as it was saved
	is.Equal(w.store.took(), []string{"Replace"})

	loaded.IdleTimeout = time.Minute
	is.NoErr(w.Save(t.Context(), loaded)) // a timeout is a change
	is.Equal(w.store.took(), []string{"Replace"})
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
	is.True(errors.Is(err, sessions.ErrConflict))
	is.Equal(b.Data.Count, 2) // the session in hand is as it was: nothing of it is lost

	got, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 1) // the first stays
	is.NoErr(w.Save(t.Context(), a))
	a.Data.Count = 3
	is.NoErr(w.Save(t.Context(), a)) // who won, goes on
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
		is.True(errors.Is(w.Save(t.Context(), inFlight), sessions.ErrNotFound)) // never a resurrection, however often
	}
	is.Equal(w.mem.Len(), 0)
}

func TestSaveOfAnExpiredSessionIsErrExpired(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{IdleTimeout: time.Hour, AbsoluteTimeout: 90 * time.Minute})
	s := w.saved(t, cart{})
	w.clock.Advance(time.Hour)
	s.Data.Count = 1
	is.True(errors.Is(w.Save(t.Context(), s), sessions.ErrExpired))
	is.Equal(s.Data.Count, 1)

	unsaved := w.Create()
	w.clock.Advance(time.Hour)
	is.True(errors.Is(w.Save(t.Context(), unsaved), sessions.ErrExpired)) // one that took too long to be saved at all
	_, err := w.Load(t.Context(), unsaved.ID().Secret())
	is.True(errors.Is(err, sessions.ErrNotFound))
}

// A request may take longer than the idle timeout while others keep the session awake.
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
	is.NoErr(w.Save(t.Context(), slow)) // it looks idle from here, and is not
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
	is.NoErr(w.other.Save(t.Context(), got)) // they survive the save of another Manager
	w.clock.Advance(10 * time.Second)
	_, err = w.Load(t.Context(), s.ID().Secret())
	is.True(errors.Is(err, sessions.ErrExpired)) // its own idle timeout, far from the Manager's
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
		is.True(strings.Contains(err.Error(), "Session.IdleTimeout"))
		s = w.Create()
		s.AbsoluteTimeout = d
		err = w.Save(t.Context(), s)
		is.True(err != nil)
		is.True(strings.Contains(err.Error(), "Session.AbsoluteTimeout"))
		is.True(!errors.Is(err, sessions.ErrUnavailable)) // not the store's fault
	}
	is.Equal(len(w.store.took()), 0) // nothing stored
}

func TestDataThatCannotBeEncodedIsRefusedAndNothingStored(t *testing.T) {
	is := is.New(t)
	store := &cued{Store: memstore.New(nil)}
	m, err := sessions.New(store, &sessions.Config[any]{Clock: clock.NewFake(start)})
	is.NoErr(err)
	loop := map[string]any{}
	loop["self"] = loop
	for _, data := range []any{make(chan int), func() {}, math.NaN(), loop, map[string]any{"deep": []any{make(chan int)}}} {
		_, err := m.CreateAndSave(t.Context(), data)
		is.True(err != nil)
		is.True(strings.Contains(err.Error(), "data can't be encoded"))
		is.True(!errors.Is(err, sessions.ErrUnavailable))
	}
	is.Equal(len(store.took()), 0)
}

// broken is a codec that returns no payload, or one that no store could give back.
type broken struct{ payload codec.Payload }

func (b broken) Encode(cart) (codec.Payload, error) { return b.payload, nil }
func (b broken) Decode(codec.Payload) (cart, error) { return cart{}, nil }

func TestCodecWithoutAPayloadIsAnError(t *testing.T) {
	is := is.New(t)
	for _, p := range []codec.Payload{nil, codec.Opaque("", []byte("x"))} {
		w := newWorld(t, &sessions.Config[cart]{Codec: broken{p}})
		_, err := w.CreateAndSave(t.Context(), cart{})
		is.True(err != nil)
		is.Equal(len(w.store.took()), 0)
	}
}

func TestErrTooLargePassesThroughWithItsFigures(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	w.store.create = func(ctx, driver.Record) error { return &sessions.TooLargeError{Size: 9, Limit: 8} }
	_, err := w.CreateAndSave(t.Context(), cart{})
	var large *sessions.TooLargeError
	is.True(errors.As(err, &large))
	is.True(errors.Is(err, sessions.ErrTooLarge))
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
