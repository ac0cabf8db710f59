package web_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/device"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/web"
	"github.com/dynasession/dynasession/sessions/web/internal/bound"
)

var tenMinutes = web.Config{Bound: 10 * time.Minute}

func TestBound_AWholeLife(t *testing.T) {
	for _, signer := range []device.Signer{device.NewES256(t), device.NewRS256(t)} {
		t.Run(signer.Alg, func(t *testing.T) {
			is := is.New(t)
			s := newBoundSite(t, tenMinutes)
			c := s.client(t)
			c.signer = signer
			path, challenge := c.login("somebody")
			is.Equal(path, "/.dbsc/register")
			is.Equal(c.page("/count"), "somebody 1") // before it has registered
			response, told := c.register(path, signer.Registration(t, challenge))
			is.Equal(response.StatusCode, http.StatusOK)
			is.Equal(response.Header.Get("Content-Type"), "application/json")
			is.Equal(response.Header.Get("Cache-Control"), "no-store")
			is.Equal(told.RefreshURL, "/.dbsc/refresh")
			is.True(!told.Scope.IncludeSite)
			is.Equal(len(told.Credentials), 1)
			is.Equal(told.Credentials[0].Type, "cookie")
			is.Equal(told.Credentials[0].Name, theBoundCookie)
			is.Equal(told.Credentials[0].Attributes, "Path=/; HttpOnly; Secure; SameSite=Lax")
			cookies := response.Header.Values("Set-Cookie")
			is.Equal(len(cookies), 1)
			is.True(strings.HasSuffix(cookies[0], "; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax"))

			for range 5 {
				s.clock.Advance(10 * time.Minute)
				c.expire()
				response := c.refreshWith(c.signer.Refresh(t, c.next))
				is.Equal(response.StatusCode, http.StatusOK) // at once: it had a challenge
				is.Equal(response.Header.Get("Cache-Control"), "no-store")
				is.Equal(len(response.Header.Values("Set-Cookie")), 1)
				is.Equal(c.page("/guarded"), "somebody 1")
			}
			is.Equal(len(s.events.of(event.Bound)), 1)
			is.Equal(len(s.events.of(event.NotBound)), 0)
			is.Equal(c.page("/logout"), "")
			is.Equal(len(c.cookies), 0) // both
			is.Equal(c.refresh(), http.StatusUnauthorized)
		})
	}
}

// A login costs no call more than without Bound, and neither does any other request; a registration
// 1 read and 1 write, a refresh 1 read.
func TestBound_StoreCalls(t *testing.T) {
	is := is.New(t)
	var took [2][]string
	for i, cfg := range []web.Config{{}, tenMinutes} {
		s := newBoundSite(t, cfg)
		c := s.client(t)
		call := func(target string) {
			c.page(target)
			took[i] = append(took[i], target+" "+s.store.took())
		}
		call("/")
		path, challenge := c.login("somebody")
		took[i] = append(took[i], "login "+s.store.took())
		if path != "" {
			c.register(path, c.signer.Registration(t, challenge))
			is.Equal(s.store.took(), "Load Bind")
			s.clock.Advance(8 * time.Minute) // a touch is due, which a refresh does not do
			is.Equal(c.refresh(), http.StatusOK)
			is.Equal(s.store.took(), "Load")
		} else {
			s.clock.Advance(8 * time.Minute)
		}
		call("/")
		call("/count")
		call("/renew")
		call("/login/somebody")
		call("/logout")
	}
	is.Equal(took[0], took[1])
}

func TestBound_TheThief(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	c.signIn("somebody")
	s.clock.Advance(30 * time.Second)
	long := c.copy(theCookie)
	is.Equal(long.page("/"), "somebody 0") // the minute of grace
	status, _ := long.get("/guarded")
	is.Equal(status, http.StatusForbidden) // which is none for RequireBound

	s.clock.Advance(30 * time.Second)
	s.store.took()
	for _, target := range []string{"/", "/mine", "/guarded"} {
		response := long.send(http.MethodGet, target)
		is.Equal(response.StatusCode == http.StatusOK, target == "/") // nobody's
		is.Equal(len(response.Header.Values("Set-Cookie")), 0)        // nothing is cleared
	}
	is.Equal(s.store.took(), "Load Load Load") // and nothing ended, or touched
	seen := s.events.of(event.NotBound)
	is.Equal(len(seen), 3)
	is.Equal(seen[0].Subject, "somebody")
	is.Equal(seen[0].Handle, sessionHandle(t, s, c))
	is.True(!strings.Contains(fmt.Sprint(seen[0].Err), c.cookies[theCookie]))

	// The thief's changes are refused with an error, and replace nothing.
	for _, target := range []string{"/count", "/save", "/renew", "/update"} {
		response := long.send(http.MethodPost, target)
		is.Equal(response.StatusCode, http.StatusConflict)
		is.Equal(len(response.Header.Values("Set-Cookie")), 0)
	}
	is.Equal(long.page("/peek"), "0")
	is.Equal(len(s.events.of(event.NotBound)), 8)
	is.Equal(long.cookies[theCookie], c.cookies[theCookie])

	both := c.copy(theCookie, theBoundCookie)
	is.Equal(both.page("/guarded"), "somebody 0")
	s.clock.Advance(10*time.Minute + 1)
	is.Equal(both.page("/"), "0") // until the bound one ends

	c.expire()
	is.Equal(c.refresh(), http.StatusOK) // the owner is not affected
	is.Equal(c.page("/guarded"), "somebody 0")

	path, _ := long.login("thief") // a login works
	is.Equal(path, "/.dbsc/register")
	is.Equal(long.page("/"), "thief 0")
	is.Equal(c.page("/"), "somebody 0")
}

// sessionHandle returns the handle of a client's session.
func sessionHandle(t testing.TB, s *boundSite, c *boundClient) string {
	t.Helper()
	found, err := s.manager.Peek(t.Context(), c.cookies[theCookie])
	if err != nil {
		t.Fatal(err)
	}
	return found.Handle()
}

// A thief's requests don't keep the session alive.
func TestBound_TheThiefRecordsNoAccess(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	c.signIn("somebody")
	long := c.copy(theCookie)
	for range 13 {
		s.clock.Advance(10 * time.Minute)
		is.Equal(long.page("/"), "0")
	}
	c.expire()
	is.Equal(c.refresh(), http.StatusUnauthorized) // it has idled out after two hours
}

func TestBound_RegistrationsThatAreRefused(t *testing.T) {
	type attempt func(t *testing.T, s *boundSite, owner, other *boundClient, path, challenge string) *http.Response
	send := func(c *boundClient, path, jwt string) *http.Response {
		response, _ := c.register(path, jwt)
		return response
	}
	for name, c := range map[string]struct {
		attempt attempt
		calls   string
	}{
		"without a session": {func(t *testing.T, s *boundSite, _, _ *boundClient, path, challenge string) *http.Response {
			fresh := s.client(t)
			return send(fresh, path, fresh.signer.Registration(t, challenge))
		}, ""},
		"with another's session": {func(t *testing.T, _ *boundSite, _, other *boundClient, path, challenge string) *http.Response {
			return send(other, path, other.signer.Registration(t, challenge))
		}, "Load"},
		"a challenge of another session": {func(t *testing.T, _ *boundSite, owner, other *boundClient, path, _ string) *http.Response {
			_, challenge := other.login("other")
			owner.site.store.took()
			return send(owner, path, owner.signer.Registration(t, challenge))
		}, "Load"},
		"without a challenge": {func(t *testing.T, _ *boundSite, owner, _ *boundClient, path, _ string) *http.Response {
			return send(owner, path, owner.signer.Registration(t, ""))
		}, "Load"},
		"an old challenge": {func(t *testing.T, s *boundSite, owner, _ *boundClient, path, challenge string) *http.Response {
			s.clock.Advance(10 * time.Minute)
			return send(owner, path, owner.signer.Registration(t, challenge))
		}, "Load Touch"},
		"a foreign signature": {func(t *testing.T, _ *boundSite, owner, other *boundClient, path, challenge string) *http.Response {
			owner.signer.Sign = other.signer.Sign
			return send(owner, path, owner.signer.Registration(t, challenge))
		}, "Load"},
		"a key confusion": {func(t *testing.T, _ *boundSite, owner, _ *boundClient, path, challenge string) *http.Response {
			owner.signer.JWK = device.NewRS256(t).JWK
			return send(owner, path, owner.signer.Registration(t, challenge))
		}, "Load"},
		"alg none": {func(t *testing.T, _ *boundSite, owner, _ *boundClient, path, challenge string) *http.Response {
			owner.signer.Alg, owner.signer.Sign = "none", func(string) []byte { return nil }
			return send(owner, path, owner.signer.Registration(t, challenge))
		}, ""},
		"HS256": {func(t *testing.T, _ *boundSite, owner, _ *boundClient, path, challenge string) *http.Response {
			owner.signer.Alg = "HS256"
			return send(owner, path, owner.signer.Registration(t, challenge))
		}, ""},
		"no JWT": {func(t *testing.T, _ *boundSite, owner, _ *boundClient, path, _ string) *http.Response {
			return owner.send(http.MethodPost, path)
		}, ""},
		"two JWTs": {func(t *testing.T, _ *boundSite, owner, _ *boundClient, path, challenge string) *http.Response {
			jwt := owner.signer.Registration(t, challenge)
			return owner.send(http.MethodPost, path, bound.HeaderResponse, jwt, bound.HeaderResponse, jwt)
		}, ""},
		"1 MB": {func(t *testing.T, _ *boundSite, owner, _ *boundClient, path, challenge string) *http.Response {
			return send(owner, path, owner.signer.Registration(t, challenge)+strings.Repeat("A", 1<<20))
		}, ""},
		"a refresh's JWT": {func(t *testing.T, _ *boundSite, owner, _ *boundClient, path, challenge string) *http.Response {
			return send(owner, path, owner.signer.Refresh(t, challenge))
		}, "Load"},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newBoundSite(t, tenMinutes)
			owner, other := s.client(t), s.client(t)
			other.login("other")
			path, challenge := owner.login("somebody")
			s.store.took()
			response := c.attempt(t, s, owner, other, path, challenge)
			is.Equal(response.StatusCode, http.StatusUnauthorized)
			is.Equal(response.Header.Get("Cache-Control"), "no-store")
			is.Equal(len(response.Header.Values("Set-Cookie")), 0)
			is.Equal(s.store.took(), c.calls)
			is.Equal(owner.page("/"), "somebody 0") // as before
			is.Equal(len(s.events.of(event.Bound)), 0)
		})
	}
}

// A thief who has the cookies, and even the registration itself, can't register again.
func TestBound_RegistersOnce(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	path, challenge := c.login("somebody")
	jwt := c.signer.Registration(t, challenge)
	response, _ := c.register(path, jwt)
	is.Equal(response.StatusCode, http.StatusOK)
	for _, thief := range []*boundClient{c.copy(theCookie), c.copy(theCookie, theBoundCookie)} {
		response, _ = thief.register(path, jwt) // replayed
		is.Equal(response.StatusCode, http.StatusUnauthorized)
		response, _ = thief.register(path, thief.signer.Registration(t, challenge)) // with his own key
		is.Equal(response.StatusCode, http.StatusUnauthorized)
		is.Equal(len(response.Header.Values("Set-Cookie")), 0)
	}
	c.expire()
	is.Equal(c.refresh(), http.StatusOK)
}

// Of two concurrent registrations one succeeds, and the other is refused.
func TestBound_TwoRegistrationsAtOnce(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	path, challenge := c.login("somebody")
	clients := []*boundClient{c, c.copy(theCookie)}
	var loaded sync.WaitGroup
	loaded.Add(len(clients))
	s.store.before = func(call string) {
		if call == "Bind" {
			loaded.Done()
			loaded.Wait() // both have read that there is no key yet
		}
	}
	status := make([]int, len(clients))
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			response, _ := c.register(path, c.signer.Registration(t, challenge))
			status[i] = response.StatusCode
		})
	}
	wg.Wait()
	is.Equal(status[0]+status[1], http.StatusOK+http.StatusUnauthorized)
	for i, c := range clients {
		c.cookies[theBoundCookie] = ""
		if status[i] == http.StatusOK {
			is.Equal(c.refresh(), http.StatusOK)
		}
	}
}

func TestBound_RefreshesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		attempt func(t *testing.T, s *boundSite, c *boundClient) *http.Response
		status  int
		calls   string
	}{
		"no JWT": {func(_ *testing.T, _ *boundSite, c *boundClient) *http.Response {
			return c.refreshWith("")
		}, http.StatusForbidden, "Load"},
		"an old challenge": {func(t *testing.T, s *boundSite, c *boundClient) *http.Response {
			s.clock.Advance(time.Hour)
			return c.refreshWith(c.signer.Refresh(t, c.next))
		}, http.StatusForbidden, "Load"},
		"a challenge of another session": {func(t *testing.T, s *boundSite, c *boundClient) *http.Response {
			other := s.client(t)
			other.signIn("other")
			s.store.took()
			return c.refreshWith(c.signer.Refresh(t, other.next))
		}, http.StatusForbidden, "Load"},
		"a replay": {func(t *testing.T, s *boundSite, c *boundClient) *http.Response {
			jwt := c.signer.Refresh(t, c.next)
			if got := c.refreshWith(jwt).StatusCode; got != http.StatusOK {
				t.Fatal(got)
			}
			s.store.took()
			return c.refreshWith(jwt)
		}, http.StatusForbidden, "Load"},
		"a foreign key": {func(t *testing.T, _ *boundSite, c *boundClient) *http.Response {
			return c.refreshWith(device.NewES256(t).Refresh(t, c.next))
		}, http.StatusUnauthorized, "Load"},
		"a foreign key in the head": {func(t *testing.T, _ *boundSite, c *boundClient) *http.Response {
			return c.refreshWith(device.NewES256(t).Registration(t, c.next))
		}, http.StatusUnauthorized, "Load"},
		"another algorithm": {func(t *testing.T, _ *boundSite, c *boundClient) *http.Response {
			return c.refreshWith(device.NewRS256(t).Refresh(t, c.next))
		}, http.StatusUnauthorized, "Load"},
		"alg none": {func(t *testing.T, _ *boundSite, c *boundClient) *http.Response {
			return c.refreshWith(device.Signer{Alg: "none", Sign: func(string) []byte { return nil }}.Refresh(t, c.next))
		}, http.StatusUnauthorized, ""},
		"HS256": {func(t *testing.T, _ *boundSite, c *boundClient) *http.Response {
			return c.refreshWith(device.Signer{Alg: "HS256", Sign: c.signer.Sign}.Refresh(t, c.next))
		}, http.StatusUnauthorized, ""},
		"1 MB": {func(t *testing.T, _ *boundSite, c *boundClient) *http.Response {
			return c.refreshWith(strings.Repeat("A", 1<<20))
		}, http.StatusUnauthorized, ""},
		"another identifier": {func(t *testing.T, _ *boundSite, c *boundClient) *http.Response {
			c.id = "another"
			return c.refreshWith(c.signer.Refresh(t, c.next))
		}, http.StatusUnauthorized, "Load"},
		"an identifier of 1 MB": {func(t *testing.T, _ *boundSite, c *boundClient) *http.Response {
			c.id = strings.Repeat("a", 1<<20)
			return c.refreshWith(c.signer.Refresh(t, c.next))
		}, http.StatusUnauthorized, ""},
		"no identifier": {func(t *testing.T, _ *boundSite, c *boundClient) *http.Response {
			return c.send(http.MethodPost, "/.dbsc/refresh", "Secure-Session-Response", c.signer.Refresh(t, c.next))
		}, http.StatusUnauthorized, ""},
		"no session": {func(t *testing.T, _ *boundSite, c *boundClient) *http.Response {
			delete(c.cookies, theCookie)
			return c.refreshWith(c.signer.Refresh(t, c.next))
		}, http.StatusUnauthorized, ""},
		"an ID of nobody": {func(t *testing.T, _ *boundSite, c *boundClient) *http.Response {
			c.cookies[theCookie] = strings.Repeat("A", len(c.cookies[theCookie]))
			return c.refreshWith(c.signer.Refresh(t, c.next))
		}, http.StatusUnauthorized, "Load"},
		"an unbound session": {func(t *testing.T, s *boundSite, c *boundClient) *http.Response {
			c.login("somebody")
			s.store.took()
			return c.refreshWith(c.signer.Refresh(t, c.next))
		}, http.StatusUnauthorized, "Load"},
		"a GET": {func(t *testing.T, _ *boundSite, c *boundClient) *http.Response {
			return c.send(http.MethodGet, "/.dbsc/refresh", "Sec-Secure-Session-Id", c.id, "Secure-Session-Response", c.signer.Refresh(t, c.next))
		}, http.StatusMethodNotAllowed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newBoundSite(t, tenMinutes)
			client := s.client(t)
			client.signIn("somebody")
			owner := *client
			client.expire()
			s.store.took()
			response := c.attempt(t, s, client)
			is.Equal(response.StatusCode, c.status)
			is.Equal(s.store.took(), c.calls)
			is.Equal(response.Header.Get("Cache-Control"), "no-store")
			is.Equal(len(response.Header.Values("Set-Cookie")), 0)
			is.Equal(response.Header.Get("Secure-Session-Challenge") != "", c.status == http.StatusForbidden)
			if c.status == http.StatusForbidden {
				is.Equal(client.refresh(), http.StatusOK) // with the challenge that it was given
			}
			_ = owner
		})
	}
}

// Chromium sends both headers bare; the draft has them quoted.
func TestBound_QuotedHeaders(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	path, challenge := c.login("somebody")
	response, _ := c.register(path, `"`+c.signer.Registration(t, challenge)+`"`)
	is.Equal(response.StatusCode, http.StatusOK)
	response = c.send(http.MethodPost, "/.dbsc/refresh", "Sec-Secure-Session-Id", `"`+c.id+`"`, "Secure-Session-Response", `"`+c.signer.Refresh(t, c.next)+`"`)
	is.Equal(response.StatusCode, http.StatusOK)
}

func TestBound_RenewKeepsTheBinding(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	c.signIn("somebody")
	s.clock.Advance(2 * time.Minute)
	before := c.cookies[theCookie]
	is.Equal(c.page("/renew"), "")
	is.True(c.cookies[theCookie] != before)
	is.Equal(c.page("/guarded"), "somebody 0")
	c.expire()
	is.Equal(c.refresh(), http.StatusOK)

	// A refresh that was on its way with the old ID tells the browser to try again.
	old := c.copy(theBoundCookie)
	old.cookies[theCookie], old.signer, old.id, old.next = before, c.signer, c.id, c.next
	is.Equal(old.refresh(), http.StatusServiceUnavailable)
}

// The registration runs while the session is being renewed: it holds under the new ID.
func TestBound_ARegistrationBesideARenewal(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	path, challenge := c.login("somebody")
	beside := c.copy(theCookie)
	beside.signer = c.signer
	once := sync.OnceFunc(func() {
		response, _ := beside.register(path, beside.signer.Registration(t, challenge))
		is.Equal(response.StatusCode, http.StatusOK)
	})
	s.store.before = func(call string) {
		if call == "Create" { // of the new record
			once()
		}
	}
	is.Equal(c.page("/renew"), "")
	s.store.before = nil
	c.id, c.next = beside.id, beside.next
	is.True(c.cookies[theCookie] != beside.cookies[theCookie])
	is.Equal(c.refresh(), http.StatusOK)
	is.Equal(c.page("/guarded"), "somebody 0")
}

// Another login, by the same or another user, makes a new binding: the first one's proofs are
// worthless.
func TestBound_ALoginMakesANewBinding(t *testing.T) {
	for _, name := range []string{"another", "somebody"} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newBoundSite(t, tenMinutes)
			c := s.client(t)
			c.signIn("somebody")
			first := *c
			first.cookies = map[string]string{theCookie: c.cookies[theCookie], theBoundCookie: c.cookies[theBoundCookie]}
			path, challenge := c.login(name)
			is.Equal(c.page("/"), name+" 0") // with the first's bound cookie still there
			is.Equal(first.page("/"), "0")
			first.cookies[theCookie] = c.cookies[theCookie]
			is.Equal(first.refresh(), http.StatusUnauthorized)
			c.register(path, c.signer.Registration(t, challenge))
			s.clock.Advance(2 * time.Minute)
			is.Equal(c.page("/guarded"), name+" 0")
			first.cookies[theCookie] = c.cookies[theCookie]
			is.Equal(first.page("/"), "0") // its bound cookie is another binding's
		})
	}
}

func TestBound_ClientsWithoutIt(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	c.login("somebody") // and never registers
	for range 5 {
		s.clock.Advance(time.Hour)
		is.Equal(c.page("/count")[:8], "somebody")
	}
	status, body := c.get("/guarded")
	is.Equal(status, http.StatusForbidden)
	is.Equal(body, "Forbidden")
	is.Equal(len(s.events.of(event.NotBound)), 0)
	status, _ = s.client(t).get("/guarded")
	is.Equal(status, http.StatusUnauthorized) // nobody has signed in
}

func TestBound_InfoSaysWhichDeviceIsBound(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	with, without := s.client(t), s.client(t)
	with.signIn("somebody")
	without.login("somebody")
	infos, err := s.manager.Sessions(t.Context(), "somebody")
	is.NoErr(err)
	is.Equal(len(infos), 2)
	for _, info := range infos {
		is.Equal(info.Bound, info.Handle == sessionHandle(t, s, with))
	}
}

func TestBound_Outages(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	path, challenge := c.login("somebody")
	s.store.setFails(errOut)
	response, _ := c.register(path, c.signer.Registration(t, challenge))
	is.Equal(response.StatusCode, http.StatusServiceUnavailable)
	s.store.setFails(nil)
	response, _ = c.register(path, c.signer.Registration(t, challenge)) // as a browser might
	is.Equal(response.StatusCode, http.StatusOK)
	c.expire()
	s.store.setFails(errOut)
	is.Equal(c.refresh(), http.StatusServiceUnavailable)
	status, _ := c.get("/")
	is.Equal(status, http.StatusServiceUnavailable)
	s.store.setFails(nil)
	is.Equal(c.refresh(), http.StatusOK)
	is.Equal(c.page("/guarded"), "somebody 0")
	is.Equal(response.Header.Get("Cache-Control"), "no-store")
}

// A registration succeeds even if the response of Bind is lost.
func TestBound_ABindWhoseAnswerIsLost(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	path, challenge := c.login("somebody")
	s.store.Store = lostBind{s.store.Store, &sync.Once{}}
	response, _ := c.register(path, c.signer.Registration(t, challenge))
	is.Equal(response.StatusCode, http.StatusOK)
	is.Equal(c.refresh(), http.StatusOK)
}

// lostBind loses the answer of the first Bind.
type lostBind struct {
	sessions.Store
	once *sync.Once
}

func (l lostBind) Bind(ctx context.Context, key string, binding, was []byte) error {
	err := l.Store.Bind(ctx, key, binding, was)
	l.once.Do(func() { err = fmt.Errorf("%w: lost", sessions.ErrOutcomeUnknown) })
	return err
}

// A clock that goes back, and hosts that differ by 30 s, sign nobody out.
func TestBound_Clocks(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	c.signIn("somebody")
	for _, by := range []time.Duration{30 * time.Second, -time.Minute, time.Minute, -59 * time.Minute, 30 * time.Second} {
		s.clock.Advance(by)
		is.Equal(c.page("/guarded"), "somebody 0")
		is.Equal(c.refresh(), http.StatusOK)
		is.Equal(c.page("/guarded"), "somebody 0")
	}
	s.clock.Advance(10*time.Minute + 30*time.Second) // the cookie's end, on a host that is ahead
	is.Equal(c.page("/guarded"), "somebody 0")
}

// While the browser registers, the page after the login saves: the two don't conflict, in any
// order.
func TestBound_ARegistrationConflictsWithNothing(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	for i := range 200 {
		c := s.client(t)
		path, challenge := c.login("somebody")
		page := c.copy(theCookie)
		jwt := c.signer.Registration(t, challenge)
		var wg sync.WaitGroup
		wg.Go(func() {
			if got := page.page("/count"); got != "somebody 1" {
				t.Errorf("%d: %q", i, got)
			}
		})
		response, _ := c.register(path, jwt)
		wg.Wait()
		is.Equal(response.StatusCode, http.StatusOK)
		is.Equal(c.page("/guarded"), "somebody 1") // and nothing is lost
	}
	is.Equal(len(s.events.of(event.Conflict)), 0)
	is.Equal(len(s.events.of(event.Bound)), 200)
}

// A save of a session that was loaded before the registration, by any binary, keeps it bound.
func TestBound_AnEarlierLoadSavesLater(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	path, challenge := c.login("somebody")
	early, err := s.manager.Load(t.Context(), c.cookies[theCookie])
	is.NoErr(err)
	c.register(path, c.signer.Registration(t, challenge))
	early.Data.Count = 7
	is.NoErr(s.manager.Save(t.Context(), early))
	is.Equal(c.page("/guarded"), "somebody 7")
	s.clock.Advance(2 * time.Minute)
	is.Equal(c.copy(theCookie).page("/"), "0")
}

func TestBound_ReportOnly(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	c.signIn("somebody")
	s.clock.Advance(time.Hour)
	s.configure(t, web.Config{Bound: 10 * time.Minute, BoundReportOnly: true})
	c.expire()
	is.Equal(c.page("/count"), "somebody 1")
	is.Equal(len(s.events.of(event.NotBound)), 1)
	status, _ := c.get("/guarded")
	is.Equal(status, http.StatusForbidden) // that is asked for all the same
	is.Equal(c.refresh(), http.StatusOK)
	is.Equal(c.page("/guarded"), "somebody 1")
}

func TestBound_For(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	cfg := tenMinutes
	cfg.BoundFor = func(ctx context.Context, subject string) bool {
		_, err := s.Session(ctx) // no lock is held
		is.NoErr(err)
		return subject == "one in a hundred"
	}
	s.configure(t, cfg)
	c := s.client(t)
	path, _ := c.login("somebody")
	is.Equal(path, "")
	found, err := s.manager.Peek(t.Context(), c.cookies[theCookie])
	is.NoErr(err)
	is.Equal(len(found.Binding()), 0)
	c.signIn("one%20in%20a%20hundred")
	is.Equal(c.page("/guarded"), "one in a hundred 0")
	c.login("somebody") // and is not bound any more
	c.expire()
	s.clock.Advance(time.Hour)
	is.Equal(c.page("/"), "somebody 0")
}

// After a deploy without Bound, bound sessions stay alive with their cookie only.
func TestBound_TurnedOff(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	c.signIn("somebody")
	s.clock.Advance(time.Hour)
	s.configure(t, web.Config{})
	c.expire()
	is.Equal(c.page("/count"), "somebody 1")
	is.Equal(c.page("/renew"), "")
	status, _ := c.get("/guarded")
	is.Equal(status, http.StatusForbidden)
	c.login("somebody")
	found, err := s.manager.Peek(t.Context(), c.cookies[theCookie])
	is.NoErr(err)
	is.Equal(len(found.Binding()), 0)

	path, _ := c.login("another")
	is.Equal(path, "")
	s.configure(t, tenMinutes) // on again: who is signed in stays so
	is.Equal(c.page("/"), "another 0")
}

func TestBound_PathsAndNames(t *testing.T) {
	is := is.New(t)
	for _, c := range []struct {
		cookie                    web.Cookie
		register, name, attribute string
	}{
		{web.Cookie{}, "/.dbsc/register", "__Host-id-bound", "Path=/; HttpOnly; Secure; SameSite=Lax"},
		{web.Cookie{Name: "__Host-shop"}, "/.dbsc/__Host-shop/register", "__Host-shop-bound", "Path=/; HttpOnly; Secure; SameSite=Lax"},
		{
			web.Cookie{Name: "__Secure-app", Path: "/app/", SameSite: http.SameSiteStrictMode},
			"/app/.dbsc/__Secure-app/register", "__Secure-app-bound", "Path=/app/; HttpOnly; Secure; SameSite=Strict",
		},
	} {
		s := newBoundSite(t, web.Config{Bound: time.Minute, Cookie: c.cookie})
		client := s.client(t)
		path, challenge := client.login("somebody")
		is.Equal(path, c.register)
		response, told := client.register(path, client.signer.Registration(t, challenge))
		is.Equal(response.StatusCode, http.StatusOK)
		is.Equal(told.RefreshURL, strings.Replace(c.register, "register", "refresh", 1))
		is.Equal(told.Credentials[0].Name, c.name)
		is.Equal(told.Credentials[0].Attributes, c.attribute)
		is.True(strings.HasPrefix(response.Header.Get("Set-Cookie"), c.name+"="))
	}
}

// Without Bound the paths are the application's.
func TestBound_OffThePathsAreTheApplications(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, web.Config{})
	response := s.client(t).send(http.MethodPost, "/.dbsc/refresh")
	is.Equal(response.StatusCode, http.StatusOK) // the handler of "/"
}

func TestBound_ConfigErrors(t *testing.T) {
	is := is.New(t)
	all := func(context.Context, string) bool { return true }
	for text, cfg := range map[string]web.Config{
		"Config.Bound is -1s: must be at least 1s":                   {Bound: -time.Second},
		"Config.Bound is 1ms: must be at least 1s":                   {Bound: time.Millisecond},
		"Config.Bound is 48h0m0s: must be at most 24h0m0s":           {Bound: 48 * time.Hour},
		"Config.Bound: must not be with Cookie.Insecure":             {Bound: time.Minute, Cookie: web.Cookie{Insecure: true}},
		"Config.Bound: must not be with Cookie.Domain":               {Bound: time.Minute, Cookie: web.Cookie{Name: "__Secure-id", Domain: "example.com"}},
		"Config.BoundFor: must be with Config.Bound":                 {BoundFor: all},
		"Config.BoundReportOnly: must be with Config.Bound":          {BoundReportOnly: true},
		"Cookie.Name and the ID have 4098 bytes: must have at most ": {Bound: time.Minute, Cookie: web.Cookie{Name: "__Host-" + strings.Repeat("a", 4048)}},
	} {
		m := newBoundSite(t, web.Config{}).manager
		_, err := web.New(m, &cfg)
		if err == nil {
			t.Fatalf("%s: no error", text)
		}
		is.True(strings.Contains(err.Error(), text)) // the error names the field
	}
}

// The package's stored form and the store's contract agree on what never changes.
func TestBound_TheFixedPartIsTheDrivers(t *testing.T) {
	is := is.New(t)
	is.Equal(bound.FixedBytes, driver.FixedBinding)
}

// A planted cookie beside the right one neither gives access nor takes it away.
func TestBound_PlantedCookies(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	c.signIn("somebody")
	s.clock.Advance(2 * time.Minute)
	for _, planted := range []string{"", "x", strings.Repeat("A", 64)} {
		r := httptest.NewRequest(http.MethodGet, "https://site.test/guarded", nil)
		r.Header.Set("Cookie", fmt.Sprintf("%s=%s; %s=%s; %s=%s", theBoundCookie, planted, theBoundCookie, c.cookies[theBoundCookie], theCookie, c.cookies[theCookie]))
		w := httptest.NewRecorder()
		s.routes.ServeHTTP(w, r)
		is.Equal(w.Code, http.StatusOK)
	}
}

// A login over a session whose proof is missing ends it if it is the user's own, whose device has
// lost its key, and leaves another user's alone, from whom the cookie was stolen.
func TestBound_ALoginOverAnUnprovenSession(t *testing.T) {
	for _, c := range []struct {
		name  string
		ended bool
	}{{"somebody", true}, {"thief", false}} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			s := newBoundSite(t, tenMinutes)
			owner := s.client(t)
			owner.signIn("somebody")
			is.Equal(owner.page("/count"), "somebody 1")
			s.clock.Advance(2 * time.Minute)
			other := owner.copy(theCookie)
			other.signIn(c.name)
			is.Equal(other.page("/guarded"), map[bool]string{true: "somebody 1", false: "thief 0"}[c.ended]) // his own data goes along
			_, err := s.manager.Peek(t.Context(), owner.cookies[theCookie])
			is.Equal(err != nil, c.ended)
			infos, err := s.manager.Sessions(t.Context(), "somebody")
			is.NoErr(err)
			is.Equal(len(infos), 1)
		})
	}
}

// A logout ends the session that was sent, with the proof or without: nil means that it is dead.
func TestBound_ALogoutWithoutProof(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	c.signIn("somebody")
	s.clock.Advance(time.Hour)
	c.expire()
	is.Equal(c.page("/"), "0")
	is.Equal(c.page("/logout"), "")
	is.Equal(len(c.cookies), 0)
	infos, err := s.manager.Sessions(t.Context(), "somebody")
	is.NoErr(err)
	is.Equal(len(infos), 0)
}

// One Middleware serves browsers and clients: each binds in its own way, and neither's ID is
// accepted in the other's place.
func TestBound_BothTransports(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, web.Config{Bound: 10 * time.Minute, Header: "Authorization", Cookie: web.Cookie{Name: theCookie}})
	browser, client := s.client(t), s.api(t)
	browser.signIn("somebody")
	status, _ := client.do(http.MethodPost, "/client/login/somebody")
	is.Equal(status, http.StatusOK)
	is.Equal(client.scheme, "DPoP")
	s.clock.Advance(2 * time.Minute)
	is.Equal(browser.page("/guarded"), "somebody 0")
	status, body := client.do(http.MethodGet, "/guarded")
	is.Equal(status, http.StatusOK)
	is.Equal(body, "somebody 0")

	swapped := s.client(t)
	swapped.cookies[theCookie] = client.id
	is.Equal(swapped.page("/"), "0")
	client.id = browser.cookies[theCookie]
	status, _ = client.do(http.MethodGet, "/mine")
	is.Equal(status, http.StatusUnauthorized)
	response := browser.send(http.MethodPost, "/.dbsc/refresh", "Sec-Secure-Session-Id", browser.id,
		"Secure-Session-Response", browser.signer.Refresh(t, browser.next), "Authorization", "Bearer "+browser.cookies[theCookie])
	is.Equal(response.StatusCode, http.StatusUnauthorized) // no browser sends both
}

// Tests of handlers behind RequireBound need no browser.
func TestBound_With(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	c.signIn("somebody")
	bound, err := s.manager.Load(t.Context(), c.cookies[theCookie])
	is.NoErr(err)
	c.login("somebody")
	plain, err := s.manager.Load(t.Context(), c.cookies[theCookie])
	is.NoErr(err)
	for want, session := range map[int]*sessions.Session[boundVisitor]{http.StatusNoContent: bound, http.StatusForbidden: plain} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "https://site.test/", nil)
		s.RequireBound(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })).
			ServeHTTP(w, r.WithContext(s.With(r.Context(), session)))
		is.Equal(w.Code, want)
	}
}

// An upstream server sees neither the session's ID nor its proof.
func TestBound_Upstream(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, web.Config{Bound: 10 * time.Minute, Header: "Authorization", Cookie: web.Cookie{Name: theCookie}})
	r := httptest.NewRequest(http.MethodGet, "https://site.test/", nil)
	r.Header.Set("Cookie", theCookie+"=a; other=b; "+theBoundCookie+"=c")
	r.Header.Set("Authorization", "DPoP d")
	r.Header.Set("DPoP", "e")
	response, err := s.Upstream(roundTrip(func(r *http.Request) (*http.Response, error) {
		is.Equal(r.Header, http.Header{"Cookie": {"other=b"}})
		return &http.Response{Header: http.Header{"Set-Cookie": {theBoundCookie + "=planted", "other=b"}}}, nil
	})).RoundTrip(r)
	is.NoErr(err)
	is.Equal(response.Header["Set-Cookie"], []string{"other=b"})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// "Keep me signed in" works with a binding.
func TestBound_Persist(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	response := c.send(http.MethodPost, "/login/somebody?keep=1")
	is.True(strings.Contains(strings.Join(response.Header.Values("Set-Cookie"), ""), "Max-Age="))
	parts := strings.Split(response.Header.Get("Secure-Session-Registration"), `"`)
	registered, _ := c.register(parts[1], c.signer.Registration(t, parts[3]))
	is.Equal(registered.StatusCode, http.StatusOK)
	s.clock.Advance(2 * time.Minute)
	is.True(strings.Contains(strings.Join(c.send(http.MethodPost, "/renew").Header.Values("Set-Cookie"), ""), "Max-Age="))
	is.Equal(c.page("/guarded"), "somebody 0")
}

// No log line, event or response body contains an ID, a bound cookie, a challenge, a proof or a
// nonce.
func TestBound_NothingSecretIsSaid(t *testing.T) {
	is := is.New(t)
	var said strings.Builder
	logger := slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := newBoundSite(t, tenMinutes)
	s.events.also = event.Log(logger)
	s.configure(t, web.Config{Bound: 10 * time.Minute, Logger: logger})
	var secrets []string
	c := s.client(t)
	path, challenge := c.login("somebody")
	registration := c.signer.Registration(t, challenge)
	secrets = append(secrets, challenge, registration)
	c.register(path, c.signer.Registration(t, "planted"+challenge))
	c.register(path, registration)
	c.register(path, registration)
	refresh := c.signer.Refresh(t, c.next)
	secrets = append(secrets, c.next, refresh, c.cookies[theCookie], c.cookies[theBoundCookie])
	c.refreshWith(refresh)
	c.refreshWith(refresh)
	c.refreshWith(device.NewES256(t).Refresh(t, c.next))
	secrets = append(secrets, c.next)
	s.clock.Advance(time.Hour)
	for _, target := range []string{"/", "/guarded", "/count", "/logout"} {
		_, body := c.get(target)
		said.WriteString(body)
	}

	s.configure(t, web.Config{Bound: 10 * time.Minute, Logger: logger, Header: "Authorization"})
	api := s.api(t)
	login := api.proof(http.MethodPost, "/login/somebody", nil)
	api.send(http.MethodPost, "/login/somebody", login)
	api.send(http.MethodPost, "/login/somebody", login)
	proof := api.proof(http.MethodGet, "/mine", nil)
	secrets = append(secrets, login, proof, api.id, api.nonce)
	for range 2 {
		_, body, _ := api.send(http.MethodGet, "/mine", proof)
		said.WriteString(body)
	}
	for i, secret := range secrets {
		is.True(len(secret) > 20)
		if strings.Contains(said.String(), secret) {
			t.Errorf("%d is said", i)
		}
	}
	is.True(strings.Contains(said.String(), "replayed")) // and there is something that says why
}

// A request that came with its proof keeps its session, however long it takes: an upload that asks
// for the session late, and a stream that asks again and again.
func TestBound_RequestsThatTakeLong(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	c.signIn("somebody")
	s.clock.Advance(2 * time.Minute)

	late := s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.clock.Advance(20 * time.Minute) // while the body comes
		v, err := s.Session(r.Context())
		is.NoErr(err)
		is.Equal(v.Subject(), "somebody")
		for range 5 {
			s.clock.Advance(20 * time.Minute)
			v, err = s.Peek(r.Context())
			is.NoErr(err)
			is.Equal(v.Subject(), "somebody")
		}
	}))
	r := httptest.NewRequest(http.MethodPost, "https://site.test/", nil)
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	late.ServeHTTP(httptest.NewRecorder(), r)
	is.Equal(c.page("/"), "0") // another request needs its own

	s = newBoundSite(t, tenMinutes)
	c = s.client(t)
	path, challenge := c.login("somebody")
	early := c.copy(theCookie) // a page opens a stream before the browser has registered
	stream := s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		v, err := s.Peek(r.Context())
		is.NoErr(err)
		is.Equal(v.Subject(), "somebody")
		c.register(path, c.signer.Registration(t, challenge))
		s.clock.Advance(time.Hour)
		v, err = s.Peek(r.Context())
		is.NoErr(err)
		is.Equal(v.Subject(), "somebody")
	}))
	r = httptest.NewRequest(http.MethodGet, "https://site.test/", nil)
	r.AddCookie(&http.Cookie{Name: theCookie, Value: early.cookies[theCookie]})
	stream.ServeHTTP(httptest.NewRecorder(), r)
	is.Equal(early.page("/"), "0")
}

// After a login, the request's earlier proof doesn't count any more.
func TestBound_ALoginProvesNothing(t *testing.T) {
	is := is.New(t)
	s := newBoundSite(t, tenMinutes)
	c := s.client(t)
	c.signIn("somebody")
	guarded := s.RequireBound(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "https://site.test/", nil)
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Authenticate(r.Context(), "another"))
		guarded.ServeHTTP(w, r)
	})).ServeHTTP(w, r)
	is.Equal(w.Code, http.StatusForbidden)
}
