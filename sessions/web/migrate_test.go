package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/web"
)

// plainIDs is a scheme whose keys are the IDs themselves.
type plainIDs struct{ sessions.IDScheme }

func (plainIDs) Key(id sessions.ID) string { return id.Secret() }

// migrating returns a site that moves from a scheme of plain keys, and a Manager that still uses
// it.
func migrating(t *testing.T) (site, *sessions.Manager[visitor]) {
	t.Helper()
	is := is.New(t)
	s := newSite(t, nil)
	old, err := sessions.New(s.store, &sessions.Config[visitor]{Clock: s.clock, IDs: plainIDs{sessions.RandomIDs(32)}})
	is.NoErr(err)
	s.manager, err = sessions.New(s.store, &sessions.Config[visitor]{
		Clock: s.clock, IDs: sessions.MigrateIDs(sessions.RandomIDs(33), plainIDs{sessions.RandomIDs(32)}),
	})
	is.NoErr(err)
	s.Middleware, err = web.New(s.manager, nil)
	is.NoErr(err)
	return s, old
}

func TestMigrate_AtTheFirstUse(t *testing.T) {
	is := is.New(t)
	s, old := migrating(t)
	before, err := old.CreateAndSave(t.Context(), visitor{Visits: 1})
	is.NoErr(err)
	w := s.get(s.count(t), before.ID().Secret())
	c := cookie(t, w)
	is.True(c.Value != "" && c.Value != before.ID().Secret())
	is.Equal(s.data(t, c.Value).Visits, 2)
	is.Equal(s.mem.Len(), 1)
	is.Equal(cookie(t, s.get(s.count(t), c.Value)), nil) // once is enough
}

// Later requests of a page find their ID renewed, so only the page's own request renews.
func TestMigrate_WhatAPageFetchesRenewsNothing(t *testing.T) {
	is := is.New(t)
	s, old := migrating(t)
	before, err := old.CreateAndSave(t.Context(), visitor{Name: "n"})
	is.NoErr(err)
	for _, mode := range []string{"cors", "no-cors", "same-origin", "navigate"} {
		r := request(before.ID().Secret())
		r.Header.Set("Sec-Fetch-Mode", mode)
		w := httptest.NewRecorder()
		s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { is.Equal(s.session(t, r).Data.Name, "n") })).ServeHTTP(w, r)
		is.Equal(cookie(t, w) != nil, mode == "navigate")
	}
}

func TestMigrate_RequestsAtTheSameTimeSignNobodyOut(t *testing.T) {
	is := is.New(t)
	s, old := migrating(t)
	before, err := old.CreateAndSave(t.Context(), visitor{Name: "n"})
	is.NoErr(err)
	var all sync.WaitGroup
	var mu sync.Mutex
	var told []*http.Cookie
	for range 20 {
		all.Go(func() {
			w := s.get(func(_ http.ResponseWriter, r *http.Request) { _, _ = s.Session(r.Context()) }, before.ID().Secret())
			mu.Lock()
			defer mu.Unlock()
			told = append(told, w.Result().Cookies()...)
		})
	}
	all.Wait()
	is.Equal(len(told), 1) // one new ID, and nobody takes it away again
	is.Equal(s.data(t, told[0].Value).Name, "n")
}

// A client that has hung up wouldn't get the new ID. That is no outage either.
func TestMigrate_NotForAClientThatHasHungUp(t *testing.T) {
	is := is.New(t)
	lines := logs(t)
	s, old := migrating(t)
	before, err := old.CreateAndSave(t.Context(), visitor{Visits: 1})
	is.NoErr(err)
	hungUp, hangUp := context.WithCancel(t.Context())
	hangUp()
	w := httptest.NewRecorder()
	s.Handler(s.count(t)).ServeHTTP(w, request(before.ID().Secret()).WithContext(hungUp))
	is.Equal(cookie(t, w), nil)
	is.Equal(lines.String(), "")
	is.Equal(s.data(t, before.ID().Secret()).Visits, 2)
	is.True(cookie(t, s.get(s.count(t), before.ID().Secret())) != nil) // the next request gets it
}

// A goroutine may ask for the session while the handler writes to the header, so the first Session
// doesn't.
func TestMigrate_TheFirstSessionLeavesTheHeaderToTheHandler(t *testing.T) {
	for name, respond := range map[string]func(s site, w http.ResponseWriter, r *http.Request){
		"nothing": func(site, http.ResponseWriter, *http.Request) {},
		"a body":  func(_ site, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) },
		"Save": func(s site, w http.ResponseWriter, r *http.Request) {
			is.New(t).NoErr(s.Save(r.Context()))
			is.New(t).Equal(len(w.Header()["Set-Cookie"]), 1) // for a library that writes a handshake itself
		},
		"a panic": func(site, http.ResponseWriter, *http.Request) { panic("a bug") },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s, old := migrating(t)
			before, err := old.CreateAndSave(t.Context(), visitor{Visits: 1})
			is.NoErr(err)
			w := recorder()
			func() {
				defer func() {
					if recover() != nil {
						http.Error(w, "sorry", http.StatusInternalServerError)
					}
				}()
				s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					done := make(chan struct{})
					go func() {
						defer close(done)
						s.session(t, r)
					}()
					w.Header().Set("X-A", "b")
					<-done
					is.Equal(w.Header()["Set-Cookie"], nil)
					respond(s, w, r)
				})).ServeHTTP(w, request(before.ID().Secret()))
			}()
			is.Equal(s.data(t, cookie(t, w).Value).Visits, 1)
		})
	}
}

// A client that sends its ID in a header makes several requests at once, and may read the header of
// a login's response only. It keeps its ID.
func TestMigrate_AClientWithAHeaderKeepsItsID(t *testing.T) {
	is := is.New(t)
	s, old := migrating(t)
	var err error
	s.Middleware, err = web.New(s.manager, &web.Config{Header: "Authorization", Cookie: web.Cookie{Name: "__Host-id"}})
	is.NoErr(err)
	before := old.Create()
	is.NoErr(old.Authenticate(t.Context(), before, "u"))
	for range 3 {
		r := httptest.NewRequest(http.MethodPost, "https://site.test/", nil)
		r.Header.Set("Authorization", "Bearer "+before.ID().Secret())
		w := httptest.NewRecorder()
		s.Handler(s.RequireSubject(s.count(t))).ServeHTTP(w, r)
		is.Equal(w.Code, http.StatusOK)
		is.Equal(w.Header().Get("Authorization"), "")
	}
	is.Equal(s.data(t, before.ID().Secret()).Visits, 3)
}
