package evolving_test

import (
	"slices"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/pysession"
)

// moves has the deploys by which IDs change, one after the other. At the end only IDs that the last
// two issue are in use.
func moves() map[string][]sessions.IDScheme {
	random := sessions.RandomIDs(32)
	oldKey, newKey := []byte("0123456789abcdef"), []byte("fedcba9876543210")
	signed := sessions.SignedIDs(32, newKey)
	python := func(o pysession.Options) sessions.IDScheme { return pysession.Config[cart](o).IDs }
	return map[string][]sessions.IDScheme{
		"a key that signs": {sessions.SignedIDs(32, oldKey), sessions.SignedIDs(32, oldKey, newKey), sessions.SignedIDs(32, newKey, oldKey), signed},
		"another scheme":   {random, sessions.AcceptIDs(random, signed), sessions.MigrateIDs(signed, random), signed},
		"a key that signs for Python": {
			python(pysession.Options{Keys: []string{"old"}}), python(pysession.Options{Keys: []string{"new", "old"}}),
			python(pysession.Options{Keys: []string{"old", "new"}}), python(pysession.Options{Keys: []string{"new"}}),
		},
		"away from Python": {
			python(pysession.Options{}), python(pysession.Options{AcceptMigrated: true}),
			python(pysession.Options{Migrate: true}), sessions.RandomIDs(33),
		},
	}
}

// Two hosts with consecutive forms accept each other's sessions, whoever made them or signed the
// user in, and list and end them. So it makes no difference whether the deploy goes forward or
// back.
func TestRolling_IDs(t *testing.T) {
	for name, schemes := range moves() {
		for n := range len(schemes) - 1 {
			hosts := schemes[n : n+2]
			t.Run(name, func(t *testing.T) {
				table := ""
				for _, store := range []sessions.Store{memstore.New(nil), nil} {
					if store == nil {
						table = engine.NewTable(t)
						store = engine.Store(t, table)
					}
					var managers []*sessions.Manager[cart]
					for _, ids := range hosts {
						m, err := sessions.New(store, &sessions.Config[cart]{IDs: ids})
						if err != nil {
							t.Fatal(err)
						}
						managers = append(managers, m)
					}
					if n+2 == len(schemes) { // the absolute timeout has passed: the one before issues the same IDs
						meet(t, managers[:1], managers)
						continue
					}
					meet(t, managers, managers)
				}
			})
		}
	}
}

// meet has sessions begin at each of the managers in from, and be used by all.
func meet(t *testing.T, from, all []*sessions.Manager[cart]) {
	t.Helper()
	is, ctx := is.New(t), t.Context()
	for i, m := range from {
		for _, login := range []bool{false, true} {
			s, err := m.CreateAndSave(ctx, start())
			is.NoErr(err)
			if login {
				is.NoErr(m.Authenticate(ctx, s, "user"))
			}
			for _, at := range all {
				got, err := at.Update(ctx, s.ID().Secret(), func(c *cart) error { c.Items = append(c.Items, "cups"); return nil })
				is.NoErr(err) // this host knows the ID
				if login {
					infos, err := at.Sessions(ctx, "user")
					is.NoErr(err)
					is.True(slices.ContainsFunc(infos, func(i sessions.Info) bool { return i.Handle == got.Handle() }))
				}
				// A host on which the new IDs are only accepted must not take them back, which the
				// next page would undo.
				is.True(i == 0 || !at.NeedsRenewal(got))
			}
			if login {
				for _, at := range all {
					is.NoErr(m.Authenticate(ctx, m.Create(), "user"))
					infos, err := at.Sessions(ctx, "user")
					is.NoErr(err)
					is.NoErr(at.Revoke(ctx, "user", infos[0].Handle))
				}
				count, err := all[len(all)-1].RevokeAll(ctx, "user")
				is.NoErr(err)
				is.Equal(count, 1)
				_, err = all[0].Load(ctx, s.ID().Secret())
				is.True(err != nil)
			}
		}
	}
}
