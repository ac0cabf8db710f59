package web

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
)

// A visit is the ResponseWriter of its handler: whatever begins the answer commits the session first. What it doesn't do itself,
// deadlines and full duplex, http.ResponseController finds below it.
var (
	_ http.Flusher    = (*visit[struct{}])(nil)
	_ http.Hijacker   = (*visit[struct{}])(nil)
	_ io.ReaderFrom   = (*visit[struct{}])(nil)
	_ io.StringWriter = (*visit[struct{}])(nil)
)

// errAnswered is what a handler gets whose answer Config.Error has given.
var errAnswered = fmt.Errorf("%w: the session could not be saved", ErrCommitted)

// Unwrap is for http.ResponseController.
func (v *visit[T]) Unwrap() http.ResponseWriter { return v.w }

func (v *visit[T]) Header() http.Header {
	h := v.w.Header()
	if !v.header {
		v.header = true
		if len(h) > 0 {
			v.before = maps.Clone(h)
		}
	}
	return h
}

// restoreHeader drops what the handler has put into the header.
func (v *visit[T]) restoreHeader() {
	h := v.w.Header()
	if v.header {
		clear(h)
		maps.Copy(h, v.before)
	}
	v.told = ""
}

func (v *visit[T]) WriteHeader(status int) {
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		v.inform(status)
		return
	}
	if v.commit() {
		v.w.WriteHeader(status)
	}
}

// inform sends an interim answer, which is none yet: the cookie waits for the final one.
func (v *visit[T]) inform(status int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	told := v.told != ""
	v.untell()
	v.w.WriteHeader(status)
	if told {
		v.tell()
	}
}

func (v *visit[T]) Write(p []byte) (int, error) {
	if !v.commit() {
		return 0, errAnswered
	}
	return v.w.Write(p)
}

func (v *visit[T]) WriteString(s string) (int, error) {
	if !v.commit() {
		return 0, errAnswered
	}
	return io.WriteString(v.w, s)
}

// ReadFrom lets a file go to the connection without a copy, where the writer below can do that.
func (v *visit[T]) ReadFrom(r io.Reader) (int64, error) {
	if !v.commit() {
		return 0, errAnswered
	}
	if below, ok := v.w.(io.ReaderFrom); ok {
		return below.ReadFrom(r)
	}
	return io.Copy(v.w, r)
}

func (v *visit[T]) Flush() { _ = v.FlushError() }

// FlushError is the Flush that http.ResponseController prefers.
func (v *visit[T]) FlushError() error {
	if !v.commit() {
		return errAnswered
	}
	return http.NewResponseController(v.w).Flush()
}

// Hijack saves the session now: afterwards nobody knows when the handler is done.
func (v *visit[T]) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !v.commit() {
		return nil, nil, errAnswered
	}
	return http.NewResponseController(v.w).Hijack()
}
