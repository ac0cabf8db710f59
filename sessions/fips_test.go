package sessions_test

import (
	"testing"

	"github.com/dynasession/dynasession/internal/wants"
)

// In FIPS 140-3 mode Go refuses what the standard does not approve.
func TestFIPS(t *testing.T) { wants.ExamplesPass(t, "fips140=only") }
