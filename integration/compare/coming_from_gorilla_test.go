package compare_test

import (
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	gorilla "github.com/gorilla/sessions"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/web"
)

// fromGorilla signs in users who are still signed in with gorilla, at their first request after the
// deploy. A cookie of a CookieStore can't be revoked on the server, so a copy would go on working.
// It is therefore accepted only until a fixed time: the deploy plus the old MaxAge.
func fromGorilla(old gorilla.Store, name string, until time.Time, sess *web.Middleware[Visitor], next http.Handler) http.Handler {
	move := func(w http.ResponseWriter, r *http.Request) error {
		was, err := old.Get(r, name)
		if err != nil { // forged, or signed with an unknown key
			was = gorilla.NewSession(old, name)
		}
		s, err := sess.Session(r.Context())
		if err != nil {
			return err
		}
		if user, _ := was.Values["userID"].(string); user != "" && s.Subject() == "" && time.Now().Before(until) {
			s.Data.Theme, _ = was.Values["theme"].(string)
			if err := sess.Authenticate(r.Context(), user); err != nil {
				return err
			}
		}
		if was.Options == nil {
			was.Options = &gorilla.Options{Path: "/"}
		}
		was.Options.MaxAge = -1
		return was.Save(r, w)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie(name); err == nil {
			if err := move(w, r); err != nil {
				http.Error(w, "later, please", http.StatusServiceUnavailable)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func TestComingFromGorilla_UsersStaySignedIn(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	for name, old := range map[string]gorilla.Store{
		"CookieStore": gorilla.NewCookieStore(key), "FilesystemStore": gorilla.NewFilesystemStore(t.TempDir(), key),
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			before := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s, err := old.Get(r, "session")
				is.NoErr(err)
				s.Values["userID"], s.Values["theme"] = "ada", "dark"
				is.NoErr(s.Save(r, w))
			})
			_, cookies := ask(before, "/login", nil)
			value := cookies["session"]
			is.True(value != "")

			m, sess := newMiddleware(t)
			after := sess.Handler(fromGorilla(old, "session", time.Now().Add(time.Hour), sess, who(sess)))
			body, cookies := ask(after, "/", cookies)
			is.Equal(body, "ada dark") // the first request after the deploy
			is.Equal(cookies["session"], "")
			is.Equal(len(cookies), 1)
			body, _ = ask(after, "/", cookies)
			is.Equal(body, "ada dark") // the next one, by the new cookie
			infos, err := m.Sessions(t.Context(), "ada")
			is.NoErr(err)
			is.Equal(len(infos), 1)

			body, none := ask(after, "/", map[string]string{"session": "forged"})
			is.Equal(body, " ")
			is.Equal(len(none), 0)
			late := sess.Handler(fromGorilla(old, "session", time.Now().Add(-time.Hour), sess, who(sess)))
			body, none = ask(late, "/", map[string]string{"session": value})
			is.Equal(body, " ")
			is.Equal(len(none), 0)
		})
	}
}

// The guide has a counterpart for each method and field of gorilla/sessions.
func TestComingFromGorilla_TheTableIsWhole(t *testing.T) {
	page := readPage(t, "coming-from-gorilla.md")
	for _, typ := range []reflect.Type{
		reflect.TypeFor[*gorilla.Session](), reflect.TypeFor[gorilla.Session](), reflect.TypeFor[gorilla.Options](),
		reflect.TypeFor[*gorilla.CookieStore](), reflect.TypeFor[*gorilla.FilesystemStore](), reflect.TypeFor[*gorilla.Registry](),
	} {
		for _, name := range namesOf(typ) {
			if !strings.Contains(page, "`"+name) && !strings.Contains(page, "."+name) {
				t.Errorf("the guide does not name %v.%s", typ, name)
			}
		}
	}
	cutFrom(t, page, "coming_from_gorilla_test.go")
}

// namesOf returns the exported methods and fields of a type.
func namesOf(typ reflect.Type) (names []string) {
	for i := range typ.NumMethod() {
		names = append(names, typ.Method(i).Name)
	}
	if typ.Kind() == reflect.Struct {
		for i := range typ.NumField() {
			if f := typ.Field(i); f.IsExported() {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

func readPage(t *testing.T, name string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// cutFrom checks that each Go block of the page is part of the file.
func cutFrom(t *testing.T, page, file string) {
	t.Helper()
	is := is.New(t)
	source, err := os.ReadFile(file)
	is.NoErr(err)
	blocks := 0
	for rest := page; ; blocks++ {
		_, after, ok := strings.Cut(rest, "```go\n")
		if !ok {
			break
		}
		block, after, ok := strings.Cut(after, "```")
		is.True(ok)
		rest = after
		if !strings.Contains(flat(string(source)), flat(block)) {
			t.Errorf("not in %s:\n%s", file, block)
		}
	}
	is.True(blocks > 0)
}

// flat removes the indentation of code.
func flat(code string) string {
	var lines []string
	for line := range strings.Lines(code) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, "\n")
}
