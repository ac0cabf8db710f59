package compare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
	echo5 "github.com/labstack/echo/v5"
	echo5middleware "github.com/labstack/echo/v5/middleware"
	"github.com/matryer/is"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// site is the sessions part of an application: a middleware over a store that can be made
// unreachable.
type site struct {
	sess  *web.Middleware[profile]
	m     *sessions.Manager[profile]
	store *failing
}

type failing struct {
	*memstore.Store
	out bool
}

func (f *failing) Load(ctx context.Context, key string) (driver.Record, error) {
	if f.out {
		return driver.Record{}, fmt.Errorf("%w: out", sessions.ErrUnavailable)
	}
	return f.Store.Load(ctx, key)
}

func newSite(t *testing.T) site {
	t.Helper()
	is := is.New(t)
	store := &failing{Store: memstore.New(nil)}
	m, err := sessions.New[profile](store, nil)
	is.NoErr(err)
	sess, err := web.New(m, nil)
	is.NoErr(err)
	return site{sess, m, store}
}

// count counts a visit. Each framework's application calls it in its handler of /count; the other
// handlers are /login, /fail, /panic, /stream and /account.
func (s site) count(ctx context.Context) {
	got, err := s.sess.Session(ctx)
	if err != nil {
		return // the middleware reports the error
	}
	got.Data.Visits++
}

// frameworks returns an application for each framework, wired as docs/web.md shows.
func frameworks(s site) map[string]http.Handler {
	quiet := log.New(io.Discard, "", 0)

	mux := http.NewServeMux() // net/http
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if err := s.sess.Authenticate(r.Context(), "user-7"); err != nil {
			http.Error(w, "later, please", web.Status(err))
		}
	})
	mux.HandleFunc("POST /count/{what}", func(_ http.ResponseWriter, r *http.Request) { s.count(r.Context()) })
	mux.HandleFunc("POST /fail", func(w http.ResponseWriter, r *http.Request) {
		s.count(r.Context())
		http.Error(w, "sorry", http.StatusInternalServerError)
	})
	mux.HandleFunc("POST /panic", func(_ http.ResponseWriter, r *http.Request) { s.count(r.Context()); panic(http.ErrAbortHandler) })
	mux.HandleFunc("GET /stream", func(w http.ResponseWriter, r *http.Request) {
		s.count(r.Context())
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
		}
	})
	mux.Handle("GET /account", s.sess.RequireSubject(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, _ := s.sess.Session(r.Context())
		_, _ = io.WriteString(w, got.Subject())
	})))

	c := chi.NewRouter()
	c.Use(chimiddleware.RequestLogger(&chimiddleware.DefaultLogFormatter{Logger: quiet, NoColor: true}), chimiddleware.Recoverer, s.sess.Handler)
	c.Post("/login", mux.ServeHTTP)
	c.Post("/count/{what}", func(_ http.ResponseWriter, r *http.Request) { s.count(r.Context()) })
	c.Post("/fail", mux.ServeHTTP)
	c.Post("/panic", func(_ http.ResponseWriter, r *http.Request) { s.count(r.Context()); panic("boom") })
	c.Get("/stream", mux.ServeHTTP)
	c.With(s.sess.RequireSubject).Get("/account", mux.ServeHTTP)

	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.Use(echomiddleware.Recover())
	e.POST("/login", func(c echo.Context) error { return s.sess.Authenticate(c.Request().Context(), "user-7") })
	e.POST("/count/:what", func(c echo.Context) error { s.count(c.Request().Context()); return nil })
	e.POST("/fail", func(c echo.Context) error { s.count(c.Request().Context()); return errFails })
	e.POST("/panic", func(c echo.Context) error { s.count(c.Request().Context()); panic("boom") })
	e.GET("/stream", echo.WrapHandler(mux))
	e.GET("/account", func(c echo.Context) error {
		got, err := s.sess.Session(c.Request().Context())
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, got.Subject())
	}, echo.WrapMiddleware(s.sess.RequireSubject))

	five := echo5.New()
	five.Logger = slog.New(slog.DiscardHandler)
	five.Use(echo5middleware.Recover())
	five.POST("/login", func(c *echo5.Context) error { return s.sess.Authenticate(c.Request().Context(), "user-7") })
	five.POST("/count/:what", func(c *echo5.Context) error { s.count(c.Request().Context()); return nil })
	five.POST("/fail", func(c *echo5.Context) error { s.count(c.Request().Context()); return errFails })
	five.POST("/panic", func(c *echo5.Context) error { s.count(c.Request().Context()); panic("boom") })
	five.GET("/stream", echo5.WrapHandler(mux))
	five.GET("/account", echo5.WrapHandler(mux))

	gin.SetMode(gin.ReleaseMode)
	gin.DefaultErrorWriter = io.Discard
	g := gin.New()
	g.Use(gin.Recovery())
	g.POST("/login", func(c *gin.Context) {
		if err := s.sess.Authenticate(c.Request.Context(), "user-7"); err != nil {
			c.AbortWithStatus(web.Status(err))
		}
	})
	g.POST("/count/:what", func(c *gin.Context) { s.count(c.Request.Context()) })
	g.POST("/fail", func(c *gin.Context) {
		s.count(c.Request.Context())
		_ = c.AbortWithError(http.StatusInternalServerError, errFails)
	})
	g.POST("/panic", func(c *gin.Context) { s.count(c.Request.Context()); panic("boom") })
	g.GET("/stream", func(c *gin.Context) {
		s.count(c.Request.Context())
		i := 0
		c.Stream(func(w io.Writer) bool {
			fmt.Fprintf(w, "data: %d\n\n", i)
			i++
			return i < 3
		})
	})
	g.GET("/account", requireSubjectInGin(s.sess), func(c *gin.Context) {
		got, _ := s.sess.Session(c.Request.Context())
		c.String(http.StatusOK, got.Subject())
	})
	return map[string]http.Handler{"net/http": s.sess.Handler(mux), "chi": c, "echo": s.sess.Handler(e), "echo v5": s.sess.Handler(five), "gin": s.sess.Handler(g)}
}

var errFails = errors.New("the handler fails")

// requireSubjectInGin does for a group of gin's routes what RequireSubject does for a handler.
func requireSubjectInGin(sess *web.Middleware[profile]) gin.HandlerFunc {
	return func(c *gin.Context) {
		passed := false
		sess.RequireSubject(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed = true })).ServeHTTP(c.Writer, c.Request)
		if !passed {
			c.Abort()
		}
	}
}

func TestFrameworks(t *testing.T) {
	for _, name := range []string{"net/http", "chi", "echo", "echo v5", "gin"} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t)
			server := httptest.NewServer(frameworks(s)[name])
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			t.Cleanup(server.Close)
			var id string
			send := func(method, path string) (int, string) {
				r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
				is.NoErr(err)
				r.AddCookie(&http.Cookie{Name: "__Host-id", Value: id})
				response, err := http.DefaultClient.Do(r)
				if err != nil {
					return 0, ""
				}
				defer response.Body.Close()
				body, err := io.ReadAll(response.Body)
				is.NoErr(err)
				for _, c := range response.Cookies() {
					id = c.Value
				}
				return response.StatusCode, string(body)
			}
			visits := func() int {
				got, err := s.m.Load(t.Context(), id)
				is.NoErr(err)
				return got.Data.Visits
			}
			status, _ := send("GET", "/account")
			is.Equal(status, http.StatusUnauthorized)
			status, _ = send("POST", "/login")
			is.Equal(status, http.StatusOK)
			_, body := send("GET", "/account")
			is.Equal(body, "user-7")
			send("POST", "/count/x")
			is.Equal(visits(), 1)
			status, _ = send("POST", "/fail")
			is.Equal(status, http.StatusInternalServerError)
			is.Equal(visits(), 1)
			send("POST", "/panic")
			is.Equal(visits(), 1) // nothing of the failed requests was saved
			_, body = send("GET", "/stream")
			is.Equal(strings.Count(body, "data: "), 3)
			is.Equal(visits(), 2)

			s.store.out = true
			status, _ = send("POST", "/count/x")
			is.Equal(status, http.StatusServiceUnavailable)
			s.store.out = false
			is.Equal(visits(), 2)
		})
	}
}

// otelhttp names a span by the route's pattern, though it wraps the Handler.
func TestOtelhttp_SpansHaveThePatternsName(t *testing.T) {
	is := is.New(t)
	s := newSite(t)
	recorder := tracetest.NewSpanRecorder()
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(recorder))
	h := otelhttp.NewHandler(frameworks(s)["net/http"], "server", otelhttp.WithTracerProvider(provider))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/count/x", nil))
	is.Equal(len(recorder.Ended()), 1)
	is.Equal(recorder.Ended()[0].Name(), "POST /count/{what}")
}

// With connect-go, the Handler wraps the mux, and methods get the session from their context.
func TestConnect(t *testing.T) {
	is := is.New(t)
	s := newSite(t)
	mux := http.NewServeMux()
	const login, whoAmI = "/account.v1.Account/Login", "/account.v1.Account/WhoAmI"
	mux.Handle(login, connect.NewUnaryHandler(login, func(ctx context.Context, r *connect.Request[wrapperspb.StringValue]) (*connect.Response[wrapperspb.StringValue], error) {
		if err := s.sess.Authenticate(ctx, r.Msg.Value); err != nil {
			return nil, connectError(err)
		}
		return connect.NewResponse(wrapperspb.String("welcome")), nil
	}))
	mux.Handle(whoAmI, connect.NewUnaryHandler(whoAmI, func(ctx context.Context, _ *connect.Request[wrapperspb.StringValue]) (*connect.Response[wrapperspb.StringValue], error) {
		got, err := s.sess.Session(ctx)
		if err == nil && got.Subject() == "" {
			err = web.ErrNoSubject
		}
		if err != nil {
			return nil, connectError(err)
		}
		got.Data.Visits++
		return connect.NewResponse(wrapperspb.String(got.Subject())), nil
	}))
	server := httptest.NewServer(s.sess.Handler(mux))
	t.Cleanup(server.Close)
	call := func(method, id string) (*connect.Response[wrapperspb.StringValue], error) {
		c := connect.NewClient[wrapperspb.StringValue, wrapperspb.StringValue](server.Client(), server.URL+method)
		r := connect.NewRequest(wrapperspb.String("user-7"))
		r.Header().Set("Cookie", "__Host-id="+id)
		return c.CallUnary(t.Context(), r)
	}
	_, err := call(whoAmI, "")
	is.Equal(connect.CodeOf(err), connect.CodeUnauthenticated)
	response, err := call(login, "")
	is.NoErr(err)
	id, _, _ := strings.Cut(strings.TrimPrefix(response.Header().Get("Set-Cookie"), "__Host-id="), ";")
	response, err = call(whoAmI, id)
	is.NoErr(err)
	is.Equal(response.Msg.Value, "user-7")
	got, err := s.m.Load(t.Context(), id)
	is.NoErr(err)
	is.Equal(got.Data.Visits, 1)
	s.store.out = true
	_, err = call(whoAmI, id)
	is.Equal(connect.CodeOf(err), connect.CodeUnavailable)
}

// connectError returns a connect error with the code for err.
func connectError(err error) error {
	code := connect.CodeInternal
	switch status := web.Status(err); {
	case status == http.StatusUnauthorized:
		code = connect.CodeUnauthenticated
	case status == http.StatusServiceUnavailable:
		code = connect.CodeUnavailable
	case status == http.StatusConflict:
		code = connect.CodeAborted
	}
	return connect.NewError(code, errors.New(http.StatusText(web.Status(err))))
}
