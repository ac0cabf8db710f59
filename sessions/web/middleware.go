package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dynasession/dynasession/sessions"
)

// Middleware loads a request's session and writes changes and cookie back. Make one with [New]. It
// is safe for concurrent use; several Middlewares, with cookies of different names, may wrap one
// handler.
//
// Methods that may change the cookie write to the response's header; Session, Peek and WaitEnd
// don't. While one runs, other goroutines of the same request must not use the header, as with an
// http.ResponseWriter, nor call such a method of another Middleware.
type Middleware[T any] struct {
	manager        *sessions.Manager[T]
	config         Config
	idle, absolute time.Duration // of new sessions
	accepted       accepted      // proofs of devices
	recent         recentLogins
	plainHTTP      atomic.Bool // reportPlainHTTP has logged
}

// New returns a Middleware for the sessions of m. A nil cfg means all defaults. The error names the
// field that is wrong.
func New[T any](m *sessions.Manager[T], cfg *Config) (*Middleware[T], error) {
	if m == nil {
		return nil, errors.New("web: New: manager is nil")
	}
	c, example := cfg.withDefaults(), m.Create()
	if err := c.validate(len(example.ID().Secret())); err != nil {
		return nil, fmt.Errorf("web: New: %w", err)
	}
	return &Middleware[T]{manager: m, config: c, idle: example.IdleTimeout, absolute: example.AbsoluteTimeout, accepted: newAccepted(c.Bound)}, nil
}

// around is a visit of any Middleware, as the visits inside it see it.
type around interface {
	places() []string // the cookie and the header that carry its ID
	next() around     // the visit around it
	keep(of around, lines []line)
}

func (v *visit[T]) next() around { return v.outer }

func (v *visit[T]) places() []string {
	c := &v.middleware.config
	var places []string
	if c.hasCookie {
		places = append(places, "cookie "+c.Cookie.Name)
		if c.Bound > 0 {
			places = append(places, "cookie "+c.boundName())
		}
	}
	if c.Header != "" {
		places = append(places, "header "+http.CanonicalHeaderKey(c.Header))
	}
	return places
}

// Handler wraps next so that handlers can call [Middleware.Session].
func (m *Middleware[T]) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, next) })
}

// serve is the Handler. Its name ends the search of unwinding.
func (m *Middleware[T]) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if m.serveBound(w, r) {
		return
	}
	v := &visit[T]{middleware: m, w: w}
	v.context = visitContext[T]{r.Context(), v}
	if m.config.Bound > 0 {
		v.deals()
		v.device.began = m.manager.Clock().Now()
	}
	if given, ok := r.Context().Value(visitKey[T]{m}).(*visit[T]); ok {
		if !given.given {
			next.ServeHTTP(w, r) // this Handler is already around itself
			return
		}
		v.adopt(given)
	} else if v.outer, _ = r.Context().Value(aroundKey{}).(around); v.sharesAPlace() {
		m.log(r.Context(), r, ErrSameCookie)
		m.answer(w, r, ErrSameCookie)
		return
	}
	v.request = r.WithContext(&v.context)
	parsed := r.MultipartForm != nil
	returned := false
	defer func() {
		if v.isAnswered() {
			if handler := (outcome{recover()}); handler.panicked != nil && !handler.isAboutWrite() {
				panic(handler.panicked) // as if it had not been recovered
			}
		}
	}()
	defer func() {
		if !returned {
			// The handler panics: its changes are not saved, whoever writes the response.
			v.writeCookie()
			v.abandon()
		}
		giveBack(r, v.request)
		if !parsed {
			v.removeTemporary()
		}
	}()
	next.ServeHTTP(v, v.request)
	returned = true
	v.finish()
}

// isAnswered reports whether Config.Error has responded in place of the handler, which has tried to
// write. The response is complete then.
func (v *visit[T]) isAnswered() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.answered
}

// outcome is how a handler has ended.
type outcome struct{ panicked any }

// isAboutWrite reports whether the handler has panicked since its writes fail: a reverse proxy
// aborts its response then, and some frameworks panic with the error.
func (o outcome) isAboutWrite() bool {
	err, ok := o.panicked.(error)
	return ok && (errors.Is(err, http.ErrAbortHandler) || errors.Is(err, errAnswered))
}

// sharesAPlace reports whether a Middleware around this one sends its ID in the same cookie or
// header.
func (v *visit[T]) sharesAPlace() bool {
	for o := v.outer; o != nil; o = o.next() {
		for _, theirs := range o.places() {
			for _, ours := range v.places() {
				if ours == theirs {
					return true
				}
			}
		}
	}
	return false
}

// giveBack copies what the ServeMux and the handler have put into their copy of the request to the
// original, for handlers around this one.
func giveBack(r, inner *http.Request) {
	if inner.Pattern != r.Pattern {
		r.Pattern = inner.Pattern
		for rest := inner.Pattern; ; {
			_, after, found := strings.Cut(rest, "{")
			name, tail, closed := strings.Cut(after, "}")
			if !found || !closed {
				break
			}
			if name = strings.TrimSuffix(name, "..."); name != "$" {
				r.SetPathValue(name, inner.PathValue(name))
			}
			rest = tail
		}
	}
	if r.Form == nil {
		r.Form = inner.Form
	}
	if r.PostForm == nil {
		r.PostForm = inner.PostForm
	}
	if r.MultipartForm == nil {
		r.MultipartForm = inner.MultipartForm
	}
}

// remover is a multipart form, whose files stay in the system's temporary folder until they are
// removed.
type remover interface{ RemoveAll() error }

func (v *visit[T]) takeTemporary() []remover {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.dealings == nil {
		return nil
	}
	forms := v.temporary
	v.temporary = nil
	return forms
}

// removeTemporary removes the files of forms that were parsed inside this Handler. net/http does so
// only for its own request, which a handler around this one may have copied.
func (v *visit[T]) removeTemporary() {
	if f := v.request.MultipartForm; f != nil {
		_ = f.RemoveAll()
	}
	for _, f := range v.takeTemporary() {
		_ = f.RemoveAll()
	}
}
