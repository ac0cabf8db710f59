package storetest

import (
	"fmt"
	"maps"
	"time"

	"github.com/dynasession/dynasession/sessions"
)

func (l *lab) subjects() sessions.SubjectStore { return l.store.(sessions.SubjectStore) }

func (l *lab) rosterKey() string { return "subject:" + token(64) }

// roster checks that LoadRoster returns want.
func (l *lab) roster(want sessions.Roster) error {
	got, err := l.subjects().LoadRoster(l.ctx, want.Key)
	if err := wants("LoadRoster", err, nil); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		same bool
	}{
		{"Key", got.Key == want.Key},
		{"Rev", got.Rev == want.Rev},
		{"Epoch", got.Epoch == want.Epoch},
		{"Entries", maps.EqualFunc(got.Entries, want.Entries, time.Time.Equal)},
		{"Expires", got.Expires.Equal(want.Expires)},
	} {
		if !f.same {
			return fmt.Errorf("a LoadRoster returns other %s than were stored", f.name)
		}
	}
	return nil
}

func (l *lab) transact(t sessions.Transaction) error {
	t.Token = token(16)
	return l.subjects().Transact(l.ctx, t)
}

// soon is a moment at which a roster may be swept, after the rules are done with it.
func soon() time.Time { return time.Now().UTC().Truncate(time.Second).Add(time.Hour) }

// entered returns a record and its roster, as a transaction has stored them.
func (l *lab) entered() (rec sessions.Record, r sessions.Roster, err error) {
	rec = l.record()
	r = sessions.Roster{Key: l.rosterKey(), Rev: token(16), Expires: soon(), Entries: map[string]time.Time{rec.Key: soon()}}
	err = l.transact(sessions.Transaction{Create: &rec, Rosters: []sessions.RosterChange{{
		Key: r.Key, Rev: r.Rev, Conditional: true, Enter: r.Entries, Expires: r.Expires,
	}}})
	return rec, r, wants("Transact", err, nil)
}
