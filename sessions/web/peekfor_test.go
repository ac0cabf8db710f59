package web_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

// With PeekFor the Peeks of a page make one read; each gets a separate session.
func TestPeek_FromMemory(t *testing.T) {
	is := is.New(t)
	s := newSiteWith(t, nil, &sessions.Config[visitor]{PeekFor: 10 * time.Second})
	id := s.stored(t, visitor{})
	for range 20 {
		s.get(func(_ http.ResponseWriter, r *http.Request) {
			got, err := s.Peek(r.Context())
			is.NoErr(err)
			is.True(!got.IsNew())
		}, id)
	}
	is.Equal(s.store.took(), "Load")
	s.get(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Destroy(r.Context())) }, id)
	s.get(func(_ http.ResponseWriter, r *http.Request) {
		got, err := s.Peek(r.Context())
		is.NoErr(err)
		is.True(got.IsNew()) // what was ended here is gone at once
	}, id)
}

// WaitEnd begins with a read of the store.
func TestWaitEnd_AsksTheStoreWhateverIsRemembered(t *testing.T) {
	is := is.New(t)
	s := newSiteWith(t, nil, &sessions.Config[visitor]{PeekFor: 10 * time.Second})
	id := s.stored(t, visitor{})
	s.get(func(_ http.ResponseWriter, r *http.Request) {
		_, err := s.Peek(r.Context())
		is.NoErr(err)
	}, id)
	elsewhere, err := sessions.New(s.mem, &sessions.Config[visitor]{Clock: s.clock})
	is.NoErr(err)
	is.NoErr(elsewhere.DestroyID(t.Context(), id))
	s.get(func(_ http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
		defer cancel()
		wants.Err(t, s.WaitEnd(ctx), sessions.ErrNotFound) // and not in five seconds
	}, id)
}

// A browser may register on one host and refresh on another that remembers the unbound session:
// that host reads the store.
func TestBound_ARefreshAsksTheStoreWhateverIsRemembered(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	other := *s
	var err error
	other.manager, err = sessions.New(s.store, &sessions.Config[boundVisitor]{Clock: s.clock, PeekFor: time.Minute})
	is.NoErr(err)
	other.configure(t, tenMinutes)
	c := s.client(t)
	path, challenge := c.login("somebody")
	c.site = &other
	is.Equal(c.page("/peek"), "somebody 0")
	is.Equal(c.page("/peek"), "somebody 0")
	c.site = s
	response, _ := c.register(path, c.signer.Registration(t, challenge))
	is.Equal(response.StatusCode, http.StatusOK)
	c.site = &other
	is.Equal(c.refresh(), http.StatusOK) // 401 would end the browser's binding
	is.Equal(c.page("/peek"), "somebody 0")
}
