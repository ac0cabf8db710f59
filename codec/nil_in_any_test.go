package codec_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
)

func TestCodecs_ANilSliceOrMapInAnInterface(t *testing.T) {
	v := map[string]any{"list": []string(nil), "map": map[string]any(nil), "nil": nil}
	gone := map[string]any{"list": nil, "map": nil, "nil": nil}
	for name, c := range map[string]struct {
		codec codec.Codec[map[string]any]
		want  map[string]any
	}{
		"json":      {codec.JSON[map[string]any]{}, gone},
		"msgpack":   {msgpack.Codec[map[string]any]{}, gone},
		"attribute": {attribute.Codec[map[string]any]{}, map[string]any{"list": []any{}, "map": map[string]any{}, "nil": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			got, err := c.codec.Decode(must(c.codec.Encode(v)))
			is.NoErr(err)
			is.Equal(got, c.want)
		})
	}
}

// Behind a pointer it would take the pointer with it.
func TestCodecs_APointerToANilInAnInterface(t *testing.T) {
	type target struct{ P *any }
	for _, v := range []any{[]string(nil), map[string]any(nil), any(nil)} {
		for _, c := range []codec.Codec[target]{codec.JSON[target]{}, msgpack.Codec[target]{}} {
			_, err := c.Encode(target{&v})
			is.New(t).True(err != nil && strings.HasSuffix(err.Error(), "field P: points to a nil, which would come back as a nil pointer"))
		}
	}
}
