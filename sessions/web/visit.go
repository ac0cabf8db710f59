package web

import (
	"context"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

// visit is one request: its session, and the writer of its response.
type visit[T any] struct {
	middleware *Middleware[T]
	w          http.ResponseWriter
	request    *http.Request   // the handler's copy
	context    visitContext[T] // the copy's context
	outer      around          // the visit of the Middleware around this one; nil: there is none
	given      bool            // With has made it

	turn turn // for calls that load, change and save the session

	mu           sync.Mutex // guards the fields below; never held during a call
	asked        bool       // the handler has asked for the session
	handedOut    bool       // the handler has the session
	cleared      bool       // its cookie must be deleted
	wasNil       bool       // the data is a map that was loaded as nil; guarded by turn
	unsaved      bool       // the handler knows from Save that the session is not saved
	abandoned    bool       // the session is neither saved nor read any more
	sealed       bool       // the response has started
	over         bool       // the handler has returned
	overReported bool       // reportOver has logged that
	failed       bool       // Config.Error responds in the handler's place
	answered     bool       // it has done so
	// The handler could not get its session, and has written status 200 but no body yet.
	pending   bool
	session   *sessions.Session[T]
	err       error  // why there is no session
	header    header // the response's
	*dealings        // nil until a method of the Middleware is called for the request
}

// dealings has the fields of a visit whose handler uses the session, which most requests' handlers
// don't.
type dealings struct {
	sent      sent // the IDs that the client has sent
	standing  standing
	known     sessions.ID     // of the session, as the client has sent it
	told      clientState     // what the client has or gets
	untold    bool            // the header has no line for told yet
	device    deviceProof     // what the request has proved about the session's device
	form      formSecret      // for anti-forgery tokens of visitors without a login
	deadline  context.Context // the last context with a deadline that the handler has passed
	dealtWith error           // an error that Save or another method has returned to the handler
	temporary []remover       // removed after the response
	recovered bool            // the handler panics, and has called Discard since
}

// deals allocates the visit's dealings.
func (v *visit[T]) deals() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.dealings == nil {
		v.dealings = &dealings{}
	}
}

// visitContext is the context of a visit's request. It saves an allocation.
type visitContext[T any] struct {
	context.Context
	visit *visit[T]
}

// visitKey finds a Middleware's own visit in a context that may have others.
type visitKey[T any] struct{ middleware *Middleware[T] }

// aroundKey finds the innermost visit of any Middleware.
type aroundKey struct{}

func (c *visitContext[T]) Value(key any) any {
	switch key := key.(type) {
	case visitKey[T]:
		if key.middleware == c.visit.middleware {
			return c.visit
		}
	case aroundKey:
		return around(c.visit)
	}
	return c.Context.Value(key)
}

// lastingContext is context.WithoutCancel of a visitContext. It saves two allocations, and one for
// each value that is looked up.
type lastingContext[T any] visitContext[T]

func (c *lastingContext[T]) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

func (c *lastingContext[T]) Done() <-chan struct{} { return nil }

func (c *lastingContext[T]) Err() error { return nil }

func (c *lastingContext[T]) Value(key any) any { return (*visitContext[T])(c).Value(key) }

func (c *lastingContext[T]) String() string { return "web.Handler" }

// String hides the session when a context is printed.
func (c *visitContext[T]) String() string { return "web.Handler" }

// visit returns the visit that the Handler has made for the request of ctx.
func (m *Middleware[T]) visit(ctx context.Context) (*visit[T], error) {
	v, ok := ctx.Value(visitKey[T]{m}).(*visit[T])
	if !ok {
		if ctx.Value(logging{}) == nil { // a log handler may call this for each line
			m.log(ctx, nil, ErrNoMiddleware)
		}
		return nil, ErrNoMiddleware
	}
	v.deals()
	return v, nil
}

// Session returns the session of the request whose context is ctx. The first call loads it, or
// creates a new one if the client has none. All calls return the same session, until
// [Middleware.Destroy], or until a [Middleware.Save] fails with [sessions.ErrConflict] or
// [sessions.ErrNotFound]: then the next call loads it again. If it has changed it is saved before
// the first byte of the response.
//
// Visitors whose cookie must not be replaced get a new session too: see [ErrCookieKept]. They can
// see pages and can sign in. Other changes of such a session are refused: Save and Update return
// the error, and Config.Error gets it for a change that would be saved automatically.
//
// The error is [sessions.ErrUnavailable] if the store can't be reached. The client then keeps its
// cookie, and Config.Error responds if the handler writes nothing. It is [ErrNoMiddleware] if ctx
// does not belong to a request that went through Handler, and [ErrTwoIDs] if a request carries an
// ID in both the cookie and the header.
//
// A client that hangs up doesn't cancel this call or later ones; a deadline of ctx does. Several
// goroutines of one request may call it, but must synchronise their use of the session.
func (m *Middleware[T]) Session(ctx context.Context) (*sessions.Session[T], error) {
	v, err := m.visit(ctx)
	if err != nil {
		return nil, err
	}
	s, err := v.loaded(ctx)
	if err == nil {
		v.mu.Lock()
		v.handedOut = true
		over := v.over
		v.mu.Unlock()
		if over {
			v.reportOver(ctx)
		}
	}
	return s, err
}

// loaded returns the session, and loads it if that has not happened yet.
func (v *visit[T]) loaded(ctx context.Context) (*sessions.Session[T], error) {
	if s, err, ok := v.have(ctx); ok {
		return s, err
	}
	var s *sessions.Session[T]
	err := v.turn.run(ctx, func() (err error) {
		s, err = v.load(ctx)
		return err
	})
	return s, err
}

// have returns the session if it was loaded before.
func (v *visit[T]) have(ctx context.Context) (s *sessions.Session[T], err error, ok bool) {
	_, limited := ctx.Deadline()
	v.mu.Lock()
	defer v.mu.Unlock()
	if limited {
		v.deadline = ctx
	}
	return v.session, v.err, v.session != nil || v.err != nil
}

// outlive returns a context that is not cancelled if the client hangs up. It keeps a deadline of
// ctx.
func (v *visit[T]) outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	at, limited := ctx.Deadline()
	if own, ok := ctx.(*visitContext[T]); ok {
		ctx = (*lastingContext[T])(own)
	} else {
		ctx = context.WithoutCancel(ctx)
	}
	if limited {
		return context.WithDeadline(ctx, at)
	}
	return ctx, nothing
}

func nothing() {}

// timedOut returns the error of a context whose deadline has passed. Calls with it do nothing any
// more, since another handler has responded.
func timedOut(ctx context.Context) error {
	if err := ctx.Err(); err == context.DeadlineExceeded {
		return err
	}
	return nil
}

// clientState is what a client has of its session.
type clientState struct {
	id      sessions.ID
	persist bool
	end     time.Time // when its cookie expires; zero: when the browser is closed
}

// stateOf returns the state of a client that has the session s, once it is saved.
func (m *Middleware[T]) stateOf(s *sessions.Session[T]) clientState {
	state := clientState{id: s.ID(), persist: m.config.Cookie.Persistent || s.Persist}
	if state.persist {
		state.end = driver.Record{Created: s.CreatedAt(), AbsoluteTimeout: s.AbsoluteTimeout}.Deadline()
	}
	return state
}

// isStored notes that the session is stored, and updates the client's cookie. The caller has the
// turn.
func (v *visit[T]) isStored(s *sessions.Session[T]) {
	if s.IsNew() {
		return
	}
	v.wasNil = makeMap(&s.Data)
	state := v.middleware.stateOf(s)
	v.mu.Lock()
	unchanged := v.told == state && !v.untold
	v.told, v.unsaved = state, false
	v.mu.Unlock()
	if !unchanged {
		v.writeCookie()
	}
}

// create returns a new session. If Data is a map, it isn't nil.
func (m *Middleware[T]) create() *sessions.Session[T] {
	s := m.manager.Create()
	makeMap(&s.Data)
	return s
}

// makeMap replaces data by an empty map if it is a nil map, and reports whether it was.
func makeMap[T any](data *T) bool {
	value := reflect.ValueOf(data).Elem()
	if value.Kind() != reflect.Map || !value.IsNil() {
		return false
	}
	value.Set(reflect.MakeMap(value.Type()))
	return true
}

// emptyToNil is the reverse of makeMap: it replaces an empty map by a nil one, and reports whether
// it did.
func emptyToNil[T any](data *T) bool {
	value := reflect.ValueOf(data).Elem()
	if value.IsNil() || value.Len() > 0 {
		return false
	}
	value.SetZero()
	return true
}

// asStored makes an empty map that was loaded as nil nil again, until the returned function is
// called, so that it doesn't count as changed.
func (v *visit[T]) asStored(s *sessions.Session[T]) func() {
	if !v.wasNil || !emptyToNil(&s.Data) {
		return nothing
	}
	return func() { makeMap(&s.Data) }
}

// isEmpty reports whether a new session has nothing to store.
func (m *Middleware[T]) isEmpty(s *sessions.Session[T]) bool {
	data := reflect.ValueOf(&s.Data).Elem()
	empty := data.IsZero() || data.Kind() == reflect.Map && data.Len() == 0
	return empty && !s.Persist && s.IdleTimeout == m.idle && s.AbsoluteTimeout == m.absolute
}
