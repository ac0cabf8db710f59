package main

import (
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestIsLocal(t *testing.T) {
	is := is.New(t)
	for _, good := range []string{"/", "/devices", "/a/b?c=d", "/a?next=%2F%09%2Fevil"} {
		is.True(isLocal(good))
	}
	for _, bad := range []string{"", "//evil.test", "https://evil.test", "evil", "/\\evil.test", "/a\r\nb", "/\t/evil.test", "/a\tb", "/\x00/evil.test", "/\u202e", "/ /evil.test", "/a\\b", strings.Repeat("/a", 101)} {
		is.True(!isLocal(bad))
	}
}

func TestIsName(t *testing.T) {
	is := is.New(t)
	for _, good := range []string{"somebody", "Ada Lovelace", "Żółć"} {
		is.True(isName(good))
	}
	for _, bad := range []string{"", "a\nb", "a\u202eb", "\x1b[31m", strings.Repeat("x", 101)} {
		is.True(!isName(bad))
	}
}
