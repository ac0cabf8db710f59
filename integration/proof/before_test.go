package proof_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/integration/proof"
	"github.com/dynasession/dynasession/integration/proof/before"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

// onePair returns a Release of package before and a current Manager on one table.
func onePair(t *testing.T, limit int) (*before.Release, *sessions.Manager[proof.Ledger]) {
	t.Helper()
	table := engine.NewTable(t)
	m, err := sessions.New(engine.Store(t, table), &sessions.Config[proof.Ledger]{SubjectLimit: sessions.SubjectLimit{Max: limit}})
	is.New(t).NoErr(err)
	return &before.Release{API: engine.Client(t), Table: table, Limit: limit}, m
}

func newLogin(t *testing.T, m *sessions.Manager[proof.Ledger], subject string) *sessions.Session[proof.Ledger] {
	t.Helper()
	s := m.Create()
	is.New(t).NoErr(m.Authenticate(t.Context(), s, subject))
	return s
}

func oldLogin(t *testing.T, r *before.Release, subject string) *before.Session {
	t.Helper()
	is := is.New(t)
	s, err := r.Create(t.Context(), `{"marks":[]}`)
	is.NoErr(err)
	is.NoErr(r.Authenticate(t.Context(), s, subject))
	return s
}

func handlesOf(t *testing.T, m *sessions.Manager[proof.Ledger], subject string) []string {
	t.Helper()
	infos, err := m.Sessions(t.Context(), subject)
	is.New(t).NoErr(err)
	var handles []string
	for _, i := range infos {
		handles = append(handles, i.Handle)
	}
	slices.Sort(handles)
	return handles
}

// Each release loads, saves and renews what the other has stored.
func TestBefore_OneSession(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	old, m := onePair(t, 0)
	s := oldLogin(t, old, "user")
	for n := range 3 {
		got, err := m.Load(ctx, s.ID)
		is.NoErr(err)
		got.Data.Marks = append(got.Data.Marks, fmt.Sprint("new-", n))
		is.NoErr(m.Save(ctx, got))
		is.NoErr(m.Renew(ctx, got))
		is.Equal(old.Save(ctx, s, `{"marks":["lost"]}`), before.ErrConflict) // another rev
		_, err = old.Load(ctx, s.ID)
		is.Equal(err, before.ErrNotFound) // a marker is not a session
		s, err = old.Load(ctx, got.ID().Secret())
		is.NoErr(err)
		is.NoErr(old.Save(ctx, s, strings.Replace(s.Data, `]`, fmt.Sprintf(`,"old-%d"]`, n), 1)))
		is.NoErr(old.Renew(ctx, s))
		_, err = m.Load(ctx, got.ID().Secret())
		wants.Err(t, err, sessions.ErrNotFound)
	}
	got, err := m.Load(ctx, s.ID)
	is.NoErr(err)
	is.Equal(got.Data.String(), "new-0 old-0 new-1 old-1 new-2 old-2")
	is.Equal(handlesOf(t, m, "user"), []string{got.Handle()})
}

// For the old release a marker of any kind is not a session, and none of its calls brings the
// session back.
func TestBefore_Markers(t *testing.T) {
	for name, end := range map[string]func(context.Context, *sessions.Manager[proof.Ledger], *sessions.Session[proof.Ledger]) error{
		"destroyed": func(ctx context.Context, m *sessions.Manager[proof.Ledger], s *sessions.Session[proof.Ledger]) error {
			return m.Destroy(ctx, s)
		},
		"revoked": func(ctx context.Context, m *sessions.Manager[proof.Ledger], s *sessions.Session[proof.Ledger]) error {
			return m.Revoke(ctx, "user", s.Handle())
		},
		"renewed": func(ctx context.Context, m *sessions.Manager[proof.Ledger], s *sessions.Session[proof.Ledger]) error {
			return m.Renew(ctx, s)
		},
		"signed in": func(ctx context.Context, m *sessions.Manager[proof.Ledger], s *sessions.Session[proof.Ledger]) error {
			return m.Authenticate(ctx, s, "another")
		},
	} {
		t.Run(name, func(t *testing.T) {
			is, ctx := is.New(t), t.Context()
			old, m := onePair(t, 0)
			s := newLogin(t, m, "user")
			id := s.ID().Secret()
			inHand, err := old.Load(ctx, id)
			is.NoErr(err)
			is.NoErr(end(ctx, m, s))
			_, err = old.Load(ctx, id)
			is.Equal(err, before.ErrNotFound)
			for _, again := range []func() error{
				func() error { return old.Save(ctx, inHand, `{"marks":["late"]}`) },
				func() error { return old.Renew(ctx, inHand) },
				func() error { return old.Authenticate(ctx, inHand, "user") },
			} {
				is.True(again() != nil)
				_, err = m.Load(ctx, id)
				wants.Err(t, err, sessions.ErrNotFound)
			}
			listed, err := old.Sessions(ctx, "user")
			is.NoErr(err)
			is.Equal(listed, handlesOf(t, m, "user"))
			is.NoErr(old.Destroy(ctx, inHand)) // at most it removes the marker
			_, err = m.Load(ctx, id)
			wants.Err(t, err, sessions.ErrNotFound)
		})
	}
}

// With up to four sessions per subject, each release sees all of them and ends the other's.
func TestBefore_Lists(t *testing.T) {
	for _, by := range []string{"old", "new"} {
		t.Run("revoked by the "+by, func(t *testing.T) {
			is, ctx := is.New(t), t.Context()
			old, m := onePair(t, 0)
			var ids []string
			for range 2 {
				ids = append(ids, oldLogin(t, old, "user").ID, newLogin(t, m, "user").ID().Secret())
			}
			is.NoErr(m.Renew(ctx, loaded(t, m, ids[0]))) // one that the old release made
			listed, err := old.Sessions(ctx, "user")
			is.NoErr(err)
			is.Equal(len(listed), 4)
			is.Equal(listed, handlesOf(t, m, "user"))
			if by == "old" {
				is.NoErr(old.RevokeAll(ctx, "user"))
			} else {
				n, err := m.RevokeAll(ctx, "user")
				is.NoErr(err)
				is.Equal(n, 4)
			}
			for _, id := range ids {
				_, err := m.Load(ctx, id)
				wants.Err(t, err, sessions.ErrNotFound)
				_, err = old.Load(ctx, id)
				is.Equal(err, before.ErrNotFound)
			}
			listed, err = old.Sessions(ctx, "user")
			is.NoErr(err)
			is.Equal(len(listed), 0)
			is.Equal(len(handlesOf(t, m, "user")), 0)
			newLogin(t, m, "user") // the list can still grow
			oldLogin(t, old, "user")
			is.Equal(len(handlesOf(t, m, "user")), 2)
		})
	}
}

func loaded(t *testing.T, m *sessions.Manager[proof.Ledger], id string) *sessions.Session[proof.Ledger] {
	t.Helper()
	s, err := m.Load(t.Context(), id)
	is.New(t).NoErr(err)
	return s
}

// Each release counts the other's sessions, for concurrent logins too. A logout by either makes
// room for a login by either. (Not while logins of both are under way at the same moment: the old
// release drops the entry of one that has not stored its session yet.)
func TestBefore_Limit(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	old, m := onePair(t, 3)
	newly := func() error {
		s := m.Create()
		err := m.Authenticate(ctx, s, "user")
		// The engine may be busy.
		for n := 0; n < 9 && errors.Is(err, sessions.ErrUnavailable); n++ {
			t.Log(err)
			err = m.Authenticate(ctx, s, "user")
		}
		return err
	}
	formerly := func() error {
		s, err := old.Create(ctx, `{"marks":[]}`)
		if err == nil {
			err = old.Authenticate(ctx, s, "user")
		}
		return err
	}
	atOnce := func(login func() error, refusals ...error) (signedIn int) {
		errs := make([]error, 8)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { errs[i] = login() })
		}
		all.Wait()
		for _, err := range errs {
			if err == nil {
				signedIn++
			} else if !slices.ContainsFunc(refusals, func(limit error) bool { return errors.Is(err, limit) }) {
				t.Error(err)
			}
		}
		return signedIn
	}

	is.NoErr(formerly())
	is.Equal(atOnce(newly, sessions.ErrLimit), 2) // beside one of the old release's
	is.Equal(len(handlesOf(t, m, "user")), 3)
	is.Equal(formerly(), before.ErrLimit)

	_, err := m.RevokeAll(ctx, "user")
	is.NoErr(err)
	is.NoErr(newly())
	is.Equal(atOnce(formerly, before.ErrLimit, before.ErrConflict), 2) // beside one of the new release's
	handles := handlesOf(t, m, "user")
	is.Equal(len(handles), 3)

	is.NoErr(m.Revoke(ctx, "user", handles[0]))
	s := oldLogin(t, old, "user")
	wants.Err(t, newly(), sessions.ErrLimit)
	is.NoErr(old.Destroy(ctx, s))
	newLogin(t, m, "user")
	is.Equal(formerly(), before.ErrLimit)
}

// No save of either release is lost when both save at the same time.
func TestBefore_Saves(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	old, m := onePair(t, 0)
	s := oldLogin(t, old, "user")
	var all sync.WaitGroup
	for c := range 4 {
		all.Go(func() {
			for n := range 10 {
				mark := fmt.Sprintf("c%d-%d", c, n)
				if c%2 == 0 {
					_, err := m.Update(ctx, s.ID, func(l *proof.Ledger) error { l.Marks = append(l.Marks, mark); return nil })
					is.NoErr(err)
					continue
				}
				for {
					mine, err := old.Load(ctx, s.ID)
					is.NoErr(err)
					data := strings.Replace(mine.Data, `]`, `,"`+mark+`"]`, 1)
					err = old.Save(ctx, mine, strings.Replace(data, `[,`, `[`, 1))
					if err == nil {
						break
					}
					is.Equal(err, before.ErrConflict)
				}
			}
		})
	}
	all.Wait()
	is.Equal(len(loaded(t, m, s.ID).Data.Marks), 40)
}
