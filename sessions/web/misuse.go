package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

var (
	// errPlainHTTP is only logged: users of the application can't sign in.
	errPlainHTTP = errors.New("web: a page of this host was loaded over http://, where browsers drop the Secure cookie: " +
		"serve TLS, or for development set Cookie.Insecure")

	// errPast is logged if a framework's writer, and not the Handler's, has written the response.
	errPast = fmt.Errorf("%w, by another writer than the Handler's: changes are saved too late, and a new session is not saved, "+
		"since its cookie can't be sent; with gin, put the Handler around the engine", ErrCommitted)

	// errOver is logged if a goroutine calls Session after its handler has returned.
	errOver = errors.New("web: Session was called after the handler had returned, when changes are not saved any more: " +
		"in a goroutine that outlives the handler call Update of sessions.Manager with the session's ID")
)

// reportPlainHTTP logs, once for a Middleware, that a Secure cookie was sent to a browser over
// plain HTTP.
func (v *visit[T]) reportPlainHTTP() {
	m := v.middleware
	if m.config.Cookie.Insecure || m.plainHTTP.Load() || !isFromPlainPage(v.request) {
		return
	}
	v.mu.Lock()
	sent := slices.ContainsFunc(v.header.lines, func(l line) bool { return l.field == setCookie })
	v.mu.Unlock()
	if sent && !m.plainHTTP.Swap(true) {
		m.log(v.request.Context(), v.request, errPlainHTTP)
	}
}

// isFromPlainPage reports whether the request's headers say that it comes from a page of this host
// that was loaded over http:// from another machine. A connection without TLS doesn't show that,
// since a proxy may end TLS.
func isFromPlainPage(r *http.Request) bool {
	if r.TLS != nil {
		return false
	}
	for _, field := range []string{"Origin", "Referer"} {
		page := r.Header.Get(field)
		if !strings.HasPrefix(page, "http://") {
			continue
		}
		from, err := url.Parse(page)
		if err != nil || from.Host != r.Host {
			continue
		}
		host := from.Hostname()
		ip := net.ParseIP(host)
		return host != "localhost" && (ip == nil || !ip.IsLoopback())
	}
	return false
}

// reportOver logs, once for a request, that Session was called after its handler had returned.
func (v *visit[T]) reportOver(ctx context.Context) {
	v.mu.Lock()
	report := v.over && !v.overReported
	v.overReported = v.overReported || report
	v.mu.Unlock()
	if report {
		v.middleware.log(ctx, v.request, errOver)
	}
}

// frameworkWriter is gin's ResponseWriter, or one like it.
type frameworkWriter interface {
	Written() bool
	Status() int
}

// isWrittenPast reports whether the response has started without this writer's knowledge: a
// framework around this Handler has a writer that its handlers use all the same.
func (v *visit[T]) isWrittenPast() bool {
	around, ok := below[frameworkWriter](v.w)
	return ok && around.Written()
}

// finishPast saves what can still be saved of a response that was written past this writer.
func (v *visit[T]) finishPast() {
	m := v.middleware
	around, _ := below[frameworkWriter](v.w)
	v.mu.Lock()
	s, unsaved, abandoned := v.session, v.unsaved, v.abandoned
	v.sealed = true
	v.mu.Unlock()
	if s == nil || unsaved || abandoned {
		return
	}
	var failure error
	changed := false
	_ = v.turn.run(context.Background(), func() error {
		if changed = v.isChanged(s); changed && !s.IsNew() {
			failure = v.saveBeforeAnswer(around.Status(), false)
		}
		return nil
	})
	if changed {
		m.logAbout(v.request.Context(), v.request, s.Handle(), errPast)
	}
	if failure != nil && m.config.Error != nil { // without it, the failure is logged
		m.config.Error(discard{http.Header{}}, v.request, failure)
	}
}
