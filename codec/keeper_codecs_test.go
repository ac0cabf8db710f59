package codec_test

import (
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/codectest"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/codec/zstd"
)

// newAddress and newAccount are later versions of address and account.
type newAddress struct {
	Country string         `json:"country,omitempty"`
	Street  string         `json:"street"`
	Geo     *[2]float64    `json:"geo,omitempty"`
	More    map[string]any `json:"more,omitempty"`
	Zip     string         `json:"zip,omitempty"`
}

type newAccount struct {
	Groups []string               `json:"groups"`
	Blob   []byte                 `json:"blob"`
	Home   newAddress             `json:"home"`
	Name   string                 `json:"name"`
	Work   newAddress             `json:"work,omitzero"`
	Other  *newAddress            `json:"other"`
	Book   map[string]newAddress  `json:"book,omitempty"`
	Links  map[string]*newAddress `json:"links,omitempty"`
	Role   string                 `json:"role,omitempty"`
	Role2  string                 `json:"Role,omitempty"`
	Deep   map[string]newAddress  `json:"deep"`
	newAddress
}

func newAccounts() []newAccount {
	a := newAddress{Country: "c", Street: "s", Geo: &[2]float64{1.5, -2}, More: map[string]any{"z": []any{"x", nil}, "a": map[string]any{}}, Zip: "z"}
	return []newAccount{
		{Name: "n"},
		{
			Groups: []string{"g", ""}, Blob: []byte{0, 255}, Home: a, Work: a, Other: &a, Role: "r", Role2: "R",
			Book: map[string]newAddress{"a": a, "b": {}}, Links: map[string]*newAddress{"a": &a, "b": nil}, Deep: map[string]newAddress{"d": a}, newAddress: a,
		},
		{Work: newAddress{Country: "c"}, Role2: "R", Role: "r"},
	}
}

func TestKeepers(t *testing.T) {
	by := zstd.New()
	type oldCodec = codec.Codec[account]
	type newCodec = codec.Codec[newAccount]
	for name, c := range map[string]struct {
		old oldCodec
		new newCodec
	}{
		"json":                 {codec.JSON[account]{}, codec.JSON[newAccount]{}},
		"msgpack":              {msgpack.Codec[account]{}, msgpack.Codec[newAccount]{}},
		"attribute":            {attribute.Codec[account]{}, attribute.Codec[newAccount]{}},
		"Compress":             {codec.Compress(oldCodec(codec.JSON[account]{}), by, 1), codec.Compress(newCodec(codec.JSON[newAccount]{}), by, 1)},
		"Compress(attribute)":  {codec.Compress(oldCodec(attribute.Codec[account]{}), by, 1), codec.Compress(newCodec(attribute.Codec[newAccount]{}), by, 1)},
		"Version":              {codec.Version(2, oldCodec(msgpack.Codec[account]{})), codec.Version(2, newCodec(msgpack.Codec[newAccount]{}))},
		"Version(attribute)":   {codec.Version(2, oldCodec(attribute.Codec[account]{})), codec.Version(2, newCodec(attribute.Codec[newAccount]{}))},
		"Upgrade":              {codec.Upgrade(oldCodec(codec.JSON[account]{}), msgpack.Codec[account]{}), codec.JSON[newAccount]{}},
		"Upgrade to Compress":  {codec.Upgrade(codec.Compress(oldCodec(codec.JSON[account]{}), by, 1), codec.JSON[account]{}), newAs(codec.JSON[newAccount]{}, codec.Compress(newCodec(codec.JSON[newAccount]{}), by, 1))},
		"Upgrade to none":      {codec.Upgrade(oldCodec(codec.JSON[account]{}), codec.Compress(oldCodec(codec.JSON[account]{}), by, 1)), newAs(codec.Compress(newCodec(codec.JSON[newAccount]{}), by, 1), codec.JSON[newAccount]{})},
		"Upgrade to a Version": {codec.Upgrade(codec.Version(2, oldCodec(codec.JSON[account]{})), codec.JSON[account]{}), newAs(codec.JSON[newAccount]{}, codec.Version(2, newCodec(codec.JSON[newAccount]{})))},
		"all at once": {
			codec.Upgrade(codec.Version(3, codec.Compress(oldCodec(attribute.Codec[account]{}), by, 1)), codec.JSON[account]{}),
			codec.Version(3, codec.Compress(newCodec(attribute.Codec[newAccount]{}), by, 1)),
		},
	} {
		t.Run(name, func(t *testing.T) { codectest.RunKeeper(t, c.old, c.new, newAccounts()...) })
	}
}

// newAs returns a codec that writes the form of writes and reads both.
func newAs(writes, reads codec.Codec[newAccount]) codec.Codec[newAccount] {
	return codec.Upgrade(writes, reads)
}

func TestKeepers_NothingFromOneFormatToAnother(t *testing.T) {
	is := is.New(t)
	c := codec.Upgrade(codec.Codec[account](codec.JSON[account]{}), msgpack.Codec[account]{})
	v := newAccounts()[1]
	stored := must(msgpack.Codec[newAccount]{}.Encode(v))
	known, err := c.Decode(stored)
	is.NoErr(err)
	p, err := codec.EncodeOver(c, known, stored)
	is.NoErr(err)
	is.True(codec.Equal(p, must(c.Encode(known))))
}

func TestKeepers_WhatIsEmptiedIsEmpty(t *testing.T) {
	for name, c := range map[string]struct {
		old codec.Codec[account]
		new codec.Codec[newAccount]
	}{
		"json":      {codec.JSON[account]{}, codec.JSON[newAccount]{}},
		"msgpack":   {msgpack.Codec[account]{}, msgpack.Codec[newAccount]{}},
		"attribute": {attribute.Codec[account]{}, attribute.Codec[newAccount]{}},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			stored := must(c.new.Encode(newAccounts()[1]))
			p, err := codec.EncodeOver(c.old, account{Book: map[string]address{"b": {}}}, stored)
			is.NoErr(err)
			known, err := c.old.Decode(p)
			is.NoErr(err)
			is.Equal(known, account{Book: map[string]address{"b": {}}})
			got, err := c.new.Decode(p)
			is.NoErr(err)
			a := newAccounts()[1]
			kept := newAddress{Country: a.Home.Country, Geo: a.Home.Geo, More: a.Home.More}
			is.Equal(got, newAccount{
				Groups: a.Groups, Blob: a.Blob, Home: kept, Work: kept, Role2: "R", Book: map[string]newAddress{"b": {}}, Deep: a.Deep, newAddress: kept,
			})
		})
	}
}
