package shape_test

import (
	"reflect"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec/internal/shape"
)

// asJSON returns a format like encoding/json; other returns one like the other encoders.
func asJSON() *shape.Format {
	return &shape.Format{Methods: shape.JSONMethods(), NilEmbedded: true, NumberInInterface: true}
}

func other() *shape.Format {
	return &shape.Format{Tag: "own", Methods: []shape.Methods{shape.BinaryMethods(), shape.TextMethods()}, BytesInInterface: true}
}

// refused checks that f refuses T, with an error that contains want.
func refused[T any](t *testing.T, f *shape.Format, want string) {
	t.Helper()
	is := is.New(t)
	is.Helper()
	_, err := f.Of(reflect.TypeFor[T]())
	is.True(err != nil)
	is.Equal(err.Error(), want)
}

// taken checks that f accepts T, and returns its shape.
func taken[T any](t *testing.T, f *shape.Format) *shape.Shape {
	t.Helper()
	s, err := f.Of(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	return s
}
