package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/web"
)

// page serves a page with a form, and returns the client's ID and the form's token.
func (s site) page(t *testing.T, ids ...string) (id, token string) {
	t.Helper()
	w := s.get(func(_ http.ResponseWriter, r *http.Request) {
		var err error
		if token, err = s.Token(r.Context()); err != nil {
			t.Error(err)
		}
	}, ids...)
	if c := cookie(t, w); c != nil {
		return c.Value, token
	}
	return ids[0], token
}

// post sends a form with a token, in the field or in the header, and returns what Verify says.
func (s site) post(id, token string, inHeader bool) error {
	form := url.Values{}
	if !inHeader {
		form.Set(web.TokenField, token)
	}
	r := httptest.NewRequest(http.MethodPost, "https://site.test/?"+web.TokenField+"="+token, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: "__Host-id", Value: id})
	if inHeader {
		r.Header.Set(web.TokenHeader, token)
	}
	var err error
	s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { err = s.Verify(r) })).ServeHTTP(httptest.NewRecorder(), r)
	return err
}

func TestToken_IsOfTheSession(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id, token := s.page(t) // a login form: its session is new, empty and stored
	is.Equal(s.mem.Len(), 1)
	is.NoErr(s.post(id, token, false))
	is.NoErr(s.post(id, token, true))
	is.NoErr(s.post(id, token, true)) // more than once: a page has several forms

	_, another := s.page(t, id)
	is.True(another != token) // no two are alike
	is.NoErr(s.post(id, another, false))

	other, foreign := s.page(t)
	is.NoErr(s.post(other, foreign, false))
	flipped := []byte(token)
	flipped[30] ^= 1
	for name, bad := range map[string]string{"none": "", "foreign": foreign, "short": token[:10], "flipped": string(flipped), "no base64": "!"} {
		if !errors.Is(s.post(id, bad, false), web.ErrToken) || !errors.Is(s.post(id, bad, true), web.ErrToken) {
			t.Errorf("%s passes", name)
		}
	}
	is.True(errors.Is(s.post(s.fake(), token, false), web.ErrToken)) // of a session that is none
}

func TestToken_EndsWithTheLogin(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id, token := s.page(t)
	after := cookie(t, s.get(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Authenticate(r.Context(), "u")) }, id)).Value
	is.True(errors.Is(s.post(after, token, false), web.ErrToken))
	_, fresh := s.page(t, after)
	is.NoErr(s.post(after, fresh, false))
}

func TestToken_OfANewSessionAfterTheAnswerHasBegun(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	s.get(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("x"))
		_, err := s.Token(r.Context())
		is.True(errors.Is(err, web.ErrCommitted))
	})
	is.Equal(s.mem.Len(), 0)
}

// What http.CrossOriginProtection lets pass and what not: its gaps are named in the package's comment.
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
