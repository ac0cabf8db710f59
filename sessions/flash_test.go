package sessions_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"
	"pgregory.net/rapid"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

var _ sessions.Merger[sessions.Flash[string]] = sessions.Flash[string](nil)

// flashed returns a Flash with the messages.
func flashed[M any](messages ...M) sessions.Flash[M] {
	var f sessions.Flash[M]
	for _, m := range messages {
		f.Add(m)
	}
	return f
}

func TestFlash_ShowsEachMessageOnceInOrder(t *testing.T) {
	is := is.New(t)
	var f sessions.Flash[string]
	is.Equal(f.Take(), nil)
	is.True(f == nil) // taking from an empty Flash changes nothing
	f.Add("saved")
	f.Add("sent")
	f.Add("saved")
	is.Equal(len(f), 3)
	is.Equal(f.Take(), []string{"saved", "sent", "saved"})
	is.True(f == nil) // nil again, as if never used
	is.Equal(f.Take(), nil)
}

func TestFlash_KeepsTheNewest(t *testing.T) {
	is := is.New(t)
	var f sessions.Flash[int]
	for i := range 1000 {
		f.Add(i)
	}
	is.Equal(len(f), sessions.MaxFlash)
	got := f.Take()
	is.Equal(got[0], 1000-sessions.MaxFlash)
	is.True(slices.IsSorted(got))
}

func TestFlash_CopiesDoNotAffectEachOther(t *testing.T) {
	is := is.New(t)
	f := flashed("a")
	g := f
	g.Add("b")
	is.Equal(len(f), 1)
	g.Take()
	is.Equal(f.Take(), []string{"a"})
}

func TestFlash_MergesWhatTabsAddAndTake(t *testing.T) {
	type page struct{ Flash sessions.Flash[string] }
	add := func(texts ...string) func(*page) {
		return func(p *page) {
			for _, text := range texts {
				p.Flash.Add(text)
			}
		}
	}
	take := func(p *page) { p.Flash.Take() }
	look := func(*page) {}
	for name, c := range map[string]struct {
		base         []string
		ours, theirs func(*page)
		want         []string
	}{
		"both add":                   {nil, add("a"), add("b"), []string{"a", "b"}},
		"both add the same text":     {nil, add("a"), add("a"), []string{"a", "a"}},
		"both add to some":           {[]string{"x"}, add("a"), add("b"), []string{"a", "b", "x"}},
		"one takes, one looks":       {[]string{"x"}, take, look, nil},
		"one takes, one adds":        {[]string{"x", "y"}, take, add("a"), []string{"a"}},
		"both take":                  {[]string{"x"}, take, take, nil},
		"one takes and adds again":   {[]string{"x"}, func(p *page) { take(p); add("x")(p) }, look, []string{"x"}},
		"both take and add again":    {[]string{"x"}, func(p *page) { take(p); add("x")(p) }, func(p *page) { take(p); add("x")(p) }, []string{"x", "x"}},
		"one adds and takes its own": {[]string{"x"}, func(p *page) { add("a")(p); take(p) }, add("b"), []string{"b"}},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			base := page{flashed(c.base...)}
			one, other := base, base
			c.ours(&one)
			c.theirs(&other)
			for _, sides := range [][2]page{{one, other}, {other, one}} {
				got, err := sessions.MergeFields(base, sides[0], sides[1])
				is.NoErr(err)
				is.Equal(slices.Sorted(slices.Values(got.Flash.Take())), c.want)
			}
		})
	}
}

func TestFlash_MergeKeepsTheBound(t *testing.T) {
	is := is.New(t)
	base := flashed("old")
	ours, theirs := base, base
	for i := range sessions.MaxFlash {
		ours.Add(fmt.Sprint("o", i))
		theirs.Add(fmt.Sprint("t", i))
	}
	got, err := ours.Merge(base, theirs)
	is.NoErr(err)
	is.Equal(len(got), sessions.MaxFlash)
	texts := got.Take()
	is.True(slices.Contains(texts, fmt.Sprint("o", sessions.MaxFlash-1)))
	is.True(slices.Contains(texts, fmt.Sprint("t", sessions.MaxFlash-1))) // the newest of both
	is.True(!slices.Contains(texts, "old"))
}

func TestFlash_LosesAndRepeatsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stored sessions.Flash[int]
		next, shown, added := 0, map[int]int{}, map[int]bool{}
		type tab struct {
			base, mine sessions.Flash[int]
			took       []int
		}
		var tabs []tab
		commit := func(i int) {
			merged, err := sessions.MergeFields(tabs[i].base, tabs[i].mine, stored)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range tabs[i].took {
				shown[n]++
			}
			stored = merged
			tabs = slices.Delete(tabs, i, i+1)
		}
		t.Repeat(map[string]func(*rapid.T){
			"open": func(*rapid.T) { tabs = append(tabs, tab{base: stored, mine: stored}) },
			"add": func(t *rapid.T) {
				if len(tabs) > 0 && len(added) < sessions.MaxFlash {
					i := rapid.IntRange(0, len(tabs)-1).Draw(t, "tab")
					tabs[i].mine.Add(next)
					added[next] = true
					next++
				}
			},
			"take": func(t *rapid.T) {
				if len(tabs) > 0 {
					i := rapid.IntRange(0, len(tabs)-1).Draw(t, "tab")
					tabs[i].took = append(tabs[i].took, tabs[i].mine.Take()...)
				}
			},
			"commit": func(t *rapid.T) {
				if len(tabs) > 0 {
					commit(rapid.IntRange(0, len(tabs)-1).Draw(t, "tab"))
				}
			},
			"": func(t *rapid.T) {
				for _, n := range stored {
					if shown[n] > 0 {
						t.Fatalf("message %d was shown, and would be again", n)
					}
				}
			},
		})
		for len(tabs) > 0 {
			commit(0)
		}
		for _, n := range stored.Take() {
			shown[n]++
		}
		for n := range added {
			if shown[n] == 0 {
				t.Fatalf("message %d was never shown", n)
			}
		}
	})
}

// notice is an application's message type.
type notice struct {
	Kind string   `json:"kind,omitempty"`
	Args []string `json:"args,omitempty"`
}

type flashPage struct {
	User   string                 `json:"user"`
	Flash  sessions.Flash[string] `json:"flash,omitempty"`
	Notice sessions.Flash[notice] `json:"notice,omitempty"`
	Always sessions.Flash[int]    `json:"always"`
	Zero   sessions.Flash[int]    `json:"zero,omitzero"`
}

func TestFlash_IsStoredByEachCodec(t *testing.T) {
	for name, c := range map[string]codec.Codec[flashPage]{
		"json": codec.JSON[flashPage]{}, "msgpack": msgpack.Codec[flashPage]{}, "attribute": attribute.Codec[flashPage]{},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			_, err := sessions.New(memstore.New(nil), &sessions.Config[flashPage]{Codec: c})
			is.NoErr(err) // the type is storable
			for _, page := range []flashPage{
				{User: "ada"},
				{
					User: "ada", Flash: flashed("saved", "saved"), Notice: flashed(notice{Kind: "warn", Args: []string{"x"}}, notice{}),
					Always: flashed(1), Zero: flashed(2),
				},
			} {
				p, err := c.Encode(page)
				is.NoErr(err)
				got, err := c.Decode(p)
				is.NoErr(err)
				is.Equal(got, page)
				merged, err := sessions.MergeFields(got, got, page)
				is.NoErr(err)
				is.Equal(merged, page)
			}
			page := flashPage{Flash: flashed("saved"), Always: flashed(1), Zero: flashed(2)}
			page.Flash.Take()
			page.Always.Take()
			page.Zero.Take()
			taken, err := c.Encode(page)
			is.NoErr(err)
			never, err := c.Encode(flashPage{})
			is.NoErr(err)
			is.True(codec.Equal(taken, never)) // nothing is left of taken messages
			b, err := never.Bytes()
			is.NoErr(err)
			// With omitempty, an empty one is not stored.
			is.True(!strings.Contains(string(b), "flash"))
		})
	}
}

func TestFlash_IsASmallMapInTheStore(t *testing.T) {
	is := is.New(t)
	f := flashed("saved")
	p, err := codec.JSON[sessions.Flash[string]]{}.Encode(f)
	is.NoErr(err)
	b, err := p.Bytes()
	is.NoErr(err)
	is.Equal(len(b), len(`{"0123456789abcdef":"saved"}`))
	is.True(slices.Sorted(maps.Keys(f))[0][:6] == "000000") // numbers begin at 0
}

// A key that Add didn't make, such as one that another program wrote, does no harm.
func TestFlash_WithForeignKeys(t *testing.T) {
	is := is.New(t)
	f := sessions.Flash[string]{"": "a", "zzz": "d", "vvvvvvvvvvvvvvvv": "c"}
	f.Add("b")
	f.Add("b")
	is.Equal(len(f), 5)
	is.Equal(len(f.Take()), 5)
	is.Equal(len(f), 0)
}
