package proof_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/proof"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

// logins lets clients sign a few subjects in and out, and returns the history.
func logins(t *testing.T, store driver.Store, limit sessions.SubjectLimit, rates proof.Rates, seed uint64) []proof.Op {
	t.Helper()
	var (
		ticks   atomic.Int64
		mu      sync.Mutex
		history []proof.Op
		all     sync.WaitGroup
		weather = proof.NewWeather(store, rates, seed, &ticks)
	)
	m, err := sessions.New(weather, &sessions.Config[proof.Ledger]{SubjectLimit: limit})
	is.New(t).NoErr(err)
	local := proof.Local{Manager: m}
	did := func(o proof.Op, do func(context.Context) proof.Outcome) proof.Outcome {
		o.Call = ticks.Add(1)
		o.Outcome = do(t.Context())
		o.Return = ticks.Add(1) // in this weather nothing is applied later
		mu.Lock()
		defer mu.Unlock()
		history = append(history, o)
		return o.Outcome
	}
	load := func(o proof.Op, id string) {
		o.Kind = proof.Load
		did(o, func(ctx context.Context) proof.Outcome {
			return local.Do(ctx, proof.Request{Kind: proof.Load, ID: id}).Outcome
		})
	}
	type told struct {
		login proof.Op
		id    string
	}
	var everybody [5][]told
	for c := range everybody {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(c)))
			var own []told
			for n := range 6 {
				o := proof.Op{Life: c*100 + n, Subject: fmt.Sprint("subject ", random.IntN(2))}
				s := m.Create()
				o.Kind = proof.Authenticate
				if did(o, func(ctx context.Context) proof.Outcome { return proof.Login(ctx, m, s, o.Subject) }) == proof.Done {
					own = append(own, told{o, s.ID().Secret()})
				}
				if len(own) == 0 {
					continue
				}
				for range random.IntN(4) {
					one := own[random.IntN(len(own))]
					load(one.login, one.id)
				}
				if limit.Evict && random.IntN(3) > 0 {
					continue // it stays until it is evicted
				}
				last := own[len(own)-1]
				o = last.login
				o.Kind = proof.Destroy
				did(o, func(ctx context.Context) proof.Outcome {
					return local.Do(ctx, proof.Request{Kind: proof.Destroy, ID: last.id}).Outcome
				})
			}
			everybody[c] = own
		})
	}
	all.Wait()
	for _, own := range everybody {
		for _, one := range own {
			load(one.login, one.id)
		}
	}
	weather.Settle()
	return history
}

// A subject's limit is exact, for logins at the same time too: Porcupine finds an order in which
// each login had room, or found none, and in which none has evicted more than it had to. With
// faults a place may be taken, and a session evicted, by a login that fails.
func TestLimit(t *testing.T) {
	s := drawn(t)
	slow := proof.Rates{Slow: 80}
	for name, c := range map[string]struct {
		limit sessions.SubjectLimit
		rates proof.Rates
	}{
		"refusing":              {sessions.SubjectLimit{Max: 1}, slow},
		"evicting":              {sessions.SubjectLimit{Max: 2, Evict: true}, slow},
		"evicting, with faults": {sessions.SubjectLimit{Max: 2, Evict: true}, proof.Rates{Refused: 1, Twice: 5, Slow: 30}},
	} {
		t.Run(name, func(t *testing.T) {
			history := logins(t, memory(), c.limit, c.rates, s)
			outcomes := map[proof.Outcome]int{}
			for _, o := range history {
				if o.Kind == proof.Authenticate {
					outcomes[o.Outcome]++
				}
			}
			t.Logf("%d operations; logins: %v", len(history), outcomes)
			refused, judged := proof.PorcupineOfSubjects(history, c.limit.Max, c.limit.Evict)
			if !judged || len(refused) > 0 {
				t.Errorf("Porcupine refuses %q, judged all: %t", refused, judged)
				for _, o := range history {
					if len(refused) > 0 && o.Subject == refused[0] {
						t.Log(o)
					}
				}
			}
			for _, found := range proof.OursOfSubjects(history, c.limit.Max) {
				t.Error("ours: " + found)
			}
		})
	}
}

// One session more than there may be, a refusal that nobody stands for, and a session that is gone
// though nobody has ended it.
func TestLimit_Planted(t *testing.T) {
	is := is.New(t)
	more := []proof.Op{signedIn(1, 2, 1), signedIn(3, 4, 2), seen(5, 6, 1, proof.Done)}
	none := []proof.Op{signedIn(1, 2, 1), ofSubject(3, 4, proof.Destroy, proof.Done, 1), ofSubject(5, 6, proof.Authenticate, proof.Limit, 2)}
	gone := []proof.Op{signedIn(1, 2, 1), seen(3, 4, 1, proof.Gone), signedIn(5, 6, 2)}
	for _, wrong := range [][]proof.Op{more, none, gone} {
		for _, evicts := range []bool{false, true} {
			refused, judged := proof.PorcupineOfSubjects(wrong, 1, evicts)
			is.True(judged)
			is.Equal(len(refused) == 1, !evicts || wrong[len(wrong)-1].Life != 3)
		}
		is.Equal(len(proof.OursOfSubjects(wrong, 1)), 1)
	}
	refused, judged := proof.PorcupineOfSubjects(more, 2, false)
	is.True(judged)
	is.Equal(len(refused), 0)
	is.Equal(len(proof.OursOfSubjects(more, 2)), 0)
}

func ofSubject(call, back int64, kind proof.Kind, outcome proof.Outcome, life int) proof.Op {
	return proof.Op{Kind: kind, Outcome: outcome, Life: life, Subject: "subject", Call: call, Return: back}
}

func signedIn(call, back int64, life int) proof.Op {
	return ofSubject(call, back, proof.Authenticate, proof.Done, life)
}

func seen(call, back int64, life int, outcome proof.Outcome) proof.Op {
	return ofSubject(call, back, proof.Load, outcome, life)
}

// What a login that evicts may do is what docs/protocol.md says, and no more: it ends a session,
// which is seen before it has entered itself; it ends another if somebody else was faster to enter;
// and it ends one and fails.
func TestEviction_Planted(t *testing.T) {
	failed := ofSubject(7, 12, proof.Authenticate, proof.Failed, 3)
	two := []proof.Op{signedIn(1, 2, 1), signedIn(3, 4, 2)} // as many as there may be
	for name, c := range map[string]struct{ right, wrong []proof.Op }{
		"seen before the login has returned": {
			[]proof.Op{signedIn(7, 12, 3), seen(8, 9, 1, proof.Gone), seen(13, 14, 3, proof.Done), seen(15, 16, 2, proof.Done)},
			[]proof.Op{signedIn(7, 12, 3), seen(5, 6, 1, proof.Gone)}, // before it has begun
		},
		"of one": {
			[]proof.Op{signedIn(7, 12, 3), seen(8, 9, 1, proof.Gone), seen(10, 11, 2, proof.Done)},
			[]proof.Op{signedIn(7, 12, 3), seen(8, 9, 1, proof.Gone), seen(10, 11, 2, proof.Gone)},
		},
		"and of another, since another login was faster": {
			[]proof.Op{
				signedIn(7, 30, 3), seen(8, 9, 1, proof.Gone), signedIn(10, 11, 4), seen(12, 13, 4, proof.Done), seen(14, 15, 2, proof.Done),
				seen(16, 17, 2, proof.Gone), seen(31, 32, 3, proof.Done), seen(33, 34, 4, proof.Done),
			},
			[]proof.Op{ // which, when it was faster, has itself evicted
				signedIn(7, 30, 3), signedIn(10, 11, 4), seen(12, 13, 1, proof.Gone), seen(14, 15, 2, proof.Gone),
				seen(16, 17, 4, proof.Gone),
			},
		},
		"by one that fails": {
			[]proof.Op{failed, seen(13, 14, 1, proof.Gone), seen(15, 16, 2, proof.Done), signedIn(17, 18, 4), seen(19, 20, 2, proof.Done)},
			[]proof.Op{failed, seen(13, 14, 1, proof.Gone), seen(15, 16, 2, proof.Gone)},
		},
		"after a logout, of what was found before it": {
			[]proof.Op{
				signedIn(7, 12, 3), ofSubject(8, 9, proof.Destroy, proof.Done, 2), seen(10, 11, 1, proof.Done), seen(13, 14, 1, proof.Gone),
			},
			[]proof.Op{ // there is room from the beginning
				ofSubject(5, 6, proof.Destroy, proof.Done, 2), signedIn(7, 12, 3), seen(13, 14, 1, proof.Gone),
			},
		},
		"of what was there when it looked": {
			[]proof.Op{
				signedIn(7, 30, 3), ofSubject(8, 9, proof.Destroy, proof.Done, 2), signedIn(10, 11, 4), seen(12, 13, 4, proof.Gone), seen(14, 15, 1, proof.Done),
			},
			[]proof.Op{ // there were never as many again
				signedIn(7, 30, 3), ofSubject(8, 9, proof.Destroy, proof.Done, 2), ofSubject(8, 9, proof.Destroy, proof.Done, 1), signedIn(10, 11, 4), seen(12, 13, 4, proof.Gone),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			refused, judged := proof.PorcupineOfSubjects(slices.Concat(two, c.right), 2, true)
			is.True(judged)
			is.Equal(len(refused), 0) // the right one
			is.Equal(len(proof.OursOfSubjects(slices.Concat(two, c.right), 2)), 0)
			refused, judged = proof.PorcupineOfSubjects(slices.Concat(two, c.wrong), 2, true)
			is.True(judged)
			is.Equal(len(refused), 1) // the wrong one
		})
	}
}

// uncounted changes a list whatever its Rev is: of two logins at a time neither counts the other.
type uncounted struct{ driver.Store }

func (u uncounted) ChangeRoster(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
	c.IfRev = nil
	return u.Store.ChangeRoster(ctx, c)
}

// sparing says that a session is evicted, and lets it live.
type sparing struct{ driver.Store }

func (s sparing) End(ctx context.Context, e driver.End) (driver.Record, error) {
	if e.Marker.Why == driver.Evicted {
		return driver.Record{}, nil
	}
	return s.Store.End(ctx, e)
}

// greedy ends with each session that is evicted another that has ended up in the same list.
type greedy struct {
	driver.Store
	mu   *sync.Mutex
	seen map[string][]string
}

func (g greedy) ChangeRoster(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
	r, err := g.Store.ChangeRoster(ctx, c)
	g.mu.Lock()
	defer g.mu.Unlock()
	for key := range r.Entries {
		g.seen[c.Key] = append(g.seen[c.Key], key)
	}
	return r, err
}

func (g greedy) End(ctx context.Context, e driver.End) (driver.Record, error) {
	rec, err := g.Store.End(ctx, e)
	if err != nil || e.Marker.Why != driver.Evicted {
		return rec, err
	}
	g.mu.Lock()
	var others []string
	for _, keys := range g.seen {
		if slices.Contains(keys, e.Key) {
			others = append(others, keys...)
		}
	}
	g.mu.Unlock()
	for _, key := range others {
		if key == e.Key {
			continue
		}
		if rec, err := g.Load(ctx, key); err == nil {
			too := e
			too.Key, too.If = key, &driver.State{Rev: rec.Rev, Accessed: rec.Accessed}
			_, _ = g.Store.End(ctx, too)
			break
		}
	}
	return rec, nil
}

// What logins under a limit are told by a broken store is refused by Porcupine, and by ours if
// there are too many sessions.
func TestLimit_Saboteurs(t *testing.T) {
	s := drawn(t)
	for name, c := range map[string]struct {
		by      func(driver.Store) driver.Store
		tooMany bool
	}{
		"a list that is changed by whoever comes": {func(s driver.Store) driver.Store { return uncounted{s} }, true},
		"an eviction that is lost":                {func(s driver.Store) driver.Store { return sparing{s} }, true},
		"an eviction of two": {func(s driver.Store) driver.Store {
			return greedy{s, new(sync.Mutex), map[string][]string{}}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			theirs, ours := 0, 0
			for round := range uint64(60) { // a few do
				history := logins(t, c.by(memory()), sessions.SubjectLimit{Max: 2, Evict: true}, proof.Rates{Slow: 80}, s+round)
				refused, _ := proof.PorcupineOfSubjects(history, 2, true)
				theirs, ours = theirs+len(refused), ours+len(proof.OursOfSubjects(history, 2))
				if theirs > 0 && (ours > 0 || !c.tooMany) {
					t.Logf("round %d: Porcupine refuses %d subjects, we find %d anomalies", round, theirs, ours)
					return
				}
			}
			t.Fatalf("Porcupine refuses %d subjects, we find %d anomalies", theirs, ours)
		})
	}
}
