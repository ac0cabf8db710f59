package web_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/web"
)

func TestSession_FromVisitToVisit(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	first := s.get(s.count(t))
	is.Equal(first.Body.String(), "hello")
	c := cookie(t, first)
	is.Equal(s.store.took(), "Create")
	is.Equal(s.data(t, c.Value).Visits, 1)

	second := s.get(s.count(t), c.Value)
	is.Equal(s.store.took(), "Load Replace")
	is.Equal(cookie(t, second), nil) // nothing new to tell
	is.Equal(s.data(t, c.Value).Visits, 2)
}

func TestTrap_AnonymousVisitorsCostNothing(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	look := func(w http.ResponseWriter, r *http.Request) {
		_ = s.session(t, r).Data.Name // looks, and stores nothing
		w.WriteHeader(http.StatusOK)
	}
	for range 1000 {
		w := s.get(look)
		is.Equal(len(w.Header().Values("Set-Cookie")), 0)
	}
	is.Equal(s.store.took(), "")
	is.Equal(s.mem.Len(), 0)
}

func TestTrap_ARequestThatChangesNothingIsOneReadAndNoCookie(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{Name: "n"})
	w := s.get(func(w http.ResponseWriter, r *http.Request) { s.session(t, r) }, id)
	is.Equal(s.store.took(), "Load")
	is.Equal(len(w.Header().Values("Set-Cookie")), 0)
}

func TestSession_ARouteThatNeverAsksCostsNothing(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	w := s.get(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x")) }, s.stored(t, visitor{}))
	is.Equal(s.store.took(), "")
	is.Equal(len(w.Header()), 1) // Content-Type, and nothing of ours
}

func TestSession_IsLoadedOnceByAllWhoAsk(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{Visits: 7})
	s.get(func(_ http.ResponseWriter, r *http.Request) {
		var all sync.WaitGroup
		found := make([]*sessions.Session[visitor], 20)
		for i := range found {
			all.Go(func() { found[i] = s.session(t, r) })
		}
		all.Wait()
		for _, f := range found {
			is.True(f == found[0])
		}
	}, id)
	is.Equal(s.store.took(), "Load")
}

func TestSession_OutsideOfTheMiddleware(t *testing.T) {
	s := newSite(t, nil)
	_, err := s.Session(t.Context())
	wants.Err(t, err, web.ErrNoMiddleware)
	for _, err := range []error{s.Save(t.Context()), s.Renew(t.Context()), s.Authenticate(t.Context(), "u"), s.Destroy(t.Context()), s.Verify(request())} {
		wants.Err(t, err, web.ErrNoMiddleware)
	}
	_, err = s.Token(t.Context())
	wants.Err(t, err, web.ErrNoMiddleware)
}

func TestSession_AnEmptyOneIsSavedIfItsTimeoutsAreItsOwn(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	w := s.get(func(_ http.ResponseWriter, r *http.Request) { s.session(t, r).IdleTimeout *= 2 })
	is.True(cookie(t, w) != nil)
	is.Equal(s.mem.Len(), 1)
}

func TestTrap_TwoMiddlewaresInOneProcess(t *testing.T) {
	is := is.New(t)
	a, b := newSite(t, nil), newSite(t, &web.Config{Cookie: web.Cookie{Name: "__Host-other"}})
	w := a.get(func(w http.ResponseWriter, r *http.Request) {
		b.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a.session(t, r).Data.Name = "a"
			b.session(t, r).Data.Name = "b"
			w.WriteHeader(http.StatusNoContent)
		})).ServeHTTP(w, r)
	})
	cookies := map[string]string{}
	for _, c := range w.Result().Cookies() {
		cookies[c.Name] = c.Value
	}
	is.Equal(len(cookies), 2)
	is.Equal(a.data(t, cookies["__Host-id"]).Name, "a")
	is.Equal(b.data(t, cookies["__Host-other"]).Name, "b")
}

func TestHandler_AroundItselfIsOne(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	w := s.get(s.Handler(s.count(t)).ServeHTTP)
	is.True(cookie(t, w) != nil)
	is.Equal(s.store.took(), "Create")
}
