package memstore_test

import (
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

func TestTransact_RostersAreSweptAndAreNoSessions(t *testing.T) {
	is := is.New(t)
	s, c := filled(t, 0)
	enter := func(key string, at time.Time) error {
		return s.Transact(t.Context(), sessions.Transaction{Token: key, Rosters: []sessions.RosterChange{{
			Key: key, Rev: "r", Enter: map[string]time.Time{"k": at}, Expires: at,
		}}})
	}
	is.NoErr(enter("subject:a", start.Add(time.Hour)))
	is.Equal(s.Len(), 0)
	_, err := s.Load(t.Context(), "subject:a")
	is.True(err != nil)
	c.Advance(time.Hour)
	is.NoErr(enter("subject:b", start.Add(2*time.Hour)))
	r, err := s.LoadRoster(t.Context(), "subject:a")
	is.NoErr(err)
	is.Equal(r, sessions.Roster{Key: "subject:a"})
}

func TestLoadRoster_IsTheCallersOwn(t *testing.T) {
	is := is.New(t)
	s, _ := filled(t, 0)
	is.NoErr(s.Transact(t.Context(), sessions.Transaction{Token: "t", Rosters: []sessions.RosterChange{{
		Key: "subject:a", Rev: "r", Enter: map[string]time.Time{"k": start}, Expires: start.Add(time.Hour),
	}}}))
	r, err := s.LoadRoster(t.Context(), "subject:a")
	is.NoErr(err)
	clear(r.Entries)
	r, err = s.LoadRoster(t.Context(), "subject:a")
	is.NoErr(err)
	is.Equal(len(r.Entries), 1)
}

func TestTransact_NeedsAToken(t *testing.T) {
	s, _ := filled(t, 0)
	is.New(t).Equal(s.Transact(t.Context(), sessions.Transaction{}).Error(), "memstore: Transaction.Token is empty")
}
