package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dynasession/dynasession/sessions"
)

// header is this package's part in a response's header.
type header struct {
	touched bool        // the handler has called Header
	before  http.Header // its content before that; nil if it was empty
	lines   []line      // our lines in it
	kept    []keptLines // of Middlewares inside this one
}

// keptLines are the lines of a visit inside this one.
type keptLines struct {
	of    around
	lines []line
}

// line is a line of a header.
type line struct{ field, value string }

// writeCookie puts the cookie's line into the header if the client needs a new ID, or the cookie's
// deletion. It replaces our earlier line, so that there is one with the last state. After the
// response has started, or the handler has panicked, it does nothing: the wrapped writer may be
// gone.
func (v *visit[T]) writeCookie() {
	v.mu.Lock()
	late := v.sealed || v.abandoned
	v.mu.Unlock()
	if late {
		return
	}
	h := v.w.Header()
	now := v.lockForLines()
	if v.sealed {
		v.mu.Unlock()
		return
	}
	v.putLines(h, now)
	lines := v.header.lines
	v.mu.Unlock()
	v.reportLines(lines)
}

// lockForLines locks v.mu, and returns the current time if the cookie's line needs it. It reads the
// clock without the lock.
func (v *visit[T]) lockForLines() (now time.Time) {
	v.mu.Lock()
	if v.dealings == nil || !v.told.persist {
		return time.Time{}
	}
	v.mu.Unlock()
	now = v.middleware.manager.Clock().Now()
	v.mu.Lock()
	return now
}

// seal is the last writeCookie, and adds the lines for caches. The response starts now.
func (v *visit[T]) seal() {
	h := v.w.Header()
	now := v.lockForLines()
	if v.sealed {
		v.mu.Unlock()
		return
	}
	if v.asked {
		v.putLines(h, now)
		v.vary(h)
	}
	v.sealed = true
	lines := v.header.lines
	v.mu.Unlock()
	v.reportLines(lines)
}

// reportLines gives our lines to the Middlewares around this one.
func (v *visit[T]) reportLines(lines []line) {
	for o := v.outer; o != nil; o = o.next() {
		o.keep(v, lines)
	}
}

// keep notes the lines of a Middleware inside this one, whose session is stored even if this one's
// is not.
func (v *visit[T]) keep(of around, lines []line) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range v.header.kept {
		if v.header.kept[i].of == of {
			v.header.kept[i].lines = lines
			return
		}
	}
	if len(lines) > 0 {
		v.header.kept = append(v.header.kept, keptLines{of, lines})
	}
}

// touch notes the header's content before the handler's changes.
func (h *header) touch(now http.Header) {
	if !h.touched {
		h.touched = true
		if len(now) > 0 {
			h.before = maps.Clone(now)
		}
	}
}

// resetHeader drops what the handler has put into the header.
func (v *visit[T]) resetHeader() {
	h := v.w.Header()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.header.touch(h)
	v.header.lines = nil
	clear(h)
	maps.Copy(h, v.header.before)
	for _, kept := range v.header.kept {
		for _, l := range kept.lines {
			h[l.field] = append(slices.Clip(h[l.field]), l.value)
			noStore(h)
		}
	}
}

// putLines replaces our lines in the header.
func (v *visit[T]) putLines(h http.Header, now time.Time) {
	lines := v.lines(now)
	if v.dealings != nil {
		v.untold = false
	}
	if len(lines) == 0 && len(v.header.lines) == 0 {
		return
	}
	v.header.touch(h)
	if !slices.Equal(lines, v.header.lines) {
		v.takeLines(h)
	}
	for _, l := range lines {
		if !slices.Contains(h[l.field], l.value) {
			h[l.field] = append(slices.Clip(h[l.field]), l.value)
		}
	}
	v.header.lines = lines
	if len(lines) > 0 {
		noStore(h)
	}
}

// takeLines removes our lines from the header. The application's other cookies stay.
func (v *visit[T]) takeLines(h http.Header) {
	for _, l := range v.header.lines {
		left := slices.DeleteFunc(slices.Clone(h[l.field]), func(value string) bool { return value == l.value })
		if len(left) > 0 {
			h[l.field] = left
		} else {
			delete(h, l.field)
		}
	}
	v.header.lines = nil
}

// lines returns the lines that the client needs.
func (v *visit[T]) lines(now time.Time) (lines []line) {
	if v.dealings == nil {
		return nil
	}
	c := &v.middleware.config
	if v.form.fresh {
		lines = append(lines, line{setCookie, c.Cookie.formLine(v.form)})
	}
	lines = append(lines, v.device.lines...)
	told, gone := v.told, v.told.id == (sessions.ID{})
	switch {
	case gone && (!v.cleared || v.sent.byHeader), !gone && told.id == v.known:
		return lines
	case v.sent.byHeader && isAuthorization(c.Header):
		return append(lines, line{"Authorization", v.device.scheme() + " " + told.id.Secret()})
	case v.sent.byHeader:
		return append(lines, line{http.CanonicalHeaderKey(c.Header), told.id.Secret()})
	}
	for _, f := range c.Cookie.Former {
		lines = append(lines, line{setCookie, c.Cookie.formerDeletion(f)})
	}
	if gone {
		return append(lines, line{setCookie, c.Cookie.deletion()})
	}
	return append(lines, line{setCookie, c.Cookie.line(told, now)})
}

const setCookie = "Set-Cookie"

// noStore keeps caches from giving one client's ID to another.
func noStore(h http.Header) {
	said := strings.ToLower(strings.Join(h.Values("Cache-Control"), ","))
	if !strings.Contains(said, "no-store") {
		h.Set("Cache-Control", "no-store"+otherDirectives(h.Values("Cache-Control")))
	}
	for field := range h {
		switch {
		case field == "Cache-Control":
		case field == "Surrogate-Control", field == "Edge-Control", strings.HasSuffix(field, "-Cache-Control"):
			// RFC 9213: these win over Cache-Control where they are known.
			h[field] = []string{"no-store"}
		case field == "X-Accel-Expires":
			h[field] = []string{"0"}
		}
	}
}

// aboutStoring are the directives of Cache-Control about storing, which no-store overrides.
var aboutStoring = map[string]bool{
	"public": true, "private": true, "no-cache": true, "max-age": true, "s-maxage": true, "must-revalidate": true, "proxy-revalidate": true,
	"immutable": true, "must-understand": true, "stale-while-revalidate": true, "stale-if-error": true, "": true,
}

// otherDirectives returns the other directives, such as no-transform.
func otherDirectives(values []string) string {
	var others strings.Builder
	for _, value := range values {
		for directive := range strings.SplitSeq(value, ",") {
			directive = strings.TrimSpace(directive)
			name, _, _ := strings.Cut(strings.ToLower(directive), "=")
			if !aboutStoring[name] && !strings.Contains(directive, `"`) {
				others.WriteString(", " + directive)
			}
		}
	}
	return others.String()
}

// vary tells caches that the response depends on the cookie or header, since the session was read.
func (v *visit[T]) vary(h http.Header) {
	c := &v.middleware.config
	if c.hasCookie {
		addVary(h, "Cookie")
	}
	if c.Header != "" {
		addVary(h, http.CanonicalHeaderKey(c.Header))
	}
}

func addVary(h http.Header, on string) {
	for _, value := range h["Vary"] {
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part == "*" || strings.EqualFold(part, on) {
				return
			}
		}
	}
	h["Vary"] = append(slices.Clip(h["Vary"]), on)
}
