package msgpack

import (
	"testing"

	"github.com/matryer/is"
)

func TestCanonical(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"a map", "\x83\xa1c\x03\xa1a\x01\xa1b\x02", "\x83\xa1a\x01\xa1b\x02\xa1c\x03"},
		{"maps in an array", "\x92\x82\x02\x01\x01\x02\x80", "\x92\x82\x01\x02\x02\x01\x80"},
		{"a map in a map", "\x82\xa1b\x82\x02\xc0\x01\xc0\xa1a\xc3", "\x82\xa1a\xc3\xa1b\x82\x01\xc0\x02\xc0"},
		{"twice one key: the order stays", "\x82\xa1a\x02\xa1a\x01", "\x82\xa1a\x02\xa1a\x01"},
		{"no map", "\xa3abc", "\xa3abc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			got, err := canonical([]byte(c.in))
			is.NoErr(err)
			is.Equal(string(got), c.want)
		})
	}
	is := is.New(t)
	_, err := canonical([]byte("\x82\xa1a"))
	is.True(err != nil)
}
