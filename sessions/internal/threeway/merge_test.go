package threeway_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"
	"pgregory.net/rapid"

	"github.com/dynasession/dynasession/sessions/internal/threeway"
)

type inner struct{ Deep map[string]int }

// mixed has unexported fields of many kinds, and embedded ones.
type mixed struct {
	inner
	Name   string
	number float64
	list   []any
	table  map[any]*mixed
	when   time.Time
	call   func()
	pipe   chan int
	next   *mixed
}

var elementary = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[int8](), reflect.TypeFor[uint](), reflect.TypeFor[uintptr](), reflect.TypeFor[float32](),
	reflect.TypeFor[float64](), reflect.TypeFor[complex64](), reflect.TypeFor[string](), reflect.TypeFor[any](), reflect.TypeFor[error](),
	reflect.TypeFor[[]byte](), reflect.TypeFor[time.Time](), reflect.TypeFor[big.Int](), reflect.TypeFor[*big.Int](), reflect.TypeFor[mixed](),
	reflect.TypeFor[func()](), reflect.TypeFor[chan int](), reflect.TypeFor[struct{}](), reflect.TypeFor[[0]int](),
}

// types draws a type that is nested at most depth levels deep.
func types(t *rapid.T, depth int) reflect.Type {
	if depth > 0 {
		switch rapid.IntRange(0, 6).Draw(t, "kind") {
		case 0:
			return reflect.SliceOf(types(t, depth-1))
		case 1:
			return reflect.PointerTo(types(t, depth-1))
		case 2:
			return reflect.ArrayOf(rapid.IntRange(1, 2).Draw(t, "length"), types(t, depth-1)) // reflect takes empty arrays of maps for keys
		case 3, 4:
			if key := types(t, 1); key.Comparable() {
				return reflect.MapOf(key, types(t, depth-1))
			}
		case 5, 6:
			var fields []reflect.StructField
			for i := range rapid.IntRange(0, 3).Draw(t, "fields") {
				fields = append(fields, reflect.StructField{Name: fmt.Sprint("F", i), Type: types(t, depth-1)})
			}
			return reflect.StructOf(fields)
		}
	}
	return rapid.SampledFrom(elementary).Draw(t, "type")
}

// fill draws a value for v, an addressable value.
func fill(t *rapid.T, v reflect.Value, depth int) {
	n := rapid.IntRange(0, 2).Draw(t, "n")
	if n == 0 || depth == 0 {
		return
	}
	depth--
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(int64(n), 0)))
		return
	case big.Int:
		v.Set(reflect.ValueOf(*big.NewInt(int64(n))))
		return
	case mixed:
		m := mixed{Name: fmt.Sprint(n), number: math.NaN(), list: []any{n}, when: time.Unix(int64(n), 0), call: func() {}, pipe: nil}
		m.table = map[any]*mixed{math.NaN(): {}, n: nil}
		m.Deep = map[string]int{"k": n}
		m.next = &m
		v.Set(reflect.ValueOf(m))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int8:
		v.SetInt(int64(n))
	case reflect.Uint, reflect.Uintptr:
		v.SetUint(uint64(n))
	case reflect.Float32, reflect.Float64:
		v.SetFloat([]float64{math.NaN(), math.Copysign(0, -1)}[n-1])
	case reflect.Complex64:
		v.SetComplex(complex(math.NaN(), 1))
	case reflect.String:
		v.SetString(fmt.Sprint(n))
	case reflect.Interface:
		if v.NumMethod() > 0 {
			v.Set(reflect.ValueOf(errors.New("x")))
			return
		}
		e := reflect.New(types(t, 1)).Elem()
		if rapid.Bool().Draw(t, "map of anything") {
			e = reflect.New(reflect.TypeFor[map[string]any]()).Elem()
		}
		fill(t, e, depth)
		v.Set(e)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), depth)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), n-1, n-1))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), depth)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range n {
			key, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(t, key, depth)
			fill(t, e, depth)
			if key.Comparable() {
				v.SetMapIndex(key, e)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), depth)
		}
	}
}

// Values of any type merge or conflict, even of types that no codec stores.
func TestMerge_OfAnyType(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := types(t, 3)
		var v [3]reflect.Value
		for i := range v {
			v[i] = reflect.New(typ).Elem()
			fill(t, v[i], 6)
		}
		b, o, u := v[0], v[1], v[2]
		for _, side := range v {
			got, err := threeway.Merge(b, side, b)
			if err != nil || !identical(got, side) {
				t.Fatalf("%v: merge(b, o, b) is not o: %v", typ, err)
			}
			got, err = threeway.Merge(b, b, side)
			if err != nil || !identical(got, side) {
				t.Fatalf("%v: merge(b, b, t) is not t: %v", typ, err)
			}
			got, err = threeway.Merge(b, side, side)
			if err != nil || !identical(got, side) {
				t.Fatalf("%v: merge(b, o, o) is not o: %v", typ, err)
			}
		}
		got, err := threeway.Merge(b, o, u)
		_, err2 := threeway.Merge(b, u, o)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("%v: %v one way, %v the other", typ, err, err2)
		}
		if err != nil {
			if _, ok := errors.AsType[*threeway.Conflict](err); !ok {
				t.Fatal(err)
			}
			return
		}
		if !got.Type().AssignableTo(typ) {
			t.Fatalf("a %v merged from %v", got.Type(), typ)
		}
	})
}

// identical reports whether Merge takes a and b for the same: merged with a third value, b has
// changed nothing of a.
func identical(a, b reflect.Value) bool {
	if a.Type() != b.Type() { // the values in interfaces
		i := reflect.New(b.Type()).Elem()
		i.Set(a)
		a = i
	}
	box := reflect.StructOf([]reflect.StructField{{Name: "V", Type: reflect.ArrayOf(1, a.Type())}, {Name: "N", Type: reflect.TypeFor[int]()}})
	put := func(v reflect.Value, n int) reflect.Value {
		s := reflect.New(box).Elem()
		s.Field(0).Index(0).Set(v)
		s.Field(1).SetInt(int64(n))
		return s
	}
	ours := put(a, 1)
	got, err := threeway.Merge(put(a, 0), ours, put(b, 0))
	return err == nil && got == ours
}

func TestMerge_FromManyGoroutines(t *testing.T) {
	type a struct{ M map[string]*a }
	type b struct {
		A *a
		N int
	}
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			x, y := reflect.ValueOf(b{A: &a{}}), reflect.ValueOf(b{A: &a{M: map[string]*a{"k": {}}}})
			for range 100 {
				_, err := threeway.Merge(x, y, x)
				errs[i] = errors.Join(errs[i], err)
			}
		})
	}
	wg.Wait()
	is.New(t).NoErr(errors.Join(errs...))
}

func TestMerge_OfWhatIsNestedTooDeeply(t *testing.T) {
	is := is.New(t)
	deep := func(last string) any {
		var v any = last
		for range 20000 {
			v = map[string]any{"k": v}
		}
		return v
	}
	b, o, u := deep("b"), deep("o"), deep("t")
	_, err := threeway.Merge(reflect.ValueOf(&b).Elem(), reflect.ValueOf(&o).Elem(), reflect.ValueOf(&u).Elem())
	is.True(err != nil)
	is.Equal(err.Error(), "the data is nested too deeply to be merged")
}

func merged[T any](base, ours, theirs T) (T, error) {
	v, err := threeway.Merge(reflect.ValueOf(&base).Elem(), reflect.ValueOf(&ours).Elem(), reflect.ValueOf(&theirs).Elem())
	if err != nil {
		var none T
		return none, err
	}
	return v.Interface().(T), nil
}

// One side deletes an entry while the other changes it to what means the same, such as from nil to
// empty: it stays deleted. Unexported fields that both sides change to what means the same are
// ours.
func TestMerge_WhatMeansTheSameIsNoChange(t *testing.T) {
	is := is.New(t)
	lists := func(list []string) map[string][]string { return map[string][]string{"k": list} }
	none := map[string][]string{}
	got, err := merged(lists(nil), lists([]string{}), none)
	is.NoErr(err)
	is.Equal(got, none)
	got, err = merged(lists(nil), none, lists([]string{}))
	is.NoErr(err)
	is.Equal(got, none)

	type hides struct{ list []string }
	ours, err := merged(hides{[]string{"x"}}, hides{}, hides{[]string{}})
	is.NoErr(err)
	is.True(ours.list == nil)
}

// keeps merges into what both sides started from.
type keeps struct{ Seen map[string]bool }

func (k keeps) Merge(base, _ keeps) keeps { return base }

// What a type's own method returns may be one of its arguments: the result shares no memory with
// the base.
func TestMerge_SharesNothingWithTheBase(t *testing.T) {
	is := is.New(t)
	of := func(key string) keeps { return keeps{map[string]bool{key: true}} }
	base := of("base")
	got, err := merged(base, of("ours"), of("theirs"))
	is.NoErr(err)
	is.Equal(got, base)
	got.Seen["more"] = true
	is.Equal(base, of("base"))
}

// Lists of lists that share their lower levels are compared in a moment, however many paths lead
// through them.
func TestMerge_OfListsThatShareTheirElements(t *testing.T) {
	is := is.New(t)
	tower := func() any {
		v := []any{1}
		for range 50 {
			v = []any{v, v}
		}
		return v
	}
	got, err := merged(tower(), tower(), tower())
	is.NoErr(err)
	is.True(got != nil)
}
