package attribute

import (
	"errors"

	"github.com/dynasession/dynasession/codec/internal/generic"
)

// DynamoDB keeps 38 significant digits of a number, and magnitudes from 1e-130 up to, but not
// including, 1e126.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
const (
	maxDigits   = 38
	minExponent = -130
	maxExponent = 126
)

var (
	errNumber      = errors.New("attribute: a number that is NaN, infinite or no number can't be stored")
	errNumberRange = errors.New("attribute: a number is out of DynamoDB's range, 1e-130 to 9.9e125, or has more than 38 digits")
)

func checkNumber(s string) error {
	digits, exponent, ok := generic.Magnitude(s)
	if !ok {
		return errNumber
	}
	if digits > maxDigits || (digits > 0 && (exponent <= minExponent || exponent > maxExponent)) {
		return errNumberRange
	}
	return nil
}
