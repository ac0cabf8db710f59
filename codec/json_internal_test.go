package codec

import (
	"testing"

	"github.com/matryer/is"
)

// Encoders show in several ways that a text may not have been UTF-8.
func TestReplaced(t *testing.T) {
	is := is.New(t)
	for text, want := range map[string]bool{
		`"a\ufffd"`:      true, // until Go 1.26
		`"\"a\\ufffd\""`: true, // with the option string
		"\"a\ufffd\"":    true, // since Go 1.27, or a value's own
		`"a\\"`:          false,
		`"\u2028"`:       false,
		`"ufffd"`:        false,
		``:               false,
	} {
		is.Equal(replaced([]byte(text)), want) // text
	}
}
