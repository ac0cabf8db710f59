package sessions

import (
	"math"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// encodes counts what it encodes.
type encodes[T any] struct {
	codec.JSON[T]
	n *int
}

func (e encodes[T]) Encode(v T) (codec.Payload, error) { *e.n++; return e.JSON.Encode(v) }

func TestFlat_DataThatHasNotChangedIsNotEncoded(t *testing.T) {
	is := is.New(t)
	type flat struct {
		A string
		N int
	}
	n := 0
	m, err := New(memstore.New(nil), &Config[flat]{Codec: encodes[flat]{n: &n}})
	is.NoErr(err)
	s, err := m.CreateAndSave(t.Context(), flat{A: "a"})
	is.NoErr(err)
	s, err = m.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	n = 0
	is.NoErr(m.Save(t.Context(), s))
	is.True(!m.Changed(s))
	is.Equal(n, 0)
	s.Data.A = "b"
	is.True(m.Changed(s))
	is.NoErr(m.Save(t.Context(), s))
	is.True(!m.Changed(s))
	s.Data.A = "\xff" // JSON can't have it: it is looked at, and refused
	is.True(m.Save(t.Context(), s) != nil)
}

func TestFlat_AZeroThatBecameNegativeHasChanged(t *testing.T) {
	is := is.New(t)
	m, err := New[struct{ F float64 }](memstore.New(nil), nil)
	is.NoErr(err)
	s, err := m.CreateAndSave(t.Context(), struct{ F float64 }{0})
	is.NoErr(err)
	s.Data.F = math.Copysign(0, -1)
	is.True(m.Changed(s))
	is.NoErr(m.Save(t.Context(), s))
	s, err = m.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.True(math.Signbit(s.Data.F))
}
