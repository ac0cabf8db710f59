package sessions_test

import (
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// name encodes itself, without its cache and in one case.
type name struct {
	Text  string
	Cache []byte
}

func (n name) MarshalText() ([]byte, error)  { return []byte(strings.ToLower(n.Text)), nil }
func (n *name) UnmarshalText(b []byte) error { n.Text = string(b); return nil }

type ratio float64

type basket struct {
	Items  map[string]int `json:"items"`
	Cache  []byte         `json:"-"`
	Memo   map[string]int `json:"-" msgpack:"-" dynamodbav:"-"`
	At     time.Time      `json:"at"`
	Name   name           `json:"name"`
	List   []string       `json:"list"`
	Any    map[string]any `json:"any"`
	Number *int           `json:"number"`
	Big    *big.Int       `json:"big"`
	hidden map[string]int
	f      func()
}

// newerBasket is another binary's: with fields in another order, and one more.
type newerBasket struct {
	More   string         `json:"more"`
	Big    *big.Int       `json:"big"`
	Number *int           `json:"number"`
	Any    map[string]any `json:"any"`
	List   []string       `json:"list"`
	Name   name           `json:"name"`
	At     time.Time      `json:"at"`
	Items  map[string]int `json:"items"`
}

// sawChange reports whether Changed sees what f does to a session that another binary has written.
func sawChange(t *testing.T, written codec.Codec[newerBasket], read codec.Codec[basket], f func(*basket)) bool {
	t.Helper()
	is := is.New(t)
	mem := memstore.New(nil)
	newer, err := sessions.New(mem, &sessions.Config[newerBasket]{Codec: written})
	is.NoErr(err)
	m, err := sessions.New(mem, &sessions.Config[basket]{Codec: read})
	is.NoErr(err)
	five := 5
	s, err := newer.CreateAndSave(t.Context(), newerBasket{
		More: "more", Items: map[string]int{"tea": 1}, At: time.Date(2026, 3, 1, 9, 0, 0, 1, time.FixedZone("", 3600)), Name: name{Text: "ada"},
		List: []string{}, Any: map[string]any{"n": 5.5, "list": []any{"a"}}, Number: &five, Big: big.NewInt(7),
	})
	is.NoErr(err)
	loaded, err := m.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.True(!m.Changed(loaded))
	f(&loaded.Data)
	return m.Changed(loaded)
}

// TestChanged_WhatIsStored changes sessions that another binary has written, so that their bytes
// differ from what this one would write anyway.
func TestChanged_WhatIsStored(t *testing.T) {
	codecs := map[string]func(f func(*basket)) bool{
		"json": func(f func(*basket)) bool {
			return sawChange(t, codec.JSON[newerBasket]{}, codec.JSON[basket]{}, f)
		},
		"msgpack": func(f func(*basket)) bool {
			return sawChange(t, msgpack.Codec[newerBasket]{}, msgpack.Codec[basket]{}, f)
		},
		"native": func(f func(*basket)) bool {
			return sawChange(t, attribute.Codec[newerBasket]{}, attribute.Codec[basket]{}, f)
		},
		"json to native": func(f func(*basket)) bool {
			return sawChange(t, codec.JSON[newerBasket]{}, codec.Upgrade[basket](attribute.Codec[basket]{}, codec.JSON[basket]{}), f)
		},
	}
	for what, f := range map[string]func(b *basket){
		"a field that is not stored": func(b *basket) { b.Cache = []byte("cached") },
		"a map that is not stored":   func(b *basket) { b.Memo = map[string]int{"x": 1} },
		"an unexported field":        func(b *basket) { b.hidden = map[string]int{"x": 1} },
		"a function":                 func(b *basket) { b.f = func() {} },
		"what a type doesn't encode": func(b *basket) { b.Name.Cache = []byte("cached") },
		"what it encodes alike":      func(b *basket) { b.Name.Text = "ADA" },
		"a copy of a map":            func(b *basket) { b.Items = maps.Clone(b.Items) },
		"a copy of a list":           func(b *basket) { b.List = slices.Clone(b.List) },
		"a list of its own type":     func(b *basket) { b.Any["list"] = []string{"a"} },
		"a number of another type":   func(b *basket) { b.Any["n"] = ratio(5.5) },
		"another pointer":            func(b *basket) { n := *b.Number; b.Number = &n },
		"another big number": func(b *basket) {
			big1 := new(big.Int).Lsh(big.NewInt(1), 900)
			b.Big = big1.Sub(new(big.Int).Add(b.Big, big1), big1)
		},
		"an equal time":     func(b *basket) { b.At = b.At.Round(0) },
		"an equal zone":     func(b *basket) { b.At = b.At.In(time.FixedZone("", 3600)) },
		"there and back":    func(b *basket) { b.Items["x"] = 1; delete(b.Items, "x") },
		"an empty flourish": func(b *basket) { b.List = append(b.List, []string{}...) },
	} {
		for codec, changed := range codecs {
			if changed(f) {
				t.Errorf("%s: %s is a change", codec, what)
			}
		}
	}
	for what, f := range map[string]func(b *basket){
		"an entry":              func(b *basket) { b.Items["tea"]++ },
		"behind a pointer":      func(b *basket) { *b.Number++ },
		"a big number in place": func(b *basket) { b.Big.Add(b.Big, b.Big) },
		"deep in an interface":  func(b *basket) { b.Any["list"].([]any)[0] = "b" },
		"a number as a text":    func(b *basket) { b.Any["n"] = "5.5" },
		"nothing there":         func(b *basket) { b.Any["n"] = nil },
		"what a type encodes":   func(b *basket) { b.Name.Text = "eve" },
		"no list":               func(b *basket) { b.List = nil },
		"no map":                func(b *basket) { b.Items = nil },
		"no pointer":            func(b *basket) { b.Number = nil },
		"a nanosecond":          func(b *basket) { b.At = b.At.Add(1) },
	} {
		for codec, changed := range codecs {
			if !changed(f) {
				t.Errorf("%s: %s is no change", codec, what)
			}
		}
	}
}
