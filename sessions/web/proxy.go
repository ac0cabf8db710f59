package web

import (
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"

	"github.com/dynasession/dynasession/sessions/web/internal/bound"
)

// Upstream returns a RoundTripper for an httputil.ReverseProxy inside of Handler. The server behind
// it doesn't see the session's ID, neither in the cookie nor in Config.Header, and can't set a
// cookie of the session's name, nor send an ID in Config.Header. A nil base is
// http.DefaultTransport. To pass the ID on, use base itself.
//
//	proxy := httputil.NewSingleHostReverseProxy(target)
//	proxy.Transport = sess.Upstream(nil)
func (m *Middleware[T]) Upstream(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return upstream[T]{m, base}
}

type upstream[T any] struct {
	middleware *Middleware[T]
	base       http.RoundTripper
}

func (u upstream[T]) RoundTrip(r *http.Request) (*http.Response, error) {
	// A proxy passes interim responses on by a hook, which is called after this one.
	out := r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(_ int, h textproto.MIMEHeader) error {
			u.dropOurs(http.Header(h))
			return nil
		},
	}))
	out.Header = r.Header.Clone()
	u.hide(out.Header)
	response, err := u.base.RoundTrip(out)
	if err != nil {
		return response, err
	}
	u.dropOurs(response.Header)
	return response, nil
}

// dropOurs removes from a response's header what clients would take for ours: cookies of our names,
// and an ID in Config.Header.
func (u upstream[T]) dropOurs(h http.Header) {
	u.hideHeader(h)
	if u.middleware.config.Header != "" && u.middleware.config.Bound > 0 {
		h.Del(bound.HeaderNonce)
	}
	dropLines(h, setCookie, func(line string) bool { return u.isOurs(sentName(line)) })
}

// sentName returns the name that a server reads when a browser sends the cookie of a Set-Cookie
// line. A cookie without a name is sent as its value alone, which may look like name and value.
func sentName(line string) string {
	pair, _, _ := strings.Cut(line, ";")
	name, value, _ := strings.Cut(pair, "=")
	if strings.TrimSpace(name) == "" {
		name, _, _ = strings.Cut(value, "=")
	}
	return strings.TrimSpace(name)
}

// dropLines removes the lines of a field for which drop returns true.
func dropLines(h http.Header, field string, drop func(string) bool) {
	if left := slices.DeleteFunc(h[field], drop); len(left) > 0 {
		h[field] = left
	} else {
		delete(h, field)
	}
}

// hideHeader removes the session's ID in Config.Header.
func (u upstream[T]) hideHeader(h http.Header) {
	c := &u.middleware.config
	if isAuthorization(c.Header) {
		dropLines(h, "Authorization", func(value string) bool {
			scheme, _, _ := strings.Cut(value, " ")
			return c.isOurScheme(scheme)
		})
	} else if c.Header != "" {
		h.Del(c.Header)
	}
}

// hide removes the session's ID and cookies from a request's header.
func (u upstream[T]) hide(h http.Header) {
	c := &u.middleware.config
	u.hideHeader(h)
	if c.Header != "" && c.Bound > 0 {
		h.Del(bound.HeaderProof)
	}
	var lines []string
	for _, line := range h["Cookie"] {
		var left []string
		for part := range strings.SplitSeq(line, ";") {
			name, _, _ := strings.Cut(strings.TrimSpace(part), "=")
			if part = strings.TrimSpace(part); part != "" && !u.isOurs(strings.TrimSpace(name)) {
				left = append(left, part)
			}
		}
		if len(left) > 0 {
			lines = append(lines, strings.Join(left, "; "))
		}
	}
	delete(h, "Cookie")
	if len(lines) > 0 {
		h["Cookie"] = lines
	}
}

// isOurs reports whether a cookie is the session's, or one of this package's others.
func (u upstream[T]) isOurs(name string) bool {
	c := &u.middleware.config
	if !c.hasCookie {
		return false
	}
	return name == c.Cookie.Name || c.Bound > 0 && name == c.boundName() || strings.HasPrefix(name, c.Cookie.Name+formSuffix) ||
		slices.ContainsFunc(c.Cookie.Former, func(f FormerCookie) bool { return f.Name == name && name != "" })
}
