package attribute

import (
	"math"
	"reflect"
	"testing"

	"github.com/dynasession/dynasession/codec/internal/sweep"
)

func TestCodec_KeepsOrRefuses(t *testing.T) {
	over := func(v any, stored []byte) ([]byte, error) {
		s, av, err := encode(v)
		if err != nil {
			return nil, err
		}
		if s.LeastSize(reflect.ValueOf(v).Elem(), math.MaxInt) > SizeOf(av) {
			t.Errorf("%T: is thought to take more than it does", v)
		}
		if stored != nil {
			old, err := fromJSON(stored)
			if err != nil {
				return nil, err
			}
			carry(av, old, s.Plan)
		}
		return toJSON(av)
	}
	sweep.Run(t, sweep.Codec{
		Encode: func(v any) ([]byte, error) { return over(v, nil) },
		Over:   over,
		Decode: func(b []byte, v any) error {
			av, err := fromJSON(b)
			if err != nil {
				return err
			}
			return decode(av, v)
		},
	})
}
