package shape_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/matryer/is"
)

type recursive []recursive

func TestCheck_WhatAnInterfaceMayHold(t *testing.T) {
	type role string
	for _, v := range []any{
		nil, true, "x", role("x"), 1, uint8(1), 1.5,
		[]any{1},
		map[string]any{"a": nil},
		[]string{"x"},
		map[role][]int{"a": {1}},
		recursive{{}},
		[2]bool{},
	} {
		if err := check(t, asJSON(), struct{ A any }{v}); err != nil {
			t.Errorf("%T: %v", v, err)
		}
	}
	for _, v := range []any{
		struct{ A int }{},
		&struct{}{},
		time.Time{},
		[]time.Time{},
		map[string]*int{},
		map[int]int{},
		func() {}, make(chan int), complex(1, 1),
		[]struct{}{},
		paired{},
		[4]byte{},
		[]any{[]any{time.Time{}}},
	} {
		if err := check(t, asJSON(), struct{ A any }{v}); err == nil {
			t.Errorf("%T is taken", v)
		}
	}
	is := is.New(t)
	is.True(check[any](t, asJSON(), []byte("x")) != nil) // it would come back as a text
	is.NoErr(check[any](t, other(), []byte("x")))
	is.NoErr(check[any](t, asJSON(), json.Number("1")))
	is.True(check[any](t, other(), json.Number("1")) != nil)
}
