package web

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// sent has the IDs that a client has sent.
type sent struct {
	ids      []string // possible IDs, each once, in the order of the request
	invalid  []string // other texts, as far as they were checked
	more     int      // how many more there are, which are not looked up
	byHeader bool     // they came in Config.Header, or the response's ID goes there
	both     bool     // an ID came in the cookie, and one in the header
}

// most is how many IDs of one request are looked up, and how many events and log lines they cause.
// A browser sends one ID; additional ones are planted.
const most = 4

// readSent reads the IDs that the client has sent.
func (v *visit[T]) readSent() sent {
	c := &v.middleware.config
	var s sent
	var ids []string
	if c.Header != "" {
		ids = v.headerIDs()
		s.byHeader = len(ids) > 0 || !c.hasCookie
	}
	if c.hasCookie {
		cookies := v.cookieIDs(c.Cookie.Name)
		s.both = len(ids) > 0 && len(cookies) > 0
		if !s.byHeader {
			ids = cookies
		}
	}
	if len(ids) > 1 {
		v.sift(&s, ids)
	} else {
		s.ids = ids
	}
	return s
}

// sift fills s with the texts to look up. If there are more than most, it keeps one less than most,
// first those that can be IDs, since the last event says how many more there are.
func (v *visit[T]) sift(s *sent, ids []string) {
	seen := map[string]bool{}
	for _, id := range ids {
		switch {
		case seen[id]:
		case v.middleware.manager.Recognizes(id):
			s.ids = append(s.ids, id)
		default:
			s.invalid = append(s.invalid, id)
		}
		seen[id] = true
	}
	if len(s.ids)+len(s.invalid) <= most {
		return
	}
	room := most - 1 // the last event says how many more
	s.more = len(s.ids) + len(s.invalid) - room
	s.ids = s.ids[:min(len(s.ids), room)]
	s.invalid = s.invalid[:min(len(s.invalid), room-len(s.ids))]
}

// credentials splits the value of an Authorization header. RFC 6750 allows several spaces in it.
func credentials(value string) (scheme, id string) {
	scheme, id, _ = strings.Cut(value, " ")
	return scheme, strings.TrimLeft(id, " ")
}

// headerIDs returns the IDs in the header. Like an empty cookie, an empty header has none.
func (v *visit[T]) headerIDs() []string {
	name := v.middleware.config.Header
	var ids []string
	for _, value := range v.request.Header.Values(name) {
		if isAuthorization(name) {
			scheme, id := credentials(value)
			if !v.middleware.config.isOurScheme(scheme) {
				continue // another authentication scheme
			}
			value = id
		}
		if value != "" {
			ids = append(ids, value)
		}
	}
	return ids
}

// cookieIDs returns the values of the cookies with a name.
func (v *visit[T]) cookieIDs(name string) []string {
	if id, ok := v.plainCookie(name); ok {
		if id == "" {
			return nil
		}
		return []string{id}
	}
	var ids []string
	for _, c := range v.request.CookiesNamed(name) {
		if c.Quoted {
			c.Value = `"` + c.Value + `"` // an ID has no quotes
		}
		ids = append(ids, c.Value)
	}
	return ids
}

// plainCookies is the most cookies of a request that plainCookie handles.
const plainCookies = 64

// plainCookie is a fast [http.Request.CookiesNamed] for the usual case: at most one cookie has the
// name, and its value is plain. Otherwise it is not ok, and net/http parses the header.
func (v *visit[T]) plainCookie(name string) (value string, ok bool) {
	lines := v.request.Header["Cookie"]
	if len(lines) == 0 {
		return "", true
	}
	line := lines[0]
	if len(lines) > 1 || strings.Count(line, ";") >= plainCookies {
		return "", false
	}
	before, after, found := strings.Cut(line, name)
	if !found {
		return "", true
	}
	value, _, _ = strings.Cut(after, ";")
	if !strings.HasPrefix(value, "=") || strings.Contains(after, name) || before != "" && !strings.HasSuffix(before, "; ") {
		return "", false
	}
	value = value[1:]
	for _, c := range []byte(value) {
		if !isPlain(c) {
			return "", false
		}
	}
	return value, value != ""
}

// isPlain reports whether c is a letter, a digit, or one of the other characters of base64url and
// of signatures.
func isPlain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
}

// formerIDs returns the values of cookies with former names.
func (v *visit[T]) formerIDs() []string {
	c := &v.middleware.config
	var ids []string
	for _, f := range c.Cookie.Former {
		if f.Name == c.Cookie.Name || f.Name == "" {
			continue
		}
		for _, id := range v.cookieIDs(f.Name) {
			if v.middleware.manager.Recognizes(id) && !slices.Contains(ids, id) && !slices.Contains(v.sent.ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids[:min(len(ids), most)]
}

func isAuthorization(header string) bool { return http.CanonicalHeaderKey(header) == "Authorization" }

// isWithheld reports whether the browser withholds a cookie with the given SameSite from the
// request because it comes from another site. Then a missing cookie does not mean that the browser
// has none.
func isWithheld(r *http.Request, sameSite http.SameSite) bool {
	if sameSite == http.SameSiteNoneMode || !isCrossSite(r) {
		return false
	}
	if sameSite == http.SameSiteStrictMode || !isSafe(r.Method) {
		return true
	}
	mode, dest := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Dest")
	topLevel := (mode == "" || mode == "navigate") && (dest == "" || dest == "document")
	return !topLevel
}

// isCrossSite reports whether the request's headers say that it comes from a page of another site.
// Browsers send Sec-Fetch-Site to a secure origin, and otherwise Origin, unless it is a GET.
func isCrossSite(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "cross-site"
	}
	sender := r.Header.Get("Origin")
	if sender == "" {
		return false
	}
	origin, err := url.Parse(sender)
	if err != nil || origin.Host == "" {
		return false
	}
	return siteOf(origin.Host) != siteOf(r.Host)
}

// siteOf returns the registrable domain of a host, or the host itself if it has none.
func siteOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(host)
	if net.ParseIP(host) != nil {
		return host
	}
	if site, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return site
	}
	return host
}

// isSafe reports whether requests with the method change nothing.
func isSafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// UseHeader makes the response carry a new ID in Config.Header and not in the cookie, if both are
// configured: call it before [Middleware.Authenticate] in the handler that signs in API clients.
// The error is [ErrTwoIDs] if the request came with the cookie.
func (m *Middleware[T]) UseHeader(r *http.Request) error {
	v, err := m.visit(r.Context())
	if err != nil {
		return err
	}
	if _, err := v.loaded(r.Context()); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.sent.byHeader && len(v.sent.ids)+len(v.sent.invalid) > 0 || m.config.Header == "" {
		return ErrTwoIDs
	}
	v.sent.byHeader = true
	if v.standing.withheld {
		v.standing = standing{} // no cookie is replaced
	}
	return nil
}
