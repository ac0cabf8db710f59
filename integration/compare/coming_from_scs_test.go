package compare_test

import (
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// Visitor is the session data of each visitor.
type Visitor struct {
	Theme string `json:"theme,omitempty"`
}

// fromSCS signs in users who are still signed in with scs, at their first request after the deploy.
// It ends the old session.
func fromSCS(old *scs.SessionManager, sess *web.Middleware[Visitor], next http.Handler) http.Handler {
	move := func(w http.ResponseWriter, r *http.Request, token string) error {
		ctx, err := old.Load(r.Context(), token)
		if err != nil {
			return err
		}
		user := old.GetString(ctx, "userID")
		s, err := sess.Session(r.Context())
		if err != nil {
			return err
		}
		if user != "" && s.Subject() == "" {
			s.Data.Theme = old.GetString(ctx, "theme")
			if err := sess.Authenticate(r.Context(), user); err != nil {
				return err
			}
		}
		if err := old.Destroy(ctx); err != nil {
			return err
		}
		http.SetCookie(w, &http.Cookie{Name: old.Cookie.Name, Path: old.Cookie.Path, Domain: old.Cookie.Domain, MaxAge: -1})
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie(old.Cookie.Name); err == nil {
			if err := move(w, r, c.Value); err != nil {
				log.Print("move a session from scs: ", err)
				http.Error(w, "later, please", http.StatusServiceUnavailable) // the old cookie is still there
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// newMiddleware returns a Manager in memory and its middleware.
func newMiddleware(t *testing.T) (*sessions.Manager[Visitor], *web.Middleware[Visitor]) {
	t.Helper()
	m, err := sessions.New[Visitor](memstore.New(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	sess, err := web.New(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m, sess
}

// who returns a handler that writes the session's user and theme.
func who(sess *web.Middleware[Visitor]) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sess.Session(r.Context())
		if err != nil {
			http.Error(w, err.Error(), web.Status(err))
			return
		}
		_, _ = w.Write([]byte(s.Subject() + " " + s.Data.Theme))
	})
}

// ask sends a request with cookies, and returns the body and the cookies after the response.
func ask(h http.Handler, path string, cookies map[string]string) (string, map[string]string) {
	r, w := httptest.NewRequest("GET", "https://shop.example.com"+path, nil), httptest.NewRecorder()
	for name, value := range cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	h.ServeHTTP(w, r)
	after := map[string]string{}
	for name, value := range cookies {
		after[name] = value
	}
	for _, c := range w.Result().Cookies() {
		after[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(after, c.Name)
		}
	}
	return w.Body.String(), after
}

func TestComingFromSCS_UsersStaySignedIn(t *testing.T) {
	is := is.New(t)
	old := scs.New()
	old.Lifetime = time.Hour
	before := old.LoadAndSave(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(old.RenewToken(r.Context()))
		old.Put(r.Context(), "userID", "ada")
		old.Put(r.Context(), "theme", "dark")
	}))
	_, cookies := ask(before, "/login", nil)
	token := cookies[old.Cookie.Name]
	is.True(token != "")

	m, sess := newMiddleware(t)
	after := sess.Handler(fromSCS(old, sess, who(sess)))
	body, cookies := ask(after, "/", cookies)
	is.Equal(body, "ada dark") // the first request after the deploy
	is.Equal(cookies[old.Cookie.Name], "")
	is.Equal(len(cookies), 1)
	body, _ = ask(after, "/", cookies)
	is.Equal(body, "ada dark") // the next one, by the new cookie
	infos, err := m.Sessions(t.Context(), "ada")
	is.NoErr(err)
	is.Equal(len(infos), 1)

	body, _ = ask(after, "/", map[string]string{old.Cookie.Name: token})
	is.Equal(body, " ") // the old cookie works only once
	body, none := ask(after, "/", map[string]string{old.Cookie.Name: "forged"})
	is.Equal(body, " ")
	is.Equal(len(none), 0)
}

// The guide has a counterpart for each method and field of scs.
func TestComingFromSCS_TheTableIsWhole(t *testing.T) {
	page := readPage(t, "coming-from-scs.md")
	for _, typ := range []reflect.Type{reflect.TypeFor[*scs.SessionManager](), reflect.TypeFor[scs.SessionManager](), reflect.TypeFor[scs.SessionCookie]()} {
		for _, name := range namesOf(typ) {
			if !strings.Contains(page, "`"+name) && !strings.Contains(page, ", `"+name) && !strings.Contains(page, "."+name) {
				t.Errorf("the guide does not name %v.%s", typ, name)
			}
		}
	}
	cutFrom(t, page, "coming_from_scs_test.go")
}
