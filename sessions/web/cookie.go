package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// Cookie configures the session's cookie. It is always HttpOnly. [New] returns an error for
// settings with which browsers would drop the cookie. Give each application on a host a different
// Name: browsers share cookies between the ports of a host, including localhost.
type Cookie struct {
	// Name is the cookie's name. It must begin with "__Host-" or "__Secure-" (or "__Http-",
	// "__Host-Http-", which some browsers support), so that other hosts and unencrypted responses
	// can't plant one; see Unprefixed and Insecure. Defaults to __Host-id, or to id if Unprefixed
	// or Insecure is set.
	Name string

	// Path is the path below which the cookie is sent; it is not a security boundary. Defaults to
	// "/".
	Path string

	// Domain makes browsers send the cookie to the subdomains too, which can then also plant one.
	// It must not be a public suffix, such as co.uk or github.io, and can't be combined with a
	// "__Host-" name. Defaults to the host alone.
	Domain string

	// SameSite decides which requests from other sites carry the cookie. http.SameSiteNoneMode
	// needs Secure. Defaults to http.SameSiteLaxMode.
	SameSite http.SameSite

	// Persistent makes the browser keep every session's cookie when it is closed, until the
	// session's absolute deadline, and at most the 400 days that browsers allow.
	// [Middleware.Persist] does so for one session. Defaults to a cookie that the browser drops
	// when it is closed.
	Persistent bool

	// Partitioned gives each top-level site a separate cookie (CHIPS). It needs
	// http.SameSiteNoneMode.
	Partitioned bool

	// Unprefixed allows a Name without a prefix, for a cookie that other software sets too.
	// Browsers then also accept one from any subdomain.
	Unprefixed bool

	// Insecure omits Secure, so that the cookie works over plain HTTP, for development. It requires
	// a Name without a prefix. Chromium and Firefox accept Secure cookies on http://localhost;
	// Safari and other WebKit browsers don't: set Insecure for them, or serve TLS (mkcert makes a
	// certificate that they trust).
	Insecure bool

	// Former lists the names, paths and domains that the cookie had before a deploy changed them,
	// or changed Partitioned. Whenever the cookie is set or deleted, these cookies are deleted; a
	// login and a logout also end their sessions. While the deploy rolls, the hosts of before don't
	// delete the new cookie unless they list its form in the same way: deploy that first. A cookie
	// with another name signs nobody in, since whoever could plant it still can: after a change of
	// the name users sign in again. Keep them until the absolute timeout has passed. Defaults to
	// none.
	Former []FormerCookie
}

// FormerCookie describes an earlier form of the cookie. Name and Path default to those of the
// enclosing Cookie; an empty Domain means that the earlier cookie had none.
type FormerCookie struct {
	Name, Path, Domain string
	Partitioned        bool
}

// The bounds that browsers set, from draft-ietf-httpbis-rfc6265bis sections 5.5 to 5.7.
const (
	maxPair      = 4096 // bytes of name and value
	maxAttribute = 1024 // bytes of an attribute's value
	maxAge       = 400 * 24 * time.Hour
)

func (c Cookie) isZero() bool {
	former := c.Former
	c.Former = nil
	return len(former) == 0 && reflect.ValueOf(c).IsZero()
}

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
	if n := len(c.Name) + max(idLength, len(formSuffix)+formSecretLength); n > maxPair {
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
	if domain := strings.ToLower(strings.Trim(c.Domain, ".")); domain != "" {
		if suffix, _ := publicsuffix.PublicSuffix(domain); suffix == domain {
			return fmt.Errorf("Cookie.Domain %q: must not be a public suffix, browsers drop it", c.Domain)
		}
	}
	return c.validateFormer()
}

func (c Cookie) validateFormer() error {
	for i, f := range c.Former {
		was := c.former(f)
		if was.Name == c.Name && was.Path == c.Path && strings.Trim(was.Domain, ".") == strings.Trim(c.Domain, ".") && was.Partitioned == c.Partitioned {
			return fmt.Errorf("Cookie.Former[%d]: must differ from the Cookie in Name, Path, Domain or Partitioned", i)
		}
		if err := was.Valid(); err != nil {
			return fmt.Errorf("Cookie.Former[%d]: %w", i, err)
		}
	}
	return nil
}

// validatePrefix checks what browsers check. They compare prefixes without regard to case, and
// silently drop cookies that break the rule.
func (c Cookie) validatePrefix() error {
	host := strings.HasPrefix(strings.ToLower(c.Name), "__host-")
	prefixed := isPrefixed(c.Name)
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

func isPrefixed(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "__host-") || strings.HasPrefix(name, "__secure-") || strings.HasPrefix(name, "__http-")
}

// cookie returns the cookie with a value.
func (c Cookie) cookie(value string) *http.Cookie {
	return &http.Cookie{
		Name: c.Name, Value: value, Path: c.Path, Domain: c.Domain, SameSite: c.SameSite,
		Secure: !c.Insecure, HttpOnly: true, Partitioned: c.Partitioned,
	}
}

// line returns the Set-Cookie that gives the client an ID, until its end if it is persistent.
func (c Cookie) line(state clientState, now time.Time) string {
	cookie := c.cookie(state.id.Secret())
	if state.persist {
		cookie.MaxAge = max(1, int(min(state.end.Sub(now), maxAge)/time.Second))
	}
	return cookie.String()
}

// deletion returns the Set-Cookie that deletes the cookie. It has every attribute that the cookie
// was set with; otherwise browsers keep the cookie.
func (c Cookie) deletion() string { return deletion(c.cookie("")) }

func deletion(cookie *http.Cookie) string {
	cookie.MaxAge = -1
	cookie.Expires = time.Unix(1, 0)
	return cookie.String()
}

// former returns the cookie in a former form.
func (c Cookie) former(f FormerCookie) *http.Cookie {
	cookie := c.cookie("")
	cookie.Name, cookie.Path, cookie.Domain = cmp.Or(f.Name, c.Name), cmp.Or(f.Path, c.Path), f.Domain
	cookie.Partitioned = f.Partitioned
	cookie.Secure = !c.Insecure || cookie.Partitioned || isPrefixed(cookie.Name)
	return cookie
}

func (c Cookie) formerDeletion(f FormerCookie) string { return deletion(c.former(f)) }
