package codectest_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/codectest"
)

type basket struct {
	Name  string
	Items map[string]int
	Tags  []string
}

var baskets = []basket{{}, {Name: "n", Items: map[string]int{"a": 1, "b": 2}, Tags: []string{"x"}}}

// broken is a codec that works, except for the functions that are set.
type broken struct {
	encode func(basket) (codec.Payload, error)
	decode func(codec.Payload) (basket, error)
}

func (b broken) Encode(v basket) (codec.Payload, error) {
	if b.encode != nil {
		return b.encode(v)
	}
	return codec.JSON[basket]{}.Encode(v)
}

func (b broken) Decode(p codec.Payload) (basket, error) {
	if b.decode != nil {
		return b.decode(p)
	}
	return codec.JSON[basket]{}.Decode(p)
}

// brokenKeeper is a codec that works, except for its EncodeOver.
type brokenKeeper struct {
	codec.JSON[basket]
	over func(v basket, stored codec.Payload) (codec.Payload, error)
}

func (b brokenKeeper) EncodeOver(v basket, stored codec.Payload) (codec.Payload, error) {
	return b.over(v, stored)
}

// newBasket is a later version of basket.
type newBasket struct {
	Name  string
	Items map[string]int
	Tags  []string
	Added []string
}

// shared is a payload that keeps the value itself instead of a copy.
type shared struct{ v basket }

func (shared) Format() string           { return "json" }
func (s shared) Bytes() ([]byte, error) { p, _ := codec.JSON[basket]{}.Encode(s.v); return p.Bytes() }

// saboteurs returns codecs that break one promise each, and the suite's message for it.
func saboteurs() map[string]struct {
	codec codec.Codec[basket]
	says  string
} {
	good := codec.JSON[basket]{}
	serial := 0
	type s = struct {
		codec codec.Codec[basket]
		says  string
	}
	return map[string]s{
		"loses a field": {broken{encode: func(v basket) (codec.Payload, error) { v.Name = ""; return good.Encode(v) }}, "differs at \".Name\""},
		"turns nil into empty": {broken{decode: func(p codec.Payload) (basket, error) {
			v, err := good.Decode(p)
			if v.Tags == nil {
				v.Tags = []string{}
			}
			return v, err
		}}, "differs at \".Tags\""},
		"differs from one time to the next": {broken{encode: func(v basket) (codec.Payload, error) {
			p, err := good.Encode(v)
			b, _ := p.Bytes()
			serial++
			return codec.Opaque("json", append(b[:len(b)-1:len(b)-1], `,"serial":`+strings.Repeat("1", 1+serial%7)+`}`...)), err
		}}, "are not equal"},
		"keeps a reference": {broken{
			encode: func(v basket) (codec.Payload, error) { return shared{v}, nil },
			decode: func(p codec.Payload) (basket, error) {
				b, err := codec.BytesOf(p, "json")
				if err != nil {
					return basket{}, err
				}
				return good.Decode(codec.Opaque("json", b))
			},
		}, "the payload of a codectest_test.basket changes with it"},
		"takes any format": {broken{decode: func(p codec.Payload) (basket, error) {
			if p == nil {
				return basket{}, codec.ErrFormat
			}
			b, _ := p.Bytes()
			return good.Decode(codec.Opaque("json", b))
		}}, "Decode of another format"},
		"takes nothing for a value": {broken{decode: func(p codec.Payload) (basket, error) {
			if p != nil {
				if b, _ := p.Bytes(); len(b) == 0 {
					return basket{}, nil
				}
			}
			return good.Decode(p)
		}}, "Decode of no bytes at all succeeds"},
		"takes the first of two": {broken{decode: func(p codec.Payload) (basket, error) {
			if p != nil {
				if b, _ := p.Bytes(); len(b) > 0 && bytes.Equal(b[:len(b)/2], b[len(b)/2:]) {
					p = codec.Opaque(p.Format(), b[:len(b)/2])
				}
			}
			return good.Decode(p)
		}}, "Decode of a payload that comes twice in a row succeeds"},
		"panics on damage": {broken{decode: func(p codec.Payload) (basket, error) {
			v, err := good.Decode(p)
			if err != nil && !errors.Is(err, codec.ErrFormat) {
				panic("damage")
			}
			return v, err
		}}, "panic: damage"},
		"carries what is emptied": {brokenKeeper{over: func(v basket, stored codec.Payload) (codec.Payload, error) {
			if old, err := good.Decode(stored); err == nil && v.Name == "" {
				v.Name = old.Name
			}
			return good.EncodeOver(v, stored)
		}}, "a codectest_test.basket that was encoded over another one differs at \".Name\""},
		"carries nothing": {
			brokenKeeper{over: func(v basket, _ codec.Payload) (codec.Payload, error) { return good.Encode(v) }},
			"stored again by a codec that doesn't know it all, differs at \".Added\"",
		},
		"fails over what it can't read": {brokenKeeper{over: func(v basket, stored codec.Payload) (codec.Payload, error) {
			if _, err := good.Decode(stored); err != nil {
				return nil, err
			}
			return good.EncodeOver(v, stored)
		}}, "is not Encode of it"},
		"carries more each time": {brokenKeeper{over: func(v basket, stored codec.Payload) (codec.Payload, error) {
			p, err := good.EncodeOver(v, stored)
			if err != nil || stored == nil {
				return p, err
			}
			b, _ := p.Bytes()
			if old, err := stored.Bytes(); err == nil && bytes.Contains(old, []byte("Added")) {
				serial++
				b = fmt.Appendf(b[:len(b)-1:len(b)-1], `,"seen%d":1}`, serial)
			}
			return codec.Opaque("json", b), nil
		}}, "makes something else"},
		"changes what is known": {brokenKeeper{over: func(v basket, stored codec.Payload) (codec.Payload, error) {
			if old, err := codec.BytesOf(stored, "json"); err == nil && bytes.Contains(old, []byte("Added")) {
				v.Name += "!"
			}
			return good.EncodeOver(v, stored)
		}}, "EncodeOver changes what a codectest_test.basket knows, at \".Name\""},
		"changes what it encodes over": {brokenKeeper{over: func(v basket, stored codec.Payload) (codec.Payload, error) {
			p, err := good.EncodeOver(v, stored)
			if stored != nil && stored.Format() == "json" {
				if b, _ := stored.Bytes(); len(b) > 2 {
					b[0] = ' '
				}
			}
			return p, err
		}}, "changes what it encodes over"},
		"says nothing": {broken{encode: func(basket) (codec.Payload, error) { return nil, nil }}, "gives no payload"},
	}
}

// sabotage is the environment variable that names the saboteur for a child process.
const sabotage = "CODECTEST_SABOTAGE"

// TestRun_CatchesABrokenCodec runs each saboteur in a child process, since a failed test can't be
// made to pass.
func TestRun_CatchesABrokenCodec(t *testing.T) {
	for name, s := range saboteurs() {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSabotage$", "-test.v")
			child.Env = append(os.Environ(), sabotage+"="+name)
			out, err := child.CombinedOutput()
			is.True(err != nil) // it fails
			if !strings.Contains(string(out), s.says) {
				t.Errorf("no %q in\n%s", s.says, out)
			}
		})
	}
}

// TestSabotage runs in the child processes. Without one it runs a codec that works.
func TestSabotage(t *testing.T) {
	if name := os.Getenv(sabotage); name != "" {
		c := saboteurs()[name].codec
		codectest.Run(t, c, baskets...)
		if _, ok := c.(codec.Keeper[basket]); ok {
			runKeeper(t, c)
		}
		return
	}
	codectest.Run(t, codec.Codec[basket](broken{}), baskets...)
	runKeeper(t, codec.JSON[basket]{})
}

func runKeeper(t *testing.T, c codec.Codec[basket]) {
	t.Helper()
	codectest.RunKeeper(t, c, codec.Codec[newBasket](codec.JSON[newBasket]{}),
		newBasket{Name: "n", Added: []string{"a"}}, newBasket{Items: map[string]int{"a": 1, "b": 2}, Added: []string{}})
}
