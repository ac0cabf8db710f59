package web

import (
	"context"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/dynasession/dynasession/sessions"
)

// visit is one request: its session, and the writer of its answer.
type visit[T any] struct {
	middleware *Middleware[T]
	w          http.ResponseWriter
	request    *http.Request   // as the handler has it
	context    visitContext[T] // and its context
	outer      around          // the visit of the Middleware around this one; nil: there is none
	given      bool            // With has made it

	turn turn // of what loads, changes and saves the session

	mu           sync.Mutex // for what follows; held while nothing is called
	asked        bool       // the handler has asked for the session
	handedOut    bool       // and has it
	cleared      bool       // its cookie is to go
	wasNil       bool       // the data is a map that was loaded as nil; the turn is held
	unsaved      bool       // the handler knows that the session is not saved: Save has told it
	abandoned    bool       // nothing of the session is saved any more, nor looked at
	sealed       bool       // the answer has begun
	over         bool       // the handler has returned
	overReported bool       // reportOver has logged that
	failed       bool       // Config.Error answers in the handler's place
	pending      bool       // the handler has answered 200 to a session that it can't have, and no body yet
	session      *sessions.Session[T]
	err          error  // why it can't be had
	header       header // of the answer
	*dealings           // nil until a method of the Middleware is called for the request
}

// dealings is what a visit has besides if its handler has to do with the session, which most
// requests have not.
type dealings struct {
	sent      sent // what the client has sent
	standing  standing
	known     clientState     // what the client knows of the session
	told      clientState     // what it is to know
	device    deviceProof     // what the request has shown of the session's device
	form      formSecret      // what anti-forgery tokens of visitors without a login are bound to
	deadline  context.Context // the one with a deadline with which the handler has asked last
	dealtWith error           // what the handler was told by Save or another of our methods
	temporary []remover       // what is to be removed when the answer is given
}

// deals makes that the visit has dealings.
func (v *visit[T]) deals() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.dealings == nil {
		v.dealings = &dealings{}
	}
}

// visitContext is the context of a visit's request: it spares an allocation.
type visitContext[T any] struct {
	context.Context
	visit *visit[T]
}

// visitKey finds a Middleware's own visit in a context, whatever others there are.
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

// lastingContext is context.WithoutCancel of a visitContext: it spares two allocations, and one for
// each value that is looked up.
type lastingContext[T any] visitContext[T]

func (c *lastingContext[T]) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

func (c *lastingContext[T]) Done() <-chan struct{} { return nil }

func (c *lastingContext[T]) Err() error { return nil }

func (c *lastingContext[T]) Value(key any) any { return (*visitContext[T])(c).Value(key) }

func (c *lastingContext[T]) String() string { return "web.Handler" }

// String hides the session when a context is printed.
func (c *visitContext[T]) String() string { return "web.Handler" }

// visit returns what the Handler has made for the request of ctx.
func (m *Middleware[T]) visit(ctx context.Context) (*visit[T], error) {
	v, ok := ctx.Value(visitKey[T]{m}).(*visit[T])
	if !ok {
		if ctx.Value(logging{}) == nil { // a log handler may ask too, for each line
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

// have returns the session, if it was asked for before.
func (v *visit[T]) have(ctx context.Context) (s *sessions.Session[T], err error, ok bool) {
	_, limited := ctx.Deadline()
	v.mu.Lock()
	defer v.mu.Unlock()
	if limited {
		v.deadline = ctx
	}
	return v.session, v.err, v.session != nil || v.err != nil
}

// outlive returns a context that a client which hangs up does not cancel. A deadline of ctx is
// kept.
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

// timedOut returns the error of a context whose deadline has passed. Nothing that was asked for
// with it is done any more: the answer has been given.
func timedOut(ctx context.Context) error {
	if err := ctx.Err(); err == context.DeadlineExceeded {
		return err
	}
	return nil
}

// clientState is what a client knows of its session, or is to know.
type clientState struct {
	id      sessions.ID
	persist bool
	end     time.Time // when its cookie is to go; zero: with the browser's session
}

// stateOf returns what a client with the session s knows.
func (m *Middleware[T]) stateOf(s *sessions.Session[T]) clientState {
	state := clientState{id: s.ID(), persist: m.config.Cookie.Persistent || s.Persist}
	if state.persist {
		state.end = s.Deadline()
	}
	return state
}

// isStored notes that the session is stored as it is in hand, of which the client has to be told.
func (v *visit[T]) isStored(s *sessions.Session[T]) {
	if s.IsNew() {
		return
	}
	state := v.middleware.stateOf(s)
	v.mu.Lock()
	unchanged := v.told == state
	v.told = state
	v.mu.Unlock()
	if !unchanged {
		v.writeCookie()
	}
}

// create returns a new session. A map as Data can be written to.
func (m *Middleware[T]) create() *sessions.Session[T] {
	s := m.manager.Create()
	makeMap(s)
	return s
}

// makeMap makes Data a map that can be written to, if it is a nil map, and reports whether it was.
func makeMap[T any](s *sessions.Session[T]) bool {
	data := reflect.ValueOf(&s.Data).Elem()
	if data.Kind() != reflect.Map || !data.IsNil() {
		return false
	}
	data.Set(reflect.MakeMap(data.Type()))
	return true
}

// asStored makes an empty map, which was loaded as nil, nil again until what it returns is called:
// that it can be written to is no change.
func (v *visit[T]) asStored(s *sessions.Session[T]) func() {
	if !v.wasNil {
		return nothing
	}
	data := reflect.ValueOf(&s.Data).Elem()
	if data.IsNil() || data.Len() > 0 {
		return nothing
	}
	data.SetZero()
	return func() { makeMap(s) }
}

// isEmpty reports whether a new session holds nothing, so that it isn't worth storing.
func (m *Middleware[T]) isEmpty(s *sessions.Session[T]) bool {
	data := reflect.ValueOf(&s.Data).Elem()
	empty := data.IsZero() || data.Kind() == reflect.Map && data.Len() == 0
	return empty && !s.Persist && s.IdleTimeout == m.idle && s.AbsoluteTimeout == m.absolute
}
