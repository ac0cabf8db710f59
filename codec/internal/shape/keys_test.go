package shape_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/matryer/is"
)

// folded is a key that its text doesn't tell from others.
type folded string

func (f folded) MarshalText() ([]byte, error)  { return []byte(f), nil }
func (f *folded) UnmarshalText(b []byte) error { *f = folded(b[:1]); return nil }

// A decoder calls UnmarshalText of a key even if no encoder calls MarshalText.
func TestOf_KeysThatOnlyDecodeThemselves(t *testing.T) {
	is := is.New(t)
	s := taken[map[lenient]int](t, asJSON())
	is.True(s.Custom)
	is.True(s.CustomKeys)
	is.True(!taken[map[string]int](t, asJSON()).Custom)
}

func TestCheckBack_KeysOfMaps(t *testing.T) {
	is := is.New(t)
	back := func(v, back map[folded]int) error {
		type data struct{ M map[folded]int }
		a, b := data{v}, data{back}
		return taken[data](t, asJSON()).CheckBack(reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem())
	}
	is.NoErr(back(map[folded]int{"a": 1}, map[folded]int{"a": 1}))
	is.Equal(back(map[folded]int{"ab": 1}, map[folded]int{"a": 1}).Error(), "field M: a key of the map would come back as another")
	is.Equal(back(map[folded]int{"ab": 1, "ac": 2}, map[folded]int{"a": 1}).Error(),
		"field M: two keys of the map encode themselves alike, and one of them would be lost")

	v, w := map[time.Time]int{time.Unix(1, 0): 1}, map[time.Time]int{time.Unix(1, 0).UTC(): 1}
	is.NoErr(taken[map[time.Time]int](t, asJSON()).CheckBack(reflect.ValueOf(v), reflect.ValueOf(w))) // another zone
}
