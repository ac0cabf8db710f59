package codec

import (
	"math"
	"reflect"
	"testing"

	"github.com/dynasession/dynasession/codec/internal/sweep"
)

func TestJSON_KeepsOrRefuses(t *testing.T) {
	sweep.Run(t, sweep.Codec{
		Encode: func(v any) ([]byte, error) {
			s, b, err := encodeJSON(v)
			if err == nil && s.LeastSize(reflect.ValueOf(v).Elem(), math.MaxInt) > len(b) {
				t.Errorf("%T: is thought to take more than it does", v)
			}
			return b, err
		},
		Over: func(v any, stored []byte) ([]byte, error) {
			s, b, err := encodeJSON(v)
			if all, ok := carryJSON(s.Plan, b, stored); ok {
				return all, err
			}
			return b, err
		},
		Decode: decodeJSON,
	})
}
