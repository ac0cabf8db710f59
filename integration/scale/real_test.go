package scale_test

import (
	"context"
	"errors"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/integration/scale"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
)

// library is a Service that uses the library on a real engine, and counts consumption by its
// events.
type library struct {
	t     *testing.T
	m     *sessions.Manager[profile]
	clock *clock.Fake
	ids   []string
	bill  scale.Bill
}

// profile is the session data.
type profile struct {
	Name, Locale, Theme string
	Visits              int
}

func newLibrary(t *testing.T) *library {
	t.Helper()
	l := &library{t: t, clock: clock.NewFake(time.Time{})}
	// A minute is enough even for a busy machine.
	cfg := &dynamo.Config{Table: engine.NewTable(t), Timeout: time.Minute}
	store, err := dynamo.NewStore(engine.Client(t), cfg)
	is.New(t).NoErr(err)
	m, err := sessions.New(store, &sessions.Config[profile]{Clock: l.clock, Observer: l, ObserveCapacity: true})
	is.New(t).NoErr(err)
	l.m = m
	return l
}

func (l *library) Observe(_ context.Context, e event.Event) {
	l.bill = l.bill.Plus(scale.Bill{Calls: float64(e.Calls), Reads: e.ReadUnits, Writes: e.WriteUnits})
}

func (l *library) Login(at time.Time, user int) int {
	l.t.Helper()
	l.clock.Set(at)
	s := l.m.Create()
	s.Data = profile{Name: "Anybody", Locale: "en", Theme: "dark"}
	is.New(l.t).NoErr(l.m.Authenticate(l.t.Context(), s, "user "+strconv.Itoa(user)))
	l.ids = append(l.ids, s.ID().Secret())
	return len(l.ids) - 1
}

func (l *library) Page(at time.Time, session int, change bool) bool {
	l.t.Helper()
	l.clock.Set(at)
	s, err := l.m.Load(l.t.Context(), l.ids[session])
	if errors.Is(err, sessions.ErrNotFound) {
		return false
	}
	is := is.New(l.t)
	is.NoErr(err)
	if change {
		s.Data.Visits++
		is.NoErr(l.m.Save(l.t.Context(), s))
	}
	return true
}

func (l *library) Logout(at time.Time, session int) {
	l.t.Helper()
	l.clock.Set(at)
	is.New(l.t).NoErr(l.m.DestroyID(l.t.Context(), l.ids[session]))
}

// small returns a world that an engine can serve in seconds. It begins tomorrow: the engine would
// sweep items that have expired by its own clock, at unpredictable times, and that would change the
// bill.
func small() scale.World {
	w := scale.Ten8()
	w.Start = time.Now().UTC().AddDate(0, 0, 1).Truncate(24 * time.Hour)
	w.Users, w.Sampled, w.Days, w.Visits, w.Pages = 20, 20, 3, 25, 7
	return w
}

func TestModel_AgreesWithTheEngine(t *testing.T) {
	for name, run := range map[string]func(scale.Service){
		"users":                    small().Run,
		"an account of many":       func(s scale.Service) { scale.Crowd(s, 0, small().Start, 72, 2*time.Minute, 0) },
		"a login every 11 minutes": func(s scale.Service) { scale.Crowd(s, 0, small().Start, 24, 11*time.Minute, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			model, real := scale.NewModel(), newLibrary(t)
			run(model)
			run(real)
			got, want := model.Bill(), real.bill
			t.Logf("%d logins, %d pages; model %+v, engine %+v", model.Logins, model.Pages, got, want)
			for what, pair := range map[string][2]float64{
				"calls": {got.Calls, want.Calls}, "read units": {got.Reads, want.Reads}, "write units": {got.Writes, want.Writes},
				"dollars": {got.Dollars(), want.Dollars()},
			} {
				if off := math.Abs(pair[0]/pair[1] - 1); off > 0.05 {
					t.Errorf("%s: the model has %.6g, the engine %.6g: %.1f %% off, must be at most 5", what, pair[0], pair[1], 100*off)
				}
			}
		})
	}
}
