package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dynasession/dynasession/sessions"
)

// known is what a client knows of its session, from what it has sent.
type known struct {
	id       sessions.ID
	created  time.Time
	absolute time.Duration
}

func knownOf[T any](s *sessions.Session[T]) known {
	return known{s.ID(), s.CreatedAt(), s.AbsoluteTimeout}
}

// tell puts into the header what the client has to know: a new ID, another lifetime of its cookie, or that its ID is dead. There is
// one line of ours, which takes the place of an earlier one; if there is nothing new there is none.
func (v *visit[T]) tell() {
	line := v.line()
	if line != v.told {
		v.untell()
	}
	if line == "" {
		return
	}
	h, field := v.w.Header(), v.field()
	if !slices.Contains(h[field], line) {
		h.Add(field, line)
	}
	v.told = line
	v.noStore()
}

// line returns what tell has to say, "" if nothing.
func (v *visit[T]) line() string {
	c, s := v.middleware.config, v.session
	switch {
	case s == nil || s.IsNew():
		if v.dead && c.Header == "" {
			return c.Cookie.deletion()
		}
		return ""
	case c.Header != "" || !c.Cookie.Persistent:
		if s.ID() == v.known.id {
			return ""
		}
	case knownOf(s) == v.known:
		return ""
	}
	id := s.ID().Secret()
	switch {
	case c.Header == "":
		return c.Cookie.line(id, s.CreatedAt().Add(s.AbsoluteTimeout).Sub(v.middleware.manager.Clock().Now()))
	case isAuthorization(c.Header):
		return v.scheme() + " " + id
	default:
		return id
	}
}

// field is the header in which the client is told.
func (v *visit[T]) field() string {
	if h := v.middleware.config.Header; h != "" {
		return http.CanonicalHeaderKey(h)
	}
	return "Set-Cookie"
}

// untell takes back what was told. Other cookies of the application's stay.
func (v *visit[T]) untell() {
	if v.told == "" {
		return
	}
	h, field := v.w.Header(), v.field()
	h[field] = slices.DeleteFunc(h[field], func(line string) bool { return line == v.told })
	if len(h[field]) == 0 {
		delete(h, field)
	}
	v.told = ""
}

// noStore keeps caches from handing one client's ID to another.
func (v *visit[T]) noStore() {
	h := v.w.Header()
	if !strings.Contains(strings.ToLower(strings.Join(h.Values("Cache-Control"), ",")), "no-store") {
		h.Set("Cache-Control", "no-store")
	}
}

// vary tells caches what the answer depends on, since the session was read.
func (v *visit[T]) vary() {
	on := "Cookie"
	if h := v.middleware.config.Header; h != "" {
		on = http.CanonicalHeaderKey(h)
	}
	h := v.w.Header()
	for _, line := range h.Values("Vary") {
		for part := range strings.SplitSeq(line, ",") {
			if part = strings.TrimSpace(part); part == "*" || strings.EqualFold(part, on) {
				return
			}
		}
	}
	h.Add("Vary", on)
}
