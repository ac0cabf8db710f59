package web_test

import (
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// configured is the configuration of a host.
type configured struct {
	manager sessions.Config[visitor]
	web     web.Config
}

// changes of configuration: while one is being deployed, some hosts have the one before and some
// the one after.
var changes = map[string][2]configured{
	"Persistent": {{}, {web: web.Config{Cookie: web.Cookie{Persistent: true}}}},
	"SameSite":   {{}, {web: web.Config{Cookie: web.Cookie{SameSite: http.SameSiteStrictMode}}}},
	"Domain": {
		{web: web.Config{Cookie: web.Cookie{Name: "__Secure-id", Former: []web.FormerCookie{{Domain: "site.test"}}}}},
		{web: web.Config{Cookie: web.Cookie{Name: "__Secure-id", Domain: "site.test", Former: []web.FormerCookie{{}}}}},
	},
	"Path": {
		{web: web.Config{Cookie: web.Cookie{Name: "__Secure-id", Path: "/app", Former: []web.FormerCookie{{Path: "/"}}}}},
		{web: web.Config{Cookie: web.Cookie{Name: "__Secure-id", Former: []web.FormerCookie{{Path: "/app"}}}}},
	},
	"Header": {{}, {web: web.Config{Header: "Authorization", Cookie: web.Cookie{Name: "__Host-id"}}}},
	"timeouts": {
		{web: web.Config{Cookie: web.Cookie{Persistent: true}}},
		{sessions.Config[visitor]{IdleTimeout: time.Hour, AbsoluteTimeout: 48 * time.Hour}, web.Config{Cookie: web.Cookie{Persistent: true}}},
	},
	"SubjectLimit": {{}, {manager: sessions.Config[visitor]{SubjectLimit: sessions.SubjectLimit{Max: 1, Evict: true}}}},
	"IDs, first":   {{}, {manager: sessions.Config[visitor]{IDs: sessions.AcceptIDs(sessions.RandomIDs(32), sessions.RandomIDs(33))}}},
	"IDs, second": {
		{manager: sessions.Config[visitor]{IDs: sessions.AcceptIDs(sessions.RandomIDs(32), sessions.RandomIDs(33))}},
		{manager: sessions.Config[visitor]{IDs: sessions.MigrateIDs(sessions.RandomIDs(33), sessions.RandomIDs(32))}},
	},
}

// A browser whose requests go to either host at random keeps its session, with login and data,
// until it signs out. Afterwards nothing of it is left but its last session.
func TestRolling_AConfigurationSignsNobodyOut(t *testing.T) {
	for name, sides := range changes {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(30) {
				is := is.New(t)
				random := rand.New(rand.NewPCG(seed, 1))
				c, store := clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)), memstore.New(nil)
				var hosts []*web.Middleware[visitor]
				for _, side := range sides {
					side.manager.Clock = c
					m, err := sessions.New(store, &side.manager)
					is.NoErr(err)
					sess, err := web.New(m, &side.web)
					is.NoErr(err)
					hosts = append(hosts, sess)
				}
				jar, err := cookiejar.New(nil)
				is.NoErr(err)
				page := &url.URL{Scheme: "https", Host: "www.site.test", Path: "/app/page"}
				visits, user := 0, ""
				for range 12 {
					host, does := hosts[random.IntN(2)], random.IntN(6)
					r := httptest.NewRequest(http.MethodPost, page.String(), nil)
					if does == 0 {
						r.Method = http.MethodGet
					}
					for _, cookie := range jar.Cookies(page) {
						r.AddCookie(cookie)
					}
					w := httptest.NewRecorder()
					host.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
						s, err := host.Session(r.Context())
						is.NoErr(err)
						is.Equal(s.Subject(), user)
						is.Equal(s.Data.Visits, visits)
						switch does {
						case 1, 2:
							s.Data.Visits++
							visits++
						case 3:
							is.NoErr(host.Authenticate(r.Context(), "user"))
							user = "user"
						case 4:
							is.NoErr(host.Persist(r.Context(), true))
						case 5:
							is.NoErr(host.Destroy(r.Context()))
							visits, user = 0, ""
						}
					})).ServeHTTP(w, r)
					is.Equal(w.Code, http.StatusOK)
					jar.SetCookies(page, w.Result().Cookies())
					is.True(store.Len() <= 1)
					c.Advance(time.Duration(random.IntN(120)) * time.Second)
				}
			}
		})
	}
}
