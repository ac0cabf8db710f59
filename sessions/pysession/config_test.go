package pysession_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/pysession"
)

func TestConfig_IsPythons(t *testing.T) {
	is := is.New(t)
	m, err := sessions.New(memstore.New(nil), pysession.Config[map[string]any](pysession.Options{}))
	is.NoErr(err)
	s := m.Create()
	is.Equal(s.IdleTimeout, 2*time.Hour)
	is.Equal(s.AbsoluteTimeout, 12*time.Hour)
	is.Equal(len(s.ID().Secret()), 43)
}

func TestConfig_MigrateLeavesNobodyBehind(t *testing.T) {
	for _, o := range []pysession.Options{{}, {Keys: []string{"k"}}, {Bytes: 33}, {Bytes: 16}} {
		is := is.New(t)
		mem, c := memstore.New(nil), clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
		o.Clock = c
		old, err := sessions.New(mem, pysession.Config[int](o))
		is.NoErr(err)
		o.Migrate = true
		next, err := sessions.New(mem, pysession.Config[int](o))
		is.NoErr(err)
		before, err := old.CreateAndSave(t.Context(), 7)
		is.NoErr(err)
		s, err := next.Load(t.Context(), before.ID().Secret())
		is.NoErr(err)
		is.Equal(s.Data, 7)
		is.True(next.NeedsRenewal(s))
		is.NoErr(next.Renew(t.Context(), s))
		is.True(!next.NeedsRenewal(s))
		_, err = old.Load(t.Context(), before.ID().Secret())
		wants.Err(t, err, sessions.ErrNotFound)
		s, err = next.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		is.Equal(s.Data, 7)
		is.NoErr(next.Destroy(t.Context(), s))
	}
}

func TestConfig_NumbersOfPython(t *testing.T) {
	is := is.New(t)
	c := pysession.Config[map[string]any](pysession.Options{}).Codec
	python := func(text string) (map[string]any, error) { return c.Decode(codec.Opaque("json", []byte(text))) }
	got, err := python(`{"f": 1.0, "i": 12345678901234567890123, "e": 1e+16, "s": "\u00fc\ud83d\ude00"}`)
	is.NoErr(err)
	p, err := c.Encode(got)
	is.NoErr(err)
	b, err := p.Bytes()
	is.NoErr(err)
	is.Equal(string(b), `{"e":10000000000000000,"f":1,"i":12345678901234567890123,"s":"ü😀"}`)
	for _, word := range []string{`NaN`, `Infinity`, `-Infinity`, `"\udce9"`} {
		_, err := python(`{"x": [` + word + `]}`)
		is.True(err != nil)
	}
}

// The package comment names the counterpart of each feature of dynamodb-session-web, and what
// differs.
func TestDoc_TheTableHasNoEmptyCell(t *testing.T) {
	is := is.New(t)
	doc, err := os.ReadFile("doc.go")
	is.NoErr(err)
	_, table, found := strings.Cut(string(doc), "\n//\t--------------------")
	_, table, _ = strings.Cut(table, "\n")
	is.True(found)
	rows := 0
	for line := range strings.Lines(table) {
		row, ok := strings.CutPrefix(line, "//\t")
		if !ok {
			continue
		}
		rows++
		is.True(len(row) > 79)
		for _, cell := range []string{row[:38], row[38:78], row[78:]} {
			is.True(strings.TrimSpace(cell) != "")
		}
	}
	is.True(rows >= 18)
}
