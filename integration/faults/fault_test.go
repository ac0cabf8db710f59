package faults

import (
	"testing"

	"github.com/matryer/is"
)

func TestPickDividesTheLine(t *testing.T) {
	is := is.New(t)
	r := Rates{CutBefore: 0.25, Throttle: 0.25}
	for x, want := range map[float64]Fault{0: CutBefore, 0.24: CutBefore, 0.25: Throttle, 0.49: Throttle, 0.5: None, 0.99: None} {
		is.Equal(r.pick(x), want)
	}
	is.Equal(Rates(nil).pick(0), None) // nil rates are none
}

func TestEveryFaultHasAName(t *testing.T) {
	is := is.New(t)
	seen := map[string]bool{}
	for f := None; f < kinds; f++ {
		is.True(f.String() != "")
		is.True(!seen[f.String()])
		seen[f.String()] = true
	}
}
