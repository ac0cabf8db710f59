package codec_test

import (
	"fmt"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
)

// Preferences are embedded by a pointer, which comes back only if one of them is stored.
type Preferences struct {
	Theme string `json:"theme,omitempty"`
	Hints
	*Place
	cached int
}

type Place struct {
	City string `json:"city"`
}

type Hints struct {
	Seen []string `json:"seen,omitempty"`
}

type visitor struct {
	Name string `json:"name"`
	*Preferences
}

func TestCodecs_AnEmbeddedPointerOfWhichNothingIsStored(t *testing.T) {
	for name, c := range map[string]codec.Codec[visitor]{"json": codec.JSON[visitor]{}, "attribute": attribute.Codec[visitor]{}} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			for _, empty := range []*Preferences{{}, {cached: 1}} {
				_, err := c.Encode(visitor{Preferences: empty})
				is.Equal(fmt.Sprint(err), name+": field Preferences: points to what encodes itself to nothing, and would come back as a nil pointer")
			}
			for _, v := range []visitor{{Name: "ada"}, {Preferences: &Preferences{Theme: "dark"}}, {Preferences: &Preferences{Place: &Place{}}}, {Preferences: &Preferences{Hints: Hints{[]string{"a"}}}}} {
				got, err := c.Decode(must(c.Encode(v)))
				is.NoErr(err)
				is.Equal(got, v)
			}
		})
	}
}
