package memstore_test

import (
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
		"memstore: RosterChange.Key is empty":                {Rev: "r"},
		"memstore: RosterChange.Rev is empty":                {Key: "subject:a"},
		"memstore: RosterChange has both Close and Enter":    {Key: "subject:a", Rev: "r", Close: true, Enter: "k"},
		"memstore: RosterChange enters a key that it leaves": {Key: "subject:a", Rev: "r", Enter: "k", Leave: []string{"k"}},
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			s, _ := filled(t, 0)
			_, err := s.ChangeRoster(t.Context(), c)
			is.Equal(err.Error(), want)
		})
	}
}
