package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
)

// A visit is the ResponseWriter of its handler: every method that starts the response commits the
// session first. http.ResponseController finds the methods for deadlines and full duplex in the
// wrapped writer.
var (
	_ http.Flusher    = (*visit[struct{}])(nil)
	_ http.Hijacker   = (*visit[struct{}])(nil)
	_ http.Pusher     = (*visit[struct{}])(nil)
	_ io.ReaderFrom   = (*visit[struct{}])(nil)
	_ io.StringWriter = (*visit[struct{}])(nil)
)

// errAnswered is the error that a handler gets if Config.Error has responded in its place.
var errAnswered = fmt.Errorf("%w: the session could not be saved", ErrCommitted)

// Unwrap returns the wrapped writer, for http.ResponseController.
func (v *visit[T]) Unwrap() http.ResponseWriter { return v.w }

func (v *visit[T]) Header() http.Header {
	h := v.w.Header()
	v.mu.Lock()
	v.header.touch(h)
	v.mu.Unlock()
	return h
}

func (v *visit[T]) WriteHeader(status int) {
	switch {
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
		v.writeInterim(status)
	case status == http.StatusOK && v.awaitsBody():
		// Some writers, such as gin's, always write a status: the response is the handler's only if
		// a body follows.
	case v.commit(status):
		v.w.WriteHeader(status)
	}
}

// awaitsBody notes that a handler without its session has written status 200, and reports whether
// it has.
func (v *visit[T]) awaitsBody() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pending = v.err != nil && !v.sealed && !v.failed
	return v.pending
}

// writeInterim sends an interim response. The cookie goes with the final one: if that has started,
// a writer around this one may still hold its header.
func (v *visit[T]) writeInterim(status int) {
	h := v.w.Header()
	v.mu.Lock()
	if !v.sealed {
		v.takeLines(h)
	}
	v.mu.Unlock()
	v.w.WriteHeader(status)
	v.writeCookie()
}

func (v *visit[T]) Write(p []byte) (int, error) {
	if !v.commit(http.StatusOK) {
		return 0, errAnswered
	}
	return v.w.Write(p)
}

func (v *visit[T]) WriteString(s string) (int, error) {
	if !v.commit(http.StatusOK) {
		return 0, errAnswered
	}
	return io.WriteString(v.w, s)
}

// ReadFrom uses the wrapped writer's ReadFrom, which can send a file without copying it.
func (v *visit[T]) ReadFrom(r io.Reader) (int64, error) {
	if !v.commit(http.StatusOK) {
		return 0, errAnswered
	}
	if below, ok := v.w.(io.ReaderFrom); ok {
		return below.ReadFrom(r)
	}
	return io.Copy(v.w, r)
}

func (v *visit[T]) Flush() { _ = v.FlushError() }

// FlushError is Flush with an error, which http.ResponseController prefers.
func (v *visit[T]) FlushError() error {
	if !v.commit(http.StatusOK) {
		return errAnswered
	}
	return http.NewResponseController(v.w).Flush()
}

// Hijack saves the session first, since the end of a hijacked connection is unknown. If hijacking
// isn't possible, as with HTTP/2, the response has not started.
func (v *visit[T]) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	begun := v.isSealed()
	if !v.commit(http.StatusSwitchingProtocols) {
		return nil, nil, errAnswered
	}
	conn, rw, err := http.NewResponseController(v.w).Hijack()
	if err != nil && !begun {
		v.mu.Lock()
		v.sealed = false
		v.mu.Unlock()
	}
	return conn, rw, err
}

// Push doesn't start the response.
func (v *visit[T]) Push(target string, options *http.PushOptions) error {
	if below, ok := below[http.Pusher](v.w); ok {
		return below.Push(target, options)
	}
	return http.ErrNotSupported
}

// CloseNotify is for code that still uses it, such as gin's Stream. New code should use the
// request's context.
func (v *visit[T]) CloseNotify() <-chan bool {
	//lint:ignore SA1019 the wrapped writer may have it
	if below, ok := below[http.CloseNotifier](v.w); ok {
		return below.CloseNotify()
	}
	gone := make(chan bool, 1)
	context.AfterFunc(v.request.Context(), func() { gone <- true })
	return gone
}

// below returns the first writer from w on that is an I.
func below[I any](w http.ResponseWriter) (I, bool) {
	for {
		if found, ok := w.(I); ok {
			return found, true
		}
		next, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			var none I
			return none, false
		}
		w = next.Unwrap()
	}
}

// reply is the writer with which Config.Error responds in the handler's place.
type reply[T any] struct {
	visit *visit[T]
	begun bool
}

func (w *reply[T]) Unwrap() http.ResponseWriter { return w.visit.w }

func (w *reply[T]) Header() http.Header { return w.visit.w.Header() }

func (w *reply[T]) begin() {
	if !w.begun {
		w.begun = true
		w.visit.seal()
	}
}

func (w *reply[T]) WriteHeader(status int) {
	if status >= 100 && status < 200 {
		w.visit.writeInterim(status)
		return
	}
	w.begin()
	w.visit.w.WriteHeader(status)
}

func (w *reply[T]) Write(p []byte) (int, error) {
	w.begin()
	return w.visit.w.Write(p)
}

func (w *reply[T]) FlushError() error {
	w.begin()
	return http.NewResponseController(w.visit.w).Flush()
}

// discard is the writer of a response that has started already.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
