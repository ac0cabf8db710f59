package sessions_test

import (
	"crypto/rand"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// plainIDs is a scheme whose keys are the IDs themselves.
type plainIDs struct{ sessions.IDScheme }

func (plainIDs) Key(id sessions.ID) string { return id.Secret() }

func TestMigrateIDs_NobodyIsSignedOut(t *testing.T) {
	is := is.New(t)
	mem, c := memstore.New(nil), clock.NewFake(start)
	before, err := sessions.New(mem, &sessions.Config[cart]{Clock: c, IDs: plainIDs{sessions.RandomIDs(32)}})
	is.NoErr(err)
	during, err := sessions.New(mem, &sessions.Config[cart]{
		Clock: c, IDs: sessions.MigrateIDs(sessions.RandomIDs(33), plainIDs{sessions.RandomIDs(32)}),
	})
	is.NoErr(err)
	after, err := sessions.New(mem, &sessions.Config[cart]{Clock: c, IDs: sessions.RandomIDs(33)})
	is.NoErr(err)

	old, err := before.CreateAndSave(t.Context(), cart{Count: 7})
	is.NoErr(err)
	id := old.ID().Secret()
	s, err := during.Load(t.Context(), id)
	is.NoErr(err)
	is.Equal(s.Data.Count, 7)
	is.True(during.NeedsRenewal(s))
	is.True(!before.NeedsRenewal(old))
	is.NoErr(during.Renew(t.Context(), s))
	is.True(!during.NeedsRenewal(s))
	_, err = before.Load(t.Context(), id)
	wants.Err(t, err, sessions.ErrNotFound) // the old key is gone
	got, err := after.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 7)
	is.Equal(got.CreatedAt(), old.CreatedAt())
	_, err = after.Load(t.Context(), id)
	wants.Err(t, err, sessions.ErrInvalidID)
}

func TestMigrateIDs_AHandleIsNeverAnID(t *testing.T) {
	is := is.New(t)
	mem := memstore.New(nil)
	for _, ids := range []sessions.IDScheme{
		plainIDs{sessions.RandomIDs(32)}, sessions.MigrateIDs(sessions.RandomIDs(33), plainIDs{sessions.RandomIDs(32)}),
	} {
		m, err := sessions.New(mem, &sessions.Config[cart]{IDs: ids})
		is.NoErr(err)
		is.NoErr(m.Authenticate(t.Context(), m.Create(), "user"))
		infos, err := m.Sessions(t.Context(), "user")
		is.NoErr(err)
		for _, i := range infos {
			is.Equal(len(i.Handle), 128)
			_, err := m.Load(t.Context(), i.Handle)
			wants.Err(t, err, sessions.ErrInvalidID)
			is.NoErr(m.Revoke(t.Context(), "user", i.Handle))
		}
	}
	is.Equal(mem.Len(), 0)
}

// takesAll is a scheme that accepts any text as an ID.
type takesAll struct{}

func (takesAll) New() sessions.ID                       { return sessions.IDOf(rand.Text()) }
func (takesAll) Parse(text string) (sessions.ID, error) { return sessions.IDOf(text), nil }
func (takesAll) Key(id sessions.ID) string              { return id.Handle() }

func TestMigrateIDs_MustBeToldApart(t *testing.T) {
	is := is.New(t)
	for want, ids := range map[string]sessions.IDScheme{
		"can't be told apart": sessions.MigrateIDs(sessions.RandomIDs(32), plainIDs{sessions.RandomIDs(32)}),
		"MigrateIDs: from: an ID that New has made is refused": sessions.MigrateIDs(sessions.RandomIDs(33), plainIDs{sessions.RandomIDs(3)}),
		"MigrateIDs: from: a handle, which logs and lists":     sessions.MigrateIDs(sessions.RandomIDs(33), takesAll{}),
		"MigrateIDs: from is nil":                              sessions.MigrateIDs(sessions.RandomIDs(33), nil),
		"MigrateIDs: to: IDs of 3 random":                      sessions.MigrateIDs(sessions.RandomIDs(3), sessions.RandomIDs(32)),
		"AcceptIDs: accepted is nil":                           sessions.AcceptIDs(sessions.RandomIDs(33), nil),
		"AcceptIDs: issued: IDs of 3 random":                   sessions.AcceptIDs(sessions.RandomIDs(3), sessions.RandomIDs(32)),
		"AcceptIDs: the IDs of the two schemes can't":          sessions.AcceptIDs(sessions.RandomIDs(32), sessions.RandomIDs(32)),
	} {
		_, err := sessions.New(memstore.New(nil), &sessions.Config[cart]{IDs: ids})
		is.True(err != nil)
		wants.Text(t, err, want)
	}
}

// Nobody can sign in with a handle that Sessions, errors or events show, under any scheme that made
// the table's keys.
func TestHandles_AreIDsOfNoScheme(t *testing.T) {
	schemes := map[string]sessions.IDScheme{
		"raw 32": plainIDs{sessions.RandomIDs(32)}, "raw 16": plainIDs{sessions.RandomIDs(16)}, "raw 1024": plainIDs{sessions.RandomIDs(1024)},
		"raw signed": plainIDs{sessions.SignedIDs(32, oldKey)}, "random 32": sessions.RandomIDs(32), "random 33": sessions.RandomIDs(33),
		"signed": sessions.SignedIDs(32, newKey), "migrating": sessions.MigrateIDs(sessions.RandomIDs(33), plainIDs{sessions.RandomIDs(32)}),
		"signed, of another key": sessions.SignedIDs(32, oldKey),
	}
	is := is.New(t)
	mem := memstore.New(nil)
	seen := &witness{}
	managers := map[string]*sessions.Manager[cart]{}
	for name, ids := range schemes {
		m, err := sessions.New(mem, &sessions.Config[cart]{IDs: ids, Observer: seen})
		is.NoErr(err)
		managers[name] = m
		is.NoErr(m.Authenticate(t.Context(), m.Create(), "user"))
	}
	shown := map[string]bool{}
	for _, m := range managers {
		infos, err := m.Sessions(t.Context(), "user")
		is.NoErr(err)
		is.Equal(len(infos), len(schemes))
		for _, i := range infos {
			shown[i.Handle] = true
		}
	}
	is.Equal(len(shown), len(schemes)) // each session has one handle, for every Manager
	for _, e := range seen.took() {
		if e.Handle != "" {
			shown[e.Handle] = true
		}
	}
	for handle := range shown {
		is.Equal(len(handle), 128)
		for _, m := range managers {
			_, err := m.Load(t.Context(), handle)
			wants.Err(t, err, sessions.ErrInvalidID)
			wants.Err(t, m.DestroyID(t.Context(), handle), sessions.ErrInvalidID)
		}
	}
	for _, m := range managers { // every Manager can end it by that handle
		infos, err := m.Sessions(t.Context(), "user")
		is.NoErr(err)
		if len(infos) > 0 {
			_ = m.Revoke(t.Context(), "user", infos[0].Handle)
		}
	}
	_, err := managers["migrating"].RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.Equal(mem.Len(), 0)
}

// An ID keeps in eight bits which scheme has recognised it.
func TestMigrateIDs_AsDeepAsAnIDRemembers(t *testing.T) {
	is := is.New(t)
	mem := memstore.New(nil)
	var ids sessions.IDScheme = plainIDs{sessions.RandomIDs(16)}
	oldest, err := sessions.New(mem, &sessions.Config[cart]{IDs: ids})
	is.NoErr(err)
	s, err := oldest.CreateAndSave(t.Context(), cart{})
	is.NoErr(err)
	for n := range 8 {
		ids = sessions.MigrateIDs(sessions.RandomIDs(17+n), ids)
		m, err := sessions.New(mem, &sessions.Config[cart]{IDs: ids})
		is.NoErr(err)
		s, err := m.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		is.True(m.NeedsRenewal(s))
	}
	for _, deeper := range []sessions.IDScheme{sessions.MigrateIDs(sessions.RandomIDs(40), ids), sessions.MigrateIDs(ids, sessions.RandomIDs(40))} {
		_, err = sessions.New(mem, &sessions.Config[cart]{IDs: deeper})
		wants.Text(t, err, "Config.IDs: MigrateIDs is nested 9 deep: must be at most 8")
	}
}

// An ID that is accepted stays, unless a scheme on its path is being left.
func TestAcceptIDs_NeedsRenewal(t *testing.T) {
	is := is.New(t)
	a, b, c := sessions.RandomIDs(16), sessions.RandomIDs(17), sessions.RandomIDs(18)
	for _, row := range []struct {
		ids           sessions.IDScheme
		ofA, ofB, ofC bool
	}{
		{sessions.AcceptIDs(a, sessions.AcceptIDs(b, c)), false, false, false},
		{sessions.AcceptIDs(a, sessions.MigrateIDs(b, c)), false, false, true},
		{sessions.AcceptIDs(sessions.MigrateIDs(b, c), a), false, false, true},
		{sessions.MigrateIDs(a, sessions.AcceptIDs(b, c)), false, true, true},
		{sessions.MigrateIDs(sessions.AcceptIDs(a, b), c), false, false, true},
	} {
		mem := memstore.New(nil)
		m, err := sessions.New(mem, &sessions.Config[cart]{IDs: row.ids})
		is.NoErr(err)
		for scheme, want := range map[sessions.IDScheme]bool{a: row.ofA, b: row.ofB, c: row.ofC} {
			of, err := sessions.New(mem, &sessions.Config[cart]{IDs: scheme})
			is.NoErr(err)
			s, err := of.CreateAndSave(t.Context(), cart{Count: 7})
			is.NoErr(err)
			s, err = m.Load(t.Context(), s.ID().Secret())
			is.NoErr(err)
			is.Equal(m.NeedsRenewal(s), want)
			is.NoErr(m.Renew(t.Context(), s))
			is.True(!m.NeedsRenewal(s))
		}
	}
}
