package shape_test

import (
	"errors"
	"reflect"
	"strings"
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

// title has a MarshalText that returns the string itself, unless that is in lower case or empty.
type title string

func (t title) MarshalText() ([]byte, error) {
	if t == "" {
		return nil, errors.New("no title")
	}
	return []byte(strings.ToUpper(string(t))), nil
}

func (t *title) UnmarshalText(b []byte) error { *t = title(b); return nil }

// Releases of Go store such a key differently, also in an interface.
func TestCheck_AKeyThatEncodesItself(t *testing.T) {
	is := is.New(t)
	const differently = "a key of the map, a string, has a MarshalText that returns another text, and releases of Go encode it differently"
	for key, want := range map[title]string{"A": "", "a": differently, "": differently} {
		for at, v := range map[string]any{"": map[title]int{key: 1}, "field M: ": struct{ M map[title]int }{map[title]int{key: 1}}, "field V: ": struct{ V any }{map[title]int{key: 1}}} {
			s, err := asJSON().Of(reflect.TypeOf(v))
			is.NoErr(err)
			err = s.Check(reflect.ValueOf(v))
			if want == "" {
				is.NoErr(err)
				continue
			}
			is.Equal(err.Error(), at+want)
		}
	}
}
