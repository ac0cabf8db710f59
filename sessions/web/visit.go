package web

import (
	"context"
	"net/http"
	"reflect"
	"sync"

	"github.com/dynasession/dynasession/sessions"
)

// visit is one request: its session, and the writer of its answer.
type visit[T any] struct {
	middleware *Middleware[T]
	w          http.ResponseWriter
	request    *http.Request

	mu        sync.Mutex
	asked     bool                 // the handler has asked for the session
	session   *sessions.Session[T] // nil until it is loaded, and if it can't be
	err       error                // why it can't be
	sent      int                  // how many IDs the client has sent
	dead      bool                 // and none of them is a session's any more
	proof     deviceProof          // what the request has shown of its device
	wanted    bool                 // save it even if it is new and empty
	known     known                // what the client knows of the session
	told      string               // the line of the answer's header that tells it what is new; "": there is none
	header    bool                 // the handler has touched the header
	before    http.Header          // what was in it before that; nil if nothing
	committed bool                 // the answer has begun
	failed    bool                 // with what Config.Error says, in the place of the handler
}

// Session returns the session of the request whose context is ctx. The first call loads it, or makes a new one if the client has none
// that is alive; all calls return the same, until [Middleware.Destroy]. It is saved before the first byte of the answer, if it has changed.
//
// The error is [sessions.ErrUnavailable] if the store can't be asked, and then the client keeps its cookie; if the handler writes
// nothing, Config.Error answers. It is [ErrNoMiddleware] if ctx is of no request that went through Handler.
//
// Several goroutines of one request may call it; what they do with the session they have to agree upon themselves.
func (m *Middleware[T]) Session(ctx context.Context) (*sessions.Session[T], error) {
	v, err := m.visit(ctx)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.load(ctx)
}

// unchanged reports whether there is nothing to be saved: that a new session is empty, or a stored one is as it was.
func (v *visit[T]) unchanged() bool {
	if v.session.IsNew() {
		fresh := v.middleware.manager.Create()
		return !v.wanted && reflect.ValueOf(&v.session.Data).Elem().IsZero() &&
			v.session.IdleTimeout == fresh.IdleTimeout && v.session.AbsoluteTimeout == fresh.AbsoluteTimeout
	}
	return !v.middleware.manager.Changed(v.session)
}
