package web

import (
	"bufio"
	"context"
	"errors"
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
	case status < 100 || status > 999:
		v.w.WriteHeader(status) // net/http panics: the handler has not completed
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
		v.writeInterim(status)
	case status == http.StatusOK && v.awaitsBody():
		// Some writers always write a status, such as gin's, or an empty body as well, such as
		// http.TimeoutHandler: the response is the handler's only if bytes follow.
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
	if len(p) == 0 && v.awaitsBody() {
		return 0, nil
	}
	if !v.commit(http.StatusOK) {
		return 0, errAnswered
	}
	return v.w.Write(p)
}

func (v *visit[T]) WriteString(s string) (int, error) {
	if s == "" && v.awaitsBody() {
		return 0, nil
	}
	if !v.commit(http.StatusOK) {
		return 0, errAnswered
	}
	return io.WriteString(v.w, s)
}

// ReadFrom uses the wrapped writer's ReadFrom, which can send a file without copying it. Like
// net/http's it starts the response with the first bytes: a reader that fails before has sent
// nothing.
func (v *visit[T]) ReadFrom(r io.Reader) (n int64, err error) {
	if !v.isSealed() {
		n, err = io.CopyBuffer(writeOnly{v}, io.LimitReader(r, sniffed), make([]byte, sniffed))
		if err != nil || n < sniffed {
			return n, err
		}
	}
	if !v.commit(http.StatusOK) {
		return n, errAnswered
	}
	var rest int64
	if below, ok := v.w.(io.ReaderFrom); ok {
		rest, err = below.ReadFrom(r)
	} else {
		rest, err = io.Copy(v.w, r)
	}
	return n + rest, err
}

// sniffed is how many bytes net/http copies to find out the type of a content.
const sniffed = 512

// writeOnly is a writer without its ReadFrom.
type writeOnly struct{ io.Writer }

func (v *visit[T]) Flush() { _ = v.FlushError() }

// FlushError is Flush with an error, which http.ResponseController prefers. If flushing isn't
// possible, as with http.TimeoutHandler, the response has not started.
func (v *visit[T]) FlushError() error {
	begun := v.isSealed()
	if !v.commit(http.StatusOK) {
		return errAnswered
	}
	err := http.NewResponseController(v.w).Flush()
	if errors.Is(err, http.ErrNotSupported) && !begun {
		v.unseal()
	}
	return err
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
		v.unseal()
	}
	return conn, rw, err
}

// unseal notes that the response has not started after all.
func (v *visit[T]) unseal() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sealed = false
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
type reply[T any] struct{ visit *visit[T] }

func (w reply[T]) Unwrap() http.ResponseWriter { return w.visit.w }

func (w reply[T]) Header() http.Header { return w.visit.w.Header() }

func (w reply[T]) WriteHeader(status int) {
	if status >= 100 && status < 200 {
		w.visit.writeInterim(status)
		return
	}
	w.visit.seal()
	w.visit.w.WriteHeader(status)
}

func (w reply[T]) Write(p []byte) (int, error) {
	w.visit.seal()
	return w.visit.w.Write(p)
}

func (w reply[T]) FlushError() error {
	w.visit.seal()
	return http.NewResponseController(w.visit.w).Flush()
}

// watched is a writer that shows whether Config.Error has responded.
type watched struct {
	http.ResponseWriter
	begun bool
}

func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *watched) WriteHeader(status int) {
	w.begun = w.begun || status >= 200
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(p []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(p)
}

func (w *watched) Flush() { _ = w.FlushError() }

func (w *watched) FlushError() error {
	w.begun = true
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// discard is the writer of a response that has started already.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
