package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

func TestTrap_TheCookieIsSafeByDefault(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	line := s.get(s.count(t)).Header().Get("Set-Cookie")
	id, attributes, _ := strings.Cut(strings.TrimPrefix(line, "__Host-id="), "; ")
	is.Equal(len(id), 43)
	is.Equal(attributes, "Path=/; HttpOnly; Secure; SameSite=Lax")
}

func TestCookie_AsConfigured(t *testing.T) {
	for want, c := range map[string]web.Cookie{
		"__Secure-id=; Path=/app; Domain=site.test; HttpOnly; Secure; SameSite=Strict": {
			Name: "__Secure-id", Path: "/app", Domain: "site.test", SameSite: http.SameSiteStrictMode,
		},
		"__Host-id=; Path=/; HttpOnly; Secure; SameSite=None; Partitioned": {SameSite: http.SameSiteNoneMode, Partitioned: true},
		"__Host-Http-s=; Path=/; HttpOnly; Secure; SameSite=Lax":           {Name: "__Host-Http-s"},
		"__Http-s=; Path=/x; HttpOnly; Secure; SameSite=Lax":               {Name: "__Http-s", Path: "/x"},
		"id=; Path=/; HttpOnly; SameSite=Lax":                              {Insecure: true},
		"id=; Path=/; HttpOnly; Secure; SameSite=Lax":                      {Unprefixed: true},
		"sid=; Path=/; HttpOnly; Secure; SameSite=Lax":                     {Unprefixed: true, Name: "sid"},
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, &web.Config{Cookie: c})
			line := s.get(s.count(t)).Header().Get("Set-Cookie")
			name, rest, _ := strings.Cut(line, "=")
			_, attributes, _ := strings.Cut(rest, "; ")
			is.Equal(name+"=; "+attributes, want)
		})
	}
}

func TestTrap_WhatBrowsersDropIsAnErrorOfNew(t *testing.T) {
	m, err := sessions.New[visitor](memstore.New(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]web.Cookie{
		`Cookie.Name "id": must begin with __Host- or __Secure-`: {Name: "id"},
		`Cookie.Name "__Host-id": must have no Domain`:           {Domain: "site.test"},
		`Cookie.Name "__HOST-id": must have no Domain`:           {Name: "__HOST-id", Domain: "site.test"},
		`Cookie.Name "__Host-id": must have the Path /`:          {Path: "/app"},
		`Cookie.Name "__hOsT-hTtP-id": must have the Path /`:     {Name: "__hOsT-hTtP-id", Path: "/app"},
		`Cookie.Name "__Host-id": must not be Insecure`:          {Name: "__Host-id", Insecure: true},
		`Cookie.Name "__secure-id": must not be Insecure`:        {Name: "__secure-id", Insecure: true},
		`Cookie.Name "__Http-id": must not be Insecure`:          {Name: "__Http-id", Insecure: true},
		`Cookie.Name "a b"`:                                           {Name: "a b", Unprefixed: true},
		`Cookie.Name "__Host-ü"`:                                      {Name: "__Host-ü"},
		`Cookie.Name and the ID have 4143 bytes`:                      {Name: "__Host-" + strings.Repeat("x", 4093)},
		`Cookie.SameSite: http.SameSiteNoneMode must not be Insecure`: {SameSite: http.SameSiteNoneMode, Insecure: true},
		`Cookie.SameSite: must be`:                                    {SameSite: http.SameSiteDefaultMode},
		`Cookie.Partitioned: must be with`:                            {Partitioned: true},
		`Cookie.Path "app": must begin with /`:                        {Name: "__Secure-id", Path: "app"},
		`Cookie.Path has 1025 bytes`:                                  {Name: "__Secure-id", Path: "/" + strings.Repeat("x", 1024)},
		`Cookie.Domain has 1025 bytes`:                                {Name: "__Secure-id", Domain: strings.Repeat("x", 1025)},
		`Cookie: http: invalid Cookie.Domain`:                         {Name: "__Secure-id", Domain: "a b"},
		"Cookie: http: invalid byte ';' in Cookie.Path":               {Name: "__Secure-id", Path: "/a;b"},
		`Cookie.Domain "co.uk": must not be a public suffix`:          {Name: "__Secure-id", Domain: "co.uk"},
		`Cookie.Domain ".GitHub.io": must not be a public suffix`:     {Name: "__Secure-id", Domain: ".GitHub.io"},
		`Cookie.Domain "localhost": must not be a public suffix`:      {Name: "__Secure-id", Domain: "localhost"},
		`Cookie.Former[0]: must differ`:                               {Former: []web.FormerCookie{{Path: "/"}}},
		"Cookie.Former[0]: must differ from the Cookie in Name, Path, Domain or Partitioned": {
			SameSite: http.SameSiteNoneMode, Partitioned: true, Former: []web.FormerCookie{{Partitioned: true}},
		},
		`Cookie.Former[1]: http: invalid`: {Former: []web.FormerCookie{{Name: "sid"}, {Name: "a b"}}},
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			_, err := web.New(m, &web.Config{Cookie: c})
			is.True(err != nil)
			is.True(strings.HasPrefix(err.Error(), "web: New: "))
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v", err)
			}
		})
	}
}
