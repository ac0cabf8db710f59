package web_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/web"
)

// page serves a page with a form, and returns the form's token.
func (c *client) page(t *testing.T) (token string) {
	t.Helper()
	c.do(http.MethodGet, "", func(_ http.ResponseWriter, r *http.Request) {
		var err error
		if token, err = c.site.Token(r.Context()); err != nil {
			t.Error(err)
		}
	})
	return token
}

// verify sends a form with a token, in the field and in the header, and returns the error of Verify
// for both.
func (c *client) verify(t *testing.T, token string) (err error) {
	t.Helper()
	h := func(_ http.ResponseWriter, r *http.Request) { err = c.site.Verify(r) }
	c.do(http.MethodPost, url.Values{web.TokenField: {token}}.Encode(), h)
	inField := err
	c.header = http.Header{web.TokenHeader: {token}}
	c.do(http.MethodPost, "", h)
	c.header = nil
	if (inField == nil) != (err == nil) {
		t.Errorf("in the field: %v; in the header: %v", inField, err)
	}
	return err
}

func TestToken_OfVisitorsWithoutASessionStoresNothing(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	for range 20 {
		token := s.client().page(t)
		wants.Err(t, c.verify(t, token), web.ErrToken) // another browser's
	}
	token := c.page(t)
	is.NoErr(c.verify(t, token))
	is.NoErr(c.verify(t, token)) // more than once: a page has several forms
	is.Equal(s.store.took(), "")
	is.Equal(s.mem.Len(), 0)
	is.Equal(len(c.cookies), 1)
	another := c.page(t)
	is.True(another != token) // no two are alike
	is.NoErr(c.verify(t, another))
	is.Equal(len(c.cookies), 1)
	for name, value := range c.cookies {
		is.True(strings.HasPrefix(name, "__Host-id-form-"))
		is.Equal(len(value), 22)
	}
}

func TestToken_TwoPagesAtOnceTakeNothingFromEachOther(t *testing.T) {
	is := is.New(t)
	c := newSite(t, nil).client()
	one, two := c.copy(), c.copy()
	a, b := one.page(t), two.page(t) // each came without a cookie
	c.take(one)
	c.take(two)
	is.NoErr(c.verify(t, a))
	is.NoErr(c.verify(t, b))
}

// Each link of another site comes without cookies to a site with SameSite=Strict.
func TestToken_ManyArrivalsFromOtherSites(t *testing.T) {
	is := is.New(t)
	c := newSite(t, &web.Config{Cookie: web.Cookie{SameSite: http.SameSiteStrictMode}}).client()
	token := ""
	for range 200 {
		arrival := c.site.client()
		arrival.header = http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}}
		token = arrival.page(t)
		is.Equal(len(arrival.cookies), 1)
		c.take(arrival)
	}
	is.NoErr(c.verify(t, token))
	is.True(len(c.cookies) <= 32)
	is.NoErr(c.verify(t, c.page(t)))
}

// Goroutines of a handler may call every method at once. The race detector sees more of it.
func TestToken_BesideEveryOtherCall(t *testing.T) {
	is := is.New(t)
	s := newSite(t, quietly())
	c := s.client()
	c.login(t, "u")
	w := c.do(http.MethodPost, "", func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		var g sync.WaitGroup
		for _, f := range []func() error{
			func() error { return s.Save(ctx) },
			func() error { return s.Update(ctx, func(v *visitor) error { v.Visits++; return nil }) },
			func() error { return s.Renew(ctx) },
			func() error { return s.Authenticate(ctx, "u") },
			func() error { return s.Persist(ctx, true) },
			func() error { return s.Discard(ctx) },
			func() error { _, err := s.Session(ctx); return err },
			func() error { _, err := s.Peek(ctx); return err },
			func() error { _, err := s.Sessions(ctx); return err },
			func() error { _, err := s.RevokeOthers(ctx); return err },
			func() error { _, err := s.Token(ctx); return err },
			func() error { wants.Err(t, s.Verify(r), web.ErrToken); return nil },
		} {
			g.Go(func() {
				if err := f(); err != nil {
					t.Error(err)
				}
			})
		}
		g.Wait()
	})
	is.True(cookie(t, w) != nil)
	subject, _ := c.seen(t)
	is.Equal(subject, "u")
}

// More cookies than are looked at: browsers send the newest last.
func TestToken_TheNewestOfManyFormsCounts(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	var sent []string
	for i := range 100 {
		sent = append(sent, fmt.Sprintf("__Host-id-form-%02d=%022d", i, 0))
	}
	c := s.client()
	token := c.page(t)
	for name, value := range c.cookies {
		sent = append(sent, name+"="+value)
	}
	c.header = http.Header{"Cookie": {strings.Join(sent, "; ")}, "X-Csrf-Token": {token}}
	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Verify(r)) })
	c.header.Set("X-Csrf-Token", c.page(t))
	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Verify(r)) })
}

func TestToken_IsOfTheSessionOnceThereIsOne(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	c.do(http.MethodGet, "", s.count(t))
	token := c.page(t)
	is.NoErr(c.verify(t, token))
	other := s.client()
	other.do(http.MethodGet, "", s.count(t))
	foreign := other.page(t)
	is.NoErr(other.verify(t, foreign))
	flipped := []byte(token)
	flipped[30] ^= 1
	flipped[80] ^= 1
	for name, bad := range map[string]string{"none": "", "foreign": foreign, "short": token[:10], "flipped": string(flipped), "no base64": "!"} {
		if !errors.Is(c.verify(t, bad), web.ErrToken) {
			t.Errorf("%s passes", name)
		}
	}
}

// A visitor without a session opens two product pages of a shop; buying on the first begins a
// session.
func TestToken_OfBeforeTheSessionStaysGoodWhileNobodyIsSignedIn(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	a, b := c.page(t), c.page(t)
	buy := func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Verify(r))
		s.session(t, r).Data.Visits++
	}
	for _, token := range []string{a, b, a} {
		c.header = http.Header{web.TokenHeader: {token}}
		is.Equal(c.do(http.MethodPost, "", buy).Code, http.StatusOK)
	}
	is.Equal(s.data(t, c.cookies["__Host-id"]).Visits, 3)
	s.clock.Advance(3 * time.Hour) // the session has idled out; the page is still open
	is.Equal(c.do(http.MethodPost, "", buy).Code, http.StatusOK)
	is.Equal(s.data(t, c.cookies["__Host-id"]).Visits, 1)
}

func TestToken_IsNewAtTheLogin(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	c.do(http.MethodGet, "", s.count(t))
	before := c.page(t)
	c.login(t, "u")
	// For one who knows the session's or the form's secret of before.
	c.do(http.MethodPost, url.Values{web.TokenField: {before}}.Encode(), func(_ http.ResponseWriter, r *http.Request) {
		is.Equal(s.session(t, r).Subject(), "u")
		wants.Err(t, s.Verify(r), web.ErrToken)
	})
	fresh := c.page(t)
	is.True(fresh != before)
	c.do(http.MethodPost, url.Values{web.TokenField: {fresh}}.Encode(), func(_ http.ResponseWriter, r *http.Request) {
		is.Equal(s.session(t, r).Subject(), "u")
		is.NoErr(s.Verify(r))
	})
	delete(c.cookies, "__Host-id")
	is.NoErr(c.verify(t, fresh)) // the login has ended, and the page is still this browser's
}

// A form that was opened before a login can't change the session, but can sign in.
func TestToken_OfBeforeTheLoginIsGoodForALoginOnly(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	open := c.page(t) // the login's form, in a second tab
	c.login(t, "alice")
	alices := c.cookies["__Host-id"]
	c.do(http.MethodGet, "", func(_ http.ResponseWriter, r *http.Request) { s.session(t, r).Data.Name = "alice's" })
	form := url.Values{web.TokenField: {open}}.Encode()

	w := c.do(http.MethodPost, form, func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Verify(r))
		got := s.session(t, r)
		is.Equal(got.Subject(), "")
		is.Equal(got.Data, visitor{})
		got.Data.Name = "forged"
		wants.Err(t, s.Save(r.Context()), web.ErrCookieKept)
		wants.Err(t, s.Destroy(r.Context()), web.ErrCookieKept)
		_, err := s.Sessions(r.Context())
		wants.Err(t, err, web.ErrNoSubject)
	})
	is.Equal(w.Code, http.StatusOK) // the handler was told
	is.Equal(c.cookies["__Host-id"], alices)
	is.Equal(s.data(t, alices).Name, "alice's")
	w = c.do(http.MethodPost, form, func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Verify(r))
		s.session(t, r).Data.Name = "forged"
	})
	is.Equal(w.Code, http.StatusConflict)

	c.do(http.MethodPost, form, func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Verify(r))
		s.session(t, r).Data.Visits = 7
		is.NoErr(s.Authenticate(r.Context(), "bob"))
	})
	c.do(http.MethodGet, "", func(_ http.ResponseWriter, r *http.Request) {
		is.Equal(s.session(t, r).Subject(), "bob")
		is.Equal(s.session(t, r).Data, visitor{Visits: 7})
	})
	is.True(!s.alive(t, alices))
}

func TestToken_OfANewSessionAfterTheAnswerHasBegun(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	s.get(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("x"))
		_, err := s.Token(r.Context())
		wants.Err(t, err, web.ErrCommitted)
	})
	is.Equal(s.mem.Len(), 0)
}

func TestVerify_OfAClientWithAHeaderNeedsNoToken(t *testing.T) {
	is := is.New(t)
	s := newSite(t, &web.Config{Header: "Authorization"})
	id := s.stored(t, visitor{})
	for value, want := range map[string]error{"Bearer " + id: nil, "Bearer " + s.fake(): web.ErrToken, "": web.ErrToken} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Authorization", value)
		s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { is.Equal(s.Verify(r), want) })).ServeHTTP(httptest.NewRecorder(), r)
	}
}

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) { u.t.Error("the body is read"); return 0, io.EOF }
func (unread) Close() error               { return nil }

func TestVerify_ReadsNoBodyWhereNothingCanBeProved(t *testing.T) {
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	for name, c := range map[string]struct{ method, id string }{
		"no session": {"POST", ""}, "no form of ours": {"POST", "x"}, "GET": {"GET", id}, "HEAD": {"HEAD", id},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "https://site.test/", unread{t})
			r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
			r.AddCookie(&http.Cookie{Name: "__Host-id", Value: c.id})
			s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				wants.Err(t, s.Verify(r), web.ErrToken)
			})).ServeHTTP(httptest.NewRecorder(), r)
		})
	}
}

func TestVerify_BodiesThatAreTooLargeOrMalformed(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	anonymous, user := s.client(), s.client()
	user.login(t, "u")
	large := strings.Repeat("x", 2<<20)
	for name, c := range map[string]struct {
		c           *client
		kind        string
		body        func(token string) string
		limit       int64
		status      int
		says, hides string
	}{
		"form of an anonymous visitor": {anonymous, "application/x-www-form-urlencoded", func(token string) string {
			return url.Values{"a": {large}, web.TokenField: {token}}.Encode()
		}, 0, 413, "too large", ""},
		"form of a user": {user, "application/x-www-form-urlencoded", func(token string) string {
			return url.Values{"a": {large}, web.TokenField: {token}}.Encode()
		}, 0, 200, "", ""},
		"multipart of a user, above the application's limit": {user, "multipart/form-data; boundary=b", func(token string) string {
			return "--b\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n" + token + "\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" + large + "\r\n--b--\r\n"
		}, 1 << 16, 413, "too large", ""},
		"malformed, after the token": {user, "application/x-www-form-urlencoded", func(token string) string {
			return web.TokenField + "=" + token + "&a=%zz\u202e"
		}, 0, 400, "malformed", "zz"},
		"malformed multipart, after the token": {user, "multipart/form-data; boundary=b", func(token string) string {
			return "--b\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n" + token + "\r\n--b\r\nbad header\u202e\r\n\r\nx"
		}, 0, 400, "malformed", "bad header"},
		"malformed content type": {user, "a/b; c;;=\u202e", func(string) string { return "" }, 0, 400, "malformed", ";"},
		"another content type":   {user, "application/json", func(string) string { return "{}" }, 0, 403, "not the session's token", ""},
	} {
		t.Run(name, func(t *testing.T) {
			token := c.c.page(t)
			c.c.header = http.Header{"Content-Type": {c.kind}}
			defer func() { c.c.header = nil }()
			c.c.do(http.MethodPost, c.body(token), func(w http.ResponseWriter, r *http.Request) {
				if c.limit > 0 {
					r.Body = http.MaxBytesReader(w, r.Body, c.limit)
				}
				err := s.Verify(r)
				if c.status == 200 {
					is.NoErr(err)
					return
				}
				is.Equal(web.Status(err), c.status)
				is.True(strings.Contains(err.Error(), c.says))
				is.True(c.hides == "" || !strings.Contains(err.Error(), c.hides))
			})
		})
	}
}

// The cases show what http.CrossOriginProtection admits and refuses. The package comment names its
// gaps.
func TestCrossOriginProtection_TogetherWithTheMiddleware(t *testing.T) {
	for _, c := range []struct {
		name, method string
		header       map[string]string
		want         int
	}{
		{"of the same origin", "POST", map[string]string{"Sec-Fetch-Site": "same-origin"}, 200},
		{"of another site", "POST", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"of a subdomain", "POST", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		{"of another origin, told by an old browser", "POST", map[string]string{"Origin": "https://evil.test"}, 403},
		{"of an opaque origin", "POST", map[string]string{"Origin": "null"}, 403},
		{"gap: of a browser that tells nothing", "POST", nil, 200},
		{"gap: of the same host over plain HTTP", "POST", map[string]string{"Origin": "http://site.test"}, 200},
		{"gap: GET, of any site", "GET", map[string]string{"Sec-Fetch-Site": "cross-site"}, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, nil)
			id := s.stored(t, visitor{})
			r := httptest.NewRequest(c.method, "https://site.test/", nil)
			r.AddCookie(&http.Cookie{Name: "__Host-id", Value: id})
			for k, v := range c.header {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			http.NewCrossOriginProtection().Handler(s.Handler(s.count(t))).ServeHTTP(w, r)
			is.Equal(w.Code, c.want)
			is.Equal(s.data(t, id).Visits == 1, c.want == 200)
		})
	}
}

// A handler of a form that was opened before a login sees the user's session by no method.
func TestVerify_APutAsideSessionIsNotPeekedAt(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	var token string
	c.do(http.MethodGet, "", func(_ http.ResponseWriter, r *http.Request) {
		var err error
		token, err = s.Token(r.Context())
		is.NoErr(err)
	})
	c.login(t, "alice")
	c.do(http.MethodPost, "csrf_token="+token, func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Verify(r))
		peeked, err := s.Peek(r.Context())
		is.NoErr(err)
		is.Equal(peeked.Subject(), "")
		wants.Err(t, s.WaitEnd(r.Context()), sessions.ErrNotFound)
		is.Equal(s.session(t, r).Subject(), "")
	})
	subject, _ := c.seen(t)
	is.Equal(subject, "alice")
}
