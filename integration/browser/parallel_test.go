package browser

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// desk is session data that concurrent requests of a browser change.
type desk struct {
	Name, Locale, Theme string
	Zoom, Visits        int
	Tags                map[string]bool
	Flash               sessions.Flash[string]
}

// changes are the changes that a request can make. Each returns the response.
var changes = map[string]func(d *desk, by string) string{
	"read":   func(d *desk, _ string) string { return d.Name },
	"name":   func(d *desk, _ string) string { d.Name = "ada"; return "" },
	"locale": func(d *desk, _ string) string { d.Locale = "de-AT"; return "" },
	"theme":  func(d *desk, _ string) string { d.Theme = "dark"; return "" },
	"zoom":   func(d *desk, _ string) string { d.Zoom = 120; return "" },
	"visits": func(d *desk, _ string) string { d.Visits = 7; return "" },
	"tag": func(d *desk, by string) string {
		if d.Tags == nil {
			d.Tags = map[string]bool{}
		}
		d.Tags[by] = true
		return ""
	},
	"flash": func(d *desk, by string) string { d.Flash.Add("from " + by); return "" },
	"take":  func(d *desk, _ string) string { return strings.Join(d.Flash.Take(), ", ") },
}

// office is a site whose requests load the session, wait until they are released, and then change
// it.
type office struct {
	url    string
	m      *sessions.Manager[desk]
	loaded chan string
	goOn   map[string]chan struct{}
}

func newOffice(t *testing.T) *office {
	t.Helper()
	is := is.New(t)
	m, err := sessions.New[desk](memstore.New(nil), nil)
	is.NoErr(err)
	sess, err := web.New(m, nil)
	is.NoErr(err)
	o := &office{m: m, loaded: make(chan string, 8), goOn: map[string]chan struct{}{}}
	for i := range 8 {
		o.goOn[fmt.Sprint(i)] = make(chan struct{})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<p id=answer>page</p>"))
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if err := sess.Authenticate(r.Context(), r.FormValue("name")); err != nil {
			http.Error(w, err.Error(), web.Status(err))
		}
	})
	mux.HandleFunc("POST /do/{change}/{by}", func(w http.ResponseWriter, r *http.Request) {
		s, err := sess.Session(r.Context())
		if err != nil {
			http.Error(w, err.Error(), web.Status(err))
			return
		}
		by := r.PathValue("by")
		o.loaded <- by
		<-o.goOn[by]
		_, _ = w.Write([]byte(html.EscapeString(changes[r.PathValue("change")](&s.Data, by))))
	})
	mux.HandleFunc("GET /favicon.ico", http.NotFound)
	server := httptest.NewServer(sess.Handler(mux))
	t.Cleanup(server.Close)
	o.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return o
}

// start sends a request from a tab's page, and waits until it has loaded its session.
func (o *office) start(t *testing.T, tab context.Context, change, by string) {
	t.Helper()
	do(t, tab, eval(fmt.Sprintf(`window.sent = window.sent || {}; window.sent[%q] = fetch("/do/%s/%[1]s", {method: "POST"}).then(r => r.status); 1`, by, change)))
	<-o.loaded
}

// finish releases a request, and returns the status of its response.
func (o *office) finish(t *testing.T, tab context.Context, by string) string {
	t.Helper()
	o.goOn[by] <- struct{}{}
	return evaluate(t, tab, fmt.Sprintf(`window.sent[%q].then(String)`, by))
}

func (o *office) signIn(t *testing.T, tab context.Context, name string) {
	t.Helper()
	do(t, tab, chromedp.Navigate(o.url), visible("#answer"))
	is.New(t).Equal(evaluate(t, tab, fmt.Sprintf(`fetch("/login?name=%s", {method: "POST"}).then(r => String(r.status))`, name)), "200")
}

// stored returns the data of the user's only session.
func (o *office) stored(t *testing.T, tab context.Context) desk {
	t.Helper()
	s, err := o.m.Peek(t.Context(), cookies(t, tab)["__Host-id"].Value)
	if err != nil {
		t.Fatal(err)
	}
	return s.Data
}

// Six requests load the same session and change six different fields. All get status 200, and no
// change is lost.
func TestParallel_SixFetchesThatChangeSixFields(t *testing.T) {
	is := is.New(t)
	tab := open(t)
	o := newOffice(t)
	o.signIn(t, tab, "ada")
	six := []string{"name", "locale", "theme", "zoom", "visits", "tag"}
	for i, change := range six {
		o.start(t, tab, change, fmt.Sprint(i))
	}
	for i := range six {
		o.goOn[fmt.Sprint(i)] <- struct{}{}
	}
	is.Equal(evaluate(t, tab, `Promise.all(Object.values(window.sent)).then(all => all.join(" "))`), "200 200 200 200 200 200")
	is.Equal(o.stored(t, tab), desk{Name: "ada", Locale: "de-AT", Theme: "dark", Zoom: 120, Visits: 7, Tags: map[string]bool{"5": true}})
}

// One tab adds or shows a message while another makes any request. In either order both get status
// 200, and no message is lost or shown twice.
func TestParallel_TwoTabsBesideAFlashMessage(t *testing.T) {
	is := is.New(t)
	first := open(t)
	second := another(t, first)
	o := newOffice(t)
	o.signIn(t, first, "ada")
	do(t, second, chromedp.Navigate(o.url), visible("#answer"))
	kinds := []string{"read", "name", "tag", "flash", "take"}
	for i, a := range kinds {
		for _, b := range kinds[i:] {
			for _, order := range []string{"12", "21"} {
				_, err := o.m.Update(t.Context(), cookies(t, first)["__Host-id"].Value, func(d *desk) error {
					*d = desk{}
					d.Flash.Add("old")
					return nil
				})
				is.NoErr(err)
				o.start(t, first, a, "1")
				o.start(t, second, b, "2")
				for _, by := range order {
					tab := map[rune]context.Context{'1': first, '2': second}[by]
					if got := o.finish(t, tab, string(by)); got != "200" {
						t.Errorf("%s beside %s, served as %s: %s", a, b, order, got)
					}
				}
				want := []string{}
				if a != "take" && b != "take" {
					want = append(want, "old")
				}
				if a == "flash" {
					want = append(want, "from 1")
				}
				if b == "flash" {
					want = append(want, "from 2")
				}
				d := o.stored(t, first)
				got := d.Flash.Take()
				slices.Sort(got)
				slices.Sort(want)
				is.Equal(strings.Join(got, ","), strings.Join(want, ","))
				is.Equal(d.Name == "ada", a == "name" || b == "name")
				is.Equal(d.Tags["1"], a == "tag")
				is.Equal(d.Tags["2"], b == "tag")
			}
		}
	}
}
