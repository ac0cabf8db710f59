package explore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions/driver"
)

// Fault is what goes wrong with a store call.
type Fault int

// The faults.
const (
	None      Fault = iota
	Crash           // the call happens, and the process ends before the response
	Lost            // the call happens, and its response is lost
	Unsent          // the call does not happen, but the caller can't tell
	Late            // the response is lost, and the call happens later
	CrashLate       // the process ends, and the call happens later
)

func (f Fault) String() string {
	return [...]string{"no fault", "crash", "answer lost", "call lost", "call late", "crash, call late"}[f]
}

var errFault = errors.New("the explorer's fault")

// call is a store call that waits to be made.
type call struct {
	name  string
	keys  []string
	write bool
	apply func(context.Context)
}

// A verdict is what happens to a waiting call.
type verdict int

const (
	proceed verdict = iota // the call was made: return its result
	fail                   // return an error as if the response were lost
	vanish                 // end the goroutine
)

// opKey is the context key under which store calls find their operation, a *thread.
type opKey struct{}

// gate is a driver.Store whose calls wait for the schedule. Calls whose context has no operation
// don't wait.
type gate struct{ store driver.Store }

// do makes a call when the schedule says so. It returns an error if the response is lost.
func (g *gate) do(ctx context.Context, c call) error {
	t, _ := ctx.Value(opKey{}).(*thread)
	if t == nil {
		c.apply(ctx)
		return nil
	}
	switch t.wait(c) {
	case vanish:
		runtime.Goexit()
	case fail:
		if c.write {
			return fmt.Errorf("%w: %w", driver.ErrOutcomeUnknown, errFault)
		}
		return fmt.Errorf("%w: %w", driver.ErrUnavailable, errFault)
	}
	return nil
}

func (g *gate) Create(ctx context.Context, rec driver.Record) (err error) {
	lost := g.do(ctx, call{"Create", []string{rec.Key}, true, func(ctx context.Context) { err = g.store.Create(ctx, rec) }})
	return either(lost, err)
}

func (g *gate) Load(ctx context.Context, key string) (rec driver.Record, err error) {
	lost := g.do(ctx, call{"Load", []string{key}, false, func(ctx context.Context) { rec, err = g.store.Load(ctx, key) }})
	return rec, either(lost, err)
}

func (g *gate) LoadAll(ctx context.Context, keys []string) (all []driver.Loaded, err error) {
	lost := g.do(ctx, call{"LoadAll", keys, false, func(ctx context.Context) { all, err = g.store.LoadAll(ctx, keys) }})
	return all, either(lost, err)
}

func (g *gate) Replace(ctx context.Context, rec driver.Record, rev string) (err error) {
	lost := g.do(ctx, call{"Replace", []string{rec.Key}, true, func(ctx context.Context) { err = g.store.Replace(ctx, rec, rev) }})
	return either(lost, err)
}

func (g *gate) Touch(ctx context.Context, key string, accessed, expires time.Time) (err error) {
	lost := g.do(ctx, call{"Touch", []string{key}, true, func(ctx context.Context) { err = g.store.Touch(ctx, key, accessed, expires) }})
	return either(lost, err)
}

func (g *gate) Bind(ctx context.Context, key string, binding, was []byte) (err error) {
	lost := g.do(ctx, call{"Bind", []string{key}, true, func(ctx context.Context) { err = g.store.Bind(ctx, key, binding, was) }})
	return either(lost, err)
}

func (g *gate) End(ctx context.Context, e driver.End) (rec driver.Record, err error) {
	name := "End " + string(e.Marker.Why)
	lost := g.do(ctx, call{name, []string{e.Key}, true, func(ctx context.Context) { rec, err = g.store.End(ctx, e) }})
	return rec, either(lost, err)
}

func (g *gate) LoadRosters(ctx context.Context, keys ...string) (all []driver.Roster, err error) {
	lost := g.do(ctx, call{"LoadRosters", keys, false, func(ctx context.Context) { all, err = g.store.LoadRosters(ctx, keys...) }})
	return all, either(lost, err)
}

func (g *gate) ChangeRoster(ctx context.Context, c driver.RosterChange) (r driver.Roster, err error) {
	var what []string
	if c.Bump {
		what = append(what, "bump")
	}
	if c.Enter != "" {
		what = append(what, "enter")
	}
	if len(c.Leave) > 0 {
		what = append(what, "leave")
	}
	if c.Pages != nil {
		what = append(what, "pages")
	}
	if c.Close {
		what = append(what, "close")
	}
	name := "ChangeRoster " + strings.Join(what, "+")
	lost := g.do(ctx, call{name, []string{c.Key}, true, func(ctx context.Context) { r, err = g.store.ChangeRoster(ctx, c) }})
	return r, either(lost, err)
}

func (g *gate) Name() string { return g.store.Name() }

func (g *gate) Clock() clock.Clock { return g.store.Clock() }

func either(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
