package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/memstore"
)

// outcomes are what the story's steps must end in, in this order.
var outcomes = []string{
	"s.Data.Items: [tea]",
	"s.Data.Items: [tea cups]",
	"the faster saves milk: done",
	"the slower saves sugar: sessions.ErrConflict",
	"s.Data.Items: [tea cups milk sugar]",
	"Load: done",
	"Load: sessions.ErrExpired",
	"Load after 11 hours: done",
	"Load after 12 hours: sessions.ErrExpired",
	"Destroy: done",
	"the slow request saves: sessions.ErrNotFound",
	"Load: sessions.ErrNotFound",
}

func TestTell_EndsAsItSays(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	is.NoErr(tell(t.Context(), memstore.New(nil), &narrator{out: &out}))
	rest := out.String()
	for _, want := range outcomes {
		_, after, ok := strings.Cut(rest, "   "+want+"\n")
		if !ok {
			t.Fatalf("no %q in\n%s", want, rest)
		}
		rest = after
	}
}
