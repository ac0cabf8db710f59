package unknown

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/integration/bench"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// cart is the type of the measured binary; wider is that of another binary, with more members.
type cart struct {
	User    string            `json:"user"`
	Seen    time.Time         `json:"seen"`
	Visits  int               `json:"visits"`
	Items   []item            `json:"items"`
	Prefs   map[string]string `json:"prefs"`
	Address address           `json:"address"`
}

type item struct {
	ID    string `json:"id"`
	Count int    `json:"count"`
}

type address struct {
	Street string `json:"street"`
	City   string `json:"city"`
}

type wider struct {
	User    string            `json:"user"`
	Seen    time.Time         `json:"seen"`
	Visits  int               `json:"visits"`
	Items   []item            `json:"items"`
	Prefs   map[string]string `json:"prefs"`
	Address widerAddress      `json:"address"`
	Theme   string            `json:"theme"`
	Tags    []string          `json:"tags"`
}

type widerAddress struct {
	Street string `json:"street"`
	City   string `json:"city"`
	Zip    string `json:"zip"`
}

func newCart() cart {
	return cart{
		User: "user-1234", Seen: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Visits: 7, Items: []item{{"a", 1}, {"b", 2}},
		Prefs: map[string]string{"lang": "de", "tz": "Europe/Berlin"}, Address: address{"Main Street 1", "Town"},
	}
}

func newWider() wider {
	c := newCart()
	return wider{c.User, c.Seen, c.Visits, c.Items, c.Prefs, widerAddress{c.Address.Street, c.Address.City, "12345"}, "dark", []string{"a", "b"}}
}

// form is one of the module's codecs, for both types.
type form struct {
	name  string
	cart  codec.Codec[cart]
	wider codec.Codec[wider]
}

func forms() []form {
	return []form{
		{"json", codec.JSON[cart]{}, codec.JSON[wider]{}},
		{"msgpack", msgpack.Codec[cart]{}, msgpack.Codec[wider]{}},
		{"attribute", attribute.Codec[cart]{}, attribute.Codec[wider]{}},
	}
}

// call is an operation to be compared.
type call func(ctx context.Context) error

// calls returns a Load and a Save of a session in a new store.
func calls(t *testing.T, f form, drop, unknown bool) (load, save call) {
	t.Helper()
	is := is.New(t)
	store := memstore.New(nil)
	m, err := sessions.New(store, &sessions.Config[cart]{Codec: f.cart, DropUnknown: drop})
	is.NoErr(err)
	var id string
	if unknown {
		other, err := sessions.New(store, &sessions.Config[wider]{Codec: f.wider})
		is.NoErr(err)
		s, err := other.CreateAndSave(t.Context(), newWider())
		is.NoErr(err)
		id = s.ID().Secret()
	} else {
		s, err := m.CreateAndSave(t.Context(), newCart())
		is.NoErr(err)
		id = s.ID().Secret()
	}
	load = func(ctx context.Context) error { _, err := m.Load(ctx, id); return err }
	s, err := m.Load(t.Context(), id)
	is.NoErr(err)
	return load, func(ctx context.Context) error { s.Data.Visits++; return m.Save(ctx, s) }
}

// inTurn returns a call that calls a, then b.
func inTurn(a, b call) call {
	return func(ctx context.Context) error {
		if err := a(ctx); err != nil {
			return err
		}
		return b(ctx)
	}
}

// ratio returns the time of a divided by that of b, as the median over the rounds.
func ratio(t *testing.T, a, b call) (over float64, took time.Duration) {
	t.Helper()
	is, ctx := is.New(t), t.Context()
	rounds, turn := 3, 5
	if bench.Full() {
		rounds, turn = 400, 200
	}
	time1 := func(c call) time.Duration {
		begin := time.Now()
		for range turn {
			is.NoErr(c(ctx))
		}
		return time.Since(begin) / time.Duration(turn)
	}
	var ratios []float64
	var times []time.Duration
	for range rounds {
		var x, y time.Duration
		if rand.IntN(2) == 0 {
			x, y = time1(a), time1(b)
		} else {
			y, x = time1(b), time1(a)
		}
		ratios, times = append(ratios, float64(x)/float64(y)), append(times, x)
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2], bench.Percentile(times, 50)
}

// Loading and saving a session without unknown members makes as many allocations as with
// DropUnknown. The times depend on the machine, so they are only printed.
func TestUnknown(t *testing.T) {
	is := is.New(t)
	table := bench.NewTable("Members that T doesn't know", "Load and Save on memstore, and how much longer they take than with `Config.DropUnknown`: medians of rounds in which\n"+
		"both take turns, in one process.", "codec", "unknown members", "Load", "over dropping", "Save", "over dropping", "both, over dropping")
	for _, f := range forms() {
		for _, unknown := range []bool{false, true} {
			load, save := calls(t, f, false, unknown)
			dropLoad, dropSave := calls(t, f, true, unknown)
			loadOver, loadTook := ratio(t, load, dropLoad)
			saveOver, saveTook := ratio(t, save, dropSave)
			bothOver, _ := ratio(t, inTurn(load, save), inTurn(dropLoad, dropSave))
			has := map[bool]string{false: "none", true: "three"}[unknown]
			table.Row(f.name, has, loadTook, fmt.Sprintf("%.2f", loadOver), saveTook, fmt.Sprintf("%.2f", saveOver), fmt.Sprintf("%.2f", bothOver))
			allocs := func(c call) float64 {
				return testing.AllocsPerRun(200, func() { is.NoErr(c(t.Context())) })
			}
			t.Logf("%s, unknown: %v: %.0f allocations of a load, %.0f dropping; %.0f of a save, %.0f dropping",
				f.name, unknown, allocs(load), allocs(dropLoad), allocs(save), allocs(dropSave))
			if !unknown {
				is.True(allocs(load) <= allocs(dropLoad))
				is.True(allocs(save) <= allocs(dropSave))
			}
		}
	}
	table.Report(t)
}
