package sessions_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/internal/rosters"
)

// The store calls of each operation, which determine its cost.
func TestCalls_OfEachOperation(t *testing.T) {
	signedIn := func(t *testing.T, w world) *sessions.Session[cart] { return w.login(t, "user") }
	anonymous := func(t *testing.T, w world) *sessions.Session[cart] { return w.saved(t, cart{}) }
	federated := func(t *testing.T, w world) *sessions.Session[cart] {
		s := w.Create()
		s.Federated = "https://id.example 42"
		if err := w.Authenticate(t.Context(), s, "user"); err != nil {
			t.Fatal(err)
		}
		w.store.Took()
		return s
	}
	fresh := func(_ *testing.T, w world) *sessions.Session[cart] { return w.Create() }
	for _, c := range []struct {
		name string
		of   func(*testing.T, world) *sessions.Session[cart]
		do   func(w world, s *sessions.Session[cart]) error
		want []string
	}{
		{"login of a fresh visitor", fresh, func(w world, s *sessions.Session[cart]) error {
			return w.Authenticate(t.Context(), s, "user")
		}, []string{"LoadRosters", "ChangeRoster", "Create"}},
		{"login over a stored anonymous session", anonymous, func(w world, s *sessions.Session[cart]) error {
			return w.Authenticate(t.Context(), s, "user")
		}, []string{"LoadRosters", "ChangeRoster", "Create", "End"}},
		{"login again", signedIn, func(w world, s *sessions.Session[cart]) error {
			return w.Authenticate(t.Context(), s, "user")
		}, []string{"LoadRosters", "ChangeRoster", "Create", "End", "ChangeRoster"}},
		{"login from a provider", fresh, func(w world, s *sessions.Session[cart]) error {
			s.Federated = "https://id.example 42"
			return w.Authenticate(t.Context(), s, "user")
		}, []string{"LoadRosters", "LoadRosters", "ChangeRoster", "ChangeRoster", "Create"}},
		{"renewal", anonymous, func(w world, s *sessions.Session[cart]) error {
			return w.Renew(t.Context(), s)
		}, []string{"Create", "End"}},
		{"renewal of one who has signed in", signedIn, func(w world, s *sessions.Session[cart]) error {
			return w.Renew(t.Context(), s)
		}, []string{"ChangeRoster", "Create", "End", "ChangeRoster"}},
		{"renewal of one from a provider", federated, func(w world, s *sessions.Session[cart]) error {
			return w.Renew(t.Context(), s)
		}, []string{"ChangeRoster", "ChangeRoster", "Create", "End", "ChangeRoster", "ChangeRoster"}},
		{"renewal of one never saved", fresh, func(w world, s *sessions.Session[cart]) error {
			return w.Renew(t.Context(), s)
		}, nil},
		{"logout", anonymous, func(w world, s *sessions.Session[cart]) error {
			return w.Destroy(t.Context(), s)
		}, []string{"End"}},
		{"logout of one who has signed in", signedIn, func(w world, s *sessions.Session[cart]) error {
			return w.Destroy(t.Context(), s)
		}, []string{"End", "ChangeRoster"}},
		{"logout by cookie alone", signedIn, func(w world, s *sessions.Session[cart]) error {
			return w.DestroyID(t.Context(), s.ID().Secret())
		}, []string{"End", "ChangeRoster"}},
		{"logout of one from a provider", federated, func(w world, s *sessions.Session[cart]) error {
			return w.DestroyID(t.Context(), s.ID().Secret())
		}, []string{"End", "ChangeRoster", "ChangeRoster"}},
		{"logout of one never saved", fresh, func(w world, s *sessions.Session[cart]) error {
			return w.Destroy(t.Context(), s)
		}, nil},
		{"load", signedIn, func(w world, s *sessions.Session[cart]) error {
			_, err := w.Load(t.Context(), s.ID().Secret())
			return err
		}, []string{"Load"}},
		{"load when a touch is due", signedIn, func(w world, s *sessions.Session[cart]) error {
			w.clock.Advance(time.Hour)
			_, err := w.Load(t.Context(), s.ID().Secret())
			return err
		}, []string{"Load", "Touch"}},
		{"peek", signedIn, func(w world, s *sessions.Session[cart]) error {
			w.clock.Advance(time.Hour)
			_, err := w.Peek(t.Context(), s.ID().Secret())
			return err
		}, []string{"Load"}},
		{"save", signedIn, func(w world, s *sessions.Session[cart]) error {
			s.Data.Count++
			return w.Save(t.Context(), s)
		}, []string{"Replace"}},
		{"save of what is unchanged", signedIn, func(w world, s *sessions.Session[cart]) error {
			return w.Save(t.Context(), s)
		}, nil},
		{"update", signedIn, func(w world, s *sessions.Session[cart]) error {
			_, err := w.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count++; return nil })
			return err
		}, []string{"Load", "Replace"}},
		{"discard", signedIn, func(w world, s *sessions.Session[cart]) error { return w.Discard(s) }, nil},
		{"sessions", signedIn, func(w world, s *sessions.Session[cart]) error {
			_, err := w.Sessions(t.Context(), "user")
			return err
		}, []string{"LoadRosters", "LoadAll"}},
		{"sessions of nobody", fresh, func(w world, s *sessions.Session[cart]) error {
			_, err := w.Sessions(t.Context(), "nobody")
			return err
		}, []string{"LoadRosters"}},
		{"revoke", signedIn, func(w world, s *sessions.Session[cart]) error {
			return w.Revoke(t.Context(), "user", s.Handle())
		}, []string{"LoadAll", "End", "ChangeRoster"}},
	} {
		for _, encrypted := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, encrypted %v", c.name, encrypted), func(t *testing.T) {
				is := is.New(t)
				cfg := &sessions.Config[cart]{}
				if encrypted {
					cfg.AEAD = newGCM(t)
				}
				w := newWorld(t, cfg)
				s := c.of(t, w)
				w.store.Took()
				is.NoErr(c.do(w, s))
				is.Equal(w.store.Took(), c.want)
			})
		}
	}
}

// The store calls of a login, a renewal and a logout don't grow with the number of the subject's
// sessions. A login that finds the last page full opens another, once in a dozen logins.
func TestCalls_DoNotGrowWithTheNumberOfSessions(t *testing.T) {
	sizes := []int{1, 10, 100, 1000, 10000}
	if testing.Short() {
		sizes = sizes[:3]
	}
	w := newWorld(t, nil)
	ctx := t.Context()
	first := map[string]int{}
	n := 0
	for _, size := range sizes {
		for ; n < size; n++ {
			w.login(t, "user")
		}
		measure := func(name string, do func() error) {
			t.Helper()
			w.store.Took()
			is.New(t).NoErr(do())
			calls := len(w.store.Took())
			if _, ok := first[name]; !ok {
				first[name] = calls
			}
			if calls > 2*first[name] {
				t.Errorf("%s takes %d calls beside %d sessions, and %d beside one", name, calls, size, first[name])
			}
		}
		for range 24 { // more than two pages
			s := w.Create()
			measure("login", func() error { return w.Authenticate(ctx, s, "user") })
			measure("renewal", func() error { return w.Renew(ctx, s) })
			measure("logout", func() error { return w.Destroy(ctx, s) })
			s = w.login(t, "user")
			measure("logout by cookie", func() error { return w.DestroyID(ctx, s.ID().Secret()) })
			n++
			w.login(t, "user") // fills pages
		}
	}
}

func TestCalls_SessionsAreReadInBatches(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	for range 1000 {
		w.login(t, "user")
	}
	infos, err := w.Sessions(t.Context(), "user")
	is.NoErr(err)
	is.Equal(len(infos), 1000)
	is.True(len(w.store.Took()) <= 12)

	var paged []string
	after, pages := "", 0
	for {
		infos, next, err := w.SessionsPage(t.Context(), "user", after, 300)
		is.NoErr(err)
		is.True(len(infos) <= 300)
		for _, i := range infos {
			paged = append(paged, i.Handle)
		}
		pages++
		if next == "" {
			break
		}
		after = next
	}
	is.Equal(len(paged), 1000)
	is.Equal(len(slices.Compact(slices.Sorted(slices.Values(paged)))), 1000) // no session twice
	is.True(pages <= 5)
	_, _, err = w.SessionsPage(t.Context(), "user", "", 0)
	is.True(err != nil)
}

func TestRevokeAll_OfTenThousand(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	is := is.New(t)
	w := newWorld(t, nil)
	var all []*sessions.Session[cart]
	for range 10_000 {
		all = append(all, w.login(t, "user"))
	}
	// It can be called again after the store was unavailable for a while.
	failing := 0
	w.store.On("End", func(c *cued.Call) error {
		if failing++; failing > 3000 && failing <= 3000+8 {
			return driver.ErrUnavailable
		}
		return c.Do()
	})
	n, err := w.RevokeAll(t.Context(), "user")
	is.True(err != nil)
	is.Equal(n, 3000)
	w.store.Off()
	w.store.Took()
	n, err = w.RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.Equal(n, 7000)
	is.True(len(w.store.Took()) < 7000*13/10) // a write for each, and few more
	is.Equal(w.mem.Len(), 0)
	for _, s := range all[:100] {
		is.True(!w.alive(t, s))
	}
	is.Equal(len(w.handles(t, "user")), 0)
	is.True(w.alive(t, w.login(t, "user")))
}

// A session that signs in again while its list is read part by part is found, even if it moves to
// another part.
func TestSessions_ASessionThatChangesItsPartIsListed(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	first := w.login(t, "user")
	for range rosters.DefaultHeadSize - 1 {
		w.login(t, "user")
	}
	last := w.login(t, "user") // in a page: the head is full
	is.NoErr(w.Destroy(t.Context(), first))
	reads := 0
	w.store.On("LoadRosters", func(c *cued.Call) error {
		if reads++; reads == 2 { // the head has been read
			w.clock.Advance(time.Second)
			is.NoErr(w.other.Authenticate(t.Context(), last, "user")) // into the head
		}
		return c.Do()
	})
	infos, err := w.Sessions(t.Context(), "user")
	is.NoErr(err)
	w.store.Off()
	is.True(reads >= 2)
	is.True(slices.ContainsFunc(infos, func(i sessions.Info) bool { return i.Handle == last.Handle() }))
	is.Equal(len(infos), rosters.DefaultHeadSize)
	infos, err = w.Sessions(t.Context(), "user")
	is.NoErr(err)
	is.Equal(len(infos), rosters.DefaultHeadSize)
	n, err := w.RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.Equal(n, rosters.DefaultHeadSize)
}

// Nor does a revocation by either list miss it.
func TestRevoke_ASessionThatChangesItsPartIsEnded(t *testing.T) {
	for name, revoke := range map[string]func(w world) error{
		"RevokeAll":       func(w world) error { _, err := w.RevokeAll(t.Context(), "user"); return err },
		"RevokeFederated": func(w world) error { _, err := w.RevokeFederated(t.Context(), "idp 1"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			w := newWorld(t, nil)
			var all []*sessions.Session[cart]
			for range rosters.DefaultHeadSize + 1 {
				s := w.Create()
				s.Federated = "idp 1"
				is.NoErr(w.Authenticate(t.Context(), s, "user"))
				all = append(all, s)
			}
			last := all[rosters.DefaultHeadSize] // in a page
			for _, s := range all[:rosters.DefaultHeadSize] {
				is.NoErr(w.Destroy(t.Context(), s))
			}
			reads := 0
			w.store.On("LoadRosters", func(c *cued.Call) error {
				if reads++; reads == 2 { // the head has been read, and is empty
					is.NoErr(w.other.Authenticate(t.Context(), last, "user")) // into the head
				}
				return c.Do()
			})
			is.NoErr(revoke(w))
			w.store.Off()
			is.True(reads >= 2)
			is.True(!w.alive(t, last))
		})
	}
}
