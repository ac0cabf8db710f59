package msgpack

import (
	"testing"

	"github.com/dynasession/dynasession/codec/internal/sweep"
)

func TestCodec_KeepsOrRefuses(t *testing.T) {
	sweep.Run(t, sweep.Codec{
		Encode: func(v any) ([]byte, error) { _, b, err := encode(v); return b, err },
		Over: func(v any, stored []byte) ([]byte, error) {
			s, b, err := encode(v)
			if all, ok := carry(s.Plan, b, stored); ok {
				return all, err
			}
			return b, err
		},
		Decode: decode,
	})
}
