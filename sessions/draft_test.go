package sessions_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

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
			is.True(strings.Contains(err.Error(), "the codec sessions_test.odd returned no payload, or one without a format"))
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
	is.True(errors.Is(err, cause))
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
			is.True(strings.Contains(err.Error(), want))
			is.Equal(len(w.store.took()), 0)
			is.Equal(s.Data.Count, 1) // nothing is lost
		})
	}
}

func TestDraft_ASessionThatNoManagerMade(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	for _, s := range []*sessions.Session[cart]{nil, {}} {
		for _, err := range []error{w.Save(t.Context(), s), w.Renew(t.Context(), s), w.Authenticate(t.Context(), s, "u"), w.Destroy(t.Context(), s)} {
			is.True(strings.Contains(err.Error(), "not a session that a Manager made"))
		}
	}
	is.Equal(len(w.store.took()), 0)
}
