package generic

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Number returns n as a float64, or n itself if no float64 has exactly its value.
func Number(n json.Number) any {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil || !SameDecimal(string(n), strconv.FormatFloat(f, 'e', -1, 64)) {
		return n
	}
	return f
}

// SameDecimal reports whether a and b, two decimal numbers in JSON's syntax, have the same value.
func SameDecimal(a, b string) bool {
	x, ok := parse(a)
	y, ok2 := parse(b)
	return ok && ok2 && x == y
}

// DecimalKey returns one text for all spellings of the same decimal number, and s itself if s is
// not a decimal number.
func DecimalKey(s string) string {
	d, ok := parse(s)
	if !ok {
		return s
	}
	sign := ""
	if d.negative {
		sign = "-"
	}
	return sign + d.digits + "e" + strconv.FormatInt(d.exponent, 10)
}

// decimal is a decimal number in normal form: 0.digits × 10^exponent.
type decimal struct {
	negative bool
	digits   string // neither begins nor ends with 0; empty for zero
	exponent int64
}

func parse(s string) (decimal, bool) {
	var d decimal
	s, d.negative = strings.CutPrefix(s, "-")
	if !d.negative {
		s = strings.TrimPrefix(s, "+")
	}
	mantissa, exp, hasExp := cut(s)
	if hasExp {
		e, err := strconv.ParseInt(exp, 10, 32)
		if err != nil {
			return d, false
		}
		d.exponent = e
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	d.digits = whole + fraction
	if d.digits == "" || strings.Trim(d.digits, "0123456789") != "" {
		return d, false
	}
	d.exponent += int64(len(whole))
	trimmed := strings.TrimLeft(d.digits, "0")
	d.exponent -= int64(len(d.digits) - len(trimmed))
	d.digits = strings.TrimRight(trimmed, "0")
	if d.digits == "" {
		return decimal{}, true // zero has neither sign nor exponent
	}
	return d, true
}

func cut(s string) (mantissa, exponent string, ok bool) {
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// Magnitude returns how many significant digits s has, 0 for zero, and the exponent for which its
// absolute value is below 10^exponent and at least a tenth of it. It is not ok if s is not a
// decimal number.
func Magnitude(s string) (digits int, exponent int64, ok bool) {
	d, ok := parse(s)
	return len(d.digits), d.exponent, ok
}
