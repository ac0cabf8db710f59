package codec

import (
	"testing"

	"github.com/dynasession/dynasession/codec/internal/sweep"
)

func TestJSON_KeepsOrRefuses(t *testing.T) {
	sweep.Run(t, sweep.Codec{
		Encode: func(v any) ([]byte, error) { _, b, err := encodeJSON(v); return b, err },
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
