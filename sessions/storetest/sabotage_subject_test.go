package storetest_test

import (
	"context"
	"slices"
	"testing"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/storetest"
)

// clerk is a store that keeps rosters well, save for the calls that are set.
type clerk struct {
	*memstore.Store
	load     func(context.Context, string) (sessions.Roster, error)
	transact func(context.Context, sessions.Transaction) error
}

func (c *clerk) LoadRoster(ctx context.Context, key string) (sessions.Roster, error) {
	if c.load != nil {
		return c.load(ctx, key)
	}
	return c.Store.LoadRoster(ctx, key)
}

func (c *clerk) Transact(ctx context.Context, t sessions.Transaction) error {
	if c.transact != nil {
		return c.transact(ctx, t)
	}
	return c.Store.Transact(ctx, t)
}

// changed makes a clerk do something else than it is told.
func changed(change func(*sessions.Transaction)) func(*memstore.Store, *clerk) {
	return func(good *memstore.Store, c *clerk) {
		c.transact = func(ctx context.Context, t sessions.Transaction) error {
			change(&t)
			return good.Transact(ctx, t)
		}
	}
}

func TestSaboteurs_Subjects(t *testing.T) {
	rosters := func(change func(*sessions.RosterChange)) func(*memstore.Store, *clerk) {
		return changed(func(t *sessions.Transaction) {
			changes := make([]sessions.RosterChange, len(t.Rosters))
			copy(changes, t.Rosters)
			for i := range changes {
				change(&changes[i])
			}
			t.Rosters = changes
		})
	}
	for name, s := range map[string]struct {
		rule string
		by   func(*memstore.Store, *clerk)
	}{
		"a roster that is none is an error": {"roster: absent", func(good *memstore.Store, c *clerk) {
			c.load = func(ctx context.Context, key string) (sessions.Roster, error) {
				r, err := good.LoadRoster(ctx, key)
				if err == nil && r.Rev == "" {
					err = sessions.ErrNotFound
				}
				return r, err
			}
		}},
		"nothing is removed":         {"transact: all of it", changed(func(t *sessions.Transaction) { t.Remove = nil })},
		"nobody leaves":              {"transact: all of it", rosters(func(c *sessions.RosterChange) { c.Leave = nil })},
		"a replacement is forgotten": {"transact: replaces", changed(func(t *sessions.Transaction) { t.Replace = nil })},
		"another rev doesn't matter": {"transact: another rev", changed(func(t *sessions.Transaction) {
			var all []sessions.Remove
			for _, r := range t.Remove {
				all = append(all, sessions.Remove{Key: r.Key})
			}
			t.Remove = all
		})},
		"another roster doesn't matter": {"roster: another rev", func(good *memstore.Store, c *clerk) {
			c.transact = func(ctx context.Context, t sessions.Transaction) error {
				t.Rosters = slices.Clone(t.Rosters)
				for i := range t.Rosters {
					r, err := good.LoadRoster(ctx, t.Rosters[i].Key)
					if err != nil {
						return err
					}
					if r.Rev != t.Rosters[i].Rev {
						t.Rosters[i].If = r.Rev
					}
				}
				return good.Transact(ctx, t)
			}
		}},
		"an epoch stands still": {"roster: epoch", rosters(func(c *sessions.RosterChange) { c.Bump = false })},
		"records first, rosters later": {"roster: another rev", func(good *memstore.Store, c *clerk) {
			c.transact = func(ctx context.Context, t sessions.Transaction) error {
				records, rosters := t, t
				records.Rosters = nil
				rosters.Create, rosters.Replace, rosters.Remove = nil, nil, nil
				if err := good.Transact(ctx, records); err != nil {
					return err
				}
				return good.Transact(ctx, rosters)
			}
		}},
		"a repetition is refused": {"repeat: transact", func(good *memstore.Store, c *clerk) {
			c.transact = func(ctx context.Context, t sessions.Transaction) error {
				if t.Create != nil {
					if _, err := good.Load(ctx, t.Create.Key); err == nil {
						return sessions.ErrExists
					}
				}
				return good.Transact(ctx, t)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			err := storetest.Check(t.Context(), func() sessions.Store {
				good := memstore.New(nil)
				c := &clerk{Store: good}
				s.by(good, c)
				return c
			})
			if !slices.Contains(brokenRules(err), s.rule) {
				t.Errorf("not among the rules that are broken: %s\n%v", s.rule, err)
			}
		})
	}
}
