package cost_test

import (
	"flag"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

var full = flag.Bool("full", false, "sign in 10,000 times instead of copying sessions; takes minutes")

// filled is the number of sessions from which on growing adds copies instead of logging in, unless
// -full is set.
const filled = 1000

// grown is the cost of each operation for a subject with this number of sessions.
type grown struct {
	sessions                     int
	login, renewal, logout, list bill
}

// growing signs one subject in repeatedly, and returns the cost of the operations at each size.
// Since a list grows in steps, it measures 13 logins, renewals and logouts in a row and takes the
// dearest. Beyond 1,000 sessions, most are copies.
func growing(t *testing.T, s shop, subject string, sizes ...int) []grown {
	t.Helper()
	is, ctx := is.New(t), t.Context()
	var all []grown
	have := 0
	for _, n := range sizes {
		g := grown{sessions: n}
		if more := n - 36 - have; have >= filled && !*full {
			s.fill(t, subject, more/12*12)
			have += more / 12 * 12
		}
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

// ending is the cost of ending all sessions of a subject: a first RevokeAll ends half of them and
// then loses its store, a second ends the others.
type ending struct {
	sessions, first, second int
	bill
}

// grownAndEnded grows a subject to 10,000 sessions and ends them. It does so once for all tests.
func grownAndEnded(t *testing.T) ([]grown, ending) {
	t.Helper()
	measured.Do(func() {
		is, ctx := is.New(t), t.Context()
		s := newShop(t, 0)
		measured.all = growing(t, s, "user", 1, 10, 100, 1000, 10_000)
		e := ending{sessions: measured.all[len(measured.all)-1].sessions}
		calls := 0
		s.failing = func() error {
			if calls++; calls > e.sessions/2 {
				return &types.ProvisionedThroughputExceededException{}
			}
			return nil
		}
		var err error
		e.first, err = s.RevokeAll(ctx, "user")
		wants.Err(t, err, sessions.ErrUnavailable)
		s.failing = nil
		e.second, err = s.RevokeAll(ctx, "user")
		is.NoErr(err)
		e.bill = s.took()
		infos, err := s.Sessions(ctx, "user")
		is.NoErr(err)
		is.Equal(len(infos), 0)
		for _, left := range s.scan(t, "attribute_exists(idle_timeout)") { // all records have it
			t.Errorf("%v is alive", left["id"])
		}
		measured.ended = e
	})
	return measured.all, measured.ended
}

var measured struct {
	sync.Once
	all   []grown
	ended ending
}

func growth(t *testing.T, out io.Writer) {
	t.Helper()
	fmt.Fprint(out, `
## A subject with many sessions

Read and write units of the most expensive of 13 consecutive ones, and the calls that list all of the subject's sessions. A list keeps its first four sessions in one
item of less than 1 KB, and the others in pages of less than 2 KB. So with any number of sessions a login, a renewal and a logout cost at most twice
what they cost with one.

| sessions | login | renewal | logout | list | calls of a list |
| --- | --- | --- | --- | --- | --- |
`)
	all, ended := grownAndEnded(t)
	for _, g := range all {
		fmt.Fprintf(out, "| %d | %s | %s | %s | %s | %d |\n", g.sessions, g.login.units(), g.renewal.units(), g.logout.units(), g.list.units(), g.list.calls)
	}
	n := float64(ended.sessions)
	fmt.Fprintf(out, "\nRevokeAll of the last row's %d sessions, broken off in the middle and called again, takes %d calls, %g read and %g write units: "+
		"%.2f and %.2f for\neach session.\n", ended.sessions, ended.calls, ended.reads, ended.writes, ended.reads/n, ended.writes/n)
}

// With any number of sessions, a login, a renewal and a logout cost at most twice as many units of
// each kind as with one session.
func TestCost_DoesNotGrowWithTheSubjectsSessions(t *testing.T) {
	is := is.New(t)
	all, ended := grownAndEnded(t)
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
		if g.sessions == 1000 {
			is.True(g.list.calls <= 12)
		}
	}
	is.Equal(ended.first, 5000)
	is.Equal(ended.first+ended.second, ended.sessions)
	is.True(ended.reads+ended.writes <= 1.5*float64(ended.sessions)) // linear
}
