package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/web"
)

func TestTransports_OneServiceForBrowsersAndClients(t *testing.T) {
	is := is.New(t)
	s := newSite(t, &web.Config{Header: "Authorization", Cookie: web.Cookie{Name: "__Host-id"}})
	serve := func(h http.Handler, cookie, header string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "https://site.test/", nil)
		if cookie != "" {
			r.AddCookie(&http.Cookie{Name: "__Host-id", Value: cookie})
		}
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		w := httptest.NewRecorder()
		s.Handler(h).ServeHTTP(w, r)
		return w
	}
	browser := serve(s.signIn(t, "u"), "", "")
	id := cookie(t, browser).Value
	is.Equal(browser.Header().Get("Authorization"), "")
	is.Equal(browser.Header().Values("Vary"), []string{"Cookie", "Authorization"})

	client := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		is.NoErr(s.UseHeader(r))
		is.NoErr(s.Authenticate(r.Context(), "u"))
	}), "", "")
	is.Equal(cookie(t, client), nil)
	bearer := client.Header().Get("Authorization")

	guarded := s.RequireSubject(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Visits++
		w.WriteHeader(http.StatusNoContent)
	}))
	is.Equal(serve(guarded, id, "").Code, http.StatusNoContent)
	is.Equal(serve(guarded, "", bearer).Code, http.StatusNoContent)
	is.Equal(serve(guarded, "", "").Code, http.StatusUnauthorized)
	is.Equal(serve(guarded, id, "Basic dTpw").Code, http.StatusNoContent) // another way to sign in, and not ours

	s.store.took()
	for _, both := range [][2]string{{id, bearer}, {"garbage", bearer}, {id, "Bearer garbage"}} {
		w := serve(guarded, both[0], both[1])
		is.Equal(w.Code, http.StatusBadRequest)
		is.Equal(cookie(t, w), nil)
		serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			wants.Err(t, s.Destroy(r.Context()), web.ErrTwoIDs)
			wants.Err(t, s.Authenticate(r.Context(), "u"), web.ErrTwoIDs)
		}), both[0], both[1])
	}
	is.Equal(s.store.took(), "")

	serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		wants.Err(t, s.UseHeader(r), web.ErrTwoIDs) // a browser's
	}), id, "")

	renewed := serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Renew(r.Context())) }), "", bearer)
	is.True(renewed.Header().Get("Authorization") != bearer)
	is.Equal(cookie(t, renewed), nil)
}

func TestTransports_A401SaysHowToSignIn(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  *web.Config
		sent string
		want string
	}{
		"cookie":            {nil, "", ""},
		"nothing sent":      {&web.Config{Header: "Authorization"}, "", "Bearer"},
		"one that is dead":  {&web.Config{Header: "Authorization"}, "Bearer x", `Bearer error="invalid_token"`},
		"another header":    {&web.Config{Header: "x-session"}, "", `Session header="X-Session"`},
		"the application's": {&web.Config{Header: "Authorization", Error: func(w http.ResponseWriter, _ *http.Request, err error) { w.WriteHeader(web.Status(err)) }}, "", "Bearer"},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, c.cfg)
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			if c.sent != "" {
				r.Header.Set("Authorization", c.sent)
			}
			w := httptest.NewRecorder()
			s.Handler(s.RequireSubject(s.count(t))).ServeHTTP(w, r)
			is.Equal(w.Code, http.StatusUnauthorized)
			is.Equal(w.Header().Get("WWW-Authenticate"), c.want)
		})
	}
}

func TestUpstream_NeverSeesTheID(t *testing.T) {
	is := is.New(t)
	s := newSite(t, &web.Config{Header: "Authorization", Cookie: web.Cookie{Name: "__Host-id", Former: []web.FormerCookie{{Name: "sid"}}}})
	var seen http.Header
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		http.SetCookie(w, &http.Cookie{Name: "__Host-id", Value: "planted", Path: "/", Secure: true})
		http.SetCookie(w, &http.Cookie{Name: "theirs", Value: "1"})
		_, _ = w.Write([]byte("hello"))
	}))
	t.Cleanup(upstream.Close)
	target, err := url.Parse(upstream.URL)
	is.NoErr(err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = s.Upstream(nil)
	h := s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Visits++
		proxy.ServeHTTP(w, r)
	}))
	r := request(s.stored(t, visitor{}))
	r.AddCookie(&http.Cookie{Name: "lang", Value: "de"})
	r.AddCookie(&http.Cookie{Name: "sid", Value: "x"})
	r.AddCookie(&http.Cookie{Name: "__Host-id-form-aa", Value: "x"})
	r.AddCookie(&http.Cookie{Name: "__Host-idle", Value: "another's"})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	is.Equal(w.Body.String(), "hello")
	is.Equal(seen.Get("Cookie"), "lang=de; __Host-idle=another's")
	is.Equal(r.Cookies()[1].Name, "lang") // the request itself is as it was
	is.Equal(len(w.Result().Cookies()), 1)
	is.Equal(w.Result().Cookies()[0].Name, "theirs")

	r = request()
	r.Header.Set("Authorization", "Bearer "+s.stored(t, visitor{}))
	h.ServeHTTP(httptest.NewRecorder(), r)
	is.Equal(seen.Get("Authorization"), "")
	r = request()
	r.Header.Set("Authorization", "Basic dTpw")
	h.ServeHTTP(httptest.NewRecorder(), r)
	is.Equal(seen.Get("Authorization"), "Basic dTpw")
}

func TestUpstream_SetsNoCookieOfOursInAnInterimResponse(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "__Host-id", Value: "planted", Path: "/", Secure: true})
		http.SetCookie(w, &http.Cookie{Name: "theirs", Value: "1"})
		w.WriteHeader(http.StatusEarlyHints)
	}))
	t.Cleanup(upstream.Close)
	target, err := url.Parse(upstream.URL)
	is.NoErr(err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = s.Upstream(nil)
	front := httptest.NewServer(s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Visits++
		is.NoErr(s.Save(r.Context()))
		proxy.ServeHTTP(w, r)
	})))
	t.Cleanup(front.Close)
	var early []string
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(_ int, h textproto.MIMEHeader) error {
			early = append(early, h["Set-Cookie"]...)
			return nil
		},
	}), http.MethodGet, front.URL, nil)
	is.NoErr(err)
	response, err := front.Client().Do(r)
	is.NoErr(err)
	is.NoErr(response.Body.Close())
	is.Equal(early, []string{"theirs=1"})
	var names []string
	for _, c := range response.Cookies() {
		names = append(names, c.Name)
		is.True(c.Value != "planted")
	}
	slices.Sort(names)
	is.Equal(names, []string{"__Host-id", "theirs"}) // the proxy clears the header after an interim response
}

// Proxies and scripts send an empty header where there is nothing to send.
func TestTransports_AHeaderWithoutAnIDIsNone(t *testing.T) {
	for _, c := range []struct{ name, value string }{
		{"X-Session", ""},
		{"Authorization", ""},
		{"Authorization", "Bearer"},
		{"Authorization", "Bearer "},
		{"Authorization", "Bearer   "},
		{"Authorization", "Basic dTpw"},
	} {
		t.Run(c.name+" "+c.value, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, &web.Config{Header: c.name, Cookie: web.Cookie{Name: "__Host-id"}})
			r := request(s.stored(t, visitor{"somebody", 1}))
			r.Header.Set(c.name, c.value)
			s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				is.Equal(s.session(t, r).Data.Name, "somebody")
			})).ServeHTTP(recorder(), r)
		})
	}
}

// RFC 6750, section 2.1, lets several spaces follow the scheme.
func TestTransports_SpacesBeforeTheID(t *testing.T) {
	is := is.New(t)
	s := newSite(t, &web.Config{Header: "Authorization"})
	r := request()
	r.Header.Set("Authorization", "Bearer   "+s.stored(t, visitor{"somebody", 1}))
	s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		is.Equal(s.session(t, r).Data.Name, "somebody")
	})).ServeHTTP(recorder(), r)
}

// A client that is a page of another site sends no cookie, and its session replaces none.
func TestUseHeader_ForAPageOfAnotherSite(t *testing.T) {
	is := is.New(t)
	s := newSite(t, &web.Config{Header: "Authorization", Cookie: web.Cookie{Name: "__Host-id"}})
	r := httptest.NewRequest(http.MethodPost, "https://site.test/", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := recorder()
	s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.UseHeader(r))
		s.session(t, r).Data.Visits++
		is.NoErr(s.Save(r.Context()))
	})).ServeHTTP(w, r)
	is.True(strings.HasPrefix(w.Header().Get("Authorization"), "Bearer "))
	is.Equal(len(w.Result().Cookies()), 0)
}

// A client takes an ID in the response for its new one.
func TestUpstream_SendsNoIDInTheHeader(t *testing.T) {
	for header, passed := range map[string]string{"Authorization": "theirs", "X-Session": "Bearer planted"} {
		t.Run(header, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, &web.Config{Header: header, Bound: time.Minute})
			upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Authorization", "Bearer planted")
				w.Header().Set("X-Session", "theirs")
				w.Header().Set("DPoP-Nonce", "theirs")
			}))
			t.Cleanup(upstream.Close)
			target, err := url.Parse(upstream.URL)
			is.NoErr(err)
			proxy := httputil.NewSingleHostReverseProxy(target)
			proxy.Transport = s.Upstream(nil)
			w := recorder()
			s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				is.NoErr(s.Authenticate(r.Context(), "somebody"))
				proxy.ServeHTTP(w, r)
			})).ServeHTTP(w, request())
			is.Equal(len(w.Header()[header]), 1) // ours
			is.True(w.Header().Get(header) != "Bearer planted" && w.Header().Get(header) != "theirs")
			is.Equal(w.Header().Get("DPoP-Nonce"), "")
			other := map[string]string{"Authorization": "X-Session", "X-Session": "Authorization"}[header]
			is.Equal(w.Header().Get(other), passed)
		})
	}
}

// A browser sends a cookie without a name as its value alone, which may look like another cookie.
func TestUpstream_SetsNoCookieThatLooksLikeOurs(t *testing.T) {
	for _, line := range []string{
		"id=planted", " id=planted", "id =planted", "\tid\t=\tplanted", "=id=planted", " = id=planted; Path=/", "=id =planted", "id", "=id", "id;Path=/", "=id; Path=/",
	} {
		t.Run(line, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, &web.Config{Cookie: web.Cookie{Name: "id", Unprefixed: true}})
			upstream := s.Upstream(transport(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Set-Cookie": {"a=id=x", line, "=idle=x", "=a=id", "; id=x"}}}, nil
			}))
			response, err := upstream.RoundTrip(request())
			is.NoErr(err)
			is.Equal(response.Header["Set-Cookie"], []string{"a=id=x", "=idle=x", "=a=id", "; id=x"})
		})
	}
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// Transports in tests return such a response, which a proxy takes.
func TestUpstream_OfAResponseWithoutAHeader(t *testing.T) {
	for _, header := range []string{"", "Authorization", "X-Session"} {
		is := is.New(t)
		s := newSite(t, &web.Config{Header: header, Cookie: web.Cookie{Name: "__Host-id"}})
		upstream := s.Upstream(transport(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusNoContent}, nil
		}))
		response, err := upstream.RoundTrip(&http.Request{})
		is.NoErr(err)
		is.Equal(response.StatusCode, http.StatusNoContent)
	}
}
