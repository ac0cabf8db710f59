package sessions_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"
	vmsgpack "github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// tally is a counter: what both sides counted adds up.
type tally int

func (ours tally) Merge(base, theirs tally) (tally, error) { return ours + theirs - base, nil }

var _ sessions.Merger[tally] = tally(0)

type address struct {
	Street, City string
}

type embedded struct{ Inherited string }

// order has a member of each kind that merges differently.
type order struct {
	embedded
	Name    string
	Address address
	Ship    *address
	Items   []string
	Notes   map[string]string
	Lines   map[int]address
	Parts   map[string]*address
	Extra   map[string]any
	Any     any
	Count   tally
	Total   float64
	Due     time.Time
	Price   *big.Int
	Host    netip.Addr
	Pair    [2]int
	Nick    sql.NullString
	Next    *order
	Cache   string `json:"-"`
	hidden  int
}

func TestMergeFields(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	there := time.FixedZone("", 7200)
	tea := func() *address { return &address{Street: "Tea", City: "London"} }
	for name, c := range map[string]struct {
		base, ours, theirs, want order
		conflict                 string
	}{
		"nothing changed": {base: order{Name: "a"}, ours: order{Name: "a"}, theirs: order{Name: "a"}, want: order{Name: "a"}},
		"each changed another field": {
			ours: order{Name: "ours"}, theirs: order{Total: 3}, want: order{Name: "ours", Total: 3},
		},
		"both changed one alike": {
			base: order{Name: "a"}, ours: order{Name: "b"}, theirs: order{Name: "b"}, want: order{Name: "b"},
		},
		"both changed one differently": {
			base: order{Name: "a"}, ours: order{Name: "b"}, theirs: order{Name: "c"}, conflict: "Name",
		},
		"one emptied what the other changed": {base: order{Name: "a"}, theirs: order{Name: "c"}, conflict: "Name"},
		"struct by member": {
			ours: order{Address: address{Street: "o"}}, theirs: order{Address: address{City: "t"}},
			want: order{Address: address{Street: "o", City: "t"}},
		},
		"struct member conflicts": {
			ours: order{Address: address{City: "o"}}, theirs: order{Address: address{City: "t"}}, conflict: "Address.City",
		},
		"embedded struct by member": {
			ours: order{embedded: embedded{Inherited: "o"}}, theirs: order{embedded: embedded{Inherited: "t"}}, conflict: "Inherited",
		},
		"embedded struct is taken": {
			ours: order{Name: "o"}, theirs: order{embedded: embedded{Inherited: "t"}},
			want: order{Name: "o", embedded: embedded{Inherited: "t"}},
		},
		"behind a pointer by member": {
			base: order{Ship: tea()}, ours: order{Ship: &address{"Tea", "Paris"}}, theirs: order{Ship: &address{"Milk", "London"}},
			want: order{Ship: &address{"Milk", "Paris"}},
		},
		"both allocated": {
			ours: order{Ship: &address{Street: "o"}}, theirs: order{Ship: &address{City: "t"}}, want: order{Ship: &address{"o", "t"}},
		},
		"pointer removed by one": {base: order{Ship: tea()}, theirs: order{Ship: tea()}, want: order{}},
		"pointer removed by the other": {
			base: order{Ship: tea()}, ours: order{Ship: tea(), Name: "o"}, want: order{Name: "o"},
		},
		"pointer removed by both": {base: order{Ship: tea()}},
		"pointer removed and changed": {
			base: order{Ship: tea()}, theirs: order{Ship: &address{"Tea", "Paris"}}, conflict: "Ship",
		},
		"both appended": {
			base: order{Items: []string{"a"}}, ours: order{Items: []string{"a", "b"}}, theirs: order{Items: []string{"a", "c"}}, conflict: "Items",
		},
		"one appended": {
			base: order{Items: []string{"a"}}, ours: order{Items: []string{"a"}}, theirs: order{Items: []string{"a", "c"}},
			want: order{Items: []string{"a", "c"}},
		},
		"array is one value":    {ours: order{Pair: [2]int{1, 0}}, theirs: order{Pair: [2]int{0, 1}}, conflict: "Pair"},
		"sql.Null is one value": {ours: order{Nick: sql.NullString{String: "x"}}, theirs: order{Nick: sql.NullString{Valid: true}}, conflict: "Nick"},
		"map by key": {
			base:   order{Notes: map[string]string{"a": "1", "b": "1", "c": "1"}},
			ours:   order{Notes: map[string]string{"a": "2", "b": "1", "d": "o"}},
			theirs: order{Notes: map[string]string{"a": "1", "b": "2", "c": "1", "e": "t"}},
			want:   order{Notes: map[string]string{"a": "2", "b": "2", "d": "o", "e": "t"}},
		},
		"map entry changed by both": {
			base: order{Notes: map[string]string{"secret": "1"}}, ours: order{Notes: map[string]string{"secret": "2"}},
			theirs: order{Notes: map[string]string{"secret": "3"}}, conflict: "Notes[...]",
		},
		"map entry added by both": {
			ours: order{Notes: map[string]string{"secret": ""}}, theirs: order{Notes: map[string]string{"secret": "3"}}, conflict: "Notes[...]",
		},
		"map entry added by both alike": {
			ours: order{Notes: map[string]string{"k": "3"}}, theirs: order{Notes: map[string]string{"k": "3"}},
			want: order{Notes: map[string]string{"k": "3"}},
		},
		"map entry deleted by us, changed by them": {
			base: order{Notes: map[string]string{"secret": "1"}}, theirs: order{Notes: map[string]string{"secret": "3"}}, conflict: "Notes[...]",
		},
		"map entry changed by us, deleted by them": {
			base: order{Notes: map[string]string{"secret": "1"}}, ours: order{Notes: map[string]string{"secret": "3"}}, conflict: "Notes[...]",
		},
		"map entry deleted by both": {
			base:   order{Notes: map[string]string{"a": "1", "b": "1"}},
			ours:   order{Notes: map[string]string{"b": "1"}},
			theirs: order{Notes: map[string]string{"b": "1"}, Name: "t"},
			want:   order{Notes: map[string]string{"b": "1"}, Name: "t"},
		},
		"map of structs by member": {
			base:   order{Lines: map[int]address{1: {"a", "a"}}},
			ours:   order{Lines: map[int]address{1: {"o", "a"}, 2: {Street: "o"}}},
			theirs: order{Lines: map[int]address{1: {"a", "t"}, 2: {City: "t"}}},
			want:   order{Lines: map[int]address{1: {"o", "t"}, 2: {"o", "t"}}},
		},
		"map of structs conflicts": {
			ours: order{Lines: map[int]address{1: {"o", ""}}}, theirs: order{Lines: map[int]address{1: {"t", ""}}}, conflict: "Lines[...].Street",
		},
		"map of pointers by member": {
			base:   order{Parts: map[string]*address{"k": {"a", "a"}}},
			ours:   order{Parts: map[string]*address{"k": {"o", "a"}}},
			theirs: order{Parts: map[string]*address{"k": {"a", "t"}, "n": nil}},
			want:   order{Parts: map[string]*address{"k": {"o", "t"}, "n": nil}},
		},
		"nil pointer and pointer added": {
			ours: order{Parts: map[string]*address{"k": nil}}, theirs: order{Parts: map[string]*address{"k": {}}}, conflict: "Parts[...]",
		},
		"map of anything by key, deep": {
			base:   order{Extra: map[string]any{"p": map[string]any{"x": 1.0}, "l": []any{"a"}}},
			ours:   order{Extra: map[string]any{"p": map[string]any{"x": 1.0, "o": true}, "l": []any{"a"}}},
			theirs: order{Extra: map[string]any{"p": map[string]any{"x": 2.0}, "l": []any{"a", "b"}}},
			want:   order{Extra: map[string]any{"p": map[string]any{"x": 2.0, "o": true}, "l": []any{"a", "b"}}},
		},
		"list of anything is one value": {
			ours: order{Extra: map[string]any{"l": []any{"a"}}}, theirs: order{Extra: map[string]any{"l": []any{"b"}}}, conflict: "Extra[...]",
		},
		"interface became a map here and there": {
			base: order{Any: 1.0}, ours: order{Any: map[string]any{"o": 1.0}}, theirs: order{Any: map[string]any{"t": 1.0}}, conflict: "Any",
		},
		"interface got a map here and there": {
			ours: order{Any: map[string]any{"o": 1.0}}, theirs: order{Any: map[string]any{"t": 1.0}},
			want: order{Any: map[string]any{"o": 1.0, "t": 1.0}},
		},
		"interface emptied": {base: order{Any: "x"}, ours: order{Any: "x"}, want: order{}},
		"what decoders make of interfaces": {
			ours:   order{Any: map[string]any{"n": 5, "l": []string{"x"}, "m": map[string]int{"k": 1}, "u": uint8(3), "b": []any{true, nil}}},
			theirs: order{Any: map[string]any{"n": 5.0, "l": []any{"x"}, "m": map[string]any{"k": 1.0}, "u": int64(3), "b": []any{true, nil}}},
			want:   order{Any: map[string]any{"n": 5, "l": []string{"x"}, "m": map[string]int{"k": 1}, "u": uint8(3), "b": []any{true, nil}}},
		},
		"a method of its own": {base: order{Count: 5}, ours: order{Count: 6}, theirs: order{Count: 6}, want: order{Count: 7}},
		"nil and empty map": {
			ours: order{Notes: map[string]string{}}, theirs: order{Notes: map[string]string{"t": ""}}, want: order{Notes: map[string]string{"t": ""}},
		},
		"a map that only we made empty": {ours: order{Notes: map[string]string{}}, want: order{Notes: map[string]string{}}},
		"a map that only they made empty": {
			theirs: order{Notes: map[string]string{}}, want: order{Notes: map[string]string{}},
		},
		"a map that only they made nil": {
			base: order{Notes: map[string]string{}}, ours: order{Notes: map[string]string{}}, want: order{},
		},
		"empty slice is none, where the other changed it": {
			ours: order{Items: []string{}}, theirs: order{Items: []string{"t"}}, want: order{Items: []string{"t"}},
		},
		"NaN left alone": {
			base: order{Total: math.NaN()}, ours: order{Total: math.NaN(), Name: "o"}, theirs: order{Total: 1}, want: order{Total: 1, Name: "o"},
		},
		"negative zero is a change where nobody else made one": {ours: order{Total: math.Copysign(0, -1)}, want: order{Total: math.Copysign(0, -1)}},
		"negative zero gives way":                              {ours: order{Total: math.Copysign(0, -1)}, theirs: order{Total: 2}, want: order{Total: 2}},
		"one instant in two zones, both changed": {
			ours: order{Due: noon}, theirs: order{Due: noon.In(there)}, want: order{Due: noon},
		},
		"a zone changed by them": {
			base: order{Due: noon}, ours: order{Due: noon}, theirs: order{Due: noon.In(there)}, want: order{Due: noon.In(there)},
		},
		"a zone changed by us, an instant by them": {
			base: order{Due: noon}, ours: order{Due: noon.In(there)}, theirs: order{Due: noon.Add(1)}, want: order{Due: noon.Add(1)},
		},
		"two instants": {ours: order{Due: noon}, theirs: order{Due: noon.Add(1)}, conflict: "Due"},
		"big.Int is one value": {
			base: order{Price: big.NewInt(1)}, ours: order{Price: big.NewInt(1)}, theirs: order{Price: big.NewInt(2)}, want: order{Price: big.NewInt(2)},
		},
		"big.Int conflicts": {ours: order{Price: big.NewInt(1)}, theirs: order{Price: big.NewInt(2)}, conflict: "Price"},
		"netip.Addr is one value": {
			ours: order{Host: netip.MustParseAddr("::1")}, theirs: order{Host: netip.MustParseAddr("::1"), Name: "t"},
			want: order{Host: netip.MustParseAddr("::1"), Name: "t"},
		},
		"far down": {
			base:   order{Next: &order{Next: &order{}}},
			ours:   order{Next: &order{Next: &order{Name: "o"}}},
			theirs: order{Next: &order{Next: &order{Name: "t"}}}, conflict: "Next.Next.Name",
		},
		"what isn't stored stays ours": {ours: order{Cache: "o", hidden: 1}, theirs: order{Name: "t"}, want: order{Cache: "o", hidden: 1, Name: "t"}},
		"hidden fields that a codec of one's own stores": {
			ours: order{Name: "o"}, theirs: order{hidden: 2}, want: order{Name: "o", hidden: 2},
		},
		"hidden fields conflict": {ours: order{hidden: 1}, theirs: order{hidden: 2}, conflict: "the data"},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			for _, order := range []struct {
				is   string
				a, b order
			}{{"as given", c.ours, c.theirs}, {"the other way round", c.theirs, c.ours}} {
				got, err := sessions.MergeFields(c.base, order.a, order.b)
				if c.conflict != "" {
					wants.Err(t, err, sessions.ErrConflict) // is a conflict
					is.True(strings.HasSuffix(err.Error(), " both sides changed "+c.conflict))
					is.True(!strings.Contains(err.Error(), "secret")) // shows no key
					continue
				}
				is.NoErr(err)
				if order.is == "as given" {
					is.True(deepEqual(got, c.want)) // the merged value
				}
			}
		})
	}
}

// deepEqual is reflect.DeepEqual, with NaN equal to itself and -0 not to 0.
func deepEqual(a, b order) bool {
	if math.Float64bits(a.Total) != math.Float64bits(b.Total) {
		return false
	}
	a.Total, b.Total = 0, 0
	return reflect.DeepEqual(a, b)
}

func TestMergeFields_OfTypesThatAreNoStructs(t *testing.T) {
	is := is.New(t)
	_, err := sessions.MergeFields(1, 2, 3)
	wants.Err(t, err, sessions.ErrConflict)
	is.True(strings.HasSuffix(err.Error(), "both sides changed the data"))
	n, err := sessions.MergeFields(1, 1, 3)
	is.NoErr(err)
	is.Equal(n, 3)

	_, err = sessions.MergeFields(map[string]int{}, map[string]int{"k": 1}, map[string]int{"k": 2})
	is.True(strings.HasSuffix(err.Error(), "both sides changed the data[...]"))

	var none any
	v, err := sessions.MergeFields[any]("x", "x", none)
	is.NoErr(err)
	is.Equal(v, nil)
	v, err = sessions.MergeFields[any](none, map[string]any{"o": 1}, map[string]any{"t": 2})
	is.NoErr(err)
	is.Equal(v, map[string]any{"o": 1, "t": 2})

	p, err := sessions.MergeFields(&address{}, &address{Street: "o"}, &address{City: "t"})
	is.NoErr(err)
	is.Equal(*p, address{"o", "t"})
	p, err = sessions.MergeFields(nil, nil, &address{City: "t"})
	is.NoErr(err)
	is.Equal(*p, address{City: "t"})

	raw, err := sessions.MergeFields(json.RawMessage(`1`), json.RawMessage(`1`), json.RawMessage(`2`))
	is.NoErr(err)
	is.Equal(string(raw), "2")

	u, err := url.Parse("https://ada:pw@example.com/")
	is.NoErr(err)
	got, err := sessions.MergeFields(url.URL{}, url.URL{}, *u)
	is.NoErr(err)
	is.Equal(got.String(), u.String())
}

// Counters with a method Merge on the pointer, without and with an error.
type byPointer struct{ N int }

func (ours *byPointer) Merge(base, theirs *byPointer) *byPointer {
	return &byPointer{N: ours.N + theirs.N - base.N}
}

type onPointer struct{ N int }

func (ours *onPointer) Merge(base, theirs onPointer) onPointer {
	return onPointer{N: ours.N + theirs.N - base.N}
}

type failing struct{ N int }

var errFull = errors.New("full")

func (failing) Merge(_, _ failing) (failing, error) { return failing{}, errFull }

type nilMerge struct{ N int }

func (nilMerge) Merge(_, _ *nilMerge) *nilMerge { return nil }

// noMerger has a method Merge of another form.
type noMerger struct{ A, B int }

func (noMerger) Merge(int) {}

type notebook []string

func (ours notebook) Merge(base, theirs notebook) (notebook, error) {
	return append(slices.Clone(theirs), ours[len(base):]...), nil
}

// encoded encodes itself, and has a method Merge.
type encoded struct{ N int }

func (e encoded) MarshalText() ([]byte, error) { return nil, nil }
func (e encoded) Merge(base, theirs encoded) (encoded, error) {
	return encoded{e.N + theirs.N - base.N}, nil
}

func TestMergeFields_AMethodOfTheTypesOwn(t *testing.T) {
	is := is.New(t)
	type data struct {
		A byPointer
		B *byPointer
		C onPointer
		D *onPointer
		E map[string]tally
		F map[string]*tally
		G noMerger
		H notebook
		I *encoded
		J tally
	}
	one, two := tally(1), tally(2)
	got, err := sessions.MergeFields(
		data{A: byPointer{1}, D: &onPointer{1}, H: notebook{"a"}, I: &encoded{1}},
		data{
			A: byPointer{2}, B: &byPointer{2}, C: onPointer{2}, D: &onPointer{2}, E: map[string]tally{"k": 1},
			F: map[string]*tally{"k": &one}, G: noMerger{A: 1}, H: notebook{"a", "o"}, I: &encoded{2}, J: 1,
		},
		data{
			A: byPointer{4}, B: &byPointer{4}, C: onPointer{4}, D: &onPointer{4}, E: map[string]tally{"k": 2},
			F: map[string]*tally{"k": &two}, G: noMerger{B: 1}, H: notebook{"a", "t"}, I: &encoded{4}, J: 1,
		})
	is.NoErr(err)
	three := tally(3)
	is.Equal(got, data{
		A: byPointer{5}, B: &byPointer{6}, C: onPointer{6}, D: &onPointer{5}, E: map[string]tally{"k": 3},
		F: map[string]*tally{"k": &three}, G: noMerger{1, 1}, H: notebook{"a", "t", "o"}, I: &encoded{5}, J: 2,
	})
	is.Equal([]tally{one, two}, []tally{1, 2})

	type failure struct{ F failing }
	_, err = sessions.MergeFields(failure{}, failure{failing{1}}, failure{failing{1}})
	wants.Err(t, err, errFull)
	is.Equal(err.Error(), "F: full")
	wants.NotErr(t, err, sessions.ErrConflict) // only the method decides that

	_, err = sessions.MergeFields(nilMerge{}, nilMerge{1}, nilMerge{1})
	is.Equal(err.Error(), "the data: its method Merge returned nil")
}

// Types that encode themselves, one for each encoder.
type (
	byEncodeMsgpack  struct{ A, B int }
	byMarshalMsgpack struct{ A, B int }
	byAttribute      struct{ A, B int }
	byGob            struct{ A, B int }
	byText           struct{ A, B int }
	byBinary         struct{ A, B int }
	otherwise        struct{ A, B int }
)

func (*byEncodeMsgpack) EncodeMsgpack(*vmsgpack.Encoder) error { return nil }
func (byMarshalMsgpack) MarshalMsgpack() ([]byte, error)       { return nil, nil }
func (*byGob) GobEncode() ([]byte, error)                      { return nil, nil }
func (*byText) MarshalText() ([]byte, error)                   { return nil, nil }
func (byBinary) MarshalBinary() ([]byte, error)                { return nil, nil }
func (otherwise) MarshalCBOR() int                             { return 0 }
func (otherwise) Value() int                                   { return 0 }
func (byAttribute) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	return nil, nil
}

var (
	_ vmsgpack.CustomEncoder   = (*byEncodeMsgpack)(nil)
	_ vmsgpack.Marshaler       = byMarshalMsgpack{}
	_ attributevalue.Marshaler = byAttribute{}
)

func TestMergeFields_ATypeWithAFormOfItsOwnIsOneValue(t *testing.T) {
	t.Run("EncodeMsgpack", func(t *testing.T) { isOneValue(t, byEncodeMsgpack{A: 1}, byEncodeMsgpack{B: 1}) })
	t.Run("MarshalMsgpack", func(t *testing.T) { isOneValue(t, byMarshalMsgpack{A: 1}, byMarshalMsgpack{B: 1}) })
	t.Run("MarshalDynamoDBAttributeValue", func(t *testing.T) { isOneValue(t, byAttribute{A: 1}, byAttribute{B: 1}) })
	t.Run("GobEncode", func(t *testing.T) { isOneValue(t, byGob{A: 1}, byGob{B: 1}) })
	t.Run("MarshalText", func(t *testing.T) { isOneValue(t, byText{A: 1}, byText{B: 1}) })
	t.Run("MarshalBinary", func(t *testing.T) { isOneValue(t, byBinary{A: 1}, byBinary{B: 1}) })
	t.Run("no encoder's method", func(t *testing.T) {
		is := is.New(t)
		got, err := sessions.MergeFields(otherwise{}, otherwise{A: 1}, otherwise{B: 1})
		is.NoErr(err)
		is.Equal(got, otherwise{1, 1})
	})
}

func isOneValue[V any](t *testing.T, ours, theirs V) {
	is := is.New(t)
	var base V
	_, err := sessions.MergeFields(base, ours, theirs)
	wants.Err(t, err, sessions.ErrConflict)
	got, err := sessions.MergeFields(&base, &base, &theirs) // behind a pointer too
	is.NoErr(err)
	is.Equal(got, &theirs)
}

// Six requests of one page each change another field, and two tabs take and add messages.
func TestMergeFields_ResolvesTheLostRacesOfAPage(t *testing.T) {
	type page struct {
		A, B, C, D int
		Prefs      map[string]string
		Flash      sessions.Flash[string] `json:",omitempty"`
	}
	for name, c := range map[string]codec.Codec[page]{
		"json": codec.JSON[page]{}, "msgpack": msgpack.Codec[page]{}, "attribute": attribute.Codec[page]{},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			m, err := sessions.New(memstore.New(nil), &sessions.Config[page]{Codec: c, Merge: sessions.MergeFields[page]})
			is.NoErr(err)
			first := page{}
			first.Flash.Add("hello")
			s, err := m.CreateAndSave(t.Context(), first)
			is.NoErr(err)
			requests := []func(*page){
				func(p *page) { p.A = 1 },
				func(p *page) { p.B = 2 },
				func(p *page) { p.C = 3 },
				func(p *page) { p.Prefs = map[string]string{"lang": "en"} },
				func(p *page) { p.Prefs = map[string]string{"theme": "dark"} },
				func(p *page) { p.Flash.Take() },
				func(p *page) { p.Flash.Add("bye"); p.D = 4 },
			}
			var loaded []*sessions.Session[page]
			for range requests {
				one, err := m.Load(t.Context(), s.ID().Secret())
				is.NoErr(err)
				loaded = append(loaded, one)
			}
			for i, request := range requests {
				request(&loaded[i].Data)
				is.NoErr(m.Save(t.Context(), loaded[i]))
			}
			got, err := m.Load(t.Context(), s.ID().Secret())
			is.NoErr(err)
			is.Equal(got.Data.Flash.Take(), []string{"bye"})
			is.Equal(got.Data, page{A: 1, B: 2, C: 3, D: 4, Prefs: map[string]string{"lang": "en", "theme": "dark"}})
		})
	}
}

func TestMergeFields_LeavesItsArgumentsAlone(t *testing.T) {
	is := is.New(t)
	make3 := func() (base, ours, theirs order) {
		base = order{Notes: map[string]string{"a": "1"}, Ship: &address{"a", "a"}, Items: []string{"a"}}
		ours = order{Notes: map[string]string{"a": "1", "o": "o"}, Ship: &address{"o", "a"}, Items: []string{"a"}}
		theirs = order{
			Notes: map[string]string{"a": "1", "t": "t"}, Ship: &address{"a", "t"}, Items: []string{"t"},
			Lines: map[int]address{1: {}}, Parts: map[string]*address{"p": {}}, Extra: map[string]any{"x": map[string]any{}, "l": []any{map[string]any{}}},
			Any: []any{map[string]any{}}, Next: &order{Items: []string{"n"}},
		}
		return base, ours, theirs
	}
	base, ours, theirs := make3()
	got, err := sessions.MergeFields(base, ours, theirs)
	is.NoErr(err)
	// Changes of the result:
	got.Notes["x"], got.Ship.City, got.Items[0], got.Lines[2], got.Parts["p"].City = "x", "x", "x", address{}, "x"
	got.Extra["x"].(map[string]any)["y"] = 1
	got.Extra["l"].([]any)[0].(map[string]any)["y"] = 1
	got.Any.([]any)[0].(map[string]any)["y"] = 1
	got.Next.Items[0] = "x"
	base2, ours2, theirs2 := make3()
	is.Equal(base, base2)
	is.Equal(ours, ours2)
	is.Equal(theirs, theirs2)
}

func TestMergeFields_IsOursItselfIfTheirsChangedNothing(t *testing.T) {
	is := is.New(t)
	base := &order{Notes: map[string]string{"a": "1"}, Next: &order{}}
	theirs := &order{Notes: map[string]string{"a": "1"}, Next: &order{}}
	ours := &order{Notes: map[string]string{"b": "1"}, Next: &order{Name: "o"}}
	got, err := sessions.MergeFields(base, ours, theirs)
	is.NoErr(err)
	is.True(got == ours)

	theirs.Name = "t"
	got, err = sessions.MergeFields(base, ours, theirs)
	is.NoErr(err)
	is.True(got.Next == ours.Next) // as are its other parts
}

func TestMergeFields_OfValuesThatContainThemselves(t *testing.T) {
	is := is.New(t)
	loop := func(name string) *order {
		o := &order{Name: name}
		o.Next = o
		return o
	}
	b, o := loop("b"), loop("o")
	got, err := sessions.MergeFields(b, o, b)
	is.NoErr(err)
	is.True(got == o)
	got, err = sessions.MergeFields(&order{}, o, &order{Total: 1}) // no codec can store a loop
	is.NoErr(err)
	is.True(got.Next == o)
	_, err = sessions.MergeFields(&order{}, loop("x"), loop("x"))
	is.Equal(err.Error(), "Next.Next contains itself")
	wants.NotErr(t, err, sessions.ErrConflict)
	got, err = sessions.MergeFields(&order{}, &order{}, loop("t"))
	is.NoErr(err)
	is.True(got.Next == got.Next.Next)

	self := map[string]any{}
	self["self"] = self
	_, err = sessions.MergeFields(nil, map[string]any{"k": []any{self}}, map[string]any{"k": []any{self, 1}})
	wants.Err(t, err, sessions.ErrConflict)

	// A chain of n shared parts has 2^n paths through it.
	chain := func(last string) map[string]any {
		m := map[string]any{"last": last}
		for range 64 {
			m = map[string]any{"l": m, "r": m}
		}
		return m
	}
	_, err = sessions.MergeFields(chain("b"), chain("o"), chain("t"))
	wants.Err(t, err, sessions.ErrConflict)
	merged, err := sessions.MergeFields(chain("b"), chain("b"), chain("t"))
	is.NoErr(err)
	for range 64 {
		merged = merged["r"].(map[string]any)
	}
	is.Equal(merged["last"], "t")
}

func TestMergeFields_OfMapsWithNaNKeys(t *testing.T) {
	is := is.New(t)
	nan := func(values ...int) map[float64]int {
		m := map[float64]int{1: 1}
		for _, v := range values {
			m[math.NaN()] = v
		}
		return m
	}
	got, err := sessions.MergeFields(nan(1, 2), nan(2, 1), nan(3))
	is.NoErr(err)
	is.Equal(len(got), 2)
	got, err = sessions.MergeFields(nan(1, 2), nan(1, 3, 3), nan(2, 1))
	is.NoErr(err)
	is.Equal(len(got), 4)
	_, err = sessions.MergeFields(nan(1), nan(2), nan(3))
	wants.Err(t, err, sessions.ErrConflict)
}

func TestMergeFields_OfTypesThatNoCodecStores(t *testing.T) {
	is := is.New(t)
	type odd struct {
		F func()
		C chan int
		P **address
		X struct{ n int }
		_ int
		*embedded
		Name string
	}
	f, c, p := func() {}, make(chan int), new(*address)
	ours := odd{F: f, C: c, P: p, X: struct{ n int }{1}, embedded: &embedded{"o"}, Name: "o"}
	got, err := sessions.MergeFields(odd{}, ours, odd{})
	is.NoErr(err)
	is.True(got.F != nil && got.C == c && got.P == p && got.X.n == 1 && got.Inherited == "o")
	got, err = sessions.MergeFields(odd{}, odd{}, ours)
	is.NoErr(err)
	is.True(got.F != nil && got.C == c && *got.P == nil && got.X.n == 1 && got.Inherited == "o")
	_, err = sessions.MergeFields(odd{}, ours, odd{embedded: &embedded{"t"}})
	wants.Err(t, err, sessions.ErrConflict)
}

func TestNoMerge(t *testing.T) {
	_, err := sessions.NoMerge(cart{}, cart{Count: 1}, cart{Count: 1})
	wants.Err(t, err, sessions.ErrConflict)
}

// leaf draws one of a few values, so that two sides often agree.
func leaf() *rapid.Generator[string] { return rapid.SampledFrom([]string{"", "a", "b"}) }

func addresses() *rapid.Generator[address] {
	return rapid.Custom(func(t *rapid.T) address { return address{leaf().Draw(t, "street"), leaf().Draw(t, "city")} })
}

func anything(depth int) *rapid.Generator[any] {
	scalars := rapid.SampledFrom([]any{nil, "", "a", 0.0, 1.0, true})
	if depth == 0 {
		return scalars
	}
	inner := anything(depth - 1)
	return rapid.OneOf(
		scalars,
		rapid.Map(rapid.SliceOfN(inner, 0, 2), func(s []any) any { return s }),
		rapid.Map(rapid.MapOfN(leaf(), inner, 0, 3), func(m map[string]any) any { return m }),
	)
}

func orders(depth int) *rapid.Generator[order] {
	return rapid.Custom(func(t *rapid.T) order {
		o := order{
			embedded: embedded{leaf().Draw(t, "inherited")},
			Name:     leaf().Draw(t, "name"),
			Address:  addresses().Draw(t, "address"),
			Ship:     rapid.Ptr(addresses(), true).Draw(t, "ship"),
			Items:    rapid.SliceOfN(leaf(), 0, 2).Draw(t, "items"),
			Notes:    rapid.MapOfN(leaf(), leaf(), 0, 3).Draw(t, "notes"),
			Lines:    rapid.MapOfN(rapid.IntRange(0, 2), addresses(), 0, 3).Draw(t, "lines"),
			Parts:    rapid.MapOfN(leaf(), rapid.Ptr(addresses(), true), 0, 3).Draw(t, "parts"),
			Any:      anything(2).Draw(t, "any"),
			Count:    tally(rapid.IntRange(0, 2).Draw(t, "count")),
			Due:      time.Unix(int64(rapid.IntRange(0, 1).Draw(t, "due")), 0).In(rapid.SampledFrom([]*time.Location{time.UTC, time.FixedZone("", 60)}).Draw(t, "zone")),
			hidden:   rapid.IntRange(0, 1).Draw(t, "hidden"),
		}
		if extra, ok := anything(2).Draw(t, "extra").(map[string]any); ok {
			o.Extra = extra
		}
		if rapid.Bool().Draw(t, "has price") {
			o.Price = big.NewInt(int64(rapid.IntRange(0, 1).Draw(t, "price")))
		}
		if rapid.Bool().Draw(t, "nil notes") {
			o.Notes = nil
		}
		if depth > 0 && rapid.Bool().Draw(t, "has next") {
			next := orders(depth-1).Draw(t, "next")
			o.Next = &next
		}
		return o
	})
}

func TestMergeFields_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := orders(1)
		b, o := all.Draw(t, "base"), all.Draw(t, "ours")
		got, err := sessions.MergeFields(b, o, b)
		if err != nil || !reflect.DeepEqual(got, o) {
			t.Fatalf("merge(b, o, b) is not o: %v %v", got, err)
		}
		got, err = sessions.MergeFields(b, b, o)
		if err != nil || !reflect.DeepEqual(got, o) {
			t.Fatalf("merge(b, b, t) is not t: %v %v", got, err)
		}
		b.Count, o.Count = 0, 0 // their sums would differ
		if o.Next != nil {
			o.Next.Count = 0
		}
		if b.Next != nil {
			b.Next.Count = 0
		}
		got, err = sessions.MergeFields(b, o, o)
		if err != nil || !reflect.DeepEqual(got, o) {
			t.Fatalf("merge(b, o, o) is not o: %v %v", got, err)
		}
	})
}

func TestMergeFields_IsSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := orders(1)
		b, x, y := all.Draw(t, "base"), all.Draw(t, "x"), all.Draw(t, "y")
		// Only a few members change, so that not every merge conflicts.
		x, y = partly(t, b, x), partly(t, b, y)
		one, err := sessions.MergeFields(b, x, y)
		other, err2 := sessions.MergeFields(b, y, x)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("one way %v, the other %v", err, err2)
		}
		if err != nil {
			if !errors.Is(err, sessions.ErrConflict) {
				t.Fatal(err)
			}
			return
		}
		if !inMeaning(one, other) {
			t.Fatalf("one way\n%+v, the other\n%+v", one, other)
		}
		// A member that one side didn't change has the other side's value.
		bv, xv, yv, v := reflect.ValueOf(b), reflect.ValueOf(x), reflect.ValueOf(y), reflect.ValueOf(one)
		for i := range bv.NumField() {
			if f := bv.Type().Field(i); !f.IsExported() {
				continue
			}
			bf, xf, yf, f := bv.Field(i).Interface(), xv.Field(i).Interface(), yv.Field(i).Interface(), v.Field(i).Interface()
			if reflect.DeepEqual(bf, xf) && !reflect.DeepEqual(f, yf) || reflect.DeepEqual(bf, yf) && !reflect.DeepEqual(f, xf) {
				t.Fatalf("%s was left alone by one side, and is not the other's", bv.Type().Field(i).Name)
			}
		}
	})
}

// partly returns some fields of b and the others of o.
func partly(t *rapid.T, b, o order) order {
	v, from := reflect.ValueOf(&b).Elem(), reflect.ValueOf(o)
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() && rapid.IntRange(0, 3).Draw(t, "from the other") == 0 {
			v.Field(i).Set(from.Field(i))
		}
	}
	return b
}

// inMeaning compares times as instants.
func inMeaning(a, b order) bool {
	for _, o := range []*order{&a, &b} {
		for ; o != nil; o = o.Next {
			o.Due = o.Due.UTC()
			if o.Next != nil {
				next := *o.Next
				o.Next = &next
			}
			if len(o.Items) == 0 {
				o.Items = nil
			}
			o.Any, o.Extra = withoutEmpty(o.Any), maps.Clone(o.Extra)
			for k, v := range o.Extra {
				o.Extra[k] = withoutEmpty(v)
			}
		}
	}
	return reflect.DeepEqual(a, b)
}

func withoutEmpty(v any) any {
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			return []any(nil)
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = withoutEmpty(e)
		}
		return out
	}
	return v
}

func FuzzMergeFields(f *testing.F) {
	f.Add([]byte(`{"a":1}`), []byte(`{"a":2}`), []byte(`{"a":3}`))
	f.Add([]byte(`{"Next":{"Notes":{"x":""}}}`), []byte(`{"Next":null}`), []byte(`{"Next":{"Parts":{"x":null}}}`))
	f.Add([]byte(`[{"k":[1]}]`), []byte(`null`), []byte(`{}`))
	f.Add([]byte(`{"Any":{"k":{}}}`), []byte(`{"Any":{"k":{"a":[]}}}`), []byte(`{"Any":{"k":{"b":1e9}}}`))
	f.Fuzz(func(t *testing.T, b, o, u []byte) {
		fuzzMerge[any](t, b, o, u)
		fuzzMerge[order](t, b, o, u)
		fuzzMerge[map[string]*order](t, b, o, u)
	})
}

func fuzzMerge[T any](t *testing.T, texts ...[]byte) {
	var values [3]T
	for i, text := range texts {
		if json.Unmarshal(text, &values[i]) != nil {
			return
		}
	}
	b, o, u := values[0], values[1], values[2]
	got, err := sessions.MergeFields(b, o, u)
	_, err2 := sessions.MergeFields(b, u, o)
	if (err == nil) != (err2 == nil) {
		t.Fatalf("one way %v, the other %v", err, err2)
	}
	if err == nil {
		if again, err := sessions.MergeFields(o, got, o); err != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("merge(o, got, o): %v", err)
		}
	}
	for _, other := range values[1:] {
		if got, err := sessions.MergeFields(b, other, b); err != nil || !reflect.DeepEqual(got, other) {
			t.Fatalf("merge(b, o, b): %v", err)
		}
		if got, err := sessions.MergeFields(b, b, other); err != nil || !reflect.DeepEqual(got, other) {
			t.Fatalf("merge(b, b, t): %v", err)
		}
	}
}

func BenchmarkMergeFields(b *testing.B) {
	base := order{Notes: map[string]string{"a": "1", "b": "2"}, Ship: &address{"a", "b"}, Items: []string{"a"}}
	ours, theirs := base, base
	ours.Notes = map[string]string{"a": "1", "b": "3"}
	theirs.Ship = &address{"a", "c"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sessions.MergeFields(base, ours, theirs); err != nil {
			b.Fatal(err)
		}
	}
}
