package shape_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestOf_Flags(t *testing.T) {
	is := is.New(t)
	type plain struct {
		A string
		T time.Time
		P *int
		S []string
	}
	s := taken[plain](t, asJSON())
	is.True(!s.Custom && !s.Interfaces && !s.Maps && !s.Loose && !s.TakesNull)

	is.True(taken[map[string]int](t, asJSON()).Maps)
	is.True(taken[map[string]int](t, asJSON()).TakesNull)
	is.True(taken[*plain](t, asJSON()).TakesNull)
	is.True(!taken[time.Time](t, asJSON()).TakesNull)
	is.True(taken[struct{ A any }](t, asJSON()).Interfaces)
	is.True(taken[struct{ P **int }](t, asJSON()).Loose)
	is.True(taken[struct{ S paired }](t, asJSON()).Custom)
	type list struct{ Next *list }
	is.True(taken[list](t, asJSON()).Loose)
}

func TestOf_RemembersWhatItFound(t *testing.T) {
	is := is.New(t)
	f := asJSON()
	is.Equal(taken[paired](t, f), taken[paired](t, f))
	_, first := f.Of(reflect.TypeFor[chan int]())
	_, second := f.Of(reflect.TypeFor[chan int]())
	is.Equal(first, second)
}
