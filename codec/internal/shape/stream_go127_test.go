//go:build go1.27 && goexperiment.jsonv2

package shape_test

import (
	"encoding/json/jsontext"
	"testing"
)

type streamed struct{ text string }

func (streamed) MarshalJSONTo(*jsontext.Encoder) error      { return nil }
func (*streamed) UnmarshalJSONFrom(*jsontext.Decoder) error { return nil }

// streamedOut encodes itself by the new method, and decodes itself by the old one.
type streamedOut struct{ text string }

func (streamedOut) MarshalJSONTo(*jsontext.Encoder) error { return nil }
func (*streamedOut) UnmarshalJSON([]byte) error           { return nil }

// streamedIn does it the other way round.
type streamedIn struct{ text string }

func (streamedIn) MarshalJSON() ([]byte, error)               { return nil, nil }
func (*streamedIn) UnmarshalJSONFrom(*jsontext.Decoder) error { return nil }

type streamedOneWay struct{ text string }

func (streamedOneWay) MarshalJSONTo(*jsontext.Encoder) error { return nil }

func TestOf_TypesThatEncodeThemselvesToAStream(t *testing.T) {
	for _, s := range []bool{
		taken[struct{ A streamed }](t, asJSON()).Custom,
		taken[struct{ A streamedOut }](t, asJSON()).Custom,
		taken[struct{ A streamedIn }](t, asJSON()).Custom,
	} {
		if !s {
			t.Error("what encodes itself has to be read back")
		}
	}
	refused[struct{ A streamedOneWay }](t, asJSON(), "field A: shape_test.streamedOneWay has MarshalJSONTo and no method to decode it again")
	refused[struct{ A streamed }](t, other(), "field A: shape_test.streamed encodes itself as JSON only: its unexported fields would not be stored")
}
