package web_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/matryer/is"
	"pgregory.net/rapid"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/web"
)

// Requests of several tabs run at the same time, and the browser gets their answers in any order.
// Whoever signs in, the browser's logins leave one session at most. If they are one user's and all
// at the same time, the user is signed in.
func TestTabs_AnswersInAnyOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) { checkTabs(t, r) })
}

func checkTabs(parent testing.TB, t *rapid.T) {
	s := newSite(parent, quietly())
	browser := s.client()
	var log []string
	users := rapid.SampledFrom([][]string{{"alice"}, {"alice", "bob"}}).Draw(t, "users")
	signedIn := rapid.Bool().Draw(t, "signed in")
	browser.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		s.session(parent, r).Data.Visits = 1
		if signedIn {
			_ = s.Authenticate(r.Context(), "alice")
		}
	})
	answered, again := false, false // a login after an answer takes the place of one that may be answered later
	var flights []*client           // answers on their way, each with the cookies that it sets
	for left := rapid.IntRange(2, 5).Draw(t, "requests"); left > 0 || len(flights) > 0; {
		if left > 0 && (len(flights) == 0 || rapid.Bool().Draw(t, "send")) {
			left--
			op := rapid.SampledFrom([]string{"login", "login", "keep", "save", "update", "read", "revoke others", "token"}).Draw(t, "op")
			user := rapid.SampledFrom(users).Draw(t, "user")
			c := browser.copy()
			err := tabRequest(c, op, user)
			login := op == "login" || op == "keep"
			signedIn, again = signedIn || login, again || login && answered
			log = append(log, fmt.Sprintf("sent: %s %s: %v", op, user, err))
			if err != nil && (!errors.Is(err, web.ErrCookieKept) && !errors.Is(err, sessions.ErrNotFound) && !errors.Is(err, web.ErrNoSubject) ||
				login) {
				t.Fatal(strings.Join(log, "\n"))
			}
			maps.DeleteFunc(c.cookies, func(name, value string) bool { return browser.cookies[name] == value })
			flights = append(flights, c)
			continue
		}
		answered = true
		i := rapid.IntRange(0, len(flights)-1).Draw(t, "answer")
		browser.take(flights[i])
		log = append(log, fmt.Sprintf("answered: %d cookies, of the open request %d", len(flights[i].cookies), i))
		flights = append(flights[:i], flights[i+1:]...)
	}
	subject, _ := browser.seen(parent)
	count := 0
	for _, user := range users {
		list, err := s.manager.Sessions(parent.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		count += len(list)
	}
	switch {
	case count > 1:
		t.Fatalf("%d sessions\n%s", count, strings.Join(log, "\n"))
	case signedIn && !again && len(users) == 1 && subject != "alice":
		t.Fatalf("signed out\n%s", strings.Join(log, "\n"))
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
		case "revoke others":
			_, err = s.RevokeOthers(ctx)
		case "token":
			_, err = s.Token(ctx)
		}
	})
	return err
}

// A tab's request that is served after another user's login, and sent before it, replaces no cookie.
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
