package sessions_test

import (
	"errors"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

func TestChanged(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	is.True(w.Changed(w.Create())) // never saved
	s := w.saved(t, cart{Count: 1, Items: []string{"a"}})
	is.True(!w.Changed(s))
	s.Data.Items[0] = "b"
	is.True(w.Changed(s))
	s.Data.Items[0] = "a"
	is.True(!w.Changed(s)) // changed back
	s.IdleTimeout += time.Second
	is.True(w.Changed(s))
	is.NoErr(w.Destroy(t.Context(), s))
	is.True(!w.Changed(s)) // there is nothing to save any more
	is.True(!w.Changed(nil))
	is.True(!w.Changed(&sessions.Session[cart]{}))
}

func TestClock_IsTheConfigs(t *testing.T) {
	w := newWorld(t, nil)
	is.New(t).Equal(w.Clock(), w.clock)
}

func TestChange_OneThatIsUnchangedAsksNothing(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 1})
	is.NoErr(w.Save(t.Context(), s))
	is.Equal(len(w.store.Took()), 0)
	s.IdleTimeout += time.Second
	is.NoErr(w.Save(t.Context(), s))
	is.Equal(w.store.Took(), []string{"Replace"})
}

func TestChange_OneThatIsUnchangedAndDeadIsExpired(t *testing.T) {
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 1})
	w.clock.Advance(2 * time.Hour)
	wants.Err(t, w.Save(t.Context(), s), sessions.ErrExpired)
}

func TestChange_ASlowRequestMayWriteWhereOthersKeptTheSessionAlive(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 1})
	w.clock.Advance(90 * time.Minute)
	_, err := w.other.Load(t.Context(), s.ID().Secret()) // records an access
	is.NoErr(err)
	w.clock.Advance(31 * time.Minute) // by what s knows it has idled out
	s.Data.Count = 2
	is.NoErr(w.Save(t.Context(), s))
	is.Equal(w.store.Took(), []string{"Load", "Replace"})
}

func TestChange_ASessionNeverSavedCanExpireToo(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.Create()
	w.clock.Advance(2 * time.Hour)
	wants.Err(t, w.Save(t.Context(), s), sessions.ErrExpired)
	is.Equal(len(w.store.Took()), 0)
}

// odd is a codec whose Encode gives what it is told to.
type odd struct {
	codec.JSON[cart]
	payload codec.Payload
	err     error
}

func (o odd) Encode(cart) (codec.Payload, error) { return o.payload, o.err }

func TestDraft_ACodecThatGivesNothingToStore(t *testing.T) {
	for name, p := range map[string]codec.Payload{"nil": nil, "no format": codec.Opaque("", []byte("x"))} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			mem := memstore.New(nil)
			m, err := sessions.New(mem, &sessions.Config[cart]{Codec: odd{payload: p}})
			is.NoErr(err)
			_, err = m.CreateAndSave(t.Context(), cart{})
			wants.Text(t, err, "the codec sessions_test.odd returned no payload, or one without a format")
			is.Equal(mem.Len(), 0)
		})
	}
}

func TestDraft_AnErrorOfTheCodecComesThrough(t *testing.T) {
	is := is.New(t)
	cause := errors.New("no")
	m, err := sessions.New(memstore.New(nil), &sessions.Config[cart]{Codec: odd{err: cause}})
	is.NoErr(err)
	_, err = m.CreateAndSave(t.Context(), cart{})
	wants.Err(t, err, cause)
}

func TestDraft_TimeoutsOfASessionAreChecked(t *testing.T) {
	for want, change := range map[string]func(*sessions.Session[cart]){
		"Session.IdleTimeout":     func(s *sessions.Session[cart]) { s.IdleTimeout = 0 },
		"Session.AbsoluteTimeout": func(s *sessions.Session[cart]) { s.AbsoluteTimeout = 1500 * time.Millisecond },
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			w := newWorld(t, nil)
			s := w.saved(t, cart{Count: 1})
			change(s)
			err := w.Save(t.Context(), s)
			wants.Text(t, err, want)
			is.Equal(len(w.store.Took()), 0)
			is.Equal(s.Data.Count, 1) // nothing is lost
		})
	}
}

func TestDraft_ASessionThatNoManagerMade(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	for _, s := range []*sessions.Session[cart]{nil, {}} {
		for _, err := range []error{w.Save(t.Context(), s), w.Renew(t.Context(), s), w.Authenticate(t.Context(), s, "u"), w.Destroy(t.Context(), s)} {
			wants.Text(t, err, "not a session that a Manager made")
		}
	}
	is.Equal(len(w.store.Took()), 0)
}
