package web_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

func TestConfig_OneTransport(t *testing.T) {
	m, err := sessions.New[visitor](memstore.New(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]web.Config{
		"Config.Header and Config.Cookie: must not both be set": {Header: "X-Session", Cookie: web.Cookie{Name: "__Host-id"}},
		`Config.Header "X Session": is not the name`:            {Header: "X Session"},
		`Config.Header "cookie": means something else`:          {Header: "cookie"},
		`Config.Header "Set-Cookie": means something else`:      {Header: "Set-Cookie"},
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			_, err := web.New(m, &c)
			is.True(err != nil)
			is.True(strings.Contains(err.Error(), want))
		})
	}
}
