package web_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"
	"pgregory.net/rapid"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/web"
)

// Requests of several tabs run at the same time, and the browser gets their answers in any order.
// Whoever signs in, the browser's logins leave one session at most, unless the session is renewed
// beside them. No answer sets the ID that its
// request came with. Unless two answers with different IDs overtake each other, the browser keeps
// its session.
func TestTabs_AnswersInAnyOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) { checkTabs(t, r) })
}

// flight is an answer on its way.
type flight struct {
	*client        // with the cookies that it sets
	sent    string // the ID that its request came with
	login   bool
}

func (f flight) sets() bool { return f.cookies["__Host-id"] != "" }

func checkTabs(parent testing.TB, t *rapid.T) {
	cfg := quietly()
	cfg.Cookie.Persistent = rapid.Bool().Draw(t, "persistent")
	s := newSite(parent, cfg)
	browser := s.client()
	var log []string
	fail := func(format string, args ...any) {
		t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.Join(log, "\n"))
	}
	users := rapid.SampledFrom([][]string{{"alice"}, {"alice", "bob"}}).Draw(t, "users")
	signedIn := rapid.Bool().Draw(t, "signed in")
	browser.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		s.session(parent, r).Data.Visits = 1
		if signedIn {
			_ = s.Authenticate(r.Context(), "alice")
		}
	})
	overtaken := false // of two answers with different IDs either may come last
	mixed := false     // one of them is a login's, the other one not
	var flights []flight
	for left := rapid.IntRange(2, 5).Draw(t, "requests"); left > 0 || len(flights) > 0; {
		if left > 0 && (len(flights) == 0 || rapid.Bool().Draw(t, "send")) {
			left--
			op := rapid.SampledFrom(tabOps).Draw(t, "op")
			user := rapid.SampledFrom(users).Draw(t, "user")
			c := browser.copy()
			err := tabRequest(c, op, user)
			f := flight{client: c, sent: browser.cookies["__Host-id"], login: op == "login" || op == "keep"}
			c.cookies = c.set
			signedIn = signedIn || f.login
			for _, other := range flights {
				together := f.login && other.login && f.sent == other.sent // they join
				overtaken = overtaken || f.sets() && other.sets() && !together
				mixed = mixed || f.sets() && other.sets() && f.login != other.login
			}
			log = append(log, fmt.Sprintf("sent: %s %s: %v, sets %t", op, user, err, f.sets()))
			if err != nil && (!errors.Is(err, web.ErrCookieKept) && !errors.Is(err, sessions.ErrNotFound) && !errors.Is(err, web.ErrNoSubject) || f.login) {
				fail("an error")
			}
			if f.sets() && f.cookies["__Host-id"] == f.sent {
				fail("the answer sets the ID that was sent")
			}
			flights = append(flights, f)
			continue
		}
		i := rapid.IntRange(0, len(flights)-1).Draw(t, "answer")
		browser.take(flights[i].client)
		log = append(log, fmt.Sprintf("answered: %d cookies, of the open request %d", len(flights[i].cookies), i))
		flights = append(flights[:i], flights[i+1:]...)
	}
	subject, data := browser.seen(parent)
	count := 0
	for _, user := range users {
		list, err := s.manager.Sessions(parent.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		count += len(list)
	}
	switch {
	case count > 1 && !mixed:
		fail("%d sessions", count)
	case overtaken || len(users) > 1:
	case signedIn && subject != "alice":
		fail("signed out")
	case data.Visits == 0:
		fail("the session is lost")
	}
}

var tabOps = []string{
	"login", "login", "keep", "save", "update", "read", "revoke others", "token", "renew", "persist", "persist, save", "forget", "longer",
	"persist, renew", "renew, persist", "persist, update",
}

// Tabs send requests at the same time that change, renew and keep the session, and end the user's
// others. The browser stays signed in, and nothing that was saved is lost.
func TestTabs_AtTheSameTime(t *testing.T) {
	ops := slices.DeleteFunc(slices.Clone(tabOps), func(op string) bool { return op == "login" || op == "keep" })
	for round := range 30 {
		is := is.New(t)
		s := newSite(t, quietly())
		browser := s.client()
		browser.login(t, "alice")
		updates := 0
		var mu sync.Mutex
		var all sync.WaitGroup
		for tab := range 6 {
			all.Go(func() {
				random := rand.New(rand.NewPCG(uint64(round), uint64(tab)))
				for range 12 {
					op := ops[random.IntN(len(ops))]
					mu.Lock()
					c := browser.copy()
					mu.Unlock()
					err := tabRequest(c, op, "")
					if err != nil && !errors.Is(err, web.ErrCookieKept) && !errors.Is(err, sessions.ErrNotFound) && !errors.Is(err, web.ErrNoSubject) {
						t.Errorf("%s: %v", op, err)
					}
					mu.Lock()
					if err == nil && strings.HasSuffix(op, "update") {
						updates++
					}
					maps.Copy(browser.cookies, c.set)
					mu.Unlock()
				}
			})
		}
		all.Wait()
		subject, data := browser.seen(t)
		is.Equal(subject, "alice")
		is.Equal(data.Visits, updates)
		is.Equal(s.listed(t, "alice"), 1)
	}
}

// tabRequest sends a request that changes the session, and returns the handler's error.
func tabRequest(c *client, op, user string) (err error) {
	s := c.site
	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		switch op {
		case "keep":
			if err = s.Persist(ctx, true); err == nil {
				err = s.Authenticate(ctx, user)
			}
		case "login":
			err = s.Authenticate(ctx, user)
		case "save":
			err = s.Save(ctx)
		case "update":
			err = s.Update(ctx, func(v *visitor) error { v.Visits++; return nil })
		case "read":
			_, err = s.Session(ctx)
		case "renew":
			err = s.Renew(ctx)
		case "persist":
			err = s.Persist(ctx, true)
		case "persist, save":
			err = errors.Join(s.Persist(ctx, true), s.Save(ctx))
		case "persist, renew":
			err = errors.Join(s.Persist(ctx, true), s.Renew(ctx))
		case "renew, persist":
			err = errors.Join(s.Renew(ctx), s.Persist(ctx, true))
		case "persist, update":
			err = errors.Join(s.Persist(ctx, true), s.Update(ctx, func(v *visitor) error { v.Visits++; return nil }))
		case "forget":
			err = s.Persist(ctx, false)
		case "longer":
			var x *sessions.Session[visitor]
			if x, err = s.Session(ctx); err == nil {
				x.AbsoluteTimeout += time.Hour
			}
		case "revoke others":
			_, err = s.RevokeOthers(ctx)
		case "token":
			_, err = s.Token(ctx)
		}
	})
	return err
}

// A tab's request that is served after another user's login, and sent before it, replaces no
// cookie.
func TestTabs_ASaveBesideAnotherUsersLogin(t *testing.T) {
	is := is.New(t)
	s := newSite(t, quietly())
	browser := s.client()
	browser.login(t, "alice")
	slow := browser.copy()
	sent := slow.cookies["__Host-id"]
	browser.login(t, "bob")
	wants.Err(t, tabRequest(slow, "save", ""), web.ErrCookieKept)
	is.Equal(slow.cookies["__Host-id"], sent) // it got none
	subject, _ := browser.seen(t)
	is.Equal(subject, "bob")

	// Once that login has ended, the old cookie is like any other.
	slow = browser.copy()
	browser.login(t, "alice")
	_, err := s.manager.RevokeAll(t.Context(), "alice")
	is.NoErr(err)
	is.NoErr(tabRequest(slow, "save", ""))
}

// Logins of two users overtake each other, and the first one's answer is the one that the browser
// has when it signs in again.
func TestTabs_ALoginAfterLoginsThatEndedEachOther(t *testing.T) {
	is := is.New(t)
	s := newSite(t, quietly())
	browser := s.client()
	browser.do(http.MethodPost, "", s.count(t))
	first, second, third := browser.copy(), browser.copy(), browser.copy()
	first.login(t, "alice")
	second.login(t, "bob")
	third.login(t, "alice")
	browser.take(first)
	last := browser.copy()
	last.login(t, "alice")
	browser.take(second)
	browser.take(third)
	browser.take(last)
	subject, _ := browser.seen(t)
	is.Equal(subject, "alice")
	is.Equal(s.listed(t, "alice")+s.listed(t, "bob"), 1)
}
