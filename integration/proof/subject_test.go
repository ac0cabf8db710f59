package proof_test

import (
	"context"
	"fmt"
	"math/rand/v2"
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
		o.Return = ticks.Add(1)
		if o.Outcome == proof.Unknown {
			o.Return = 1 << 40
		}
		mu.Lock()
		defer mu.Unlock()
		history = append(history, o)
		return o.Outcome
	}
	for c := range 5 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(c)))
			for n := range 6 {
				o := proof.Op{Life: c*100 + n, Subject: fmt.Sprint("subject ", random.IntN(3))}
				s := m.Create()
				o.Kind = proof.Authenticate
				if did(o, func(ctx context.Context) proof.Outcome { return proof.Login(ctx, m, s, o.Subject) }) != proof.Done {
					continue
				}
				for range random.IntN(4) {
					o.Kind = proof.Load
					did(o, func(ctx context.Context) proof.Outcome {
						return local.Do(ctx, proof.Request{Kind: proof.Load, ID: s.ID().Secret()}).Outcome
					})
				}
				o.Kind = proof.Destroy
				did(o, func(ctx context.Context) proof.Outcome {
					return local.Do(ctx, proof.Request{Kind: proof.Destroy, ID: s.ID().Secret()}).Outcome
				})
			}
		})
	}
	all.Wait()
	weather.Settle()
	return history
}

// A subject's limit is exact even for concurrent logins: Porcupine finds an order in which each
// successful login was below the limit, and each refused one at it. With faults, a failed login may
// count towards the limit.
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

// A session beyond the limit, and a refusal below it, are both detected.
func TestLimit_Planted(t *testing.T) {
	is := is.New(t)
	at := func(call, back int64, kind proof.Kind, outcome proof.Outcome, life int) proof.Op {
		return proof.Op{Kind: kind, Outcome: outcome, Life: life, Subject: "subject", Call: call, Return: back}
	}
	more := []proof.Op{
		at(1, 2, proof.Authenticate, proof.Done, 1), at(3, 4, proof.Authenticate, proof.Done, 2), at(5, 6, proof.Load, proof.Done, 1),
	}
	none := []proof.Op{
		at(1, 2, proof.Authenticate, proof.Done, 1), at(3, 4, proof.Destroy, proof.Done, 1), at(5, 6, proof.Authenticate, proof.Limit, 2),
	}
	for _, wrong := range [][]proof.Op{more, none} {
		refused, _ := proof.PorcupineOfSubjects(wrong, 1, false)
		is.Equal(len(refused), 1)
		is.Equal(len(proof.OursOfSubjects(wrong, 1)), 1)
	}
	refused, judged := proof.PorcupineOfSubjects(more, 2, false)
	is.True(judged)
	is.Equal(len(refused), 0)
	is.Equal(len(proof.OursOfSubjects(more, 2)), 0)
}
