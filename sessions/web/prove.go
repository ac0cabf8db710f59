package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/web/internal/bound"
)

// dpop is the authentication scheme of sessions that are bound to a client's key.
const dpop = "DPoP"

// deviceProof is what a request has shown of the device that its session is bound to.
type deviceProof struct {
	given   bool  // the session is bound, and the request comes from its device
	missing error // an ErrNotBound: a session was sent and not taken
	spent   bool  // the DPoP proof has been accepted for this request
}

// unproven reports whether the visitor has no session because the one that was sent is bound, and the proof is missing. What
// the client holds is then somebody's: nothing may take its place but a login.
func (v *visit[T]) unproven() bool {
	return v.proof.missing != nil && (v.session == nil || v.session.IsNew())
}

// loadProven loads the session of an ID, if that is not bound or the request proves that it comes from its device.
func (v *visit[T]) loadProven(ctx context.Context, id string) (*sessions.Session[T], error) {
	m := v.middleware
	if m.config.Bound == 0 {
		return m.manager.Load(ctx, id)
	}
	s, err := m.manager.LoadBound(ctx, id, func(binding []byte) error { return v.prove(binding, id) })
	if errors.Is(err, sessions.ErrNotBound) && m.config.BoundReportOnly {
		return m.manager.Load(ctx, id) // it has been reported
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
		return nil // it is not bound yet, or its device can't be
	}
	if v.middleware.config.Header != "" {
		err = v.proveClient(b, id)
	} else {
		err = v.proveBrowser(b)
	}
	if err == nil {
		v.proof.given = true
		return nil
	}
	if b.InGrace(v.middleware.manager.Clock().Now()) {
		return nil
	}
	return err
}

// proveBrowser checks the bound cookie. Of several, one must be right: others may have been planted.
func (v *visit[T]) proveBrowser(b bound.Binding) error {
	if !b.Browser() {
		return fmt.Errorf("%w: a cookie can't prove a client's key", bound.ErrKey)
	}
	c := v.middleware.config
	err := errors.New("no bound cookie")
	for i, cookie := range v.request.CookiesNamed(c.boundCookie("").Name) {
		if i == maxCandidates {
			break
		}
		if err = b.CheckCookie(cookie.Value, c.Bound, v.middleware.manager.Clock().Now()); err == nil {
			return nil
		}
	}
	return err
}

// proveClient checks the DPoP proof. What the client needs for another one goes into the header.
func (v *visit[T]) proveClient(b bound.Binding, id string) error {
	m := v.middleware
	now := m.manager.Clock().Now()
	p, err := v.clientProof()
	if err == nil && v.isBearer(id) {
		err = errors.New("sent as a bearer token")
	}
	if err == nil {
		err = b.CheckClient(p, v.boundRequest(id), m.config.Bound, now)
	}
	if err == nil && !v.proof.spent && !m.bound.proofs.Spend(p.Spent(), now) {
		err = bound.ErrReplayed
	}
	var nonce *bound.NonceError
	switch {
	case err == nil:
		v.proof.spent = true
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

// offer gives the client a nonce for its next proof and, if this one was refused, says why.
func (v *visit[T]) offer(b bound.Binding, refused string) {
	if v.committed {
		return
	}
	h := v.w.Header()
	h.Set(bound.HeaderNonce, b.Nonce(v.middleware.manager.Clock().Now()))
	v.noStore()
	if refused != "" {
		h.Set("WWW-Authenticate", `DPoP algs="`+bound.ES256+" "+bound.RS256+`", error="`+refused+`"`)
	}
}

// clientProof returns the request's DPoP proof.
func (v *visit[T]) clientProof() (bound.Proof, error) {
	return bound.ParseProof(v.request.Header.Values(bound.HeaderProof))
}

// isBearer reports whether the ID came as a bearer token, which one that is bound is not.
func (v *visit[T]) isBearer(id string) bool {
	header := v.middleware.config.Header
	if !isAuthorization(header) {
		return false
	}
	for _, value := range v.request.Header.Values(header) {
		if scheme, sent, _ := strings.Cut(value, " "); sent == id && !strings.EqualFold(scheme, dpop) {
			return true
		}
	}
	return false
}

// boundRequest is what a DPoP proof must have been made for. Without TLS here, a proxy may have ended it.
func (v *visit[T]) boundRequest(id string) bound.Request {
	r := v.request
	out := bound.Request{Method: r.Method, Host: r.Host, Path: r.URL.EscapedPath(), ID: id}
	if r.TLS != nil {
		out.Scheme = "https"
	}
	if strings.HasPrefix(r.RequestURI, "/") { // as it came, whatever handlers around this one have stripped
		out.Path, _, _ = strings.Cut(r.RequestURI, "?")
	}
	return out
}

// bindsLogin reports whether the session of a login is to be bound. It calls the application's function, and so holds no lock.
func (m *Middleware[T]) bindsLogin(ctx context.Context, subject string) bool {
	return m.config.Bound > 0 && (m.config.BoundFor == nil || m.config.BoundFor(ctx, subject))
}

// authenticate signs in, and binds the session or asks the browser to.
func (v *visit[T]) authenticate(ctx context.Context, subject string, bind bool) error {
	m := v.middleware
	binding, err := v.newBinding(bind)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	if err := m.manager.AuthenticateBound(ctx, v.session, subject, binding); err != nil {
		return err
	}
	v.proof = deviceProof{}
	b, err := bound.Parse(v.session.Binding()) // an earlier attempt's, if that was completed
	switch {
	case err != nil: // it has none
	case b.Client():
		v.proof = deviceProof{given: true, spent: true}
		v.offer(b, "")
	case m.config.Header == "":
		now := m.manager.Clock().Now()
		v.w.Header().Set(bound.HeaderRegistration, bound.Registration(m.config.boundPath("register"), b.RegistrationChallenge(now)))
	}
	return nil
}

// newBinding returns the binding of a login: for a browser, which may register a key later; for a client, with the key of its
// proof. It is nil if the session is not to be bound.
func (v *visit[T]) newBinding(bind bool) ([]byte, error) {
	m := v.middleware
	switch {
	case !bind:
		return nil, nil
	case m.config.Header == "":
		return bound.New().Bytes(), nil
	case len(v.request.Header.Values(bound.HeaderProof)) == 0:
		return nil, nil // a client that does without
	}
	p, err := v.clientProof()
	if err != nil {
		return nil, err
	}
	id := ""
	if ids := v.ids(); len(ids) == 1 {
		id = ids[0]
	}
	now := m.manager.Clock().Now()
	b, err := bound.New().BindClient(p, v.boundRequest(id), now)
	if err != nil {
		return nil, err
	}
	if !v.proof.spent && !m.bound.proofs.Spend(p.Spent(), now) {
		return nil, bound.ErrReplayed
	}
	v.proof.spent = true
	return b.Bytes(), nil
}

// scheme is the authentication scheme under which the client is to send the session's ID.
func (v *visit[T]) scheme() string {
	if b, err := bound.Parse(v.session.Binding()); err == nil && b.Client() && v.middleware.config.Bound > 0 {
		return dpop
	}
	return "Bearer"
}

// dropBoundCookie takes the bound cookie away from a browser that has sent one, after a logout.
func (v *visit[T]) dropBoundCookie() {
	c := v.middleware.config
	if c.Bound == 0 || c.Header != "" || v.committed || len(v.request.CookiesNamed(c.boundCookie("").Name)) == 0 {
		return
	}
	cookie := c.Cookie
	cookie.Name = c.boundCookie("").Name
	line := cookie.deletion()
	for _, told := range v.w.Header()["Set-Cookie"] {
		if told == line {
			return
		}
	}
	v.w.Header().Add("Set-Cookie", line)
}

// RequireBound returns next for sessions that are bound to their device, and for requests that prove to come from it:
// Config.Error answers others, with [ErrNotBound], or [ErrNoSubject] if nobody has signed in. It goes inside of Handler.
// Browsers register a moment after the login, so that the page on which a login lands is too early for it. Where
// Config.Bound is zero, it lets nobody pass.
func (m *Middleware[T]) RequireBound(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := m.signedIn(r.Context())
		if err == nil && (s.IsNew() || !m.proven(r.Context())) {
			err = ErrNotBound
		}
		if err != nil {
			m.config.Error(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// proven reports whether the request of ctx comes from the device that its session is bound to.
func (m *Middleware[T]) proven(ctx context.Context) bool {
	v, err := m.visit(ctx)
	if err != nil {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.proof.given
}
