package generic_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec/internal/generic"
)

func TestNumbers_ReachesEveryInterface(t *testing.T) {
	type inner struct{ Any any }
	type embedded struct{ Deep any }
	type all struct {
		embedded
		Any    any
		List   []any
		Map    map[string]any
		Typed  map[string][]inner
		Ptr    *inner
		Array  [1]any
		Number json.Number // a field of this type stays
		hidden any
	}
	n := json.Number("1")
	v := all{
		embedded: embedded{n},
		Any:      map[string]any{"a": []any{n, "x", nil}},
		List:     []any{n},
		Map:      map[string]any{"a": n},
		Typed:    map[string][]inner{"a": {{n}}},
		Ptr:      &inner{n},
		Array:    [1]any{n},
		Number:   n,
		hidden:   n,
	}
	generic.Numbers(reflect.ValueOf(&v).Elem())
	is := is.New(t)
	is.Equal(v, all{
		embedded: embedded{1.0},
		Any:      map[string]any{"a": []any{1.0, "x", nil}},
		List:     []any{1.0},
		Map:      map[string]any{"a": 1.0},
		Typed:    map[string][]inner{"a": {{1.0}}},
		Ptr:      &inner{1.0},
		Array:    [1]any{1.0},
		Number:   n,
		hidden:   n,
	})
	generic.Numbers(reflect.ValueOf(&all{}).Elem()) // nils everywhere
}
