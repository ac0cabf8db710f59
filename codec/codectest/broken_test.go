package codectest_test

import (
	"errors"
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

// broken is a codec that works, save for what is set.
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

// shared is a payload that keeps the value and not a copy.
type shared struct{ v basket }

func (shared) Format() string           { return "json" }
func (s shared) Bytes() ([]byte, error) { p, _ := codec.JSON[basket]{}.Encode(s.v); return p.Bytes() }

// saboteurs are codecs that break one promise each, and what the suite has to say.
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
		"panics on damage": {broken{decode: func(p codec.Payload) (basket, error) {
			v, err := good.Decode(p)
			if err != nil && !errors.Is(err, codec.ErrFormat) {
				panic("damage")
			}
			return v, err
		}}, "panic: damage"},
		"says nothing": {broken{encode: func(basket) (codec.Payload, error) { return nil, nil }}, "gives no payload"},
	}
}

// sabotage names the saboteur that a child of this test has to run.
const sabotage = "CODECTEST_SABOTAGE"

// TestRun_CatchesABrokenCodec lets each saboteur fail in a process of its own, since a test that fails can't be taken back.
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

// TestSabotage is what the children run. By itself it runs a codec that works.
func TestSabotage(t *testing.T) {
	if name := os.Getenv(sabotage); name != "" {
		codectest.Run(t, saboteurs()[name].codec, baskets...)
		return
	}
	codectest.Run(t, codec.Codec[basket](broken{}), baskets...)
}
