package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Config sets up a [Middleware]. Every field may be left zero; a nil Config is the zero one.
type Config struct {
	// Cookie configures the session's cookie. Defaults to __Host-id; Secure; HttpOnly;
	// SameSite=Lax; Path=/.
	Cookie Cookie

	// Header is the request header that carries the ID, for an API whose clients don't use cookies.
	// "Authorization" carries "Bearer" and the ID, any other header the ID alone. The response
	// carries a new ID in a header of the same name and form. If Header is set and Cookie isn't,
	// there is no cookie.
	//
	// With a Cookie as well (at least its Name), one Middleware serves both: browsers by the
	// cookie, clients by the header. A request with both is refused with [ErrTwoIDs]. A request
	// with neither gets its ID in the cookie, unless its handler calls [Middleware.UseHeader].
	// Defaults to none.
	Header string

	// Bound binds sessions to the device on which their users sign in, so that a copied cookie is
	// useless elsewhere. Its value is how long a device's proof is valid, such as 10 minutes. At
	// least 1s, at most 24h. Browsers that support Device Bound Session Credentials register a key
	// after the login, and prove that they have it by a second cookie, which they renew by
	// themselves; for other browsers nothing changes. By Header, clients bind a session with DPoP
	// (RFC 9449). The Handler serves two paths itself, below /.dbsc/. It is experimental: the
	// protocol is a draft, and only one browser engine implements it. Read docs/bound.md before
	// turning it on. Defaults to 0: off.
	Bound time.Duration

	// BoundFor limits Bound to the logins for which it returns true, to turn it on for some users
	// first. [Middleware.Authenticate] calls it. Defaults to all logins.
	BoundFor func(ctx context.Context, subject string) bool

	// BoundReportOnly also accepts bound sessions without their proof, and only reports the missing
	// proof as an event. Use it while turning Bound on or off.
	BoundReportOnly bool

	// Error writes the response in place of the handler when the session can't be loaded or saved,
	// or fails [Middleware.RequireSubject] or [Middleware.RequireFresh]: see [Status] for what err
	// can be. It may use the session: if a save has lost against another request, Session loads it
	// again. After a failed save, what it changes is not saved automatically: call Update.
	//
	// If the response has already started, it is called with a w that discards what is written. If
	// the handler then panics since it can't write its own response, as a reverse proxy does, this
	// one is sent nevertheless. Defaults to a response with the status of [Status] and its text,
	// and a line in Logger.
	Error func(w http.ResponseWriter, r *http.Request, err error)

	// Logger receives problems that are not reported elsewhere: the store is unavailable, a route
	// lacks the Handler, a change came after the response had started, or a session can't be
	// decoded. It never gets an ID, nor unescaped text that a client has sent. Defaults to
	// slog.Default.
	Logger *slog.Logger

	hasCookie                 bool   // cookies are read and set
	registerPath, refreshPath string // paths that the Handler serves itself; "": none
}

const defaultName = "__Host-id"

func (c *Config) withDefaults() Config {
	var out Config
	if c != nil {
		out = *c
	}
	out.hasCookie = out.Header == "" || !out.Cookie.isZero()
	out.Cookie = out.Cookie.withDefaults()
	if out.Bound > 0 && out.hasCookie {
		out.registerPath, out.refreshPath = out.boundPath("register"), out.boundPath("refresh")
	}
	return out
}

// validate checks c, whose defaults are filled in, for IDs of the given length.
func (c Config) validate(idLength int) error {
	if c.hasCookie {
		if err := c.Cookie.validate(idLength); err != nil {
			return err
		}
	}
	if err := c.validateBound(); err != nil {
		return err
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

// isToken reports whether s is a token of RFC 9110, as names of headers and cookies must be.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alnum && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}
