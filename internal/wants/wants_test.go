package wants_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
)

// judge is a testing.TB that records failures instead of ending the test.
type judge struct {
	testing.TB
	said string
}

func (*judge) Helper() {}

func (j *judge) Fatalf(format string, args ...any) {
	j.said = fmt.Sprintf(format, args...)
	panic(j)
}

func judged(check func(testing.TB)) (said string) {
	j := &judge{}
	defer func() { _ = recover(); said = j.said }()
	check(j)
	return
}

func TestChecksFailAndSayWhatTheyGot(t *testing.T) {
	is := is.New(t)
	wrapped := fmt.Errorf("read: %w", io.EOF)
	other := errors.New("another")
	for _, c := range []struct {
		check func(testing.TB)
		says  string // "" if it passes
	}{
		{func(t testing.TB) { wants.Err(t, wrapped, io.EOF) }, ""},
		{func(t testing.TB) { wants.Err(t, nil, nil) }, ""},
		{func(t testing.TB) { wants.Err(t, other, io.EOF) }, "the error is another"},
		{func(t testing.TB) { wants.Err(t, nil, io.EOF) }, "want EOF"},
		{func(t testing.TB) { wants.Err(t, wrapped, nil) }, "read: EOF"},
		{func(t testing.TB) { wants.NotErr(t, other, io.EOF) }, ""},
		{func(t testing.TB) { wants.NotErr(t, wrapped, io.EOF) }, "read: EOF"},
		{func(t testing.TB) { wants.Text(t, wrapped, "read", "EOF") }, ""},
		{func(t testing.TB) { wants.Text(t, wrapped, "read", "write") }, "read: EOF"},
		{func(t testing.TB) { wants.Text(t, nil, "read") }, "there is no error"},
	} {
		said := judged(c.check)
		if c.says == "" {
			is.Equal(said, "")
			continue
		}
		is.True(strings.Contains(said, c.says))
	}
}
