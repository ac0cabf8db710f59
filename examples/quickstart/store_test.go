package main

import (
	"bytes"
	"errors"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/memstore"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want engineFlag
		bad  bool
	}{
		{nil, engineFlag{}, false},
		{[]string{"-dynamodb"}, engineFlag{asked: true}, false},
		{[]string{"-dynamodb", "http://x:1"}, engineFlag{true, "http://x:1"}, false},
		{[]string{"-dynamodb=http://x:1"}, engineFlag{true, "http://x:1"}, false},
		{[]string{"http://x:1"}, engineFlag{}, true},
		{[]string{"-dynamodb", "a", "b"}, engineFlag{asked: true}, true},
	} {
		is := is.New(t)
		var out bytes.Buffer
		got, err := parse(tc.args, &out)
		is.Equal(errors.Is(err, errUsage), tc.bad)
		is.Equal(out.Len() > 0, tc.bad) // who is refused is told why
		is.Equal(got, tc.want)
	}
}

func TestOpen_IsInMemoryByDefault(t *testing.T) {
	is := is.New(t)
	store, err := open(t.Context(), "")
	is.NoErr(err)
	_, ok := store.(*memstore.Store)
	is.True(ok)
}
