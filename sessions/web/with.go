package web

import (
	"context"
	"net/http"
	"net/url"

	"github.com/dynasession/dynasession/sessions"
)

// With returns a context in which [Middleware.Session] returns s, for tests of handlers: they need
// no Handler and no cookie. s may be new, from [sessions.Manager.Create], or stored; if it is bound
// to a device, [Middleware.RequireBound] admits it. The handler changes s; Save and the other
// methods use the Manager's store. A Handler that serves a request with this context treats s as
// the session that the client sent.
//
//	r = r.WithContext(sess.With(r.Context(), s))
//	handler(httptest.NewRecorder(), r)
func (m *Middleware[T]) With(ctx context.Context, s *sessions.Session[T]) context.Context {
	v := &visit[T]{middleware: m, w: discard{http.Header{}}, given: true, asked: true, session: s, dealings: &dealings{}}
	v.context = visitContext[T]{ctx, v}
	v.request = (&http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/"}, Header: http.Header{}}).WithContext(&v.context)
	v.outer, _ = ctx.Value(aroundKey{}).(around)
	v.sent.byHeader = !m.config.hasCookie
	v.wasNil = makeMap(&s.Data)
	if !s.IsNew() {
		v.known, v.told = s.ID(), m.stateOf(s)
		v.device.given = isRegistered(s.Binding())
	}
	return &v.context
}

// adopt takes over the session that was passed to With.
func (v *visit[T]) adopt(given *visit[T]) {
	v.deals()
	given.mu.Lock()
	defer given.mu.Unlock()
	v.outer, v.asked, v.session, v.wasNil = given.outer, true, given.session, given.wasNil
	v.known, v.told, v.sent, v.device.given = given.known, given.told, given.sent, given.device.given
}
