package web_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/web"
)

func TestTrap_AFlushCarriesTheCookie(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	w := s.get(func(w http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Visits++
		is.NoErr(http.NewResponseController(w).Flush())
		_, _ = w.Write([]byte("data: x\n\n"))
	})
	is.True(w.Flushed)
	is.True(cookie(t, w) != nil)
}

func TestTrap_An103IsNotTheAnswer(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	server := httptest.NewServer(s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Authenticate(r.Context(), "u")) // its cookie waits for the final header too
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		s.session(t, r).Data.Visits = 7
		w.WriteHeader(http.StatusOK)
	})))
	t.Cleanup(server.Close)
	var early textproto.MIMEHeader
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(_ int, h textproto.MIMEHeader) error { early = h; return nil },
	}), http.MethodGet, server.URL, nil)
	is.NoErr(err)
	response, err := http.DefaultClient.Do(r)
	is.NoErr(err)
	defer response.Body.Close()
	is.Equal(early.Get("Link"), "</style.css>; rel=preload")
	is.Equal(early.Get("Set-Cookie"), "")
	is.Equal(len(response.Header.Values("Set-Cookie")), 1)
	is.Equal(s.data(t, response.Cookies()[0].Value).Visits, 7)
}

func TestTrap_AHijackedConnectionsSessionIsSavedBeforeAndNeverAfter(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	logged := logs(t)
	returned := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(returned)
		s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.session(t, r).Data.Visits = 1
			conn, _, err := http.NewResponseController(w).Hijack()
			is.NoErr(err)
			is.Equal(s.store.took(), "Load Replace") // saved now
			fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
			s.session(t, r).Data.Visits = 2 // hours later
			conn.Close()
		})).ServeHTTP(w, r)
	}))
	server.Start()
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	is.NoErr(err)
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nCookie: __Host-id=%s\r\n\r\n", id)
	response, err := bufio.NewReader(conn).ReadString('\n')
	is.NoErr(err)
	is.True(strings.Contains(response, "101"))
	<-returned
	is.Equal(s.store.took(), "")
	is.Equal(s.data(t, id).Visits, 1)
	is.True(strings.Contains(logged.String(), "is not saved")) // and said
}

func TestTrap_EveryMethodOfAResponseControllerWorks(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	server := httptest.NewServer(s.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c := http.NewResponseController(w)
		for what, err := range map[string]error{
			"SetReadDeadline": c.SetReadDeadline(time.Now().Add(time.Minute)), "SetWriteDeadline": c.SetWriteDeadline(time.Now().Add(time.Minute)),
			"EnableFullDuplex": c.EnableFullDuplex(), "Flush": c.Flush(),
		} {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
	})))
	t.Cleanup(server.Close)
	response, err := http.Get(server.URL)
	is.NoErr(err)
	is.NoErr(response.Body.Close())
}

func TestReadFrom_GoesToTheWriterBelow(t *testing.T) {
	const size = 10_000
	for name, c := range map[string]struct {
		before func(w http.ResponseWriter)
		want   int64
	}{
		"after the header, as http.ServeContent does": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) }, size},
		"from the beginning":                          {func(http.ResponseWriter) {}, size - 512},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, nil)
			below := &readerFrom{ResponseRecorder: httptest.NewRecorder()}
			s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s.session(t, r).Data.Visits++
				c.before(w)
				n, err := io.CopyN(w, strings.NewReader(strings.Repeat("x", size)), size)
				is.NoErr(err)
				is.Equal(n, int64(size))
			})).ServeHTTP(below, request())
			is.Equal(below.read, c.want)
			is.Equal(below.Body.Len(), size)
			is.True(cookie(t, below.ResponseRecorder) != nil)
		})
	}
}

// A response whose content fails before its first byte has not started.
func TestReadFrom_OfWhatFails(t *testing.T) {
	for name, c := range map[string]struct {
		content io.Reader
		status  int
		stored  visitor
	}{
		"at once":    {iotest.ErrReader(errors.New("gone")), http.StatusInternalServerError, visitor{}},
		"later":      {io.MultiReader(strings.NewReader("x"), iotest.ErrReader(errors.New("gone"))), http.StatusOK, visitor{Visits: 1}},
		"not at all": {strings.NewReader(""), http.StatusOK, visitor{Visits: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, quietly())
			id := s.stored(t, visitor{})
			w := s.get(func(w http.ResponseWriter, r *http.Request) {
				s.session(t, r).Data.Visits++
				if _, err := io.Copy(w, struct{ io.Reader }{c.content}); err != nil {
					http.Error(w, "gone", http.StatusInternalServerError)
				}
			}, id)
			is.Equal(w.Code, c.status)
			is.Equal(s.data(t, id), c.stored)
		})
	}
}

// A content that is made while it is copied may use the session until its first byte.
func TestReadFrom_OfWhatUsesTheSession(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	w := s.get(func(w http.ResponseWriter, r *http.Request) {
		content := io.MultiReader(readerFunc(func([]byte) (int, error) {
			is.NoErr(s.Authenticate(r.Context(), "somebody"))
			s.session(t, r).Data.Visits++
			return 0, io.EOF
		}), strings.NewReader("hello"))
		_, err := io.Copy(w, content)
		is.NoErr(err)
	})
	is.Equal(w.Body.String(), "hello")
	is.Equal(s.data(t, cookie(t, w).Value).Visits, 1)
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// readerFrom is a writer with ReadFrom, which can send a file without copying.
type readerFrom struct {
	*httptest.ResponseRecorder
	read int64
}

func (w *readerFrom) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.Copy(w.ResponseRecorder, r)
	w.read += n
	return n, err
}

func TestWriter_ServerSentEventsArriveOneByOne(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	next := make(chan struct{})
	server := httptest.NewServer(s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Visits++
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			is.NoErr(http.NewResponseController(w).Flush())
			<-next
		}
	})))
	t.Cleanup(server.Close)
	response, err := http.Get(server.URL)
	is.NoErr(err)
	defer response.Body.Close()
	is.Equal(len(response.Cookies()), 1)
	lines := bufio.NewReader(response.Body)
	for i := range 3 {
		line, err := lines.ReadString('\n')
		is.NoErr(err)
		is.Equal(line, fmt.Sprintf("data: %d\n", i))
		_, _ = lines.ReadString('\n')
		next <- struct{}{}
	}
}

// A route that never asks for the session costs three more allocations than the bare handler.
func TestHandler_Allocations(t *testing.T) {
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["X"] = nil
		w.WriteHeader(http.StatusOK)
	})
	w, r := httptest.NewRecorder(), request(newSite(t, nil).fake())
	serve := func(h http.Handler) func() {
		return func() {
			clear(w.Header())
			h.ServeHTTP(w, r)
		}
	}
	without := testing.AllocsPerRun(200, serve(bare))
	wrapped := newSite(t, nil).Handler(bare)
	with := testing.AllocsPerRun(200, serve(wrapped))
	if with-without > 3 {
		t.Errorf("%.0f allocations over the bare handler's %.0f, want at most 3", with-without, without)
	}
}

// gin's Stream asks for it.
func TestTrap_CloseNotifyIsThere(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	ctx, leave := context.WithCancel(t.Context())
	s.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		//lint:ignore SA1019 it is what gin does
		gone := w.(http.CloseNotifier).CloseNotify()
		select {
		case <-gone:
			t.Error("gone before it left")
		default:
		}
		leave()
		is.True(<-gone)
	})).ServeHTTP(httptest.NewRecorder(), request().WithContext(ctx))
}

func TestTrap_AfterAHijackThatIsRefusedALoginWorks(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	server := httptest.NewUnstartedServer(s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Visits++
		_, _, err := http.NewResponseController(w).Hijack()
		wants.Err(t, err, http.ErrNotSupported)
		is.NoErr(s.Authenticate(r.Context(), "u"))
		s.session(t, r).Data.Visits++
		_, _ = w.Write([]byte("hello"))
	})))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	response, err := server.Client().Get(server.URL)
	is.NoErr(err)
	defer response.Body.Close()
	is.Equal(response.ProtoMajor, 2)
	is.Equal(len(response.Cookies()), 1)
	is.Equal(s.data(t, response.Cookies()[0].Value).Visits, 2)
}

func TestPush_WithoutHTTP2IsNotSupported(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	s.get(func(w http.ResponseWriter, r *http.Request) {
		is.Equal(w.(http.Pusher).Push("/style.css", nil), http.ErrNotSupported)
		is.NoErr(s.Authenticate(r.Context(), "u")) // it has not begun the answer
	})
}

// pushing is a writer of HTTP/2; wrapping is a writer that a middleware wraps around another.
type (
	pushing struct {
		http.ResponseWriter
		pushed []string
	}
	wrapping struct{ http.ResponseWriter }
)

func (p *pushing) Push(target string, _ *http.PushOptions) error {
	p.pushed = append(p.pushed, target)
	return nil
}

func (w wrapping) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestPush_GoesToTheWriterBelow(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	below := &pushing{ResponseWriter: httptest.NewRecorder()}
	s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		is.NoErr(w.(http.Pusher).Push("/style.css", nil))
		is.NoErr(s.Authenticate(r.Context(), "u")) // it has not begun the answer
	})).ServeHTTP(wrapping{below}, request())
	is.Equal(below.pushed, []string{"/style.css"})
}

// A writer around this one may hold the header back after the final status.
func TestWriter_AnInterimStatusThatComesTooLateTakesNoCookieAway(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	w := recorder()
	http.TimeoutHandler(s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.count(t)(w, r)
		w.WriteHeader(http.StatusEarlyHints)
	})), time.Hour, "").ServeHTTP(w, request())
	is.True(cookie(t, w) != nil)
}

// A stream's handler may find out that the writer below, such as http.TimeoutHandler's, can't flush.
func TestTrap_AfterAFlushThatIsRefusedALoginWorks(t *testing.T) {
	for name, flush := range map[string]func(w http.ResponseWriter) error{
		"by its controller": func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
		"by the interface":  func(w http.ResponseWriter) error { w.(http.Flusher).Flush(); return http.ErrNotSupported },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			outer, s := newSite(t, &web.Config{Cookie: web.Cookie{Name: "__Host-outer"}}), newSite(t, nil)
			w := recorder()
			http.TimeoutHandler(outer.Handler(s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s.session(t, r).Data.Visits++
				wants.Err(t, flush(w), http.ErrNotSupported)
				is.NoErr(outer.Authenticate(r.Context(), "u"))
				is.NoErr(s.Authenticate(r.Context(), "u"))
				s.session(t, r).Data.Visits++
				_, _ = w.Write([]byte("hello"))
			}))), time.Hour, "").ServeHTTP(w, request())
			is.Equal(len(w.Result().Cookies()), 2)
			is.Equal(s.data(t, cookie(t, w).Value).Visits, 2)
		})
	}
}

// A response that has begun stays begun.
func TestTrap_AFlushThatIsRefusedTakesNoResponseBack(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	w := recorder()
	var flush, login error // TimeoutHandler would wait for a goroutine that a failed check ends
	http.TimeoutHandler(s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Visits++
		_, _ = w.Write([]byte("hello"))
		flush = http.NewResponseController(w).Flush()
		login = s.Authenticate(r.Context(), "u")
	})), time.Hour, "").ServeHTTP(w, request())
	wants.Err(t, flush, http.ErrNotSupported)
	wants.Err(t, login, web.ErrCommitted)
	is.Equal(s.data(t, cookie(t, w).Value).Visits, 1)
}

// net/http panics: the handler doesn't complete.
func TestTrap_AStatusThatIsNoneStoresNothing(t *testing.T) {
	for _, status := range []int{-1, 0, 99, 1000} {
		is := is.New(t)
		s := newSite(t, nil)
		id := s.stored(t, visitor{})
		func() {
			defer func() { is.True(recover() != nil) }()
			s.get(func(w http.ResponseWriter, r *http.Request) {
				s.session(t, r).Data.Visits++
				w.WriteHeader(status)
			}, id)
		}()
		is.Equal(s.store.took(), "Load")
	}
}
