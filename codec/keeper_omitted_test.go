package codec_test

import (
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
)

// What a nil pointer or an omitted map led to is gone, with its unknown members; what a struct that
// is omitted for being empty has of them stays.
func TestKeepers_WhatIsOmitted(t *testing.T) {
	type oldIn struct {
		A int `json:"a,omitempty"`
	}
	type newIn struct {
		A int `json:"a,omitempty"`
		B int `json:"b,omitempty"`
	}
	type older struct {
		Ptr *oldIn           `json:"ptr,omitempty"`
		Map map[string]oldIn `json:"map,omitempty"`
		In  oldIn            `json:"in,omitempty,omitzero"`
	}
	type newer struct {
		Ptr *newIn           `json:"ptr,omitempty"`
		Map map[string]newIn `json:"map,omitempty"`
		In  newIn            `json:"in,omitempty,omitzero"`
	}
	stored := newer{Ptr: &newIn{1, 2}, Map: map[string]newIn{"k": {3, 4}}, In: newIn{5, 6}}
	for name, c := range map[string]struct {
		older codec.Codec[older]
		newer codec.Codec[newer]
	}{
		"json":      {codec.JSON[older]{}, codec.JSON[newer]{}},
		"msgpack":   {msgpack.Codec[older]{}, msgpack.Codec[newer]{}},
		"attribute": {attribute.Codec[older]{}, attribute.Codec[newer]{}},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			p := must(codec.EncodeOver(c.older, older{}, must(c.newer.Encode(stored))))
			got, err := c.newer.Decode(p)
			is.NoErr(err)
			is.Equal(got, newer{In: newIn{B: 6}})
		})
	}
}
