package attribute

import (
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestCheckNumber(t *testing.T) {
	for n, want := range map[string]error{
		"0": nil, "-0.0": nil, "1": nil, "-1.5": nil, "1e-130": nil, "9.99e125": nil, "0.1E-129": nil,
		strings.Repeat("9", 38): nil, strings.Repeat("9", 38) + "000": nil,
		strings.Repeat("9", 39): errNumberRange, "1e126": errNumberRange, "9e-131": errNumberRange, "-1e126": errNumberRange,
		"NaN": errNumber, "Inf": errNumber, "": errNumber, "1e": errNumber, "0x1": errNumber, ".": errNumber, "1e99999999999": errNumber,
	} {
		t.Run(n, func(t *testing.T) { is.New(t).Equal(checkNumber(n), want) })
	}
}
