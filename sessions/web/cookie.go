package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Cookie is what the session's cookie is like. It is always HttpOnly. What browsers would drop is an error of [New].
type Cookie struct {
	// Name is the cookie's name. It must begin with "__Host-" or "__Secure-" (or "__Http-", "__Host-Http-", which some browsers know
	// already), so that no other host and no unencrypted answer can plant one; see Unprefixed and Insecure. Defaults to "__Host-id",
	// and to "id" if Unprefixed or Insecure.
	Name string

	// Path is where in the host the cookie is sent; it is no boundary of security. Defaults to "/".
	Path string

	// Domain makes subdomains get the cookie too, and lets them plant one. Not with a name in "__Host-". Defaults to the host alone.
	Domain string

	// SameSite tells when a request from another site carries the cookie. http.SameSiteNoneMode needs Secure. Defaults to
	// http.SameSiteLaxMode.
	SameSite http.SameSite

	// Persistent makes the browser keep the cookie when it is closed, until the session's absolute deadline, and at most 400 days,
	// beyond which browsers cut. Defaults to a cookie of the browser's session.
	Persistent bool

	// Partitioned gives each top-level site a cookie of its own (CHIPS). It needs http.SameSiteNoneMode.
	Partitioned bool

	// Unprefixed allows a Name without a prefix, for a cookie that others set too. A browser then takes one from any subdomain.
	Unprefixed bool

	// Insecure leaves out Secure, so that the cookie travels over plain HTTP, for development on a host that is neither localhost nor
	// encrypted. On http://localhost it isn't needed: browsers take Secure cookies there. It needs a Name without a prefix.
	Insecure bool
}

// The bounds that browsers set, from draft-ietf-httpbis-rfc6265bis sections 5.5 to 5.7.
const (
	maxPair      = 4096 // bytes of name and value
	maxAttribute = 1024 // bytes of an attribute's value
	maxAge       = 400 * 24 * time.Hour
)

func (c Cookie) withDefaults() Cookie {
	if c.Name == "" {
		c.Name = defaultName
		if c.Insecure || c.Unprefixed {
			c.Name = "id"
		}
	}
	if c.Path == "" {
		c.Path = "/"
	}
	if c.SameSite == 0 {
		c.SameSite = http.SameSiteLaxMode
	}
	return c
}

func (c Cookie) validate(idLength int) error {
	if !isToken(c.Name) {
		return fmt.Errorf("Cookie.Name %q: must be of letters, digits and !#$%%&'*+-.^_`|~", c.Name)
	}
	if n := len(c.Name) + idLength; n > maxPair {
		return fmt.Errorf("Cookie.Name and the ID have %d bytes: must have at most %d", n, maxPair)
	}
	if err := c.validatePrefix(); err != nil {
		return err
	}
	switch {
	case c.SameSite != http.SameSiteLaxMode && c.SameSite != http.SameSiteStrictMode && c.SameSite != http.SameSiteNoneMode:
		return errors.New("Cookie.SameSite: must be http.SameSiteLaxMode, SameSiteStrictMode or SameSiteNoneMode")
	case c.SameSite == http.SameSiteNoneMode && c.Insecure:
		return errors.New("Cookie.SameSite: http.SameSiteNoneMode must not be Insecure")
	case c.Partitioned && c.SameSite != http.SameSiteNoneMode:
		return errors.New("Cookie.Partitioned: must be with http.SameSiteNoneMode")
	case !strings.HasPrefix(c.Path, "/"):
		return fmt.Errorf("Cookie.Path %q: must begin with /", c.Path)
	case len(c.Path) > maxAttribute:
		return fmt.Errorf("Cookie.Path has %d bytes: must have at most %d", len(c.Path), maxAttribute)
	case len(c.Domain) > maxAttribute:
		return fmt.Errorf("Cookie.Domain has %d bytes: must have at most %d", len(c.Domain), maxAttribute)
	}
	cookie := c.cookie("x")
	if err := cookie.Valid(); err != nil {
		return fmt.Errorf("Cookie: %w", err)
	}
	return nil
}

// validatePrefix checks what browsers check, who compare prefixes without regard to case and drop what breaks the rule, silently.
func (c Cookie) validatePrefix() error {
	name := strings.ToLower(c.Name)
	host := strings.HasPrefix(name, "__host-")
	prefixed := host || strings.HasPrefix(name, "__secure-") || strings.HasPrefix(name, "__http-")
	switch {
	case !prefixed && !c.Unprefixed && !c.Insecure:
		return fmt.Errorf("Cookie.Name %q: must begin with __Host- or __Secure-, unless Unprefixed or Insecure is set", c.Name)
	case prefixed && c.Insecure:
		return fmt.Errorf("Cookie.Name %q: must not be Insecure, browsers drop it", c.Name)
	case host && c.Domain != "":
		return fmt.Errorf("Cookie.Name %q: must have no Domain, browsers drop it", c.Name)
	case host && c.Path != "/":
		return fmt.Errorf("Cookie.Name %q: must have the Path /, browsers drop it", c.Name)
	}
	return nil
}

// cookie returns the cookie with a value.
func (c Cookie) cookie(value string) *http.Cookie {
	return &http.Cookie{
		Name: c.Name, Value: value, Path: c.Path, Domain: c.Domain, SameSite: c.SameSite,
		Secure: !c.Insecure, HttpOnly: true, Partitioned: c.Partitioned,
	}
}

// line returns the Set-Cookie that gives the client an ID, for so long if it is persistent.
func (c Cookie) line(id string, left time.Duration) string {
	cookie := c.cookie(id)
	if c.Persistent {
		cookie.MaxAge = max(1, int(min(left, maxAge)/time.Second))
	}
	return cookie.String()
}

// deletion returns the Set-Cookie that takes it away: with every attribute that it was set with, else browsers keep it.
func (c Cookie) deletion() string {
	cookie := c.cookie("")
	cookie.MaxAge = -1
	cookie.Expires = time.Unix(1, 0)
	return cookie.String()
}
