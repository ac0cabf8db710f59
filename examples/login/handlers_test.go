package main

import (
	"testing"

	"github.com/matryer/is"
)

func TestIsLocal(t *testing.T) {
	is := is.New(t)
	for _, good := range []string{"/", "/devices", "/a/b?c=d"} {
		is.True(isLocal(good))
	}
	for _, bad := range []string{"", "//evil.test", "https://evil.test", "evil", "/\\evil.test", "/a\r\nb"} {
		is.True(!isLocal(bad))
	}
}
