package proof_test

import (
	"flag"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/integration/proof"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

var (
	lives    = flag.Int("lives", 120, "how many sessions TestTorture has")
	onEngine = flag.Bool("engine", false, "run TestTorture and TestFleet on DynamoDB Local")
	seed     = flag.Uint64("seed", 0, "random seed; 0 chooses one and prints it")
)

// drawn returns a test's random seed, and logs it.
func drawn(t *testing.T) uint64 {
	t.Helper()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("-seed %d", s)
	return s
}

// inWeather returns a world with four hosts in this process. They share a store, but their faults
// are independent.
func inWeather(t *testing.T, store driver.Store, rates proof.Rates, seed uint64) (*proof.World, func()) {
	t.Helper()
	w := &proof.World{Ticks: new(atomic.Int64), Slots: 6, Subjects: 3, LateKnown: true}
	var all []*proof.Weather
	for i := range 4 {
		weather := proof.NewWeather(store, rates, seed+uint64(i), w.Ticks)
		all = append(all, weather)
		w.Hosts = append(w.Hosts, host(t, weather, i%2 == 1))
	}
	return w, func() {
		for _, weather := range all {
			weather.Settle()
		}
	}
}

// host returns a host in this process.
func host(t *testing.T, store driver.Store, merging bool) proof.Local {
	t.Helper()
	cfg := &sessions.Config[proof.Ledger]{TouchInterval: -1}
	if merging {
		cfg.Merge = proof.Merge
	}
	m, err := sessions.New(store, cfg)
	is.New(t).NoErr(err)
	return proof.Local{Manager: m, Merging: merging}
}

// play lets clients use a world, and returns the history.
func play(t *testing.T, store driver.Store, rates proof.Rates, lives int, seed uint64) []proof.Op {
	t.Helper()
	w, settle := inWeather(t, store, rates, seed)
	w.Lives = lives
	w.Work(t.Context(), 24, seed, nil)
	settle()
	w.Farewell(t.Context(), host(t, store, false))
	t.Log(w.Figures())
	return w.History()
}

func memory() driver.Store { return memstore.New(&memstore.Config{Clock: clock.NewFake(noon)}) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Over an unreliable network, many clients get the responses that a single session would have given
// in some order. Both package torture and Porcupine check it.
func TestTorture(t *testing.T) {
	s := drawn(t)
	store := memory()
	if *onEngine {
		store = engine.Store(t, engine.NewTable(t))
	}
	history := play(t, store, proof.Rough, *lives, s)
	accept(t, history)
}

// accept fails the test if either rejects the history.
func accept(t *testing.T, history []proof.Op) {
	t.Helper()
	begin := time.Now()
	refused, judged := proof.Porcupine(history)
	t.Logf("Porcupine: %d operations in %v", len(history), time.Since(begin).Round(time.Millisecond))
	if !judged {
		t.Error("Porcupine did not finish in time")
	}
	for _, r := range refused {
		t.Error("Porcupine: " + r)
	}
	begin = time.Now()
	for _, found := range proof.Ours(history) {
		t.Error("ours: " + found)
	}
	t.Logf("ours: %v", time.Since(begin).Round(time.Millisecond))
}
