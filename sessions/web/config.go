package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Config sets up a [Middleware]. Every field may be left zero; a nil Config is the zero one.
type Config struct {
	// Cookie is what the session's cookie is like. Defaults to __Host-id; Secure; HttpOnly; SameSite=Lax; Path=/.
	Cookie Cookie

	// Header, for an API whose clients keep no cookies, names the request header that carries the ID, instead of a cookie and never
	// beside one: "Authorization" for "Bearer" and the ID, any other for the ID alone. A new ID is answered in a header of
	// the same name and form. Defaults to none.
	Header string

	// Bound binds sessions to the device on which their users sign in, so that a copied cookie is worth nothing elsewhere,
	// and is how long the proof of a device is valid: 10 minutes, say. At least 1s, at most 24h. Browsers that know Device
	// Bound Session Credentials register a key after a login and prove that they have it by a second cookie, which they
	// renew by themselves; other browsers have sessions as without Bound. With Header, clients bind a session by DPoP
	// (RFC 9449). See docs/bound.md before turning it on. It is experimental: a draft, and one browser engine. Defaults to 0,
	// which is off.
	Bound time.Duration

	// BoundFor, if set, limits Bound to the logins for which it returns true, so that it can be turned on for some users
	// first. [Middleware.Authenticate] calls it. Defaults to all logins.
	BoundFor func(ctx context.Context, subject string) bool

	// BoundReportOnly accepts bound sessions without their proof, too: that it was missing is an event, and nothing else.
	// For the time in which Bound is being turned on or off.
	BoundReportOnly bool

	// Error answers in place of the handler when the session can't be had or saved, or lacks what [Middleware.RequireSubject] or
	// [Middleware.RequireFresh] asks for: see [Status] for what err can be. It writes the whole answer. When the answer has
	// begun already, it is called all the same, with a w that discards what is written. Defaults to the bare status, and, where
	// the answer has begun, a line in the server's ErrorLog.
	Error func(w http.ResponseWriter, r *http.Request, err error)
}

const defaultName = "__Host-id"

func (c *Config) withDefaults() Config {
	var out Config
	if c != nil {
		out = *c
	}
	out.Cookie = out.Cookie.withDefaults()
	if out.Error == nil {
		out.Error = answer
	}
	return out
}

// validate checks c, whose defaults are filled in, for IDs of the given length. asGiven is c as it was given.
func (c Config) validate(asGiven *Config, idLength int) error {
	if err := c.validateBound(); err != nil {
		return err
	}
	if c.Header == "" {
		return c.Cookie.validate(idLength)
	}
	if asGiven.Cookie != (Cookie{}) {
		return errors.New("Config.Header and Config.Cookie: must not both be set")
	}
	if !isToken(c.Header) {
		return fmt.Errorf("Config.Header %q: is not the name of a header", c.Header)
	}
	switch strings.ToLower(c.Header) {
	case "cookie", "set-cookie", "host", "connection", "content-length", "content-type", "transfer-encoding":
		return fmt.Errorf("Config.Header %q: means something else in HTTP", c.Header)
	}
	return nil
}

// isToken reports whether s is what RFC 9110 calls a token, as a header's or a cookie's name must be.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alnum && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}
