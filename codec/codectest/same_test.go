package codectest

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/matryer/is"
)

func compare[T any](a, b T) string {
	at, ok := same(reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem(), "v")
	if ok {
		return "same"
	}
	return at
}

func TestSame(t *testing.T) {
	is := is.New(t)
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	is.Equal(compare(now, now.In(time.FixedZone("", 3600))), "same")
	is.Equal(compare(math.NaN(), math.NaN()), "same")
	is.Equal(compare([]string(nil), []string{}), "v")
	is.Equal(compare(map[string]int(nil), map[string]int{}), "v")
	is.Equal(compare([]int{1, 2}, []int{1, 3}), "v[1]")
	is.Equal(compare(map[string]int{"a": 1}, map[string]int{"a": 2}), "v[]")
	is.Equal(compare(map[string]int{"a": 1}, map[string]int{"b": 1}), "v")
	is.Equal(compare[any](1, int64(1)), "v")
	// Not stored, so not compared.
	is.Equal(compare(Tagged{Skipped: "a"}, Tagged{Skipped: "b"}), "same")
	is.Equal(compare(Pointers{Struct: &Inner{"a", 1}}, Pointers{Struct: &Inner{"a", 2}}), "v.Struct.Count")
	is.Equal(compare(Pointers{Struct: &Inner{}}, Pointers{}), "v.Struct")
}

func TestScramble_ReachesAllThatIsShared(t *testing.T) {
	is := is.New(t)
	v := Collections{Strings: []string{"a"}, Counts: map[string]int{"a": 1}, Structs: []Inner{{"a", 1}}}
	strings, counts, structs := v.Strings, v.Counts, v.Structs
	scramble(reflect.ValueOf(&v).Elem())
	is.Equal(strings[0], "")
	is.Equal(len(counts), 0)
	is.Equal(structs[0], Inner{})
}
