package generic_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec/internal/generic"
)

func TestNumber_IsAFloatWhereNothingIsLost(t *testing.T) {
	for in, want := range map[string]any{
		"0": 0.0, "-0": math.Copysign(0, -1), "1": 1.0, "1.0": 1.0, "1.50": 1.5, "0.1": 0.1, "1e3": 1000.0, "100E-2": 1.0,
		"9007199254740992":      9007199254740992.0,
		"9007199254740993":      json.Number("9007199254740993"),
		"0.1000000000000000001": json.Number("0.1000000000000000001"),
		"1e400":                 json.Number("1e400"),
		"1e-400":                json.Number("1e-400"),
		"x":                     json.Number("x"),
		"1e99999999999999":      json.Number("1e99999999999999"),
	} {
		t.Run(in, func(t *testing.T) { is.New(t).Equal(generic.Number(json.Number(in)), want) })
	}
}

func TestSameDecimal(t *testing.T) {
	is := is.New(t)
	for _, same := range [][2]string{{"1", "1.0"}, {"1", "10e-1"}, {"-0", "0"}, {"0e5", "0.00"}, {"+1", "1"}, {"012", "12"}, {"0.05", "5e-2"}} {
		is.True(generic.SameDecimal(same[0], same[1]))
	}
	for _, other := range [][2]string{{"1", "-1"}, {"1", "10"}, {"0.1", "0.01"}, {"1", "x"}, {"x", "x"}, {"", ""}, {"1.2.3", "1.2.3"}} {
		is.True(!generic.SameDecimal(other[0], other[1]))
	}
}

func TestMagnitude(t *testing.T) {
	is := is.New(t)
	for _, c := range []struct {
		in       string
		digits   int
		exponent int64
	}{{"0", 0, 0}, {"1", 1, 1}, {"123.4500", 5, 3}, {"0.001", 1, -2}, {"1e-130", 1, -129}, {"-9.9e125", 2, 126}} {
		digits, exponent, ok := generic.Magnitude(c.in)
		is.True(ok)
		is.Equal(digits, c.digits)
		is.Equal(exponent, c.exponent)
	}
	_, _, ok := generic.Magnitude("Inf")
	is.True(!ok)
}
