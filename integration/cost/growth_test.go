package cost_test

import (
	"flag"
	"fmt"
	"io"
	"testing"

	"github.com/matryer/is"
)

var full = flag.Bool("full", false, "with a subject of 10,000 sessions too, which takes minutes")

// grown is what one operation costs for a subject that has so many sessions.
type grown struct {
	sessions                     int
	login, renewal, logout, list bill
}

// growing signs one subject in again and again, and returns what it costs at each of the sizes: the most that any of a dozen
// and one logins, renewals and logouts in a row cost, as a list grows in steps.
func growing(t *testing.T, s shop, subject string, sizes ...int) []grown {
	t.Helper()
	is, ctx := is.New(t), t.Context()
	var all []grown
	have := 0
	for _, n := range sizes {
		g := grown{sessions: n}
		for ; have < n; have++ {
			is.NoErr(s.Authenticate(ctx, s.Create(), subject))
			if took := s.took(); have >= n-13 {
				g.login = dearer(g.login, took)
			}
		}
		for range 13 {
			session := s.Create()
			is.NoErr(s.Authenticate(ctx, session, subject))
			s.took()
			is.NoErr(s.Renew(ctx, session))
			g.renewal = dearer(g.renewal, s.took())
			is.NoErr(s.DestroyID(ctx, session.ID().Secret()))
			g.logout = dearer(g.logout, s.took())
		}
		infos, err := s.Sessions(ctx, subject)
		is.NoErr(err)
		is.Equal(len(infos), n)
		g.list = s.took()
		all = append(all, g)
	}
	return all
}

func dearer(a, b bill) bill {
	if b.dollars() > a.dollars() {
		return b
	}
	return a
}

func (b bill) units() string { return fmt.Sprintf("%g + %g", b.reads, b.writes) }

func growth(t *testing.T, out io.Writer) {
	t.Helper()
	is, ctx := is.New(t), t.Context()
	s := newShop(t, 0)
	fmt.Fprint(out, `
## A subject with many sessions

Read and write units of the dearest of 13 in a row, and the calls that list all of the subject's sessions. A list keeps its first four sessions in one
item of less than 1 KB, and the others in pages of less than 2 KB.

| sessions | login | renewal | logout | list | calls of a list |
| --- | --- | --- | --- | --- | --- |
`)
	for _, g := range growing(t, s, "user", 1, 10, 100, 1000) {
		fmt.Fprintf(out, "| %d | %s | %s | %s | %s | %d |\n", g.sessions, g.login.units(), g.renewal.units(), g.logout.units(), g.list.units(), g.list.calls)
	}
	n, err := s.RevokeAll(ctx, "user")
	is.NoErr(err)
	b := s.took()
	fmt.Fprintf(out, "\nRevokeAll of the last row's %d sessions takes %d calls, %g read and %g write units: %.2f and %.2f for each session.\n",
		n, b.calls, b.reads, b.writes, b.reads/float64(n), b.writes/float64(n))
}

// What a login, a renewal and a logout cost is at most twice what it costs with one session, in each kind of unit.
func TestCost_DoesNotGrowWithTheSubjectsSessions(t *testing.T) {
	is := is.New(t)
	sizes := []int{1, 1000}
	if *full {
		sizes = []int{1, 1000, 10_000}
	}
	s := newShop(t, 0)
	all := growing(t, s, "user", sizes...)
	one := all[0]
	is.Equal(one.login, bill{3, 1, 2})
	is.Equal(one.renewal, bill{4, 0, 4})
	is.Equal(one.logout, bill{2, 0, 2})
	for _, g := range all[1:] {
		for what, pair := range map[string][2]bill{
			"login": {one.login, g.login}, "renewal": {one.renewal, g.renewal}, "logout": {one.logout, g.logout},
		} {
			if pair[1].reads > 2*pair[0].reads || pair[1].writes > 2*pair[0].writes {
				t.Errorf("%d sessions: a %s takes %v units, and %v with one", g.sessions, what, pair[1].units(), pair[0].units())
			}
		}
	}
	is.True(all[1].list.calls <= 12)
	n, err := s.RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.Equal(n, sizes[len(sizes)-1])
	took := s.took()
	is.True(took.reads+took.writes <= 1.5*float64(n)) // linear
	infos, err := s.Sessions(t.Context(), "user")
	is.NoErr(err)
	is.Equal(len(infos), 0)
}
