package web_test

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

func TestUpdate_OfEveryKindOfVisitor(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	add := func(v *visitor) error { v.Visits++; return nil }
	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Update(r.Context(), add))
		is.Equal(s.session(t, r).Data.Visits, 1)
	})
	is.Equal(s.store.took(), "Create")
	c.do(http.MethodPost, "", func(w http.ResponseWriter, r *http.Request) {
		got := s.session(t, r)
		got.Data.Name = "changed before"
		is.NoErr(s.Update(r.Context(), add))
		is.True(got == s.session(t, r))
		is.Equal(got.Data, visitor{Name: "changed before", Visits: 2})
		got.Data.Name = "and after"
	})
	is.Equal(s.data(t, c.cookies["__Host-id"]), visitor{Name: "and after", Visits: 2})

	items := s.mem.Len()
	own := errors.New("own")
	w := s.get(func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Update(r.Context(), func(*visitor) error { return nil })) // nothing worth storing
		is.Equal(s.Update(r.Context(), func(*visitor) error { return own }), own)
	})
	is.Equal(s.mem.Len(), items)
	is.Equal(cookie(t, w), nil)
	s.get(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		wants.Err(t, s.Update(r.Context(), add), web.ErrCommitted)
	})
	is.Equal(s.mem.Len(), items)
}

func TestUpdate_LosesNoneOfManyAtOnce(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			s.get(func(_ http.ResponseWriter, r *http.Request) {
				if err := s.Update(r.Context(), func(v *visitor) error { v.Visits++; return nil }); err != nil {
					t.Error(err)
				}
			}, id)
		})
	}
	all.Wait()
	is.Equal(s.data(t, id).Visits, 20)
}

func TestDiscard_ForgetsWhatWasChanged(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{Name: "n"})
	s.get(func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Discard(r.Context())) // before anything was loaded
		got := s.session(t, r)
		got.Data = visitor{Visits: 9}
		is.NoErr(s.Discard(r.Context()))
		is.Equal(got.Data, visitor{Name: "n"})
		got.Data.Visits = 1
	}, id)
	is.Equal(s.data(t, id), visitor{Name: "n", Visits: 1})
}

func TestSession_OfAMapIsUsable(t *testing.T) {
	is := is.New(t)
	m, err := sessions.New[map[string]any](memstore.New(nil), nil)
	is.NoErr(err)
	sess, err := web.New(m, nil)
	is.NoErr(err)
	serve := func(h http.HandlerFunc) *http.Cookie {
		w := recorder()
		sess.Handler(h).ServeHTTP(w, request())
		return cookie(t, w)
	}
	is.Equal(serve(func(_ http.ResponseWriter, r *http.Request) {
		got, err := sess.Session(r.Context())
		is.NoErr(err)
		is.Equal(len(got.Data), 0)
	}), nil) // an empty one isn't stored
	is.True(serve(func(_ http.ResponseWriter, r *http.Request) {
		got, err := sess.Session(r.Context())
		is.NoErr(err)
		got.Data["a"] = 1
	}) != nil)
	empty, err := m.CreateAndSave(t.Context(), nil)
	is.NoErr(err)
	w := recorder()
	sess.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, err := sess.Session(r.Context())
		is.NoErr(err)
		is.True(!got.IsNew())
		got.Data["a"] = 1
	})).ServeHTTP(w, request(empty.ID().Secret()))
	again, err := m.Load(t.Context(), empty.ID().Secret())
	is.NoErr(err)
	is.Equal(len(again.Data), 1)
}

// A page encodes T once at most if it reads, and twice if it changes something.
func TestCommit_EncodesOnce(t *testing.T) {
	is := is.New(t)
	m, err := sessions.New[[]counted](memstore.New(nil), nil)
	is.NoErr(err)
	sess, err := web.New(m, nil)
	is.NoErr(err)
	created, err := m.CreateAndSave(t.Context(), []counted{{}})
	is.NoErr(err)
	for change, most := range map[bool]int32{false: 1, true: 2} {
		w := recorder()
		sess.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got, err := sess.Session(r.Context())
			is.NoErr(err)
			if change {
				got.Data = []counted{{A: 1}}
			}
			encodings.Store(0)
			_, _ = w.Write([]byte("hello"))
		})).ServeHTTP(w, request(created.ID().Secret()))
		is.Equal(w.Code, http.StatusOK)
		if n := encodings.Load(); n > most {
			t.Errorf("change %v: encoded %d times, want at most %d", change, n, most)
		}
	}
}

// encodings counts how often a counted is encoded.
var encodings atomic.Int32

type counted struct{ A int }

func (c counted) MarshalText() ([]byte, error) {
	encodings.Add(1)
	return []byte{byte('0' + c.A)}, nil
}

func (c *counted) UnmarshalText(b []byte) error { c.A = int(b[0] - '0'); return nil }
