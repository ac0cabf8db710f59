package dynamo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

// A roster that a version without n has written, and one of this version.
const (
	oldRoster = `"id":{"S":"subject:x"},"rev":{"S":"r"},"epoch":{"N":"2"},"expires":{"N":"1772370000"},` +
		`"s:a":{"N":"1772360000"},"s:b":{"N":"1772370000"},"theirs":{"S":"stays"}`
	newRoster = oldRoster + `,"counted":{"S":"r"},"n":{"N":"2"},"first":{"N":"1"},"last":{"N":"3"},"stale":{"N":"1772358000"}`
)

func loadRoster(t *testing.T, attributes string) (driver.Roster, error) {
	t.Helper()
	store, _ := newStore(t, ok(`{"Item":{`+attributes+`}}`))
	got, err := store.LoadRosters(t.Context(), "subject:x")
	if err != nil {
		return driver.Roster{}, err
	}
	return got[0], nil
}

func TestLoadRosters(t *testing.T) {
	is := is.New(t)
	want := driver.Roster{
		Key: "subject:x", Rev: "r", Epoch: 2, Expires: time.Unix(1772370000, 0).UTC(),
		Entries: map[string]time.Time{"a": time.Unix(1772360000, 0).UTC(), "b": time.Unix(1772370000, 0).UTC()},
	}
	r, err := loadRoster(t, oldRoster)
	is.NoErr(err)
	is.Equal(r, want)

	want.Pages, want.Stale = driver.Pages{First: 1, Last: 3}, time.Unix(1772358000, 0).UTC()
	r, err = loadRoster(t, newRoster)
	is.NoErr(err)
	is.Equal(r, want)

	want.Closed = true
	r, err = loadRoster(t, newRoster+`,"closed":{"BOOL":true}`)
	is.NoErr(err)
	is.Equal(r, want)

	store, _ := newStore(t, fine)
	got, err := store.LoadRosters(t.Context(), "subject:x")
	is.NoErr(err)
	is.Equal(got, []driver.Roster{{Key: "subject:x"}}) // an absent roster

	store, w := newStore(t, batch(`{`+strings.Replace(oldRoster, "subject:x", "subject:y", 1)+`}`, ""))
	got, err = store.LoadRosters(t.Context(), "subject:x", "subject:y")
	is.NoErr(err)
	is.Equal(len(got), 2)
	is.Equal(got[0], driver.Roster{Key: "subject:x"})
	is.Equal(got[1].Key, "subject:y")
	is.Equal(got[1].Epoch, int64(2))
	is.Equal(len(w.sent), 1)
}

func TestLoadRosters_AMangledOneIsErrDecode(t *testing.T) {
	const good = `"rev":{"S":"r"},"expires":{"N":"1"}`
	for name, item := range map[string]string{
		"rev":     `"expires":{"N":"1"}`,
		"expires": `"rev":{"S":"r"},"expires":{"S":"soon"}`,
		"epoch":   good + `,"epoch":{"S":"1"}`,
		"s:...":   good + `,"s:a":{"S":"soon"}`, // the key of a session may be its ID
		"closed":  good + `,"closed":{"N":"1"}`,
		"stale":   good + `,"stale":{"S":"soon"}`,
		"first":   good + `,"first":{"N":"1.5"}`,
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			_, err := loadRoster(t, `"id":{"S":"k"},`+item)
			wants.Err(t, err, driver.ErrDecode)
			is.True(strings.Contains(err.Error(), `"`+name+`"`))
			wants.Text(t, err, `of the item "subject:x"`)
		})
	}
}

// A roster from which somebody has removed the TTL attribute keeps nobody out.
func TestLoadRosters_OneThatIsNeverSwept(t *testing.T) {
	is := is.New(t)
	r, err := loadRoster(t, `"id":{"S":"subject:x"},"rev":{"S":"r"},"epoch":{"N":"3"}`)
	is.NoErr(err)
	is.Equal(r.Epoch, int64(3))
	is.True(r.Expires.IsZero())
}

func TestLoadRosters_AnOutageIsUnavailable(t *testing.T) {
	store, _ := newStore(t, cut)
	_, err := store.LoadRosters(t.Context(), "k")
	check(t, err, driver.ErrUnavailable)
}

func enter() driver.RosterChange {
	return driver.RosterChange{Key: "subject:x", Rev: "ours", Enter: "k", Deadline: at, Expires: time.Unix(1772370000, 0)}
}

func TestChangeRoster_Outcomes(t *testing.T) {
	applied := ok(`{"Attributes":{` + strings.ReplaceAll(newRoster, `"r"`, `"ours"`) + `}}`)
	ours := onItem(strings.ReplaceAll(newRoster, `"r"`, `"ours"`))
	theirs := onItem(newRoster)
	two, three, other, base := int64(2), int64(3), "other", "r"
	with := func(f func(*driver.RosterChange)) driver.RosterChange { c := enter(); f(&c); return c }
	for _, c := range []struct {
		name    string
		change  driver.RosterChange
		answers []answer
		want    error
		calls   int
	}{
		{"applied", enter(), []answer{applied}, nil, 1},
		{"lost, then ours", enter(), []answer{cut, ours}, nil, 2},
		{"repeated call, ours", enter(), []answer{ours}, nil, 1},
		{"full", with(func(c *driver.RosterChange) { c.Most = 2 }), []answer{theirs}, driver.ErrFull, 1},
		{"full, but listed", with(func(c *driver.RosterChange) { c.Most, c.Enter = 2, "a" }), []answer{theirs, applied}, nil, 2},
		{"not full, counted by one that doesn't know n", with(func(c *driver.RosterChange) { c.Most = 3 }), []answer{onItem(oldRoster), applied}, nil, 2},
		{"closed", enter(), []answer{onItem(newRoster + `,"closed":{"BOOL":true}`)}, driver.ErrFull, 1},
		{"lost, then full", with(func(c *driver.RosterChange) { c.Most = 2 }), []answer{cut, theirs}, driver.ErrOutcomeUnknown, 2},
		{"another epoch", with(func(c *driver.RosterChange) { c.IfEpoch = &three }), []answer{theirs}, driver.ErrRoster, 1},
		{"another epoch, and full", with(func(c *driver.RosterChange) { c.IfEpoch, c.Most = &three, 1 }), []answer{theirs}, driver.ErrRoster, 1},
		{"the epoch, but counted by one that doesn't know n", with(func(c *driver.RosterChange) { c.IfEpoch = &two }), []answer{onItem(oldRoster), applied}, nil, 2},
		{"another rev", with(func(c *driver.RosterChange) { c.IfRev = &other }), []answer{theirs}, driver.ErrRoster, 1},
		{"lost, then another rev", with(func(c *driver.RosterChange) { c.IfRev = &base }), []answer{cut, onItem(strings.ReplaceAll(newRoster, `"r"`, `"x"`))}, driver.ErrOutcomeUnknown, 2},
		{"lost, then our rev", with(func(c *driver.RosterChange) { c.IfRev = &base }), []answer{cut, ours}, nil, 2},
		{"other pages", with(func(c *driver.RosterChange) { c.IfPages = &driver.Pages{First: 1, Last: 2} }), []answer{theirs}, driver.ErrRoster, 1},
		{"not empty", driver.RosterChange{Key: "subject:x", Rev: "ours", Close: true}, []answer{theirs}, driver.ErrRoster, 1},
		{"left by another", driver.RosterChange{Key: "subject:x", Rev: "ours", Leave: []string{"k", "a"}}, []answer{theirs, applied}, nil, 2},
		{"throttled, then applied", enter(), []answer{throttled, applied}, nil, 2},
		{"denied", enter(), []answer{refusedWith(400, "AccessDeniedException", "")}, driver.ErrUnavailable, 1},
		{"mangled", enter(), []answer{onItem(`"id":{"S":"k"},"rev":{"N":"1"}`)}, driver.ErrDecode, 1},
		{"another change each time", enter(), []answer{theirs}, driver.ErrUnavailable, 16},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			store, w := newStore(t, c.answers...)
			r, err := store.ChangeRoster(t.Context(), c.change)
			check(t, err, c.want)
			is.Equal(len(w.sent), c.calls)
			if c.want == nil || errors.Is(c.want, driver.ErrRoster) {
				is.Equal(len(r.Entries), 2) // the unchanged roster
				is.Equal(r.Epoch, int64(2))
			}
		})
	}
}

func TestChangeRoster_RefusesWhatMeansNothing(t *testing.T) {
	is := is.New(t)
	store, w := newStore(t, fine)
	for want, c := range map[string]driver.RosterChange{
		"Key and Rev must not be empty":           {Key: "subject:x"},
		"Key and Rev must not":                    {Rev: "r"},
		"Enter must not be one of Leave":          {Key: "subject:x", Rev: "r", Enter: "k", Leave: []string{"k"}},
		"Leave has 401 keys: must be at most 400": {Key: "subject:x", Rev: "r", Leave: make([]string, 401)},
	} {
		_, err := store.ChangeRoster(t.Context(), c)
		is.True(err != nil && strings.Contains(err.Error(), want))
	}
	is.Equal(len(w.sent), 0)
}

func TestChangeRoster_Requests(t *testing.T) {
	epoch, none, rev := int64(2), int64(0), "base"
	for name, c := range map[string]driver.RosterChange{
		"roster_login":    {IfEpoch: &epoch, Enter: "k", Deadline: at, Most: 40, Stale: at},
		"roster_first":    {IfEpoch: &none, IfRev: new(string), IfPages: &driver.Pages{}, Enter: "k", Deadline: at, Leave: []string{"dead"}},
		"roster_logout":   {Leave: []string{"b", "a", "b"}},
		"roster_bump":     {Bump: true},
		"roster_page":     {IfRev: &rev, IfPages: &driver.Pages{First: 1, Last: 2}, Pages: &driver.Pages{First: 1, Last: 3}},
		"roster_no_pages": {Pages: &driver.Pages{}},
		"roster_close":    {Close: true},
	} {
		c.Key, c.Rev, c.Expires = "subject:x", "ours", at.Add(time.Hour)
		t.Run(name, func(t *testing.T) {
			testRequest(t, name, func(s *dynamo.Store) error { _, err := s.ChangeRoster(t.Context(), c); return err })
		})
	}
}

// The largest change fits into DynamoDB's 4 KB for an expression, with and without conditions for
// each key.
func TestChangeRoster_ExpressionsFit(t *testing.T) {
	for _, n := range []int{1, 40, 41, 400} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			is := is.New(t)
			c := enter()
			c.IfEpoch, c.IfPages, c.IfRev, c.Most, c.Bump, c.Stale = new(int64), &driver.Pages{First: 1}, new(string), 40, true, at
			c.Pages = &driver.Pages{First: 1, Last: 2}
			item := strings.ReplaceAll(newRoster, "theirs", "them")
			for i := range n {
				c.Leave = append(c.Leave, fmt.Sprint("key", i))
				item += fmt.Sprintf(`,"s:key%d":{"N":"1772360000"}`, i)
			}
			*c.IfEpoch, *c.IfRev, c.IfPages.Last = 2, "r", 3
			c.Most = 1000
			store, w := newStore(t, onItem(item), fine)
			_, err := store.ChangeRoster(t.Context(), c)
			_ = err
			is.Equal(len(w.sent), 2)
			for _, r := range w.sent {
				is.True(len(r.body["UpdateExpression"].(string)) <= 4096)
				is.True(len(r.body["ConditionExpression"].(string)) <= 4096)
			}
		})
	}
}
