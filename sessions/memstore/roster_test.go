package memstore_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/driver"
)

func TestRosters_AreNoSessions(t *testing.T) {
	is := is.New(t)
	s, _ := filled(t, 0)
	_, err := s.ChangeRoster(t.Context(), driver.RosterChange{Key: "subject:a", Rev: "r", Expires: start.Add(time.Hour)})
	is.NoErr(err)
	_, err = s.Load(t.Context(), "subject:a")
	is.Equal(err, driver.ErrNotFound)
}

func TestRosters_AreTheCallersOwn(t *testing.T) {
	is := is.New(t)
	s, _ := filled(t, 0)
	enter := driver.RosterChange{
		Key: "subject:a", Rev: "r", Enter: "k", Deadline: start, Expires: start.Add(time.Hour),
	}
	r, err := s.ChangeRoster(t.Context(), enter)
	is.NoErr(err)
	clear(r.Entries)
	for range 2 {
		all, err := s.LoadRosters(t.Context(), "subject:a")
		is.NoErr(err)
		is.Equal(len(all[0].Entries), 1)
		clear(all[0].Entries)
	}
	enter.Rev, enter.IfRev = "s", new(string)
	r, err = s.ChangeRoster(t.Context(), enter)
	is.Equal(err, driver.ErrRoster)
	is.Equal(len(r.Entries), 1)
	clear(r.Entries)
	all, err := s.LoadRosters(t.Context(), "subject:a")
	is.NoErr(err)
	is.Equal(len(all[0].Entries), 1)
}

func TestChangeRoster_RefusesAChangeThatMeansNothing(t *testing.T) {
	for want, c := range map[string]driver.RosterChange{
		"memstore: RosterChange.Key is empty":                            {Rev: "r"},
		"memstore: RosterChange.Rev is empty":                            {Key: "subject:a"},
		"memstore: RosterChange has both Close and Enter":                {Key: "subject:a", Rev: "r", Close: true, Enter: "k"},
		"memstore: RosterChange.Leave has 401 keys: must be at most 400": {Key: "subject:a", Rev: "r", Leave: make([]string, 401)},
		"memstore: RosterChange enters a key that it leaves":             {Key: "subject:a", Rev: "r", Enter: "k", Leave: []string{"k"}},
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			s, _ := filled(t, 0)
			_, err := s.ChangeRoster(t.Context(), c)
			is.Equal(err.Error(), want)
		})
	}
}

func TestChangeRoster_MovesTheSweep(t *testing.T) {
	is := is.New(t)
	s, c := filled(t, 0)
	for _, hours := range []int{1, 3, 2} {
		_, err := s.ChangeRoster(t.Context(), driver.RosterChange{
			Key: "subject:a", Rev: strconv.Itoa(hours), Bump: true, Expires: start.Add(time.Duration(hours) * time.Hour),
		})
		is.NoErr(err)
	}
	// Without Expires.
	_, err := s.ChangeRoster(t.Context(), driver.RosterChange{Key: "subject:b", Rev: "r", Bump: true})
	is.NoErr(err)
	epochs := func() [2]int64 {
		write(t, s)
		all, err := s.LoadRosters(t.Context(), "subject:a", "subject:b")
		is.NoErr(err)
		return [2]int64{all[0].Epoch, all[1].Epoch}
	}
	c.Advance(3*time.Hour - time.Second)
	is.Equal(epochs(), [2]int64{3, 1})
	c.Advance(time.Second)
	is.Equal(epochs(), [2]int64{0, 1})
	c.Advance(10000 * time.Hour)
	is.Equal(epochs(), [2]int64{0, 1})
}

func TestChangeRoster_RoundsAsTheDynamoDBStoreDoes(t *testing.T) {
	is := is.New(t)
	s, _ := filled(t, 0)
	at := start.Add(time.Hour + 1234567*time.Nanosecond).In(time.FixedZone("", 3600))
	want := start.Add(time.Hour)
	r, err := s.ChangeRoster(t.Context(), driver.RosterChange{
		Key: "subject:a", Rev: "r", Enter: "k", Deadline: at, Stale: at, Expires: at,
	})
	is.NoErr(err)
	is.Equal(r, driver.Roster{Key: "subject:a", Rev: "r", Entries: map[string]time.Time{"k": want}, Stale: want, Expires: want})
}
