package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

func TestWith_TestsAHandlerWithoutAnythingAround(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	h := s.RequireSubject(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Visits++
		is.NoErr(s.Save(r.Context()))
		w.WriteHeader(http.StatusAccepted)
	}))
	given := s.manager.Create()
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil)
	h.ServeHTTP(w, r.WithContext(s.With(r.Context(), given)))
	is.Equal(w.Code, http.StatusUnauthorized)

	is.NoErr(s.manager.Authenticate(t.Context(), given, "u"))
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(s.With(r.Context(), given)))
	is.Equal(w.Code, http.StatusAccepted)
	is.Equal(given.Data.Visits, 1)
	is.Equal(s.data(t, given.ID().Secret()).Visits, 1)

	ctx := s.With(t.Context(), given)
	is.NoErr(s.Renew(ctx))
	token, err := s.Token(ctx)
	is.NoErr(err)
	r = httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header.Set(web.TokenHeader, token)
	is.NoErr(s.Verify(r.WithContext(ctx)))
	infos, err := s.Sessions(ctx)
	is.NoErr(err)
	is.True(len(infos) == 1 && infos[0].Current)
	is.NoErr(s.Destroy(ctx))
	is.True(!s.alive(t, given.ID().Secret()))
}

func TestWith_AHandlerInsideTakesItForWhatTheClientSent(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	given, err := s.manager.Load(t.Context(), id)
	is.NoErr(err)
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil)
	s.Handler(s.count(t)).ServeHTTP(w, r.WithContext(s.With(r.Context(), given)))
	is.Equal(cookie(t, w), nil)
	is.Equal(s.data(t, id).Visits, 1)
	w = httptest.NewRecorder()
	s.Handler(s.signIn(t, "u")).ServeHTTP(w, r.WithContext(s.With(r.Context(), given)))
	is.True(cookie(t, w) != nil)
}

// To test a handler, give it a session.
func ExampleMiddleware_With() {
	type user struct{ Name string }
	m, err := sessions.New[user](memstore.New(nil), nil)
	if err != nil {
		panic(err)
	}
	sess, err := web.New(m, nil)
	if err != nil {
		panic(err)
	}
	hello := func(w http.ResponseWriter, r *http.Request) {
		s, err := sess.Session(r.Context())
		if err != nil {
			http.Error(w, "later, please", web.Status(err))
			return
		}
		fmt.Fprintf(w, "hello, %s", s.Data.Name)
	}

	s := m.Create()
	s.Data.Name = "Ada"
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	hello(w, r.WithContext(sess.With(r.Context(), s)))
	fmt.Println(w.Body)
	// Output: hello, Ada
}

func TestPeek_RecordsNoAccessAndSavesNothing(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	c.do(http.MethodPost, "", s.count(t))
	for range 3 { // polled every hour: it ends all the same
		s.clock.Advance(50 * 60 * 1e9)
		s.store.took()
		c.do(http.MethodGet, "", func(w http.ResponseWriter, r *http.Request) {
			got, err := s.Peek(r.Context())
			is.NoErr(err)
			if !got.IsNew() {
				is.Equal(got.Data.Visits, 1)
				got.Data.Visits = 9
				is.True(s.manager.Save(r.Context(), got) != nil)
			}
		})
		is.Equal(s.store.took(), "Load")
	}
	c.do(http.MethodGet, "", func(_ http.ResponseWriter, r *http.Request) {
		got, err := s.Peek(r.Context())
		is.NoErr(err)
		is.True(got.IsNew())
	})
	s.store.fails = errOut
	c.do(http.MethodGet, "", func(_ http.ResponseWriter, r *http.Request) {
		_, err := s.Peek(r.Context())
		wants.Err(t, err, sessions.ErrUnavailable)
	})
}

func TestPeek_SeesWhatOthersStore(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	c.do(http.MethodPost, "", s.count(t))
	c.do(http.MethodGet, "", func(w http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Renew(r.Context()))
		is.NoErr(http.NewResponseController(w).Flush())
		_, err := s.manager.Update(t.Context(), s.session(t, r).ID().Secret(), func(v *visitor) error { v.Visits = 5; return nil })
		is.NoErr(err)
		got, err := s.Peek(r.Context())
		is.NoErr(err)
		is.Equal(got.Data.Visits, 5)
	})
}
