package codec_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
)

// These types keep what their methods get, and return what they have.
type (
	ownJSON   struct{ b []byte }
	ownText   struct{ b []byte }
	ownBinary struct{ b []byte }
	ownNative struct{ av types.AttributeValue }
)

func (o ownJSON) MarshalJSON() ([]byte, error)      { return o.b, nil }
func (o *ownJSON) UnmarshalJSON(b []byte) error     { o.b = b; return nil }
func (o ownText) MarshalText() ([]byte, error)      { return o.b, nil }
func (o *ownText) UnmarshalText(b []byte) error     { o.b = b; return nil }
func (o ownBinary) MarshalBinary() ([]byte, error)  { return o.b, nil }
func (o *ownBinary) UnmarshalBinary(b []byte) error { o.b = b; return nil }
func (o *ownNative) UnmarshalDynamoDBAttributeValue(av types.AttributeValue) error {
	o.av = av
	return nil
}

func (o ownNative) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) { return o.av, nil }

func (o ownJSON) overwrite()   { overwrite(o.b) }
func (o ownText) overwrite()   { overwrite(o.b) }
func (o ownBinary) overwrite() { overwrite(o.b) }
func (o ownNative) overwrite() {
	switch av := o.av.(type) {
	case *types.AttributeValueMemberB:
		overwrite(av.Value)
	case *types.AttributeValueMemberM:
		av.Value["n"] = &types.AttributeValueMemberS{Value: "other"}
	}
}

func overwrite(b []byte) {
	for i := range b {
		b[i] = '7'
	}
}

// A payload is what a session falls back to, and what memory shows other requests.
func TestCodecs_APayloadSharesNoMemoryWithItsValue(t *testing.T) {
	js, text := func() ownJSON { return ownJSON{[]byte("123456")} }, func() ownText { return ownText{[]byte("123456")} }
	binary := func() ownBinary { return ownBinary{[]byte("123456")} }
	native := func(av types.AttributeValue) func() ownNative { return func() ownNative { return ownNative{av} } }
	t.Run("json", func(t *testing.T) { sharesNothing(t, codec.JSON[[]ownJSON]{}, js) })
	t.Run("json, text", func(t *testing.T) { sharesNothing(t, codec.JSON[[]ownText]{}, text) })
	t.Run("msgpack, text", func(t *testing.T) { sharesNothing(t, msgpack.Codec[[]ownText]{}, text) })
	t.Run("msgpack, binary", func(t *testing.T) { sharesNothing(t, msgpack.Codec[[]ownBinary]{}, binary) })
	t.Run("native, text", func(t *testing.T) { sharesNothing(t, attribute.Codec[[]ownText]{}, text) })
	t.Run("native, binary", func(t *testing.T) { sharesNothing(t, attribute.Codec[[]ownBinary]{}, binary) })
	t.Run("native, bytes", func(t *testing.T) {
		sharesNothing(t, attribute.Codec[[]ownNative]{}, native(&types.AttributeValueMemberB{Value: []byte("123456")}))
	})
	t.Run("native, map", func(t *testing.T) {
		empty := types.AttributeValue(&types.AttributeValueMemberN{}) // stored as NULL
		m := map[string]types.AttributeValue{"n": empty}
		_, err := attribute.Codec[[]ownNative]{}.Encode([]ownNative{{&types.AttributeValueMemberM{Value: m}}})
		is := is.New(t)
		is.NoErr(err)
		is.Equal(m["n"], empty)
		sharesNothing(t, attribute.Codec[[]ownNative]{}, native(&types.AttributeValueMemberM{Value: m}))
	})
}

func sharesNothing[T interface{ overwrite() }](t *testing.T, c codec.Codec[[]T], value func() T) {
	is := is.New(t)
	v := []T{value(), value()}
	p, err := c.Encode(v)
	is.NoErr(err)
	b, err := p.Bytes()
	is.NoErr(err)
	was := string(b)
	got, err := c.Decode(p)
	is.NoErr(err)
	for i := range got {
		got[i].overwrite()
		v[i].overwrite()
	}
	b, err = p.Bytes()
	is.NoErr(err)
	is.Equal(string(b), was)
}

// destructive decodes itself in place.
type destructive struct{ s string }

func (d destructive) MarshalJSON() ([]byte, error) { return []byte(`"` + d.s + `"`), nil }

func (d *destructive) UnmarshalJSON(b []byte) error {
	d.s = string(b[1 : len(b)-1])
	overwrite(b)
	return nil
}

func TestJSON_WhatAMethodDoesToItsArgumentIsNotStored(t *testing.T) {
	is := is.New(t)
	p, err := codec.JSON[destructive]{}.Encode(destructive{"tea"})
	is.NoErr(err)
	for range 2 {
		got, err := codec.JSON[destructive]{}.Decode(p)
		is.NoErr(err)
		is.Equal(got.s, "tea")
	}
}
