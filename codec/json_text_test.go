package codec_test

import (
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
)

// packed encodes itself to its bytes, which may not be UTF-8.
type packed [4]byte

func (p packed) MarshalText() ([]byte, error)  { return p[:], nil }
func (p *packed) UnmarshalText(b []byte) error { copy(p[:], b); return nil }

// byPointer does so by a method of its pointer.
type byPointer struct{ b []byte }

func (p *byPointer) MarshalText() ([]byte, error) { return p.b, nil }
func (p *byPointer) UnmarshalText(b []byte) error { p.b = append([]byte{}, b...); return nil }

// The encoder replaces what isn't UTF-8 by U+FFFD, wherever the text comes from.
func TestJSON_RefusesTextThatIsNotUTF8(t *testing.T) {
	type quoted struct {
		A string  `json:"a,string"`
		P *string `json:"p,string"`
	}
	bad := "\xff"
	not := packed{0xff, 1, 2, 3}
	for want, encode := range map[string]func() error{
		"json: field A: text is not UTF-8": func() error { return encodeError(quoted{A: "x\xff"}) },
		"json: field P: text is not UTF-8": func() error { return encodeError(quoted{P: &bad}) },
		"json: field V: the text that a codec_test.packed encodes itself to is not UTF-8": func() error {
			return encodeError(struct{ V packed }{not})
		},
		"json: field V[]: the text that a codec_test.packed encodes itself to is not UTF-8": func() error {
			return encodeError(struct{ V []*packed }{[]*packed{nil, &not}})
		},
		"json: field V[][]: the text that a codec_test.packed encodes itself to is not UTF-8": func() error {
			return encodeError(struct{ V map[string][1]packed }{map[string][1]packed{"k": {not}}})
		},
		"json: field V[key]: the text that a codec_test.packed encodes itself to is not UTF-8": func() error {
			return encodeError(struct{ V map[packed]int }{map[packed]int{not: 1}})
		},
		"json: field V: the text that a codec_test.byPointer encodes itself to is not UTF-8": func() error {
			return encodeError(struct{ V byPointer }{byPointer{[]byte(bad)}})
		},
		"json: the text that a codec_test.byPointer encodes itself to is not UTF-8": func() error {
			return encodeError(&byPointer{[]byte(bad)})
		},
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			err := encode()
			is.True(err != nil)
			is.Equal(err.Error(), want)
		})
	}
	t.Run("what is UTF-8 is kept", func(t *testing.T) {
		is := is.New(t)
		type all struct {
			A string `json:"a,string"`
			V packed
			P *byPointer
			M map[packed]packed
		}
		v := all{`\ufffd ` + "\ufffd", packed{'a', 0, '\\', '"'}, &byPointer{[]byte("\ufffd")}, map[packed]packed{{'k'}: {'v'}}}
		p, err := codec.JSON[all]{}.Encode(v)
		is.NoErr(err)
		got, err := codec.JSON[all]{}.Decode(p)
		is.NoErr(err)
		is.Equal(got, v)
	})
}

func encodeError[T any](v T) error {
	_, err := codec.JSON[T]{}.Encode(v)
	return err
}
