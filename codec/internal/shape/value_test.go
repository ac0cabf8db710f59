package shape_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec/internal/shape"
)

func check[T any](t *testing.T, f *shape.Format, v T) error {
	t.Helper()
	return taken[T](t, f).Check(reflect.ValueOf(&v).Elem())
}

type list struct {
	Value any
	Next  *list
}

func TestCheck_Cycles(t *testing.T) {
	is := is.New(t)
	one := &list{}
	one.Next = one
	is.True(strings.HasSuffix(check(t, asJSON(), list{Next: one}).Error(), "is a cycle"))

	m := map[string]any{}
	m["s3cret"] = []any{m}
	is.Equal(check(t, asJSON(), m).Error(), "field [][]: is a cycle")
	s := []any{nil}
	s[0] = s
	is.Equal(check(t, asJSON(), s).Error(), "field []: is a cycle")

	shared := &list{} // the same pointer twice is not a cycle
	is.NoErr(check(t, asJSON(), []*list{shared, shared}))
	is.NoErr(check(t, asJSON(), []any{[]any{}, []any{}, []any{[]any{}}}))
}

func TestCheck_Depth(t *testing.T) {
	is := is.New(t)
	var deep any
	for range 10001 {
		deep = []any{deep}
	}
	err := check(t, asJSON(), deep)
	is.True(err != nil)
	is.True(strings.HasSuffix(err.Error(), "is nested deeper than 10000 levels"))
}

func TestCheck_NilBehindAPointer(t *testing.T) {
	is := is.New(t)
	type deep struct{ P **int }
	var none *int
	is.NoErr(check(t, asJSON(), deep{}))
	is.Equal(check(t, asJSON(), deep{&none}).Error(), "field P: points to a nil, which would come back as a nil pointer")
}

func TestCheckScalars(t *testing.T) {
	is := is.New(t)
	type data struct {
		Name  string
		Deep  map[string][]float64
		Keyed map[string]string
		Off   string `json:"-"`
	}
	scalars := func(v data) error { return taken[data](t, asJSON()).CheckScalars(reflect.ValueOf(&v).Elem()) }
	is.NoErr(scalars(data{Name: "ok", Off: "\xff"}))
	is.Equal(scalars(data{Name: "s3cret\xff"}).Error(), "field Name: text is not UTF-8")
	is.Equal(scalars(data{Keyed: map[string]string{"\xff": ""}}).Error(), "field Keyed[key]: text is not UTF-8")
	is.Equal(scalars(data{Deep: map[string][]float64{"s3cret": {math.NaN()}}}).Error(), "field Deep[][]: a float64 that is NaN or infinite can't be stored")
}

// An error names the way to a value as far as twenty steps.
func TestCheck_ALongWayIsCutShort(t *testing.T) {
	is := is.New(t)
	deep := func(levels int) any {
		var v any = make(chan int)
		for range levels {
			v = []any{v}
		}
		return v
	}
	err := check(t, asJSON(), deep(20))
	is.True(err != nil)
	is.True(strings.Contains(err.Error(), strings.Repeat("[]", 20)))
	is.True(!strings.Contains(err.Error(), "…"))
	err = check(t, asJSON(), deep(21))
	is.True(err != nil)
	is.True(strings.Contains(err.Error(), strings.Repeat("[]", 20)+".…"))
	is.True(!strings.Contains(err.Error(), strings.Repeat("[]", 21)))
}
