package explore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/explore"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

// saboteur is a store that makes one mistake: the function that is not nil replaces the store's.
type saboteur struct {
	driver.Store
	create  func(context.Context, driver.Store, driver.Record) error
	load    func(context.Context, driver.Store, string) (driver.Record, error)
	replace func(context.Context, driver.Store, driver.Record, string) error
	touch   func(context.Context, driver.Store, string, time.Time, time.Time) error
	end     func(context.Context, driver.Store, driver.End) (driver.Record, error)
	change  func(context.Context, driver.Store, driver.RosterChange) (driver.Roster, error)
}

func (s saboteur) Create(ctx context.Context, rec driver.Record) error {
	if s.create != nil {
		return s.create(ctx, s.Store, rec)
	}
	return s.Store.Create(ctx, rec)
}

func (s saboteur) Load(ctx context.Context, key string) (driver.Record, error) {
	if s.load != nil {
		return s.load(ctx, s.Store, key)
	}
	return s.Store.Load(ctx, key)
}

func (s saboteur) Replace(ctx context.Context, rec driver.Record, rev string) error {
	if s.replace != nil {
		return s.replace(ctx, s.Store, rec, rev)
	}
	return s.Store.Replace(ctx, rec, rev)
}

func (s saboteur) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	if s.touch != nil {
		return s.touch(ctx, s.Store, key, accessed, expires)
	}
	return s.Store.Touch(ctx, key, accessed, expires)
}

func (s saboteur) End(ctx context.Context, e driver.End) (driver.Record, error) {
	if s.end != nil {
		return s.end(ctx, s.Store, e)
	}
	return s.Store.End(ctx, e)
}

func (s saboteur) ChangeRoster(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
	if s.change != nil {
		return s.change(ctx, s.Store, c)
	}
	return s.Store.ChangeRoster(ctx, c)
}

// Each mistake is found, and the broken promise is named.
func TestMistakesAreFound(t *testing.T) {
	type change = driver.RosterChange
	var read driver.Record
	visitor := func(w *explore.World) { w.Visitor("A") }
	user := func(w *explore.World) { w.User("B", "u", start) }
	both := func(w *explore.World) { w.Visitor("A"); w.User("B", "u", start) }
	four := func(w *explore.World) {
		for _, name := range []string{"B", "C", "D", "E"} {
			w.User(name, "u", start)
		}
	}
	before, after := start.Add(2*time.Hour-time.Second), start.Add(2*time.Hour+time.Minute)
	names := []string{"B", "C", "D", "E"}
	for _, m := range []struct {
		mistake string
		is      saboteur
		begin   func(*explore.World)
		ops     []explore.Op
		limit   sessions.SubjectLimit
		dead    []string
		breaks  string
	}{
		{
			"End without its condition",
			saboteur{end: func(ctx context.Context, store driver.Store, e driver.End) (driver.Record, error) {
				e.If = nil
				return store.End(ctx, e)
			}},
			visitor,
			[]explore.Op{explore.Save("A"), explore.Renew("A")},
			sessions.SubjectLimit{},
			nil, "has lost what was saved",
		},
		{
			"End leaves no marker, so that a Create that comes late is one",
			saboteur{end: func(ctx context.Context, store driver.Store, e driver.End) (driver.Record, error) {
				if e.Marker.Why != driver.Renewed {
					e.Marker = driver.Marker{}
				}
				return store.End(ctx, e)
			}},
			nil,
			[]explore.Op{explore.CreateThenDestroy(""), explore.Create()},
			sessions.SubjectLimit{},
			nil, "is alive after",
		},
		{
			"Replace without its condition",
			saboteur{replace: func(ctx context.Context, store driver.Store, rec driver.Record, _ string) error {
				found, err := store.Load(ctx, rec.Key)
				if err != nil {
					return err
				}
				return store.Replace(ctx, rec, found.Rev)
			}},
			visitor,
			[]explore.Op{explore.Save("A"), explore.Save("A")},
			sessions.SubjectLimit{},
			nil, "has lost what was saved",
		},
		{
			"Touch writes back the record that was read before",
			saboteur{
				load: func(ctx context.Context, store driver.Store, key string) (driver.Record, error) {
					rec, err := store.Load(ctx, key)
					read = rec
					return rec, err
				},
				touch: func(ctx context.Context, store driver.Store, key string, accessed, _ time.Time) error {
					found, err := store.Load(ctx, key)
					if err != nil {
						return err
					}
					rec := read
					rec.Accessed, rec.Rev = accessed, read.Rev+" touched"
					return store.Replace(ctx, rec, found.Rev)
				},
			},
			visitor,
			[]explore.Op{explore.Save("A"), explore.Touch("A")},
			sessions.SubjectLimit{},
			nil, "has lost what was saved",
		},
		{
			"a logout doesn't follow a marker that says renewed",
			saboteur{end: func(ctx context.Context, store driver.Store, e driver.End) (driver.Record, error) {
				rec, err := store.End(ctx, e)
				if errors.Is(err, driver.ErrRenewed) && e.Marker.Why == driver.Destroyed {
					return rec, driver.ErrNotFound
				}
				return rec, err
			}},
			visitor,
			[]explore.Op{explore.Renew("A"), explore.DestroyID("A")},
			sessions.SubjectLimit{},
			nil, "is alive after destroy",
		},
		{
			"ChangeRoster ignores the epoch",
			saboteur{change: func(ctx context.Context, store driver.Store, c change) (driver.Roster, error) {
				c.IfEpoch = nil
				return store.ChangeRoster(ctx, c)
			}},
			user,
			[]explore.Op{explore.LoginFresh("u"), explore.RevokeAll("u")},
			sessions.SubjectLimit{},
			nil, "is alive after revoke all",
		},
		{
			"a revocation doesn't count up the epoch",
			saboteur{change: func(ctx context.Context, store driver.Store, c change) (driver.Roster, error) {
				c.Bump = false
				return store.ChangeRoster(ctx, c)
			}},
			visitor,
			[]explore.Op{explore.Login("A", "u"), explore.RevokeAll("u")},
			sessions.SubjectLimit{},
			nil, "is alive after revoke all",
		},
		{
			"a renewal doesn't enter the list",
			saboteur{change: func(ctx context.Context, store driver.Store, c change) (driver.Roster, error) {
				if c.IfEpoch == nil && c.Enter != "" {
					return driver.Roster{Key: c.Key}, nil
				}
				return store.ChangeRoster(ctx, c)
			}},
			user,
			[]explore.Op{explore.Renew("B"), explore.RevokeAll("u")},
			sessions.SubjectLimit{},
			nil, "not in its subject's list",
		},
		{
			"a limit that counts without a condition",
			saboteur{change: func(ctx context.Context, store driver.Store, c change) (driver.Roster, error) {
				c.IfRev = nil
				return store.ChangeRoster(ctx, c)
			}},
			both,
			[]explore.Op{explore.Login("A", "u"), explore.LoginFresh("u")},
			sessions.SubjectLimit{Max: 2},
			nil, "and may have 2",
		},
		{
			"an eviction drops from the list what it hasn't ended",
			saboteur{end: func(ctx context.Context, store driver.Store, e driver.End) (driver.Record, error) {
				if e.Marker.Why == driver.Evicted {
					return driver.Record{}, nil
				}
				return store.End(ctx, e)
			}},
			user,
			[]explore.Op{explore.Save("B"), explore.LoginFresh("u")},
			sessions.SubjectLimit{Max: 1, Evict: true},
			nil,
			"not in its subject's list",
		},
		{
			"pruning drops what it hasn't marked",
			saboteur{end: func(ctx context.Context, store driver.Store, e driver.End) (driver.Record, error) {
				if e.Marker.Why == driver.Abandoned {
					return driver.Record{}, nil
				}
				return store.End(ctx, e)
			}},
			four,
			[]explore.Op{explore.LoginFresh("u").AtTime(after), explore.Touch("B").AtTime(before)},
			sessions.SubjectLimit{},
			names,
			"not in its subject's list",
		},
		{
			"pruning ends what was touched since it looked",
			saboteur{end: func(ctx context.Context, store driver.Store, e driver.End) (driver.Record, error) {
				if e.If != nil {
					e.If.Accessed = time.Time{}
				}
				return store.End(ctx, e)
			}},
			four,
			[]explore.Op{explore.LoginFresh("u").AtTime(after), explore.Touch("B").AtTime(before)},
			sessions.SubjectLimit{},
			names,
			"has idled out after touch",
		},
		{
			"End leaves no marker where there is no record yet",
			saboteur{end: func(ctx context.Context, store driver.Store, e driver.End) (driver.Record, error) {
				if _, err := store.Load(ctx, e.Key); errors.Is(err, driver.ErrNotFound) && !errors.Is(err, driver.ErrEnded) {
					return driver.Record{}, nil
				}
				return store.End(ctx, e)
			}},
			user,
			[]explore.Op{explore.LoginFresh("u"), explore.RevokeAll("u")},
			sessions.SubjectLimit{},
			nil,
			"not in its subject's list",
		},
	} {
		t.Run(m.mistake, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := is.New(t)
				s := &explore.Scenario{Name: m.mistake, Begin: m.begin, Ops: m.ops, Limit: m.limit, Dead: m.dead}
				sabotage := func(store driver.Store) driver.Store {
					is := m.is
					is.Store = store
					return is
				}
				// The mistake is found, if necessary by a schedule with a fault.
				// Without the mistake nothing is found.
				for _, fault := range append([]explore.Fault{explore.None}, faults()...) {
					s.Sabotage = sabotage
					_, err := explore.Explore(s, []explore.Fault{fault}, int(min(fault, 1)))
					v, ok := errors.AsType[*explore.Violation](err)
					if !ok {
						is.NoErr(err)
						continue
					}
					if !strings.Contains(v.Broken, m.breaks) {
						t.Errorf("found %v", v)
					}
					s.Sabotage = nil
					_, err = explore.Explore(s, []explore.Fault{fault}, int(min(fault, 1)))
					is.NoErr(err)
					t.Logf("found with %v, after %d calls: %s", fault, len(v.Schedule), v.Broken)
					return
				}
				t.Error("is not found")
			})
		})
	}
}
