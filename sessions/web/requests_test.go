package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/web"
)

// unsteady is a store of which single calls fail: before they have done their work, or after.
type unsteady struct {
	sessions.Store
	n             int
	before, after map[int]bool
	beside        map[int]func() // runs before the call
}

// next counts a call.
func (u *unsteady) next() {
	u.n++
	if f := u.beside[u.n]; f != nil {
		delete(u.beside, u.n)
		n := u.n
		f()
		u.n = n
	}
}

func (u *unsteady) call(f func() error) error {
	u.next()
	switch {
	case u.before[u.n]:
		return errOut
	case u.after[u.n]:
		if err := f(); err != nil && !errors.Is(err, driver.ErrUnavailable) {
			return err
		}
		return fmt.Errorf("%w: lost", driver.ErrOutcomeUnknown)
	}
	return f()
}

func (u *unsteady) read(f func() error) error {
	u.next()
	if u.before[u.n] || u.after[u.n] {
		return errOut
	}
	return f()
}

func (u *unsteady) Create(ctx context.Context, rec driver.Record) error {
	return u.call(func() error { return u.Store.Create(ctx, rec) })
}

func (u *unsteady) Load(ctx context.Context, key string) (rec driver.Record, err error) {
	err = u.read(func() error { rec, err = u.Store.Load(ctx, key); return err })
	return rec, err
}

func (u *unsteady) LoadAll(ctx context.Context, keys []string) (all []driver.Loaded, err error) {
	err = u.read(func() error { all, err = u.Store.LoadAll(ctx, keys); return err })
	return all, err
}

func (u *unsteady) Replace(ctx context.Context, rec driver.Record, rev string) error {
	return u.call(func() error { return u.Store.Replace(ctx, rec, rev) })
}

func (u *unsteady) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	return u.call(func() error { return u.Store.Touch(ctx, key, accessed, expires) })
}

func (u *unsteady) End(ctx context.Context, e driver.End) (rec driver.Record, err error) {
	err = u.call(func() error { rec, err = u.Store.End(ctx, e); return err })
	return rec, err
}

func (u *unsteady) LoadRosters(ctx context.Context, keys ...string) (all []driver.Roster, err error) {
	err = u.read(func() error { all, err = u.Store.LoadRosters(ctx, keys...); return err })
	return all, err
}

func (u *unsteady) ChangeRoster(ctx context.Context, c driver.RosterChange) (r driver.Roster, err error) {
	err = u.call(func() error { r, err = u.Store.ChangeRoster(ctx, c); return err })
	return r, err
}

// seenState is what a visitor sees of a session.
type seenState struct {
	subject string
	data    visitor
}

// exchange is one request and its model.
type exchange struct {
	t       *rapid.T
	s       site
	browser *client
	steady  bool // neither faults nor other requests

	stored, held seenState // what is stored for the browser; what the handler has
	has          bool      // the browser's session is stored
	asked        bool      // the handler has its session
	sealed       bool
	told         error // an error that the handler got
	unsaved      bool
	log          []string

	loggedOut, loggedIn bool            // by the last such call
	subject             string          // of the last login
	meddled             bool            // another request has ended a session
	beside              bool            // another request has run within the last call
	mine, taken         map[string]bool // names that the handler has set; that a login was to take
	n                   int
}

func (x *exchange) say(format string, args ...any) {
	x.log = append(x.log, fmt.Sprintf(format, args...))
}

func (x *exchange) failf(format string, args ...any) {
	x.t.Helper()
	x.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.Join(x.log, "\n"))
}

// session asks for the session, and compares it with the model.
func (x *exchange) session(ctx context.Context) *sessions.Session[visitor] {
	s, err := x.s.Session(ctx)
	if err != nil {
		x.told = err
		return nil
	}
	if got := (seenState{s.Subject(), s.Data}); x.steady && got != x.held {
		x.failf("the handler sees %v, want %v", got, x.held)
	}
	x.asked = true
	return s
}

// handle returns the handle of the session that the handler has, "" if it has none.
func (x *exchange) handle(ctx context.Context) string {
	if x.asked {
		if s := x.session(ctx); s != nil {
			return s.Handle()
		}
	}
	return ""
}

func (x *exchange) got(what string, err error) bool {
	x.say("%s: %v", what, err)
	if err != nil {
		if x.steady && !errors.Is(err, web.ErrCommitted) {
			x.failf("unexpected: %v", err)
		}
		x.told = err
	}
	return err == nil
}

func (x *exchange) storedNow() { x.stored, x.has, x.unsaved = x.held, true, false }

func (x *exchange) do(op string, w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	switch op {
	case "Session":
		x.session(ctx)
	case "set":
		if s := x.session(ctx); s != nil {
			x.n++
			s.Data.Visits += 100 + x.n
			s.Data.Name = fmt.Sprintf("%s:%d", s.Subject(), x.n)
			x.mine[s.Data.Name] = true
			x.held.data = s.Data
		}
	case "Save":
		if x.got(op, x.s.Save(ctx)) {
			x.storedNow()
		} else {
			x.unsaved = true
		}
	case "Update":
		called := 0
		if x.got(op, x.s.Update(ctx, func(v *visitor) error { called++; v.Visits++; return nil })) {
			x.held.data.Visits++
			x.storedNow()
		}
	case "Update, nothing":
		empty := !x.has && x.held == seenState{}
		if x.got(op, x.s.Update(ctx, func(v *visitor) error { return nil })) && !empty {
			x.storedNow()
		}
	case "Discard":
		if x.got(op, x.s.Discard(ctx)) && x.asked {
			x.held = x.stored
		}
	case "Renew":
		if !x.got(op, x.s.Renew(ctx)) {
			x.loggedIn = false // under an ID that nobody has been told, perhaps
		} else if x.has {
			x.storedNow()
		}
	case "alice", "bob":
		if x.mine[x.held.data.Name] {
			x.taken[x.held.data.Name] = true
		}
		if x.got(op, x.s.Authenticate(ctx, op)) {
			if x.held.subject != "" && x.held.subject != op {
				if x.held.data.Name == x.stored.data.Name {
					x.held.data.Name = ""
				}
				if x.held.data.Visits == x.stored.data.Visits {
					x.held.data.Visits = 0
				}
			}
			x.held.subject = op
			x.storedNow()
			x.loggedIn, x.loggedOut, x.subject = true, false, op
		} else {
			x.loggedIn, x.loggedOut = false, false // it may have succeeded
		}
	case "Destroy":
		if x.got(op, x.s.Destroy(ctx)) {
			x.held, x.stored, x.has, x.unsaved = seenState{}, seenState{}, false, false
			x.loggedIn, x.loggedOut = false, true
		} else {
			x.loggedIn = false // it may have ended
		}
	case "Persist":
		x.got(op, x.s.Persist(ctx, true))
	case "forget":
		x.got(op, x.s.Persist(ctx, false))
	case "Peek":
		s, err := x.s.Peek(ctx)
		x.got(op, err)
		if got := (seenState{}); err == nil && x.steady {
			if got = (seenState{s.Subject(), s.Data}); got != x.stored {
				x.failf("Peek sees %v, want %v", got, x.stored)
			}
		}
	case "Token":
		before := x.handle(ctx)
		_, err := x.s.Token(ctx)
		if x.got(op, err); x.handle(ctx) != before {
			x.storedNow() // after Persist
		}
	case "write":
		x.write(w)
	}
	if x.beside {
		x.loggedIn, x.loggedOut, x.beside = false, false, false // which came last is unknown
	}
	x.say("%s -> held %v, stored %v (%v)", op, x.held, x.stored, x.has)
}

// write begins the response, which saves what has changed.
func (x *exchange) write(w http.ResponseWriter) {
	_, _ = w.Write([]byte("saved"))
	x.begun()
}

func (x *exchange) begun() {
	if !x.sealed && x.asked && !x.unsaved && (x.has || x.held != (seenState{})) {
		x.storedNow()
	}
	x.sealed = true
}

var handlerOps = []string{
	"Session", "set", "set", "Save", "Update", "Update, nothing", "Discard", "Renew", "alice", "bob", "Destroy", "Persist", "forget", "Peek", "Token", "write",
}

// Whatever a handler calls, in whatever order, what is stored, what the handler sees and what the
// browser has agree.
func TestRequests_AnyOrderOfCalls(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) { checkRequests(t, r, "steady") })
}

// Calls of the store fail, before or after they have done their work. A handler that is told
// nothing has lost nothing.
func TestRequests_AnyFault(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) { checkRequests(t, r, "faults") })
}

// Other requests of the browser are served between the handler's calls.
func TestRequests_AnyOtherRequest(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) { checkRequests(t, r, "others") })
}

// Other requests of the browser are served between the store's calls.
func TestRequests_AnyOtherRequestWithinACall(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) { checkRequests(t, r, "within") })
}

func checkRequests(parent testing.TB, t *rapid.T, mode string) {
	s := newSiteOver(parent, quietly())
	u := s.store.Store.(*unsteady)
	browser := s.client()
	start := rapid.SampledFrom([]string{"nothing", "visitor", "alice", "dead", "garbage"}).Draw(t, "start")
	x := &exchange{t: t, s: s, browser: browser, taken: map[string]bool{}}
	switch start {
	case "visitor":
		browser.do("POST", "", func(_ http.ResponseWriter, r *http.Request) { v, _ := s.Session(r.Context()); v.Data = visitor{"", 1} })
		x.stored, x.has = seenState{"", visitor{"", 1}}, true
	case "alice", "dead":
		browser.do("POST", "", func(_ http.ResponseWriter, r *http.Request) {
			v, _ := s.Session(r.Context())
			v.Data = visitor{"alice:0", 1}
			_ = s.Authenticate(r.Context(), "alice")
		})
		x.stored, x.has = seenState{"alice", visitor{"alice:0", 1}}, true
	case "garbage":
		browser.cookies["__Host-id"] = "garbage"
	}
	if start == "dead" {
		s.clock.Advance(100 * time.Hour)
		x.stored, x.has = seenState{}, false
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "requests") {
		x.request(t, i, mode, u)
	}
}

func (x *exchange) request(t *rapid.T, i int, mode string, u *unsteady) {
	s, browser := x.s, x.browser
	x.steady = mode == "steady"
	x.held, x.asked, x.sealed, x.told, x.unsaved = x.stored, false, false, nil, false
	x.loggedIn, x.loggedOut, x.subject = false, false, ""
	x.mine, x.meddled = map[string]bool{}, false
	x.say("--- request %d", i)
	ops := rapid.SliceOfN(rapid.SampledFrom(handlerOps), 1, 7).Draw(t, "ops")
	u.n, u.before, u.after = 0, map[int]bool{}, map[int]bool{}
	if mode == "faults" {
		for _, n := range rapid.SliceOfN(rapid.IntRange(1, 25), 0, 3).Draw(t, "before") {
			u.before[n] = true
		}
		for _, n := range rapid.SliceOfN(rapid.IntRange(1, 25), 0, 2).Draw(t, "after") {
			u.after[n] = true
		}
	}
	others := map[int]string{}
	otherLogin := false
	if mode == "others" {
		for range rapid.IntRange(0, 2).Draw(t, "others") {
			others[rapid.IntRange(0, len(ops)).Draw(t, "at")] = rapid.SampledFrom([]string{"Renew", "alice", "bob", "Destroy", "change", "revoke alice", "expire"}).Draw(t, "other")
		}
	}
	before := browser.copy()
	sentID := browser.cookies["__Host-id"]
	u.beside = map[int]func(){}
	if mode == "within" {
		for range rapid.IntRange(0, 2).Draw(t, "others") {
			other := rapid.SampledFrom([]string{"Renew", "alice", "bob", "Destroy", "change", "revoke alice"}).Draw(t, "other")
			u.beside[rapid.IntRange(1, 12).Draw(t, "call")] = func() {
				beside := u.beside
				u.beside = nil
				x.elsewhere(before, other)
				u.beside = beside
				otherLogin = otherLogin || other == "alice" || other == "bob"
				x.loggedIn, x.loggedOut = false, false
				x.beside = x.beside || other != "change" && other != "Renew"
			}
		}
	}
	w := browser.do("POST", "", func(w http.ResponseWriter, r *http.Request) {
		for j, op := range ops {
			if other := others[j]; other != "" {
				x.elsewhere(before, other)
				otherLogin = otherLogin || other == "alice" || other == "bob"
				// What a later login or logout says counts.
				x.loggedIn, x.loggedOut = false, false
			}
			x.do(op, w, r)
		}
	})
	x.begun()
	u.before, u.after, u.beside = nil, nil, nil
	x.say("answer %d %v", w.Code, w.Header()["Set-Cookie"])
	ours := 0
	for _, c := range w.Result().Cookies() {
		if c.Name == "__Host-id" {
			ours++
		}
	}
	if ours > 1 {
		x.failf("%d cookies", ours)
	}
	failed := w.Code != 200
	if mode == "steady" && failed {
		x.failf("status %d", w.Code)
	}
	if x.loggedOut && sentID != "" {
		if f, err := s.manager.Follow(context.Background(), sentID); err == nil {
			x.failf("after a Destroy %v is alive", f.Handle()[:6])
		}
	}
	got := seenState{}
	browser.do("GET", "", func(_ http.ResponseWriter, r *http.Request) {
		v, err := s.Session(r.Context())
		if err != nil {
			x.failf("afterwards: %v", err)
		}
		got = seenState{v.Subject(), v.Data}
	})
	x.say("seen %v", got)
	if mode != "others" && mode != "within" && !failed && x.told == nil && got != x.stored || mode == "steady" && got != x.stored {
		x.failf("afterwards the browser sees %v, want %v", got, x.stored)
	}
	if !x.meddled && !failed && x.told == nil && (got.subject != x.stored.subject || got.data.Name != x.stored.data.Name) {
		x.failf("afterwards the browser sees %v, want %v", got, x.stored)
	}
	if x.loggedIn && got.subject != x.subject {
		x.failf("signed in as %q, want %q", got.subject, x.subject)
	}
	if x.loggedOut && !otherLogin && got.subject != "" {
		x.failf("signed in as %q after the logout", got.subject)
	}
	if owner, _, _ := strings.Cut(got.data.Name, ":"); owner != "" && owner != got.subject && !x.taken[got.data.Name] {
		x.failf("%q sees %q", got.subject, got.data.Name)
	}
	x.stored, x.has = got, got != seenState{} // from here on
	if id := browser.cookies["__Host-id"]; id != "" {
		_, err := s.manager.Peek(context.Background(), id)
		x.has = err == nil
	}
}

// elsewhere is another request of the same browser, or of an operator.
func (x *exchange) elsewhere(before *client, what string) {
	c := before.copy()
	ctx := context.Background()
	x.say("elsewhere: %s", what)
	x.meddled = x.meddled || what != "change" && what != "Renew"
	switch what {
	case "revoke alice":
		_, _ = x.s.manager.RevokeAll(ctx, "alice")
		return
	case "expire":
		x.s.clock.Advance(100 * time.Hour)
		return
	}
	c.do("POST", "", func(_ http.ResponseWriter, r *http.Request) {
		switch what {
		case "Renew":
			_ = x.s.Renew(r.Context())
		case "alice", "bob":
			_ = x.s.Authenticate(r.Context(), what)
		case "Destroy":
			_ = x.s.Destroy(r.Context())
		case "change":
			_ = x.s.Update(r.Context(), func(v *visitor) error { v.Visits += 1000; return nil })
		}
	})
	for name, value := range c.cookies {
		if value != before.cookies[name] {
			x.browser.cookies[name] = value
		}
	}
}

func newSiteOver(t testing.TB, cfg *web.Config) site {
	s := newSite(t, cfg)
	s.store.Store = &unsteady{Store: s.store.Store}
	return s
}
