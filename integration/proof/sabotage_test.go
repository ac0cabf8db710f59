package proof_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/proof"
	"github.com/dynasession/dynasession/sessions/driver"
)

// The shortest history of each anomaly is rejected by both Porcupine and our checks. Without the
// anomaly, both accept it.
func TestPlanted(t *testing.T) {
	create := proof.Op{Kind: proof.Create, Outcome: proof.Done}
	save := func(id int, base, mark string) proof.Op {
		return proof.Op{Kind: proof.Save, ID: id, Outcome: proof.Done, Base: base, Mark: mark, Data: strings.TrimSpace(base + " " + mark)}
	}
	load := func(id int, data string) proof.Op {
		return proof.Op{Kind: proof.Load, ID: id, Outcome: proof.Done, Data: data}
	}
	move := func(kind proof.Kind, id int) proof.Op {
		return proof.Op{Kind: kind, ID: id, Next: id + 1, Outcome: proof.Done, Base: "a", Mark: "m", Data: "a m"}
	}
	did := func(kind proof.Kind, id int, outcome proof.Outcome) proof.Op {
		return proof.Op{Kind: kind, ID: id, Outcome: outcome}
	}
	update := func(data, mark string) proof.Op {
		return proof.Op{Kind: proof.Update, Outcome: proof.Done, Mark: mark, Data: data}
	}
	with := func(o proof.Op, outcome proof.Outcome) proof.Op {
		o.Outcome, o.Data = outcome, ""
		return o
	}
	for name, c := range map[string]struct{ right, wrong []proof.Op }{
		"a save is lost": {
			[]proof.Op{create, save(0, "", "a"), load(0, "a")},
			[]proof.Op{create, save(0, "", "a"), load(0, "")},
		},
		"a save overwrites another": {
			[]proof.Op{create, save(0, "", "a"), with(save(0, "", "b"), proof.Conflict), load(0, "a")},
			[]proof.Op{create, save(0, "", "a"), save(0, "", "b"), load(0, "b")},
		},
		"an update is applied twice": {
			[]proof.Op{create, update("a", "a"), load(0, "a")},
			[]proof.Op{create, update("a", "a"), load(0, "a a")},
		},
		"a refused save is stored": {
			[]proof.Op{create, with(save(0, "", "a"), proof.Failed), load(0, "")},
			[]proof.Op{create, with(save(0, "", "a"), proof.Failed), load(0, "a")},
		},
		"a look back": {
			[]proof.Op{create, with(save(0, "", "a"), proof.Unknown), load(0, "a"), load(0, "a")},
			[]proof.Op{create, with(save(0, "", "a"), proof.Unknown), load(0, "a"), load(0, "")},
		},
		"a conflict with nobody": {
			[]proof.Op{create, save(0, "", "a"), with(save(0, "", "b"), proof.Conflict)},
			[]proof.Op{create, save(0, "", "a"), with(save(0, "a", "b"), proof.Conflict)},
		},
		"alive after a logout": {
			[]proof.Op{create, did(proof.Destroy, 0, proof.Done), did(proof.Load, 0, proof.Gone)},
			[]proof.Op{create, did(proof.Destroy, 0, proof.Done), load(0, "")},
		},
		"alive under the new ID after a logout with the old one": {
			[]proof.Op{create, save(0, "", "a"), move(proof.Renew, 0), did(proof.Destroy, 0, proof.Done), did(proof.Load, 1, proof.Gone)},
			[]proof.Op{create, save(0, "", "a"), move(proof.Renew, 0), did(proof.Destroy, 0, proof.Done), load(1, "a m")},
		},
		"alive under the old ID": {
			[]proof.Op{create, save(0, "", "a"), move(proof.Renew, 0), did(proof.Load, 0, proof.Renewed)},
			[]proof.Op{create, save(0, "", "a"), move(proof.Renew, 0), load(0, "a")},
		},
		"renewed twice": {
			[]proof.Op{create, save(0, "", "a"), move(proof.Renew, 0), {Kind: proof.Renew, Outcome: proof.Renewed, Base: "a m", Mark: "n"}},
			[]proof.Op{create, save(0, "", "a"), move(proof.Renew, 0), {Kind: proof.Renew, Next: 2, Outcome: proof.Done, Base: "a m", Mark: "n", Data: "a m n"}},
		},
		"alive after a revocation": {
			[]proof.Op{create, save(0, "", "a"), move(proof.Authenticate, 0), did(proof.Revoke, 0, proof.Done), did(proof.Load, 1, proof.Gone)},
			[]proof.Op{create, save(0, "", "a"), move(proof.Authenticate, 0), did(proof.Revoke, 0, proof.Done), load(1, "a m")},
		},
		"a visitor revoked": {
			[]proof.Op{create, did(proof.Revoke, 0, proof.Unknown), load(0, "")},
			[]proof.Op{create, did(proof.Load, 0, proof.Gone)},
		},
		"gone, and nobody has ended it": {
			[]proof.Op{create, did(proof.Destroy, 0, proof.Unknown), did(proof.Load, 0, proof.Gone)},
			[]proof.Op{create, save(0, "", "a"), did(proof.Load, 0, proof.Gone)},
		},
		"expired, and no time has passed": {
			[]proof.Op{create, load(0, "")},
			[]proof.Op{create, did(proof.Load, 0, proof.Expired)},
		},
		"not listed": {
			[]proof.Op{create, save(0, "", "a"), move(proof.Authenticate, 0), did(proof.List, 1, proof.Done)},
			[]proof.Op{create, save(0, "", "a"), move(proof.Authenticate, 0), did(proof.List, 0, proof.Gone)},
		},
		"listed after a logout": {
			[]proof.Op{create, save(0, "", "a"), move(proof.Authenticate, 0), did(proof.Destroy, 1, proof.Done), did(proof.List, 0, proof.Gone)},
			[]proof.Op{create, save(0, "", "a"), move(proof.Authenticate, 0), did(proof.Destroy, 1, proof.Done), did(proof.List, 1, proof.Done)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			refused, judged := proof.Porcupine(timed(c.right))
			is.True(judged)
			is.Equal(refused, nil)
			is.Equal(len(proof.Ours(timed(c.right))), 0)
			refused, _ = proof.Porcupine(timed(c.wrong))
			is.Equal(len(refused), 1)                     // Porcupine rejects it
			is.True(len(proof.Ours(timed(c.wrong))) >= 1) // our checks reject it
		})
	}
}

// timed gives the operations times, one after the other. Those with an unknown outcome never
// return.
func timed(ops []proof.Op) []proof.Op {
	var all []proof.Op
	for i, o := range ops {
		o.Call, o.Return = int64(2*i+1), int64(2*i+2)
		if o.Outcome == proof.Unknown {
			o.Return = 1000
		}
		all = append(all, o)
	}
	return all
}

// unguarded is a store whose Replace ignores its condition.
type unguarded struct{ driver.Store }

func (u unguarded) Replace(ctx context.Context, rec driver.Record, rev string) error {
	for {
		found, err := u.Load(ctx, rec.Key)
		if err != nil {
			return err
		}
		if err := u.Store.Replace(ctx, rec, found.Rev); !errors.Is(err, driver.ErrConflict) {
			return err
		}
	}
}

// markless is a store without markers, so that late writes revive sessions.
type markless struct{ driver.Store }

func (m markless) End(ctx context.Context, e driver.End) (driver.Record, error) {
	e.Marker = driver.Marker{}
	return m.Store.End(ctx, e)
}

// listless is a store that does not add sessions to lists.
type listless struct{ driver.Store }

func (l listless) ChangeRoster(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
	c.Enter = ""
	return l.Store.ChangeRoster(ctx, c)
}

// twoTold is a store that keeps the old record in a renewal.
type twoTold struct{ driver.Store }

func (s twoTold) End(ctx context.Context, e driver.End) (driver.Record, error) {
	if e.Marker.Why == driver.Renewed {
		return driver.Record{}, nil
	}
	return s.Store.End(ctx, e)
}

// stale is a store that sometimes returns an earlier result.
type stale struct {
	driver.Store
	mu   *sync.Mutex
	seen map[string]driver.Record
	n    *int
}

func (s stale) Load(ctx context.Context, key string) (driver.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.n++
	if old, ok := s.seen[key]; ok && *s.n%7 == 0 {
		return old, nil
	}
	rec, err := s.Store.Load(ctx, key)
	if err == nil {
		s.seen[key] = rec
	}
	return rec, err
}

// forgetful is a store that sometimes reports success without writing.
type forgetful struct {
	driver.Store
	mu *sync.Mutex
	n  *int
}

func (f forgetful) Replace(ctx context.Context, rec driver.Record, rev string) error {
	f.mu.Lock()
	*f.n++
	lose := *f.n%50 == 0
	f.mu.Unlock()
	if lose {
		return nil
	}
	return f.Store.Replace(ctx, rec, rev)
}

// Histories of many clients of a broken store are rejected by both Porcupine and our checks.
func TestSaboteurs(t *testing.T) {
	s := drawn(t)
	for name, by := range map[string]func(driver.Store) driver.Store{
		"a Replace without a condition":        func(s driver.Store) driver.Store { return unguarded{s} },
		"an End without a marker":              func(s driver.Store) driver.Store { return markless{s} },
		"a login that enters no list":          func(s driver.Store) driver.Store { return listless{s} },
		"a renewal that leaves the old record": func(s driver.Store) driver.Store { return twoTold{s} },
		"a read that is late": func(s driver.Store) driver.Store {
			return stale{s, new(sync.Mutex), map[string]driver.Record{}, new(int)}
		},
		"a write that is lost": func(s driver.Store) driver.Store { return forgetful{s, new(sync.Mutex), new(int)} },
	} {
		t.Run(name, func(t *testing.T) {
			theirs, ours := 0, 0
			for round := range uint64(8) { // usually one or two rounds suffice
				history := play(t, by(memory()), proof.Rough, 40, s+round)
				refused, _ := proof.Porcupine(history)
				theirs, ours = theirs+len(refused), ours+len(proof.Ours(history))
				if theirs > 0 && ours > 0 {
					t.Logf("round %d: Porcupine refuses %d sessions, we find %d anomalies", round, theirs, ours)
					return
				}
			}
			t.Fatalf("Porcupine refuses %d sessions, we find %d anomalies", theirs, ours)
		})
	}
}
