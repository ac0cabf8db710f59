package regions_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

// row is a promise of a service, and a test of whether a setup keeps it.
type row struct {
	name  string
	limit int              // maximum number of sessions per subject
	only  func(setup) bool // the setups to which it applies; nil: all
	holds func(*scene) bool
}

// twoTables reports whether the service survives the loss of a Region.
func twoTables(s setup) bool { return s != one }

var meanwhile = []row{
	{name: "a user who is sent to the other Region right after the login is signed in there", holds: func(x *scene) bool {
		return x.lives(x.us, x.login(x.eu, "alice"))
	}},
	{name: "a user who has logged out is signed out in the other Region at once", holds: func(x *scene) bool {
		id := x.login(x.eu, "alice")
		x.settle()
		x.NoErr(x.eu.DestroyID(x.ctx, id))
		return x.isDead(id)
	}},
	{name: "a logout holds although a request in the other Region saves", holds: func(x *scene) bool {
		id := x.login(x.eu, "alice")
		x.settle()
		s := x.load(x.us, id)
		s.Data.Apples++
		x.NoErr(x.eu.DestroyID(x.ctx, id))
		_ = x.us.Save(x.ctx, s) // may return an error: the session has ended
		x.settle()
		return x.isDead(id)
	}},
	{name: "a logout holds although a request in the other Region reads", holds: func(x *scene) bool {
		id := x.login(x.eu, "alice")
		x.settle()
		x.world.Clock.Advance(10 * time.Minute)
		x.NoErr(x.eu.DestroyID(x.ctx, id))
		x.lives(x.us, id) // may record an access
		x.settle()
		return x.isDead(id)
	}},
	{name: "an ID that was renewed is dead although a request in the other Region saves", holds: func(x *scene) bool {
		old := x.login(x.eu, "alice")
		x.settle()
		s, renewed := x.load(x.us, old), x.load(x.eu, old)
		s.Data.Apples++
		x.NoErr(x.eu.Renew(x.ctx, renewed))
		_ = x.us.Save(x.ctx, s)
		x.settle()
		return x.isDead(old) && x.lives(x.us, renewed.ID().Secret())
	}},
	{name: "two saves in two Regions are both kept, or one is refused", holds: func(x *scene) bool {
		id := x.login(x.eu, "alice")
		x.settle()
		s, other := x.load(x.eu, id), x.load(x.us, id)
		s.Data.Apples, other.Data.Pears = 1, 1
		x.NoErr(x.eu.Save(x.ctx, s))
		kept := x.us.Save(x.ctx, other) == nil
		x.settle()
		got := x.load(x.eu, id).Data
		return got.Apples == 1 && (got.Pears == 1 || !kept)
	}},
	{name: "two logins of one user in two Regions are both listed", holds: func(x *scene) bool {
		x.login(x.eu, "alice")
		x.login(x.us, "alice")
		x.settle()
		infos, err := x.eu.Sessions(x.ctx, "alice")
		x.NoErr(err)
		return len(infos) == 2
	}},
	{name: "`RevokeAll` ends what was begun in both Regions before", holds: func(x *scene) bool {
		a, b := x.login(x.eu, "alice"), x.login(x.us, "alice")
		x.settle()
		_, err := x.eu.RevokeAll(x.ctx, "alice")
		x.NoErr(err)
		x.settle()
		return x.isDead(a, b)
	}},
	{name: "`RevokeAll` ends a login in the other Region that came a moment before it", holds: func(x *scene) bool {
		a := x.login(x.eu, "alice")
		x.settle()
		b := x.login(x.us, "alice")
		_, err := x.eu.RevokeAll(x.ctx, "alice")
		x.NoErr(err)
		x.settle()
		return x.isDead(a, b)
	}},
	{name: "`SubjectLimit` holds for logins in both Regions", limit: 2, holds: func(x *scene) bool {
		alive := 0
		for _, m := range []*sessions.Manager[cart]{x.eu, x.us, x.eu, x.us} {
			if m.Authenticate(x.ctx, m.Create(), "alice") == nil {
				alive++
			}
		}
		return alive <= 2
	}},
	{name: "`RevokeBefore` holds in the other Region after `RevocationCheck`", holds: func(x *scene) bool {
		id := x.login(x.eu, "alice")
		x.settle()
		x.world.Clock.Advance(2 * time.Second)
		x.NoErr(x.eu.RevokeBefore(x.ctx, x.world.Clock.Now()))
		x.world.Clock.Advance(2 * time.Second)
		return x.isDead(id)
	}},
	{name: "an active user stays signed in although the other Region was cut off for longer than `IdleTimeout`", holds: func(x *scene) bool {
		id := x.login(x.eu, "alice")
		x.settle()
		x.world.Cut("us", true)
		for range 3 {
			x.world.Clock.Advance(40 * time.Minute)
			x.load(x.eu, id)
		}
		x.world.Expire("us") // deletes the session, and replicates as the later write
		x.world.Cut("us", false)
		x.settle()
		return x.lives(x.eu, id)
	}},
	{name: "what has expired is deleted by the table", holds: func(x *scene) bool {
		x.login(x.eu, "alice")
		x.settle()
		x.world.Clock.Advance(24 * time.Hour)
		x.world.Expire("eu")
		x.settle()
		return x.world.Len("eu") == 0 && x.world.Len("us") == 0
	}},
}

var lost = []row{
	{name: "a user who signed in before the lost writes stays signed in", only: twoTables, holds: func(x *scene) bool {
		id := x.login(x.eu, "alice")
		x.settle()
		x.losesEU()
		return x.lives(x.us, id)
	}},
	{name: "a user who signed in a moment before stays signed in", only: twoTables, holds: func(x *scene) bool {
		id := x.login(x.eu, "alice")
		x.losesEU()
		return x.lives(x.us, id)
	}},
	{name: "what was saved a moment before is there", only: twoTables, holds: func(x *scene) bool {
		id := x.login(x.eu, "alice")
		x.settle()
		s := x.load(x.eu, id)
		s.Data.Apples = 1
		x.NoErr(x.eu.Save(x.ctx, s))
		x.losesEU()
		return x.load(x.us, id).Data.Apples == 1
	}},
	{name: "a user who logged out a moment before stays signed out", only: twoTables, holds: func(x *scene) bool {
		id := x.login(x.eu, "alice")
		x.settle()
		x.NoErr(x.eu.DestroyID(x.ctx, id))
		x.losesEU()
		held := !x.lives(x.us, id)
		x.world.Clock.Advance(10 * time.Minute)
		x.lives(x.us, id)
		x.euIsBack()
		return held && x.isDead(id)
	}},
	{name: "an ID that was renewed a moment before is dead", only: twoTables, holds: func(x *scene) bool {
		old := x.login(x.eu, "alice")
		x.settle()
		x.NoErr(x.eu.Renew(x.ctx, x.load(x.eu, old)))
		x.losesEU()
		held := !x.lives(x.us, old)
		x.euIsBack()
		return held && x.isDead(old)
	}},
	{name: "`RevokeAll` of a moment before holds", only: twoTables, holds: func(x *scene) bool {
		a, b := x.login(x.eu, "alice"), x.login(x.eu, "alice")
		x.settle()
		_, err := x.eu.RevokeAll(x.ctx, "alice")
		x.NoErr(err)
		x.losesEU()
		held := !x.lives(x.us, a) && !x.lives(x.us, b)
		x.euIsBack()
		return held && x.isDead(a, b)
	}},
	{name: "`RevokeAll` afterwards ends what comes back with the Region", only: twoTables, holds: func(x *scene) bool {
		a := x.login(x.eu, "alice")
		x.settle()
		b := x.login(x.eu, "alice")
		x.losesEU()
		c := x.login(x.us, "alice")
		_, err := x.us.RevokeAll(x.ctx, "alice")
		x.NoErr(err)
		x.euIsBack()
		return x.isDead(a, b, c)
	}},
	{name: "`RevokeBefore` the change ends what comes back with the Region", only: twoTables, holds: func(x *scene) bool {
		a := x.login(x.eu, "alice")
		x.settle()
		b := x.login(x.eu, "alice")
		x.losesEU()
		x.NoErr(x.us.RevokeBefore(x.ctx, x.world.Clock.Now()))
		x.euIsBack()
		return x.isDead(a, b)
	}},
	{name: "`RevokeBefore` the change ends sessions that were renewed in what was lost", only: twoTables, holds: func(x *scene) bool {
		old := x.login(x.eu, "alice")
		x.settle()
		s := x.load(x.eu, old)
		x.NoErr(x.eu.Renew(x.ctx, s))
		x.losesEU()
		x.NoErr(x.us.RevokeBefore(x.ctx, x.world.Clock.Now()))
		x.euIsBack()
		return x.isDead(old, s.ID().Secret())
	}},
}

// sections are the tables of docs/regions.md.
var sections = []struct {
	head string
	rows []row
}{
	{"While both Regions work", meanwhile},
	{"When a Region fails, and its users are sent to the other", lost},
}

// TestTable tests each row in each setup, and compares the results with docs/regions.md.
func TestTable(t *testing.T) {
	is := is.New(t)
	doc, err := os.ReadFile("../../docs/regions.md")
	is.NoErr(err)
	for _, section := range sections {
		table := "| " + section.head + " |"
		for _, as := range setups {
			table += " " + as.String() + " |"
		}
		table += "\n|" + strings.Repeat(" --- |", 1+len(setups)) + "\n"
		for _, r := range section.rows {
			table += "| " + r.name + " |"
			for _, as := range setups {
				cell := "–"
				if r.only == nil || r.only(as) {
					t.Run(fmt.Sprintf("%s/%v", r.name, as), func(t *testing.T) {
						cell = "no"
						if r.holds(newScene(t, as, r.limit)) {
							cell = "**yes**"
						}
					})
				}
				table += " " + cell + " |"
			}
			table += "\n"
		}
		if !strings.Contains(string(doc), table) {
			t.Errorf("docs/regions.md should have:\n%s", table)
		}
	}
}
