package cost_test

import (
	"testing"

	"github.com/dynasession/dynasession/codec"
)

// BenchmarkCompress measures the cost of compression: each operation of a codec with and without
// it.
func BenchmarkCompress(b *testing.B) {
	benchmarkForms(b, "cart of 3", newBasket(3))
	benchmarkForms(b, "cart of 25", newBasket(25))
	benchmarkForms(b, "claim", newApplication())
}

func benchmarkForms[T any](b *testing.B, name string, v T) {
	for _, f := range forms[T]() {
		for form, c := range map[string]codec.Codec[T]{"plain": f.plain, "compressed": f.compressed} {
			p, err := c.Encode(v)
			if err != nil {
				b.Fatal(err)
			}
			data, err := p.Bytes()
			if err != nil {
				b.Fatal(err)
			}
			kept := codec.Opaque(p.Format(), data)
			b.Run(name+"/"+f.name+"/"+form+"/Encode", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					p, err := c.Encode(v)
					if err != nil {
						b.Fatal(err)
					}
					if _, err := p.Bytes(); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(name+"/"+f.name+"/"+form+"/Decode", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := c.Decode(kept); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
