package codec_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
)

type amount struct{ big.Int }

type bigs struct {
	I *big.Int
	L []big.Int
	M map[string]*big.Int
	R *big.Rat
	E amount
}

func bigCodecs() map[string]codec.Codec[bigs] {
	return map[string]codec.Codec[bigs]{
		"json": codec.JSON[bigs]{}, "msgpack": msgpack.Codec[bigs]{}, "native": attribute.Codec[bigs]{},
	}
}

// ten returns 10^n, with n+1 digits.
func ten(n int64) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil) }

// The time that package math/big takes to read digits grows with the square of their number.
func TestBig_NumbersHaveABound(t *testing.T) {
	one := amount{*big.NewInt(1)}
	for name, c := range bigCodecs() {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			most := new(big.Int).Neg(ten(9_999)) // 10,000 digits
			v := bigs{most, []big.Int{*most}, map[string]*big.Int{"k": most}, new(big.Rat).SetFrac(most, new(big.Int).Add(ten(9_998), big.NewInt(1))), amount{*most}}
			p, err := c.Encode(v)
			is.NoErr(err)
			got, err := c.Decode(p)
			is.NoErr(err)
			is.Equal(got.I.Cmp(most), 0)
			is.Equal(got.L[0].Cmp(most), 0)
			is.Equal(got.M["k"].Cmp(most), 0)
			is.Equal(got.E.Cmp(most), 0)
			is.Equal(got.R.Cmp(v.R), 0)

			more := ten(10_001)
			for want, v := range map[string]bigs{
				"field I: a big.Int":   {I: more, E: one},
				"field L[]: a big.Int": {L: []big.Int{*more}, E: one},
				"field M[]: a big.Int": {M: map[string]*big.Int{"k": more}, E: one},
				"field R: a big.Rat":   {R: new(big.Rat).SetFrac(big.NewInt(1), more), E: one},
				"field E: a big.Int":   {E: amount{*more}},
			} {
				_, err = c.Encode(v)
				is.True(err != nil)
				is.True(strings.HasSuffix(err.Error(), want+" of more than 10000 digits can't be stored"))
			}
		})
	}
}

// A few bytes of an exponent stand for a million digits, and thousands of them fit into an item.
func TestBig_WhatTheTableHasIsReadInBoundedTime(t *testing.T) {
	long := strings.Repeat("7", 20_000)
	for stored, want := range map[string]string{
		`{"I":` + long + `}`:         "json: a big.Int has more than 10000 digits",
		`{"L":[1,` + long + `]}`:     "json: a big.Int has more than 10000 digits",
		`{"M":{"k":` + long + `}}`:   "json: a big.Int has more than 10000 digits",
		`{"E":` + long + `}`:         "json: a big.Int has more than 10000 digits",
		`{"R":"` + long + `7777/7"}`: "json: a big.Rat has more than 10000 digits",
		`{"R":"1e999999"}`:           "json: a big.Rat has an exponent",
		`{"r":"1\u0065999999"}`:      "json: a big.Rat has an exponent",
		`{"R":"0x1p999999"}`:         "json: a big.Rat has an exponent",
	} {
		_, err := codec.JSON[bigs]{}.Decode(codec.Opaque("json", []byte(stored)))
		if err == nil || err.Error() != want {
			t.Errorf("%.20s…: %v, want %s", stored, err, want)
		}
	}
	is := is.New(t)
	got, err := codec.JSON[bigs]{}.Decode(codec.Opaque("json", []byte(`{"R":"-1.25","unknown":"1e999999"}`)))
	is.NoErr(err)
	is.Equal(got.R.String(), "-5/4")

	_, err = attribute.Codec[[]big.Rat]{}.Decode(codec.Opaque("dynamodb", []byte(`{"L":[{"S":"1e999999"}]}`)))
	is.Equal(err.Error(), "attribute: a big.Rat has an exponent")
	_, err = attribute.Codec[bigs]{}.Decode(codec.Opaque("dynamodb", []byte(`{"M":{"i":{"S":"`+long+`"}}}`)))
	is.Equal(err.Error(), "attribute: a big.Int has more than 10000 digits")
	_, err = msgpack.Codec[map[string]*big.Rat]{}.Decode(codec.Opaque("msgpack", []byte("\x81\xa1k\xc4\x081e999999")))
	is.Equal(err.Error(), "msgpack: a big.Rat has an exponent")
	_, err = msgpack.Codec[[]big.Rat]{}.Decode(codec.Opaque("msgpack", []byte("\x91\xa81e999999")))
	is.Equal(err.Error(), "msgpack: a big.Rat has an exponent")
}
