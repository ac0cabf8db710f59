package shape

import (
	"bytes"
	"fmt"
	"math/big"
	"reflect"
)

// BigDigits is how many digits a big.Int may have, and each side of a big.Rat. The time that
// package math/big takes to read digits grows with the square of their number, and an exponent of
// few bytes may stand for a million of them.
const BigDigits = 10_000

// mostBits is the most bits that can't have more than BigDigits digits.
const mostBits = BigDigits * 332192 / 100000

var (
	bigInt = reflect.TypeFor[big.Int]()
	bigRat = reflect.TypeFor[big.Rat]()
)

// bigOf returns big.Int or big.Rat if t is that type, or has its methods since it embeds nothing
// else, and otherwise nil.
func bigOf(t reflect.Type) reflect.Type {
	for {
		switch {
		case t == bigInt || t == bigRat:
			return t
		case t.Kind() != reflect.Struct || t.NumField() != 1 || !t.Field(0).Anonymous:
			return nil
		}
		t = t.Field(0).Type
	}
}

// CheckBig returns an error if text, an encoded value of the plan's type, is a big.Int or big.Rat
// that takes longer to read than [BigDigits] allows. The encoders write neither exponents nor
// escapes.
func (p *Plan) CheckBig(text []byte) error {
	const around = 3 // a sign, and quotes
	switch {
	case p.Big == nil:
		return nil
	case p.Big == bigInt && len(text) > BigDigits+around, len(text) > 2*BigDigits+1+around:
		return fmt.Errorf("a %v has more than %d digits", p.Big, BigDigits)
	case p.Big == bigRat && bytes.ContainsAny(text, `eEpP\`):
		return fmt.Errorf("a %v has an exponent", p.Big)
	}
	return nil
}

// big refuses a big.Int or big.Rat with more than [BigDigits] digits.
func (c *check) big(v reflect.Value, at *step) error {
	t := bigOf(v.Type())
	if t == nil {
		return nil
	}
	for v.Type() != t {
		v = v.Field(0)
	}
	if !v.CanInterface() {
		return nil
	}
	bits := 0
	switch x := v.Interface().(type) {
	case big.Int:
		bits = x.BitLen()
	case big.Rat:
		bits = max(x.Num().BitLen(), x.Denom().BitLen())
	}
	if bits > mostBits {
		return refuse(at.String(), "a %v of more than %d digits can't be stored", t, BigDigits)
	}
	return nil
}
