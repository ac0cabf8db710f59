package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
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
	var out bytes.Buffer
	is.New(t).NoErr(tell(t.Context(), memstore.New(nil), &narrator{out: &out}))
	endsAsItSays(t, out.String())
}

func TestTell_OnAnEngineToo(t *testing.T) {
	var out bytes.Buffer
	is.New(t).NoErr(run(t.Context(), []string{"-dynamodb", engine.Endpoint(t)}, &out))
	endsAsItSays(t, out.String())
}

func endsAsItSays(t *testing.T, told string) {
	t.Helper()
	rest := told
	for _, want := range outcomes {
		_, after, ok := strings.Cut(rest, "   "+want+"\n")
		if !ok {
			t.Fatalf("no %q in\n%s", want, told)
		}
		rest = after
	}
}
