package zstd_test

import (
	"os"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
)

// TestGolden_WhatWasStoredIsReadForEver reads payloads that the first version stored. The files
// never change; a version that compresses to other bytes adds more files.
func TestGolden_WhatWasStoredIsReadForEver(t *testing.T) {
	for format, c := range with[cart]() {
		t.Run(format, func(t *testing.T) {
			is := is.New(t)
			b, err := os.ReadFile("testdata/cart." + format)
			is.NoErr(err)
			stored := codec.Opaque(format, b)
			got, err := c.Decode(stored)
			is.NoErr(err)
			is.Equal(got, newCart(200))
			p, err := c.Encode(got)
			is.NoErr(err)
			is.True(codec.Equal(p, stored)) // so a save doesn't write it again
		})
	}
}
