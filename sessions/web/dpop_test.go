package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/device"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/web"
)

var bearer = web.Config{Bound: 10 * time.Minute, Header: "Authorization"}

// apiClient is an API client: it keeps its session's ID, the nonce, and a key.
type apiClient struct {
	t      testing.TB
	site   *boundSite
	signer device.Signer
	scheme string
	id     string
	nonce  string
}

func (s *boundSite) api(t testing.TB) *apiClient {
	return &apiClient{t: t, site: s, signer: device.NewES256(t)}
}

// send sends a request with a proof, or without one if it is "", and keeps the response's ID and
// nonce.
func (c *apiClient) send(method, path, proof string) (status int, body string, header http.Header) {
	c.t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Host = "api.test"
	if c.id != "" {
		r.Header.Set("Authorization", c.scheme+" "+c.id)
	}
	if proof != "" {
		r.Header.Set("DPoP", proof)
	}
	w := httptest.NewRecorder()
	c.site.routes.ServeHTTP(w, r)
	if value := w.Header().Get("Authorization"); value != "" {
		c.scheme, c.id, _ = strings.Cut(value, " ")
	}
	if nonce := w.Header().Get("DPoP-Nonce"); nonce != "" {
		c.nonce = nonce
	}
	text, err := io.ReadAll(w.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return w.Code, strings.TrimSpace(string(text)), w.Header()
}

// proof returns a proof for a request, with changes.
func (c *apiClient) proof(method, path string, changes device.Object) string {
	c.t.Helper()
	claims := device.Claims(method, "https://api.test"+path, c.id, c.site.clock.Now(), device.Object{"nonce": c.nonce})
	if c.nonce == "" {
		delete(claims, "nonce")
	}
	for k, v := range changes {
		if claims[k] = v; v == nil {
			delete(claims, k)
		}
	}
	return c.signer.Proof(c.t, claims)
}

// do sends a request with a valid proof.
func (c *apiClient) do(method, path string) (int, string) {
	c.t.Helper()
	status, body, _ := c.send(method, path, c.proof(method, path, nil))
	return status, body
}

func (c *apiClient) login(name string) {
	c.t.Helper()
	if status, body := c.do(http.MethodPost, "/login/"+name); status != http.StatusOK {
		c.t.Fatalf("login: %d %s", status, body)
	}
}

func TestDPoP_AWholeLife(t *testing.T) {
	for _, signer := range []device.Signer{device.NewES256(t), device.NewRS256(t)} {
		t.Run(signer.Alg, func(t *testing.T) {
			is := is.New(t)
			s := newBoundSite(t, bearer)
			c := s.api(t)
			c.signer = signer
			c.login("somebody")
			is.Equal(c.scheme, "DPoP")
			is.True(c.nonce != "")
			s.store.took()
			for range 5 {
				first := c.nonce
				status, body := c.do(http.MethodGet, "/guarded")
				is.Equal(status, http.StatusOK)
				is.Equal(body, "somebody 0")
				is.Equal(s.store.took(), "Load") // nothing beyond the load
				is.Equal(c.nonce, first)         // good for a while
				s.clock.Advance(6 * time.Minute)
				status, _ = c.do(http.MethodGet, "/mine")
				is.Equal(status, http.StatusOK)
				is.True(c.nonce != first) // and replaced in time
				s.store.took()
			}
			infos, err := s.manager.Sessions(t.Context(), "somebody")
			is.NoErr(err)
			is.True(infos[0].Bound)

			// After a long pause the nonce has ended: the client gets another, and tries again.
			s.clock.Advance(time.Hour)
			status, _, header := c.send(http.MethodGet, "/mine", c.proof(http.MethodGet, "/mine", nil))
			is.Equal(status, http.StatusUnauthorized)
			is.True(strings.Contains(strings.Join(header.Values("WWW-Authenticate"), ", "), `DPoP algs="ES256 RS256", error="use_dpop_nonce"`))
			is.Equal(header.Get("Cache-Control"), "no-store")
			status, body := c.do(http.MethodGet, "/mine")
			is.Equal(status, http.StatusOK)
			is.Equal(body, "somebody 0")

			status, _ = c.do(http.MethodPost, "/renew") // which keeps the binding
			is.Equal(status, http.StatusOK)
			is.Equal(c.scheme, "DPoP")
			status, _ = c.do(http.MethodGet, "/guarded")
			is.Equal(status, http.StatusOK)
			status, _ = c.do(http.MethodPost, "/logout")
			is.Equal(status, http.StatusOK)
			status, _ = c.do(http.MethodGet, "/mine")
			is.Equal(status, http.StatusUnauthorized)
		})
	}
}

func TestDPoP_RequestsThatAreRefused(t *testing.T) {
	for name, proof := range map[string]func(t *testing.T, c *apiClient) string{
		"no proof":       func(*testing.T, *apiClient) string { return "" },
		"no JWT":         func(*testing.T, *apiClient) string { return "hello" },
		"1 MB":           func(_ *testing.T, c *apiClient) string { return strings.Repeat("A", 1<<20) },
		"another method": func(_ *testing.T, c *apiClient) string { return c.proof(http.MethodPost, "/mine", nil) },
		"another path":   func(_ *testing.T, c *apiClient) string { return c.proof(http.MethodGet, "/guarded", nil) },
		"another host": func(_ *testing.T, c *apiClient) string {
			return c.proof(http.MethodGet, "/mine", device.Object{"htu": "https://evil.test/mine"})
		},
		"another ID": func(_ *testing.T, c *apiClient) string {
			return c.proof(http.MethodGet, "/mine", device.Object{"ath": device.Hash("another")})
		},
		"no ath": func(_ *testing.T, c *apiClient) string {
			return c.proof(http.MethodGet, "/mine", device.Object{"ath": nil})
		},
		"no nonce": func(_ *testing.T, c *apiClient) string {
			return c.proof(http.MethodGet, "/mine", device.Object{"nonce": nil})
		},
		"a nonce of its own": func(_ *testing.T, c *apiClient) string {
			return c.proof(http.MethodGet, "/mine", device.Object{"nonce": "mine"})
		},
		"made 61 s ago": func(_ *testing.T, c *apiClient) string {
			return c.proof(http.MethodGet, "/mine", device.Object{"iat": c.site.clock.Now().Unix() - 61})
		},
		"made in 61 s": func(_ *testing.T, c *apiClient) string {
			return c.proof(http.MethodGet, "/mine", device.Object{"iat": c.site.clock.Now().Unix() + 61})
		},
		"a foreign signature": func(t *testing.T, c *apiClient) string {
			c.signer.Sign = device.NewES256(t).Sign
			return c.proof(http.MethodGet, "/mine", nil)
		},
		"a foreign key": func(t *testing.T, c *apiClient) string {
			c.signer = device.NewES256(t)
			return c.proof(http.MethodGet, "/mine", nil)
		},
		"RS256 over P-256": func(t *testing.T, c *apiClient) string {
			c.signer.Alg = "RS256"
			return c.proof(http.MethodGet, "/mine", nil)
		},
		"HS256": func(t *testing.T, c *apiClient) string {
			c.signer.Alg = "HS256"
			return c.proof(http.MethodGet, "/mine", nil)
		},
		"alg none": func(t *testing.T, c *apiClient) string {
			c.signer.Alg = "none"
			return c.proof(http.MethodGet, "/mine", nil)
		},
		"as a bearer token": func(_ *testing.T, c *apiClient) string {
			c.scheme = "Bearer"
			return c.proof(http.MethodGet, "/mine", nil)
		},
		"a login's proof": func(t *testing.T, c *apiClient) string {
			return c.signer.Proof(t, device.Claims(http.MethodPost, "https://api.test/login/somebody", "", c.site.clock.Now(), nil))
		},
		"another session's nonce": func(t *testing.T, c *apiClient) string {
			other := c.site.api(t)
			other.login("other")
			return c.proof(http.MethodGet, "/mine", device.Object{"nonce": other.nonce})
		},
		"a replay": func(t *testing.T, c *apiClient) string {
			proof := c.proof(http.MethodGet, "/mine", nil)
			if status, _, _ := c.send(http.MethodGet, "/mine", proof); status != http.StatusOK {
				t.Fatal(status)
			}
			return proof
		},
		"a replay, signed again": func(t *testing.T, c *apiClient) string {
			if status, _, _ := c.send(http.MethodGet, "/mine", c.proof(http.MethodGet, "/mine", device.Object{"jti": "one"})); status != http.StatusOK {
				t.Fatal(status)
			}
			return c.proof(http.MethodGet, "/mine", device.Object{"jti": "one"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newBoundSite(t, bearer)
			c := s.api(t)
			c.login("somebody")
			owner := *c
			s.clock.Advance(2 * time.Minute)
			text := proof(t, c)
			status, _, header := c.send(http.MethodGet, "/mine", text)
			is.Equal(status, http.StatusUnauthorized)
			is.True(strings.Contains(strings.Join(header.Values("WWW-Authenticate"), ", "), "DPoP algs="))
			is.Equal(header.Get("Authorization"), "")
			is.Equal(len(s.events.of(event.NotBound)), 1)
			is.Equal(s.events.of(event.NotBound)[0].Subject, "somebody")
			status, _ = owner.do(http.MethodGet, "/guarded")
			is.Equal(status, http.StatusOK)
		})
	}
}

func TestDPoP_LoginsThatAreRefused(t *testing.T) {
	for name, proof := range map[string]func(c *apiClient) string{
		"another URL":    func(c *apiClient) string { return c.proof(http.MethodPost, "/login/another", nil) },
		"another method": func(c *apiClient) string { return c.proof(http.MethodGet, "/login/somebody", nil) },
		"an hour ago": func(c *apiClient) string {
			return c.proof(http.MethodPost, "/login/somebody", device.Object{"iat": 0})
		},
		"a foreign signature": func(c *apiClient) string {
			c.signer.Sign = device.NewES256(c.t).Sign
			return c.proof(http.MethodPost, "/login/somebody", nil)
		},
		"no JWT": func(*apiClient) string { return "hello" },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newBoundSite(t, bearer)
			c := s.api(t)
			status, _, header := c.send(http.MethodPost, "/login/somebody", proof(c))
			is.Equal(status, http.StatusUnauthorized)
			is.Equal(header.Get("Authorization"), "")
			is.Equal(s.store.took(), "") // nothing was done
		})
	}
	t.Run("a replay", func(t *testing.T) {
		is := is.New(t)
		s := newBoundSite(t, bearer)
		c := s.api(t)
		proof := c.proof(http.MethodPost, "/login/somebody", nil)
		status, _, _ := c.send(http.MethodPost, "/login/somebody", proof)
		is.Equal(status, http.StatusOK)
		status, _, _ = s.api(t).send(http.MethodPost, "/login/somebody", proof)
		is.Equal(status, http.StatusUnauthorized)
	})
}

// A client that sends no proof at its login has a bearer session as before.
func TestDPoP_ClientsWithoutIt(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, bearer)
	c := s.api(t)
	status, _, header := c.send(http.MethodPost, "/login/somebody", "")
	is.Equal(status, http.StatusOK)
	is.Equal(c.scheme, "Bearer")
	is.Equal(header.Get("DPoP-Nonce"), "")
	s.store.took()
	status, body, _ := c.send(http.MethodGet, "/mine", "")
	is.Equal(status, http.StatusOK)
	is.Equal(body, "somebody 0")
	is.Equal(s.store.took(), "Load")
	status, _, _ = c.send(http.MethodGet, "/guarded", "")
	is.Equal(status, http.StatusForbidden)
	found, err := s.manager.Peek(t.Context(), c.id)
	is.NoErr(err)
	is.Equal(len(found.Binding()), 0) // not a byte more is stored
}

// Without Bound, the scheme DPoP is ignored.
func TestDPoP_Off(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, web.Config{Header: "Authorization"})
	c := s.api(t)
	c.login("somebody")
	is.Equal(c.scheme, "Bearer")
	c.scheme = "DPoP"
	status, _, _ := c.send(http.MethodGet, "/mine", "")
	is.Equal(status, http.StatusUnauthorized)
}

// In a header of its own the ID stands alone, and the proof beside it.
func TestDPoP_InAnotherHeader(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, web.Config{Bound: 10 * time.Minute, Header: "X-Session"})
	c := s.api(t)
	request := func(method, path, id, nonce string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		r.Host = "api.test"
		changes := device.Object{}
		if nonce != "" {
			changes["nonce"] = nonce
		}
		if id != "" {
			r.Header.Set("X-Session", id)
		}
		r.Header.Set("DPoP", c.signer.Proof(t, device.Claims(method, "https://api.test"+path, id, s.clock.Now(), changes)))
		w := httptest.NewRecorder()
		s.routes.ServeHTTP(w, r)
		return w
	}
	w := request(http.MethodPost, "/login/somebody", "", "")
	id, nonce := w.Header().Get("X-Session"), w.Header().Get("DPoP-Nonce")
	w = request(http.MethodGet, "/guarded", id, nonce)
	is.Equal(w.Code, http.StatusOK)
	is.Equal(w.Body.String(), "somebody 0")
	r := httptest.NewRequest(http.MethodGet, "/mine", nil)
	r.Header.Set("X-Session", id) // stolen
	stolen := httptest.NewRecorder()
	s.routes.ServeHTTP(stolen, r)
	is.Equal(stolen.Code, http.StatusUnauthorized)
}

// An ID that is bound to a client's key is not accepted in a cookie, nor the other way round.
func TestDPoP_NoOtherTransport(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, bearer)
	c := s.api(t)
	c.login("somebody")
	s.configure(t, tenMinutes)
	browser := s.client(t)
	browser.cookies[theCookie] = c.id
	is.Equal(browser.page("/"), "0")
	browser.signIn("another")
	s.clock.Advance(2 * time.Minute)
	s.configure(t, bearer)
	c.scheme, c.id = "DPoP", browser.cookies[theCookie]
	status, _ := c.do(http.MethodGet, "/mine")
	is.Equal(status, http.StatusUnauthorized)
}

// RFC 9449, section 4.3, asks for the normalisations of RFC 3986, of which the segments . and ..
// are one: clients resolve them before they send a request.
func TestDPoP_URLsThatAreTheSame(t *testing.T) {
	s := newBoundSite(t, bearer)
	c := s.api(t)
	c.login("somebody")
	for url, status := range map[string]int{
		"https://api.test/a/../count":          http.StatusOK,
		"https://api.test/./count":             http.StatusOK,
		"https://api.test/../count":            http.StatusOK,
		"https://api.test/a/%2E%2e/%63ount":    http.StatusOK,
		"https://API.test:443/count?a=1#b":     http.StatusOK,
		"https://api.test/a/../b/count":        http.StatusUnauthorized,
		"https://api.test/count/.":             http.StatusUnauthorized, // is /count/
		"https://api.test/a%2f..%2fcount":      http.StatusUnauthorized,
		"https://api.test//count":              http.StatusUnauthorized,
		"https://api.test/count/..count":       http.StatusUnauthorized,
		"https://api.test:444/count":           http.StatusUnauthorized,
		"https://somebody@api.test/a/../count": http.StatusUnauthorized,
	} {
		t.Run(url, func(t *testing.T) {
			is := is.New(t)
			got, _, _ := c.send(http.MethodGet, "/count", c.proof(http.MethodGet, "/count", device.Object{"htu": url}))
			if status != http.StatusOK {
				status = http.StatusConflict // the change is refused
			}
			is.Equal(got, status)
		})
	}
}

// Of two logins of a client at the same moment the second joins the first only if both have the
// same key: a session that is bound to another key would be useless to it.
func TestDPoP_TwoLoginsAtOnce(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second bool // has a key
		same          bool
	}{
		{"with one key", true, true, true},
		{"with two keys", true, true, false},
		{"the second without a key", true, false, false},
		{"the first without a key", false, true, false},
		{"without keys", false, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			s := newBoundSite(t, bearer)
			first := s.api(t)
			status, _, _ := first.send(http.MethodPost, "/save", "")
			is.Equal(status, http.StatusOK)
			second := *first // both begin with the visitor's ID
			if !c.same {
				second.signer = device.NewES256(t)
			}
			do := func(a *apiClient, key bool, method, path string) (status int, body string) {
				if key {
					return a.do(method, path)
				}
				status, body, _ = a.send(method, path, "")
				return status, body
			}
			status, _ = do(first, c.first, http.MethodPost, "/login/somebody")
			is.Equal(status, http.StatusOK)
			status, _ = do(&second, c.second, http.MethodPost, "/login/somebody")
			is.Equal(status, http.StatusOK)
			is.Equal(second.id == first.id, c.same)
			is.Equal(second.scheme == "DPoP", c.second)
			status, body := do(&second, c.second, http.MethodGet, "/mine")
			is.Equal(status, http.StatusOK)
			is.Equal(body, "somebody 0")
			list, err := s.manager.Sessions(t.Context(), "somebody")
			is.NoErr(err)
			is.Equal(len(list), 1)
		})
	}
}

// What a client is told while proofs are only reported holds once they are required.
func TestDPoP_ReportOnlyKeepsTheScheme(t *testing.T) {
	is := is.New(t)
	report := bearer
	report.BoundReportOnly = true
	s := newBoundSite(t, report)
	c := s.api(t)
	c.login("somebody")
	status, _, _ := c.send(http.MethodPost, "/renew", "")
	is.Equal(status, http.StatusOK)
	is.Equal(c.scheme, "DPoP")
	s.configure(t, bearer)
	status, body := c.do(http.MethodGet, "/mine")
	is.Equal(status, http.StatusOK)
	is.Equal(body, "somebody 0")
}
