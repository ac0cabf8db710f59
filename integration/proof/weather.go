package proof

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// Rates are the percentages of a store's calls that meet each fault.
type Rates struct {
	Refused int // the call fails and is not applied
	Lost    int // the call is applied, and its response is lost
	Twice   int // as Lost, and the call is repeated
	Late    int // the response is lost, and the call is applied later
	Slow    int // other calls go first
}

// Rough are the usual rates.
var Rough = Rates{Refused: 2, Lost: 2, Twice: 3, Late: 2, Slow: 20}

// Weather is a store that injects faults into its calls. It is safe for concurrent use.
type Weather struct {
	driver.Store
	rates  Rates
	ticks  *atomic.Int64
	late   sync.WaitGroup
	before func() // if not nil, called before each call, which then meets no fault

	mu     sync.Mutex
	random *rand.Rand
	met    map[string]int
}

// NewWeather returns a Weather that uses store. The seed determines the faults.
func NewWeather(store driver.Store, rates Rates, seed uint64, ticks *atomic.Int64) *Weather {
	return &Weather{Store: store, rates: rates, ticks: ticks, random: rand.New(rand.NewPCG(seed, 7)), met: map[string]int{}}
}

// Settle waits until all late calls have been applied.
func (w *Weather) Settle() { w.late.Wait() }

// Met returns the number of calls that met each fault.
func (w *Weather) Met() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	met := map[string]int{}
	for name, n := range w.met {
		met[name] = n
	}
	return met
}

// lastKey is the context key under which late calls find where to record their time.
type lastKey struct{}

// withLast returns a context whose late calls record in last when they are applied.
func withLast(ctx context.Context, last *atomic.Int64) context.Context {
	return context.WithValue(ctx, lastKey{}, last)
}

func (w *Weather) draw(write bool) (fault string, turns int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.random.IntN(100)
	fault = "none"
	for _, f := range []struct {
		name   string
		rate   int
		writes bool
	}{{"refused", w.rates.Refused, false}, {"slow", w.rates.Slow, false}, {"lost", w.rates.Lost, true}, {"twice", w.rates.Twice, true}, {"late", w.rates.Late, true}} {
		if x < f.rate && (write || !f.writes) {
			fault = f.name
			break
		}
		x -= f.rate
	}
	w.met[fault]++
	return fault, w.random.IntN(20)
}

// call makes a call of the store, or injects a fault.
func (w *Weather) call(ctx context.Context, write bool, do func(context.Context) error) error {
	if w.before != nil {
		w.before()
		return do(ctx)
	}
	fault, turns := w.draw(write)
	switch fault {
	case "refused":
		return fmt.Errorf("%w: refused", driver.ErrUnavailable)
	case "slow":
		yield(turns)
	case "lost":
		if err := do(ctx); err == nil { // only the response of a success is lost
			return fmt.Errorf("%w: the answer is lost", driver.ErrOutcomeUnknown)
		}
	case "twice":
		_ = do(ctx)
		yield(turns)
		err := do(ctx)
		if err == nil {
			return nil
		}
		// The first call may have been applied.
		return fmt.Errorf("%w: %v", driver.ErrOutcomeUnknown, err)
	case "late":
		last, _ := ctx.Value(lastKey{}).(*atomic.Int64)
		ctx := context.WithoutCancel(ctx)
		w.late.Go(func() {
			timer := time.NewTimer(time.Duration(turns) * time.Millisecond / 4)
			defer timer.Stop()
			<-timer.C
			_ = do(ctx)
			if last != nil {
				last.Store(w.ticks.Add(1))
			}
		})
		return fmt.Errorf("%w: the answer is lost", driver.ErrOutcomeUnknown)
	}
	return do(ctx)
}

func yield(turns int) {
	for range turns {
		runtime.Gosched()
	}
}

// Create implements [driver.Store].
func (w *Weather) Create(ctx context.Context, rec driver.Record) error {
	return w.call(ctx, true, func(ctx context.Context) error { return w.Store.Create(ctx, rec) })
}

// Load implements [driver.Store].
func (w *Weather) Load(ctx context.Context, key string) (rec driver.Record, err error) {
	err = w.call(ctx, false, func(ctx context.Context) (err error) { rec, err = w.Store.Load(ctx, key); return err })
	return rec, err
}

// LoadAll implements [driver.Store].
func (w *Weather) LoadAll(ctx context.Context, keys []string) (all []driver.Loaded, err error) {
	err = w.call(ctx, false, func(ctx context.Context) (err error) { all, err = w.Store.LoadAll(ctx, keys); return err })
	return all, err
}

// Replace implements [driver.Store].
func (w *Weather) Replace(ctx context.Context, rec driver.Record, rev string) error {
	return w.call(ctx, true, func(ctx context.Context) error { return w.Store.Replace(ctx, rec, rev) })
}

// Touch implements [driver.Store].
func (w *Weather) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	return w.call(ctx, true, func(ctx context.Context) error { return w.Store.Touch(ctx, key, accessed, expires) })
}

// End implements [driver.Store].
func (w *Weather) End(ctx context.Context, e driver.End) (driver.Record, error) {
	return answered(w, ctx, true, func(ctx context.Context) (driver.Record, error) { return w.Store.End(ctx, e) })
}

// LoadRosters implements [driver.Store].
func (w *Weather) LoadRosters(ctx context.Context, keys ...string) (all []driver.Roster, err error) {
	err = w.call(ctx, false, func(ctx context.Context) (err error) { all, err = w.Store.LoadRosters(ctx, keys...); return err })
	return all, err
}

// ChangeRoster implements [driver.Store].
func (w *Weather) ChangeRoster(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
	return answered(w, ctx, true, func(ctx context.Context) (driver.Roster, error) { return w.Store.ChangeRoster(ctx, c) })
}

// answered is like call, for calls with a result. A late call does not change a result already
// returned.
func answered[A any](w *Weather, ctx context.Context, write bool, do func(context.Context) (A, error)) (A, error) {
	var mu sync.Mutex
	var answer A
	err := w.call(ctx, write, func(ctx context.Context) error {
		got, err := do(ctx)
		mu.Lock()
		defer mu.Unlock()
		answer = got
		return err
	})
	mu.Lock()
	defer mu.Unlock()
	return answer, err
}
