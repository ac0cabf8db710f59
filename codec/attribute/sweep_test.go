package attribute

import (
	"testing"

	"github.com/dynasession/dynasession/codec/internal/sweep"
)

func TestCodec_KeepsOrRefuses(t *testing.T) {
	over := func(v any, stored []byte) ([]byte, error) {
		s, av, err := encode(v)
		if err != nil {
			return nil, err
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
