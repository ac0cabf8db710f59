package shape_test

import (
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec/internal/shape"
)

// Of the stored names that a decoder takes for one member, which differ in case, one counts: the
// exact one, or else the first in the order of their bytes. This holds for the first member as for
// any other.
func TestMatch_OfSeveralNamesOneCounts(t *testing.T) {
	type pair struct {
		First  int
		Second int
	}
	f := &shape.Format{Methods: shape.JSONMethods(), Folds: true}
	plan := taken[pair](t, f).Plan
	for _, c := range []struct {
		name  string
		names []string
		want  []int
	}{
		{"exact ones", []string{"First", "Second"}, []int{0, 1}},
		{"unknown ones", []string{"Third", "First"}, []int{-1, 0}},
		{"the exact one, first", []string{"First", "FIRST"}, []int{0, -1}},
		{"the exact one, last", []string{"FIRST", "First"}, []int{-1, 0}},
		{"of others the first by bytes", []string{"first", "FIRST"}, []int{-1, 0}},
		{"of others the first by bytes, in order", []string{"FIRST", "first"}, []int{0, -1}},
		{"the same of the second", []string{"second", "SECOND", "Second"}, []int{-1, -1, 1}},
		{"of both", []string{"second", "first", "SECOND", "FIRST"}, []int{-1, -1, 1, 0}},
		{"one in another case alone", []string{"first"}, []int{0}},
		{"an exact one that stands there twice", []string{"First", "First"}, []int{0, 0}},
		{"one in another case that stands there twice", []string{"first", "first"}, []int{0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			is.Equal(plan.Match(c.names), c.want)
		})
	}
}
