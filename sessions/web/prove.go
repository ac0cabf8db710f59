package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/web/internal/bound"
)

// dpop is the authentication scheme of sessions that are bound to a client's key.
const dpop = "DPoP"

// deviceProof says what a request has proved about the device that its session is bound to.
type deviceProof struct {
	began time.Time // when the request began, for judging its proof; zero: no proof is required
	// The secret of the binding that the request's session has; fixed for the request.
	taken  []byte
	given  bool   // the request comes from the session's device
	client bool   // the session is bound to the key of an API client
	spent  bool   // the request's DPoP proof has been accepted
	lines  []line // for the device
}

// scheme is the authentication scheme under which a client sends the session's ID.
func (d deviceProof) scheme() string {
	if d.client {
		return dpop
	}
	return "Bearer"
}

// isOurScheme reports whether an authentication scheme may carry an ID.
func (c *Config) isOurScheme(scheme string) bool {
	return strings.EqualFold(scheme, "Bearer") || c.Bound > 0 && strings.EqualFold(scheme, dpop)
}

// loadProven loads the session of an ID, if it is not bound or the request proves that it comes
// from its device.
func (v *visit[T]) loadProven(ctx context.Context, id string) (*sessions.Session[T], error) {
	m := v.middleware.manager
	return v.proven(ctx, id, m.Load, m.LoadBound)
}

// peekProven is loadProven that records no access.
func (v *visit[T]) peekProven(ctx context.Context, id string) (*sessions.Session[T], error) {
	m := v.middleware.manager
	return v.proven(ctx, id, m.Peek, m.PeekBound)
}

func (v *visit[T]) proven(
	ctx context.Context, id string,
	load func(context.Context, string) (*sessions.Session[T], error),
	loadBound func(context.Context, string, func(binding []byte) error) (*sessions.Session[T], error),
) (*sessions.Session[T], error) {
	c := &v.middleware.config
	if c.Bound == 0 {
		return load(ctx, id)
	}
	s, err := loadBound(ctx, id, func(binding []byte) error { return v.prove(binding, id) })
	if errors.Is(err, sessions.ErrNotBound) && c.BoundReportOnly {
		if s, err = load(ctx, id); err == nil { // already reported
			b, _ := bound.Parse(s.Binding())
			v.mu.Lock()
			v.device.client = b.Client()
			v.mu.Unlock()
		}
	}
	return s, err
}

// prove returns an error unless a session with this binding and ID may be used by the request.
func (v *visit[T]) prove(binding []byte, id string) error {
	b, err := bound.Parse(binding)
	if err != nil {
		return err
	}
	if _, ok := b.Registered(); !ok {
		v.takes(binding) // it is not bound yet, or its device can't be
		return nil
	}
	v.mu.Lock()
	byHeader, taken := v.sent.byHeader, bytes.Equal(v.device.taken, binding[:bound.FixedBytes])
	v.mu.Unlock()
	if taken {
		return nil // a stream may outlive its proof, or have begun before the registration
	}
	if byHeader {
		err = v.proveClient(b, id)
	} else {
		err = v.proveBrowser(b)
	}
	switch {
	case err == nil:
		v.mu.Lock()
		v.device.given, v.device.client = true, byHeader
		v.mu.Unlock()
	case !b.InGrace(v.middleware.manager.Clock().Now()):
		return err
	}
	v.takes(binding)
	return nil
}

// takes notes that the request uses the session with this binding.
func (v *visit[T]) takes(binding []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.device.taken = bytes.Clone(binding[:bound.FixedBytes])
}

// inTime returns nil if check succeeds for the time at which the request began, so that a long
// upload doesn't outlive its proof, or for the current time, since the store's first response may
// have corrected the clock.
func (v *visit[T]) inTime(check func(now time.Time) error) error {
	v.mu.Lock()
	began := v.device.began
	v.mu.Unlock()
	if !began.IsZero() && check(began) == nil {
		return nil
	}
	return check(v.middleware.manager.Clock().Now())
}

// proveBrowser checks the bound cookie. If there are several, one must be valid: others may be
// planted.
func (v *visit[T]) proveBrowser(b bound.Binding) error {
	if !b.Browser() {
		return fmt.Errorf("%w: a cookie can't prove a client's key", bound.ErrKey)
	}
	c := &v.middleware.config
	err := errors.New("no bound cookie")
	for i, cookie := range v.request.CookiesNamed(c.boundName()) {
		if i == most {
			break
		}
		if err = v.inTime(func(now time.Time) error { return b.CheckCookie(cookie.Value, c.Bound, now) }); err == nil {
			return nil
		}
	}
	return err
}

// proveClient checks the DPoP proof. It adds to the header what the client needs for its next
// proof.
func (v *visit[T]) proveClient(b bound.Binding, id string) error {
	m := v.middleware
	now := m.manager.Clock().Now()
	p, err := v.clientProof()
	if err == nil && v.isBearer(id) {
		err = errors.New("sent as a bearer token")
	}
	if err == nil {
		err = v.inTime(func(now time.Time) error { return b.CheckClient(p, v.boundRequest(id), m.config.Bound, now) })
	}
	if err == nil && !v.spend(p) {
		err = bound.ErrReplayed
	}
	var nonce *bound.NonceError
	switch {
	case err == nil:
		if age, ok := b.NonceAge(p, now); ok && age > m.config.Bound/2 {
			v.offer(b, "")
		}
	case errors.As(err, &nonce):
		v.offer(b, "use_dpop_nonce")
	default:
		v.offer(b, "invalid_dpop_proof")
	}
	return err
}

// spend accepts the request's proof, and reports whether it was not accepted before for another
// request.
func (v *visit[T]) spend(p bound.Proof) bool {
	v.mu.Lock()
	spent := v.device.spent
	v.mu.Unlock()
	if !spent && !v.middleware.accepted.proofs.Spend(p.Spent(), v.middleware.manager.Clock().Now()) {
		return false
	}
	v.mu.Lock()
	v.device.spent = true
	v.mu.Unlock()
	return true
}

// offer gives the client a nonce for its next proof and, if this one was refused, says why.
func (v *visit[T]) offer(b bound.Binding, refused string) {
	lines := []line{{http.CanonicalHeaderKey(bound.HeaderNonce), b.Nonce(v.middleware.manager.Clock().Now())}}
	if refused != "" {
		lines = append(lines, line{"Www-Authenticate", dpop + ` algs="` + bound.ES256 + " " + bound.RS256 + `", error="` + refused + `"`})
	}
	v.mu.Lock()
	v.device.lines = lines
	v.mu.Unlock()
}

// clientProof returns the request's DPoP proof.
func (v *visit[T]) clientProof() (bound.Proof, error) {
	return bound.ParseProof(v.request.Header.Values(bound.HeaderProof))
}

// isBearer reports whether the ID came as a bearer token. A bound ID is not one.
func (v *visit[T]) isBearer(id string) bool {
	header := v.middleware.config.Header
	if !isAuthorization(header) {
		return false
	}
	for _, value := range v.request.Header.Values(header) {
		if scheme, sent := credentials(value); sent == id && !strings.EqualFold(scheme, dpop) {
			return true
		}
	}
	return false
}

// boundRequest returns the request that a DPoP proof must have been made for. Without TLS it has no
// scheme, since a proxy may end TLS.
func (v *visit[T]) boundRequest(id string) bound.Request {
	r := v.request
	out := bound.Request{Method: r.Method, Host: r.Host, Path: r.URL.EscapedPath(), ID: id}
	if r.TLS != nil {
		out.Scheme = "https"
	}
	// As received: handlers around this one may have stripped a prefix.
	if strings.HasPrefix(r.RequestURI, "/") {
		out.Path, _, _ = strings.Cut(r.RequestURI, "?")
	}
	return out
}

// bindsLogin reports whether a login's session should be bound. It calls the application's
// function, without a lock.
func (m *Middleware[T]) bindsLogin(ctx context.Context, subject string) bool {
	return m.config.Bound > 0 && (m.config.BoundFor == nil || m.config.BoundFor(ctx, subject))
}

// newBinding returns the binding of a login: for a browser, which may register a key later; for a
// client, with the key of its proof. It is nil if the session should not be bound.
func (v *visit[T]) newBinding(bind bool) ([]byte, error) {
	if !bind {
		return nil, nil
	}
	v.mu.Lock()
	sent := v.sent
	v.mu.Unlock()
	switch {
	case !sent.byHeader:
		return bound.New().Bytes(), nil
	case len(v.request.Header.Values(bound.HeaderProof)) == 0:
		return nil, nil // a client without DPoP
	}
	id := ""
	if len(sent.ids) == 1 {
		id = sent.ids[0]
	}
	p, err := v.clientProof()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	var b bound.Binding
	err = v.inTime(func(now time.Time) (err error) {
		b, err = bound.New().BindClient(p, v.boundRequest(id), now)
		return err
	})
	if err == nil && !v.spend(p) {
		err = bound.ErrReplayed
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	return b.Bytes(), nil
}

// isBinding notes the header lines for the device after a login.
func (v *visit[T]) isBinding(s *sessions.Session[T]) {
	m := v.middleware
	v.mu.Lock()
	v.device = deviceProof{began: v.device.began, spent: v.device.spent}
	v.mu.Unlock()
	binding := s.Binding()
	b, err := bound.Parse(binding) // an earlier attempt's, if its response was lost
	switch {
	case err != nil: // no binding
		return
	case b.Client():
		v.offer(b, "")
		v.mu.Lock()
		v.device.given, v.device.client = true, true
		v.mu.Unlock()
	default:
		asks := bound.Registration(m.config.registerPath, b.RegistrationChallenge(m.manager.Clock().Now()))
		v.mu.Lock()
		v.device.lines = []line{{bound.HeaderRegistration, asks}}
		v.mu.Unlock()
	}
	v.takes(binding)
}

// isRegistered reports whether a binding has a device's key.
func isRegistered(binding []byte) bool {
	b, err := bound.Parse(binding)
	_, ok := b.Registered()
	return err == nil && ok
}

// sameClient reports whether two bindings are to the key of the same API client, or neither to one.
func sameClient(one, other []byte) bool {
	a, _ := bound.Parse(one) // without a binding there is no key
	b, _ := bound.Parse(other)
	return a.SameClient(b)
}

// boundDeletion returns the line that deletes the bound cookie after a logout, if the browser has
// sent one.
func (v *visit[T]) boundDeletion() []line {
	c := &v.middleware.config
	if c.Bound == 0 || !c.hasCookie || len(v.request.CookiesNamed(c.boundName())) == 0 {
		return nil
	}
	return []line{{setCookie, deletion(c.boundCookie(""))}}
}

// RequireBound passes to next only requests of sessions that are bound to a device and that prove
// to come from it. Config.Error responds to others, with [ErrNotBound], or [ErrNoSubject] if the
// visitor has not signed in. Use it inside of Handler. Browsers register shortly after the login,
// so don't use it for the page on which a login lands. If Config.Bound is zero, it refuses every
// request.
func (m *Middleware[T]) RequireBound(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := m.Session(r.Context())
		switch {
		case err != nil:
		case s.Subject() == "":
			err = ErrNoSubject
		case !m.isProven(r.Context()):
			err = ErrNotBound
		}
		if err != nil {
			m.answer(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isProven reports whether the request of ctx comes from the device that its session is bound to.
func (m *Middleware[T]) isProven(ctx context.Context) bool {
	v, err := m.visit(ctx)
	if err != nil {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.device.given
}
