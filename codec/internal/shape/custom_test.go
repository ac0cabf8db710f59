//lint:file-ignore U1000 fields that nobody reads are what is tested

package shape_test

import (
	"math/big"
	"net/netip"
	"testing"
	"time"
)

// oneWay encodes itself only.
type oneWay string

func (oneWay) MarshalText() ([]byte, error) { return nil, nil }

// paired encodes and decodes itself.
type paired struct{ text string }

func (p paired) MarshalText() ([]byte, error)  { return []byte(p.text), nil }
func (p *paired) UnmarshalText(b []byte) error { p.text = string(b); return nil }

// lenient has its own method to decode what an encoder writes for it.
type lenient int

func (*lenient) UnmarshalText([]byte) error { return nil }

// viaJSON encodes itself only as JSON.
type viaJSON struct {
	Shown  string
	hidden string
}

func (viaJSON) MarshalJSON() ([]byte, error) { return nil, nil }
func (*viaJSON) UnmarshalJSON([]byte) error  { return nil }

func TestOf_TypesThatEncodeThemselves(t *testing.T) {
	refused[struct{ A oneWay }](t, asJSON(), "field A: shape_test.oneWay has MarshalText and no method to decode it again")
	if !taken[struct{ A lenient }](t, asJSON()).Custom {
		t.Error("what is decoded by a method of its own has to be read back")
	}
	taken[viaJSON](t, asJSON())
	refused[viaJSON](t, other(), "shape_test.viaJSON encodes itself as JSON only: its unexported fields would not be stored")
}

func TestOf_BigFloat(t *testing.T) {
	refused[struct{ F []*big.Float }](t, asJSON(), "field F[]: big.Float would come back rounded to 64 bits: take a big.Rat, or its text")
	taken[struct{ R *big.Rat }](t, asJSON())
}

func TestOf_APointersMethodIsNotCalledForTheValueOfAMap(t *testing.T) {
	refused[map[string]big.Int](t, asJSON(), "field []: MarshalJSON of big.Int has a pointer receiver, and is not called for the value of a map: use a pointer as the value")
	taken[map[string]*big.Int](t, asJSON())
	taken[map[string][]big.Int](t, asJSON())
	taken[[]big.Int](t, asJSON())
	taken[map[string]paired](t, asJSON())
}

// wrapped has its own methods in addition to the embedded ones.
type wrapped struct {
	paired
	Name string
}

func (wrapped) MarshalText() ([]byte, error) { return nil, nil }
func (*wrapped) UnmarshalText([]byte) error  { return nil }

func TestOf_MethodsThatAreEmbedded(t *testing.T) {
	refused[struct {
		time.Time
		Name string
	}](t, asJSON(), "struct { time.Time; Name string } has MarshalJSON from a type that it embeds: its other fields would not be stored")
	type event struct {
		*big.Int
		Name string
	}
	refused[struct{ E event }](t, asJSON(), "field E: shape_test.event has MarshalJSON from a type that it embeds: its other fields would not be stored")
	type only struct{ event }
	refused[only](t, asJSON(), "shape_test.only has MarshalJSON from a type that it embeds: its other fields would not be stored")
	type pointed struct{ *only }
	refused[pointed](t, asJSON(), "shape_test.pointed has MarshalJSON from a type that it embeds: its other fields would not be stored")
	taken[wrapped](t, asJSON())
	taken[struct{ wrapped }](t, asJSON())
	taken[struct{ time.Time }](t, asJSON()) // the only field
}

// appender encodes itself only where encoding/json knows AppendText: since Go 1.27.
type appender string

func (appender) AppendText(b []byte) ([]byte, error) { return b, nil }
func (*appender) UnmarshalText([]byte) error         { return nil }

func TestOf_TypesThatOnlyAppendTheirText(t *testing.T) {
	refused[struct{ A appender }](t, asJSON(), "field A: shape_test.appender has AppendText and no MarshalText: releases of Go encode it differently")
	refused[map[appender]int](t, asJSON(), "shape_test.appender as the key of a map: has AppendText and no MarshalText, and releases of Go encode it differently")
	taken[map[netip.Addr]netip.Addr](t, asJSON()) // it has both
	taken[map[appender]int](t, other())
}
