package codec_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/codec/zstd"
)

// roomy has a field of each kind that may be large.
type roomy struct {
	Text    string            `json:"text,omitempty"`
	Bytes   []byte            `json:"bytes,omitempty"`
	Numbers []int64           `json:"numbers,omitempty"`
	Set     []int64           `dynamodbav:"set,omitempty,numberset"`
	Flags   []bool            `json:"flags,omitempty"`
	Texts   []string          `json:"texts,omitempty"`
	Blobs   [][]byte          `json:"blobs,omitempty"`
	Wide    []wide            `json:"wide,omitempty"`
	Sparse  []mostlyEmpty     `json:"sparse,omitempty"`
	Map     map[string]string `json:"map,omitempty"`
	ByID    map[int32]flag    `json:"by_id,omitempty"`
	Pairs   *pairs            `json:"pairs,omitempty"`
	Any     any               `json:"any,omitempty"`
	Raw     json.RawMessage   `json:"raw,omitempty"`
	Own     *own              `json:"own,omitempty"`
	Hidden  []byte            `json:"-"`
	inners
}

type flag struct {
	Set bool `json:"is_set_by_whoever_has_set_it_at_some_time"`
}

type mostlyEmpty struct {
	A, B, C, D, E, F, G, H, I, J, K int `json:",omitempty"`
}

// pairs is few pointers that are many values.
type pairs struct {
	A *pairs `json:"one_of_the_two_that_lead_further_down,omitempty"`
	B *pairs `json:"the_other_of_the_two_that_lead_there,omitempty"`
}

// own encodes itself, to as much as it says.
type own int

func (o own) MarshalText() ([]byte, error)  { return []byte(strings.Repeat("x", int(o))), nil }
func (o *own) UnmarshalText(b []byte) error { *o = own(len(b)); return nil }

type inners struct {
	Within []string `json:"within,omitempty"`
}

// huge makes values that are far larger than EncodeLimit. They take little memory themselves, as
// far as that is possible.
func huge() map[string]func() roomy {
	const bytes, values = 100_000_000, 5_000_000
	text := func() string { return string(make([]byte, bytes)) }
	texts := func(n int) []string {
		list, text := make([]string, n), string(make([]byte, 10*codec.EncodeLimit/n))
		for i := range list {
			list[i] = text
		}
		return list
	}
	return map[string]func() roomy{
		"text":          func() roomy { return roomy{Text: text()} },
		"bytes":         func() roomy { return roomy{Bytes: make([]byte, bytes)} },
		"raw":           func() roomy { return roomy{Raw: make([]byte, bytes)} },
		"numbers":       func() roomy { return roomy{Numbers: make([]int64, values)} },
		"set":           func() roomy { return roomy{Set: make([]int64, 2*values)} },
		"flags":         func() roomy { return roomy{Flags: make([]bool, values)} },
		"empty texts":   func() roomy { return roomy{Texts: make([]string, values)} },
		"texts":         func() roomy { return roomy{Texts: texts(1000)} },
		"blobs":         func() roomy { return roomy{Blobs: [][]byte{nil, make([]byte, bytes)}} },
		"nil blobs":     func() roomy { return roomy{Blobs: make([][]byte, values)} },
		"structs":       func() roomy { return roomy{Wide: make([]wide, values/20)} },
		"empty structs": func() roomy { return roomy{Sparse: make([]mostlyEmpty, values)} },
		"any text":      func() roomy { return roomy{Any: map[string]any{"x": []any{1.0, text()}}} },
		"any numbers":   func() roomy { return roomy{Any: map[string]any{"x": []any{1.0, make([]int, values)}}} },
		"any list":      func() roomy { return roomy{Any: make([]any, values)} },
		"embedded":      func() roomy { return roomy{inners: inners{Within: texts(2)}} },
		"map": func() roomy {
			m := map[string]string{}
			for i, text := range texts(200) {
				m[fmt.Sprint(i)] = text
			}
			return roomy{Map: m}
		},
		"map of numbers": func() roomy {
			m := map[int32]flag{}
			for i := range int32(codec.EncodeLimit / 40) {
				m[i] = flag{}
			}
			return roomy{ByID: m}
		},
		"pointers": func() roomy {
			p := &pairs{}
			for range 60 {
				p = &pairs{p, p}
			}
			return roomy{Pairs: p}
		},
	}
}

// codecs returns each codec of T, and what is around codecs around it.
func codecs[T any]() map[string]codec.Codec[T] {
	all := map[string]codec.Codec[T]{"json": codec.JSON[T]{}, "msgpack": msgpack.Codec[T]{}, "native": attribute.Codec[T]{}}
	for name, c := range map[string]codec.Codec[T]{"json": all["json"], "msgpack": all["msgpack"], "native": all["native"]} {
		all["compressed "+name] = codec.Compress(c, zstd.New(), 0)
		all["version of "+name] = codec.Version(2, c)
		all["upgrade to "+name] = codec.Upgrade(codec.Compress(codec.Version(2, c), zstd.New(), 0), c)
	}
	return all
}

func wantTooLarge(t *testing.T, err error, atLeast bool) {
	t.Helper()
	var large *codec.TooLargeError
	switch {
	case !errors.Is(err, codec.ErrTooLarge) || !errors.As(err, &large):
		t.Errorf("%v, want ErrTooLarge", err)
	case large.Limit != codec.EncodeLimit || large.Size <= large.Limit || large.AtLeast != atLeast:
		t.Errorf("%+v", large)
	case !strings.Contains(err.Error(), fmt.Sprint(large.Limit)) || !strings.Contains(err.Error(), fmt.Sprint(large.Size)) || len(err.Error()) > 200:
		t.Errorf("error: %.300v", err)
	}
}

func TestEncode_RefusesWhatIsTooLargeBeforeTheWork(t *testing.T) {
	all := codecs[roomy]()
	for field, value := range huge() {
		t.Run(field, func(t *testing.T) {
			v := value()
			for name, c := range all {
				if strings.Contains(name, " ") && field != "bytes" && field != "set" {
					continue // around another codec
				}
				stored := must(c.Encode(roomy{Text: "stored"}))
				var err, over error
				made := allocated(func() {
					_, err = c.Encode(v)
					_, over = codec.EncodeOver(c, v, stored)
				})
				wantTooLarge(t, err, true)
				wantTooLarge(t, over, true)
				if made > 64<<10 {
					t.Errorf("%s: %d bytes of memory", name, made)
				}
			}
		})
	}
}

func TestEncode_RefusesWhatTurnsOutTooLarge(t *testing.T) {
	is := is.New(t)
	large, long := own(codec.EncodeLimit), make([]int64, codec.EncodeLimit/8)
	for i := range long {
		long[i] = math.MaxInt64 - int64(i)
	}
	for name, c := range codecs[roomy]() {
		if strings.Contains(name, " ") {
			continue
		}
		for _, v := range []roomy{{Own: &large}, {Set: long}} {
			_, err := c.Encode(v)
			wantTooLarge(t, err, false)
		}
		stored := must(c.Encode(roomy{}))
		_, err := c.Encode(roomy{Hidden: make([]byte, 2*codec.EncodeLimit)}) // isn't encoded
		is.NoErr(err)
		_, err = codec.EncodeOver(c, roomy{Hidden: make([]byte, 2*codec.EncodeLimit)}, stored)
		is.NoErr(err)
	}
}

func TestEncode_WhatIsJustNotTooLargeComesBack(t *testing.T) {
	is := is.New(t)
	for name, c := range codecs[roomy]() {
		if strings.Contains(name, " of ") || strings.Contains(name, " to ") {
			continue
		}
		v := roomy{Text: strings.Repeat("x", codec.EncodeLimit-40)}
		got, err := c.Decode(kept(t, must(c.Encode(v))))
		is.NoErr(err)
		is.True(got.Text == v.Text)
	}
}

// An encoder that doesn't know omitzero writes the field, so its name counts.
func TestEncode_CountsWhatOmitzeroDoesNotOmit(t *testing.T) {
	type zeroed struct {
		First  int `json:"a_field_whose_name_is_long_enough_to_count,omitzero"`
		Second int `json:"another_field_whose_name_is_long_enough,omitzero"`
	}
	v := make([]zeroed, codec.EncodeLimit/50)
	for name, c := range map[string]codec.Codec[[]zeroed]{"msgpack": msgpack.Codec[[]zeroed]{}, "native": attribute.Codec[[]zeroed]{}} {
		var err error
		made := allocated(func() { _, err = c.Encode(v) })
		wantTooLarge(t, err, true)
		if made > 64<<10 {
			t.Errorf("%s: %d bytes of memory", name, made)
		}
	}
}
