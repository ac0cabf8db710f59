package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
)

// Config sets up a [Middleware]. Every field may be left zero; a nil Config is the zero one.
type Config struct {
	// Cookie configures the session's cookie. Defaults to __Host-id; Secure; HttpOnly; SameSite=Lax; Path=/.
	Cookie Cookie

	// Header names the request header that carries the ID, for an API whose clients keep no cookies: "Authorization" for
	// "Bearer" and the ID, any other for the ID alone. A new ID is answered in a header of the same name and form. Without a
	// Cookie there is no cookie then.
	//
	// With a Cookie as well (at least its Name), one Middleware serves both: browsers by the cookie, clients by the header.
	// A request that carries both is refused, with [ErrTwoIDs]. One that carries neither is answered by cookie, unless its
	// handler calls [Middleware.UseHeader]. Defaults to none.
	Header string

	// Error writes the response in place of the handler when the session can't be loaded or saved, or fails
	// [Middleware.RequireSubject] or [Middleware.RequireFresh]: see [Status] for what err can be. It may use the session.
	// When the response has started already, it is called all the same, with a w that discards what is written. Defaults
	// to the bare status of [Status], and a line to Logger.
	Error func(w http.ResponseWriter, r *http.Request, err error)

	// Logger receives what nobody else is told: that the store is out of reach, that a route lacks the Handler, that a
	// change came after the response had started, that a session can't be decoded. It never gets an ID, nor anything that a client has sent
	// as it was sent. Defaults to slog.Default at each line.
	Logger *slog.Logger

	hasCookie bool // cookies are read and set
}

const defaultName = "__Host-id"

func (c *Config) withDefaults() Config {
	var out Config
	if c != nil {
		out = *c
	}
	out.hasCookie = out.Header == "" || !out.Cookie.isZero()
	out.Cookie = out.Cookie.withDefaults()
	return out
}

// validate checks c, whose defaults are filled in, for IDs of the given length.
func (c Config) validate(idLength int) error {
	if c.hasCookie {
		if err := c.Cookie.validate(idLength); err != nil {
			return err
		}
	}
	if c.Header == "" {
		return nil
	}
	if !isToken(c.Header) {
		return fmt.Errorf("Config.Header %q: must be the name of a header", c.Header)
	}
	switch strings.ToLower(c.Header) {
	case "cookie", "set-cookie", "host", "connection", "content-length", "content-type", "transfer-encoding":
		return fmt.Errorf("Config.Header %q: must not mean something else in HTTP", c.Header)
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
