package web_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

func TestConfig_AHeaderThatCanBeNone(t *testing.T) {
	m, err := sessions.New[visitor](memstore.New(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]web.Config{
		`Config.Header "X Session": must be the name`:              {Header: "X Session"},
		`Config.Header "cookie": must not mean something else`:     {Header: "cookie"},
		`Config.Header "Set-Cookie": must not mean something else`: {Header: "Set-Cookie"},
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			_, err := web.New(m, &c)
			is.True(err != nil)
			is.True(strings.Contains(err.Error(), want))
		})
	}
}
