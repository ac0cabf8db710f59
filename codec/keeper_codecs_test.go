package codec_test

import (
	"encoding/json"
	"errors"
	"strings"
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

// shouted refuses null, and what isn't its own.
type shouted string

func (s shouted) MarshalText() ([]byte, error) { return []byte("!" + string(s)), nil }
func (s *shouted) UnmarshalText(b []byte) error {
	text, ok := strings.CutPrefix(string(b), "!")
	if !ok {
		return errors.New("is not shouted")
	}
	*s = shouted(text)
	return nil
}

func (s shouted) MarshalJSON() ([]byte, error) { return json.Marshal("!" + string(s)) }
func (s *shouted) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	return s.UnmarshalText([]byte(text))
}

// A name that differs from a field's in case only is another binary's. It is kept beside the field,
// and isn't read in its place when that is left out: which takes an empty value there, that the
// field's type takes.
func TestEncodeOver_ANameInAnotherCaseBesideAFieldLeftOut(t *testing.T) {
	type newer struct {
		A shouted `json:"a"`
		B shouted `json:"A"`
	}
	type older struct {
		A shouted `json:"a,omitempty"`
	}
	run := func(name string, of codec.Codec[newer], c codec.Codec[older]) {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			stored := must(of.Encode(newer{"a", "b"}))
			v, err := c.Decode(stored)
			is.NoErr(err)
			is.Equal(v.A, shouted("a"))
			p := must(codec.EncodeOver(c, older{}, stored))
			v, err = c.Decode(p)
			is.NoErr(err)
			is.Equal(v, older{})
			got, err := of.Decode(p)
			is.NoErr(err)
			is.Equal(got, newer{"", "b"})
		})
	}
	run("json", codec.JSON[newer]{}, codec.JSON[older]{})
	run("native", attribute.Codec[newer]{}, attribute.Codec[older]{})
	run("compressed", codec.Compress[newer](codec.JSON[newer]{}, zstd.New(), 1), codec.Compress[older](codec.JSON[older]{}, zstd.New(), 1))
}
