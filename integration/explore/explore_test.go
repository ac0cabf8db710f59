package explore_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dynasession/dynasession/integration/explore"
	"github.com/dynasession/dynasession/sessions"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// group is a stored state, and operations that are explored in pairs.
type group struct {
	name  string
	begin func(*explore.World)
	ops   []explore.Op
	limit sessions.SubjectLimit
	dead  []string
	waits bool // its logins wait for each other, which makes for endless schedules
}

func groups() []group {
	visitor := func(w *explore.World) { w.Visitor("A") }
	user := func(w *explore.World) { w.User("B", "u", start) }
	two := func(w *explore.World) {
		w.Visitor("A")
		w.User("B", "u", start)
		w.User("C", "u", start.Add(time.Second))
	}
	federated := func(w *explore.World) { w.Visitor("A"); w.Federated("B", "u", "f") }
	before, after := start.Add(2*time.Hour-time.Second), start.Add(2*time.Hour+time.Minute)
	return []group{
		{
			name: "a visitor", begin: visitor,
			ops: append([]explore.Op{
				explore.Save("A"), explore.Update("A"), explore.Touch("A"), explore.Renew("A"), explore.Login("A", "u"),
				explore.LoginFresh("u"), explore.Destroy("A"), explore.DestroyID("A"), explore.RevokeAll("u"), explore.Create(),
				explore.CreateThenDestroy(""), explore.CreateThenDestroy("u"),
			}, explore.ThenDestroy("A", "u")...),
		},
		{
			name: "a user", begin: user,
			ops: append([]explore.Op{
				explore.Save("B"), explore.Update("B"), explore.Touch("B"), explore.Renew("B"), explore.Login("B", "u"),
				explore.Login("B", "v"), explore.LoginFresh("u"), explore.Destroy("B"), explore.DestroyID("B"), explore.Revoke("B", "u"),
				explore.RevokeAll("u"),
			}, explore.ThenDestroy("B", "u")...),
		},
		{
			name: "two sessions of a user", begin: two,
			ops: []explore.Op{
				explore.Save("B"), explore.Renew("B"), explore.Renew("C"), explore.Login("A", "u"), explore.Login("B", "u"), explore.Destroy("C"),
				explore.Revoke("B", "u"), explore.RevokeAll("u"),
			},
		},
		{
			name: "a federated user", begin: federated,
			ops: []explore.Op{
				explore.Save("B"), explore.Renew("B"), explore.LoginFederated("A", "u", "f"), explore.LoginFreshFederated("u", "f"),
				explore.Login("B", "u"), explore.Destroy("B"), explore.RevokeAll("u"), explore.RevokeFederated("f"),
			},
		},
		{
			name: "a limit of one that evicts", begin: func(w *explore.World) { w.Visitor("A"); w.User("B", "u", start) },
			limit: sessions.SubjectLimit{Max: 1, Evict: true},
			ops: []explore.Op{
				explore.Save("B"), explore.Touch("B"), explore.Renew("B"), explore.Login("A", "u"), explore.Login("B", "u"), explore.LoginFresh("u"),
				explore.Destroy("B"), explore.RevokeAll("u"),
			},
		},
		{
			name: "a limit of two that evicts", begin: two, limit: sessions.SubjectLimit{Max: 2, Evict: true},
			ops: []explore.Op{
				explore.Save("B"), explore.Touch("B"), explore.Renew("B"), explore.Login("A", "u"), explore.LoginFresh("u"), explore.Destroy("C"),
			},
		},
		{
			name: "a limit of two that refuses", begin: func(w *explore.World) { w.Visitor("A"); w.User("B", "u", start) },
			limit: sessions.SubjectLimit{Max: 2}, waits: true,
			ops: []explore.Op{
				explore.Renew("B"), explore.Login("A", "u"), explore.LoginFresh("u"), explore.Login("B", "u"), explore.Destroy("B"),
				explore.RevokeAll("u"),
			},
		},
		{
			name: "a list full of sessions that have idled out", begin: func(w *explore.World) {
				for _, name := range []string{"B", "C", "D", "E"} {
					w.User(name, "u", start)
				}
			},
			dead: []string{"B", "C", "D", "E"},
			ops: []explore.Op{
				explore.LoginFresh("u").AtTime(after), explore.Touch("B").AtTime(before), explore.Save("B").AtTime(before),
				explore.Renew("B").AtTime(before), explore.Login("B", "u").AtTime(before), explore.RevokeAll("u").AtTime(after),
				explore.Destroy("B").AtTime(before),
			},
		},
		{
			name: "a list full of sessions", begin: func(w *explore.World) {
				for i, name := range []string{"B", "C", "D", "E"} {
					w.User(name, "u", start.Add(time.Duration(i)*time.Second))
				}
			},
			ops: []explore.Op{explore.LoginFresh("u"), explore.Renew("B"), explore.Destroy("B"), explore.RevokeAll("u")},
		},
	}
}

var full = flag.Bool("full", false, "explore more faults, and larger lists")

// faults returns the faults to be explored. By default it omits Unsent and CrashLate, which add
// little: a lost call is like a late one that comes last, and a crash before a late call is like
// one before the call was made.
func faults() []explore.Fault {
	if *full {
		return []explore.Fault{explore.Crash, explore.Lost, explore.Unsent, explore.Late, explore.CrashLate}
	}
	return []explore.Fault{explore.Crash, explore.Lost, explore.Late}
}

// manySchedules is the number of schedules above which only crashes are explored, unless -full is
// set.
const manySchedules = 100

// Any two operations of a group keep every promise, in any order of their calls and with a fault at
// each.
func TestPairs(t *testing.T) {
	for _, g := range groups() {
		for i, one := range g.ops {
			for _, other := range g.ops[i:] {
				name := fmt.Sprintf("%s: %s, %s", g.name, one.Name, other.Name)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						s := &explore.Scenario{Name: name, Begin: g.begin, Ops: []explore.Op{one, other}, Limit: g.limit, Dead: g.dead}
						n, err := explore.Explore(s, nil, 0)
						if err != nil {
							t.Fatal(err)
						}
						which := faults()
						if g.waits || n.Schedules > manySchedules && !*full {
							which = which[:1]
						}
						n, err = explore.Explore(s, which, 1)
						if err != nil {
							t.Fatal(err)
						}
						t.Logf("%.0f schedules, %.0f with one of %v, by %d calls", n.Schedules, n.Faulted, which, n.Calls)
					})
				})
			}
		}
	}
}

var (
	seed      = flag.Uint64("seed", 0, "seed of the random schedules; 0 chooses one and prints it")
	schedules = flag.Int("schedules", 20, "number of random schedules per scenario")
)

// Any three operations of a group, not necessarily different, keep every promise in random
// schedules with up to two faults.
func TestTriples(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	for _, g := range groups() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				t.Logf("-seed %d", *seed)
				rnd := rand.New(rand.NewPCG(*seed, 1))
				var all explore.Count
				for range 50 {
					var ops []explore.Op
					name := g.name
					for range 3 {
						op := g.ops[rnd.IntN(len(g.ops))]
						ops = append(ops, op)
						name += ", " + op.Name
					}
					s := &explore.Scenario{Name: name, Begin: g.begin, Ops: ops, Limit: g.limit, Dead: g.dead}
					n, err := explore.Random(s, faults(), 2, *schedules, *seed)
					all.Add(n)
					if err != nil {
						t.Error(err)
					}
				}
				t.Logf("%.0f schedules, %.0f with faults, by %d calls", all.Schedules, all.Faulted, all.Calls)
			})
		})
	}
}
