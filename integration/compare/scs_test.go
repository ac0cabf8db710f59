package compare

import (
	"encoding/gob"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmem "github.com/alexedwards/scs/v2/memstore"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// profile is the data that both keep.
type profile struct {
	Name   string    `json:"name"`
	Locale string    `json:"locale"`
	Theme  string    `json:"theme"`
	Visits int       `json:"visits"`
	Admin  bool      `json:"admin"`
	Seen   time.Time `json:"seen"`
}

func example() profile {
	return profile{Name: "n", Locale: "de-AT", Theme: "dark", Visits: 12, Seen: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
}

// jsonCodec is an scs codec that encodes a profile as JSON.
type jsonCodec struct{}

type jsonForm struct {
	Deadline time.Time
	Data     profile
}

func (jsonCodec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	data, _ := values["data"].(profile)
	return json.Marshal(jsonForm{deadline, data})
}

func (jsonCodec) Decode(b []byte) (time.Time, map[string]any, error) {
	var f jsonForm
	err := json.Unmarshal(b, &f)
	return f.Deadline, map[string]any{"data": f.Data}, err
}

// rival is a middleware and a client with a session.
type rival struct {
	name   string
	around func(http.Handler) http.Handler
	read   func(*http.Request) profile
	change func(*http.Request)
}

func ours(b *testing.B) rival {
	m, err := sessions.New[profile](memstore.New(nil), nil)
	if err != nil {
		b.Fatal(err)
	}
	sess, err := web.New(m, nil)
	if err != nil {
		b.Fatal(err)
	}
	get := func(r *http.Request) *sessions.Session[profile] {
		s, err := sess.Session(r.Context())
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	return rival{"dynasession", sess.Handler, func(r *http.Request) profile { return get(r).Data }, func(r *http.Request) {
		s := get(r)
		if s.Data.Name == "" {
			s.Data = example()
		}
		s.Data.Visits++
	}}
}

func theirs(name string, codec scs.Codec) rival {
	m := scs.New()
	m.Store = scsmem.NewWithCleanupInterval(0)
	m.Codec = codec
	get := func(r *http.Request) profile { p, _ := m.Get(r.Context(), "data").(profile); return p }
	return rival{name, m.LoadAndSave, get, func(r *http.Request) {
		p := get(r)
		if p.Name == "" {
			p = example()
		}
		p.Visits++
		m.Put(r.Context(), "data", p)
	}}
}

// BenchmarkRequest measures the time and allocations that a middleware adds to a bare handler. The
// middlewares take turns of a few calls within one process, in another order each round, so that
// all meet the same load on the machine. What matters are the ratios of the medians.
func BenchmarkRequest(b *testing.B) {
	gob.Register(profile{})
	rivals := []rival{ours(b), theirs("scs-gob", scs.GobCodec{}), theirs("scs-json", jsonCodec{})}
	answer := func(w http.ResponseWriter) { _, _ = w.Write([]byte("hello")) }
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) })
	doesNotAsk := func(rival) http.HandlerFunc { return bare }
	reads := func(rv rival) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { _ = rv.read(r); answer(w) }
	}
	changes := func(rv rival) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { rv.change(r); answer(w) }
	}
	for _, c := range []struct {
		name    string
		cookies bool
		handler func(rival) http.HandlerFunc
	}{
		{"without a cookie, not asking", false, doesNotAsk},
		{"without a cookie, reading", false, reads},
		{"with a session, not asking", true, doesNotAsk},
		{"with a session, reading", true, reads},
		{"with a session, changing", true, changes},
	} {
		b.Run(c.name, func(b *testing.B) {
			names, serve := []string{"bare"}, []func(){server(bare, nil)}
			for _, rv := range rivals {
				var cookies []*http.Cookie
				if c.cookies {
					w := httptest.NewRecorder()
					rv.around(changes(rv)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://site.test/", nil))
					cookies = w.Result().Cookies()
				}
				names, serve = append(names, rv.name), append(serve, server(rv.around(c.handler(rv)), cookies))
			}
			times := medians(b, serve)
			over := func(i int) float64 { return times[i] - times[0] }
			bareAllocs := testing.AllocsPerRun(200, serve[0])
			b.ReportMetric(0, "ns/op")
			for i, name := range names[1:] {
				b.ReportMetric(over(i+1), "ns/"+name)
				b.ReportMetric(testing.AllocsPerRun(200, serve[i+1])-bareAllocs, "allocs/"+name)
				if i > 0 {
					b.ReportMetric(over(1)/over(i+1), "ours/"+name)
				}
			}
		})
	}
}

// turn is how many calls are timed together: enough for the clock's resolution, but few enough that
// most turns are not interrupted.
const turn = 16

// medians returns the median time per call of each function, in nanoseconds.
func medians(b *testing.B, serve []func()) []float64 {
	times := make([][]time.Duration, len(serve))
	for b.Loop() {
		for _, i := range rand.Perm(len(serve)) {
			begin := time.Now()
			for range turn {
				serve[i]()
			}
			times[i] = append(times[i], time.Since(begin))
		}
	}
	out := make([]float64, len(serve))
	for i, t := range times {
		slices.Sort(t)
		out[i] = float64(t[len(t)/2]) / turn
	}
	return out
}

func server(h http.Handler, cookies []*http.Cookie) func() {
	r := httptest.NewRequest(http.MethodGet, "https://site.test/", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return func() { h.ServeHTTP(&sink{header: http.Header{}}, r) }
}

// sink is a ResponseWriter that discards the response.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}
