package shape_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec/internal/shape"
)

type moments struct {
	instants
	At    time.Time
	Ptr   *time.Time
	List  []time.Time
	Two   [2]time.Time
	ByKey map[string]*moments
	Next  *moments
	Off   time.Time `json:"-"`
	own   time.Time
	Name  string
}

type instants struct{ First time.Time }

func texts() *shape.Format {
	f := asJSON()
	f.TimesAsText = true
	return f
}

func TestMoveTimes(t *testing.T) {
	is := is.New(t)
	odd := time.Unix(1, 5).In(time.FixedZone("LMT", 3208))
	even := time.Unix(2, 0).In(time.FixedZone("", 3600))
	make := func() moments {
		at := odd
		return moments{
			instants: instants{odd}, At: odd, Ptr: &at, List: []time.Time{even, odd}, Two: [2]time.Time{even, odd},
			ByKey: map[string]*moments{"k": {At: odd}, "n": nil}, Next: &moments{List: []time.Time{odd}}, Off: odd, own: odd, Name: "x",
		}
	}
	v := make()
	given := v
	taken[moments](t, texts()).MoveTimes(reflect.ValueOf(&v).Elem())
	utc := odd.UTC()
	want := moments{
		instants: instants{utc}, At: utc, Ptr: &utc, List: []time.Time{even, utc}, Two: [2]time.Time{even, utc},
		ByKey: map[string]*moments{"k": {At: utc}, "n": nil}, Next: &moments{List: []time.Time{utc}}, Off: odd, own: odd, Name: "x",
	}
	is.Equal(v, want)
	is.Equal(given, make()) // what it refers to is as it was

	for _, v := range []moments{{}, {At: even, List: []time.Time{even}}} {
		list := v.List
		taken[moments](t, texts()).MoveTimes(reflect.ValueOf(&v).Elem())
		is.True(len(list) == 0 || &list[0] == &v.List[0]) // not copied without need
	}
	other := make() // a format that keeps every zone
	taken[moments](t, asJSON()).MoveTimes(reflect.ValueOf(&other).Elem())
	is.Equal(other, make())
}

func TestCheckBack_TimesAsKeys(t *testing.T) {
	is := is.New(t)
	at := time.Unix(1, 0).In(time.FixedZone("LMT", 3208))
	s := taken[map[time.Time]int](t, texts())
	back := func(back time.Time) error {
		return s.CheckBack(reflect.ValueOf(map[time.Time]int{at: 1}), reflect.ValueOf(map[time.Time]int{back: 1}))
	}
	is.NoErr(back(at.UTC()))
	is.Equal(back(at.Add(28*time.Second).UTC()).Error(), "a key of the map would come back as another")
}
