package storetest

import (
	"errors"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

const (
	repeatCreate  = "repeat: create"
	repeatReplace = "repeat: replace"
	repeatRoster  = "repeat: change of a roster"
)

func repeatRules() []rule {
	return []rule{
		{
			name: repeatCreate, sentence: repeated,
			needs: []string{touchMoves, bindBinds},
			check: func(l *lab) error {
				rec, err := l.created()
				return first(err, l.twice(rec, "Create", func() error { return l.store.Create(l.ctx, rec) }))
			},
		},
		{
			name: repeatReplace, sentence: repeated,
			needs: []string{replaceStores, touchMoves, bindBinds, "replace: the binding stays"},
			check: func(l *lab) error {
				rec, err := l.created()
				next := l.successor(rec)
				replace := func() error { return l.store.Replace(l.ctx, next, rec.Rev) }
				return first(err, wants("Replace", replace(), nil), l.twice(next, "Replace", replace))
			},
		},
		{
			name: "repeat: end", sentence: repeated,
			needs: []string{endRecord, endAbsent, endMet},
			check: func(l *lab) error {
				for _, state := range []func(driver.Record) *driver.State{
					func(driver.Record) *driver.State { return nil },
					func(r driver.Record) *driver.State { return &driver.State{Rev: r.Rev, Accessed: r.Accessed} },
				} {
					rec, err := l.created()
					if err := first(err, l.endsTwice(driver.End{Key: rec.Key, Marker: l.marker(), If: state(rec)})); err != nil {
						return err
					}
				}
				return first(l.endsTwice(driver.End{Key: l.key(), Marker: l.marker()}),
					l.endsTwice(driver.End{Key: l.key(), Marker: l.marker(), If: &driver.State{Absent: true}}))
			},
		},
		{
			name: repeatRoster, sentence: repeated,
			needs: []string{rosterMade, rosterEpoch, rosterReturned},
			check: func(l *lab) error {
				key, zero := l.rosterKey(), int64(0)
				c := driver.RosterChange{Key: key, Rev: token(16), IfEpoch: &zero, IfRev: new(string), Enter: l.entry(), Deadline: l.soon(), Most: 1, Bump: true, Expires: l.soon()}
				want := driver.Roster{Key: key, Rev: c.Rev, Epoch: 1, Entries: map[string]time.Time{c.Enter: c.Deadline}, Expires: c.Expires}
				raise := driver.RosterChange{Key: key, Rev: token(16), Bump: true, Expires: c.Expires} // on no condition
				raised := want
				raised.Rev, raised.Epoch = raise.Rev, 2
				return first(l.changes(c, want), l.changes(c, want), l.roster(want),
					l.changes(raise, raised), l.changes(raise, raised), l.roster(raised))
			},
		},
		{
			name: "repeat: create after another write", sentence: repeatedByRev,
			needs: []string{createTaken, replaceStores, repeatCreate},
			check: func(l *lab) error {
				rec, err := l.created()
				next := l.successor(rec)
				return first(err, wants("Replace", l.store.Replace(l.ctx, next, rec.Rev), nil),
					wants("Create, again, after a Replace", l.store.Create(l.ctx, rec), driver.ErrExists), l.stored(next))
			},
		},
		{
			name: "repeat: replace after another write", sentence: repeatedByRev,
			needs: []string{replaceStores, replaceAnother, repeatReplace},
			check: func(l *lab) error {
				rec, err := l.created()
				next := l.successor(rec)
				third := l.successor(next)
				return first(err, wants("Replace", l.store.Replace(l.ctx, next, rec.Rev), nil),
					wants("Replace", l.store.Replace(l.ctx, third, next.Rev), nil),
					wants("Replace, again, after another", l.store.Replace(l.ctx, next, rec.Rev), driver.ErrConflict), l.stored(third))
			},
		},
		{
			name: "repeat: change of a roster after another", sentence: repeatedByRev,
			needs: []string{rosterMade, rosterOtherRev, repeatRoster, "roster: leave"},
			check: func(l *lab) error {
				key := l.rosterKey()
				a := driver.RosterChange{Key: key, Rev: token(16), IfRev: new(string), Enter: l.entry(), Deadline: l.soon(), Expires: l.soon()}
				b := driver.RosterChange{Key: key, Rev: token(16), Leave: []string{a.Enter}, Expires: l.soon()}
				after := driver.Roster{Key: key, Rev: b.Rev, Expires: a.Expires}
				return first(l.changed(a), l.changes(b, after), l.refused(a, driver.ErrRoster, after))
			},
		},
		{
			name: "repeat: create without rev", sentence: repeatedNoName,
			needs: []string{createTaken},
			check: func(l *lab) error {
				rec := l.record()
				rec.Rev = ""
				return first(l.create(rec), wants(`Create with Rev "", again`, l.store.Create(l.ctx, rec), driver.ErrExists))
			},
		},
		{
			name: "repeat: replace without rev", sentence: repeatedNoName,
			needs: []string{replaceStores, replaceAnother},
			check: func(l *lab) error {
				rec, err := l.created()
				next := l.successor(rec)
				next.Rev = ""
				return first(err, wants("Replace", l.store.Replace(l.ctx, next, rec.Rev), nil),
					wants(`Replace with Rev "", again`, l.store.Replace(l.ctx, next, rec.Rev), driver.ErrConflict))
			},
		},
	}
}

// twice touches and binds rec, repeats the write that stored it, and checks that the write undoes
// neither.
func (l *lab) twice(rec driver.Record, call string, write func() error) error {
	rec.Accessed, rec.Binding = rec.Accessed.Add(time.Second), []byte("binding")
	return first(wants("Touch", l.touch(rec), nil), wants("Bind", l.store.Bind(l.ctx, rec.Key, rec.Binding, nil), nil),
		wants(call+", again", write(), nil), l.stored(rec))
}

// endsTwice calls End twice with the same arguments.
func (l *lab) endsTwice(e driver.End) error {
	_, err := l.store.End(l.ctx, e)
	rec, again := l.store.End(l.ctx, e)
	err = first(wants("End", err, nil), wants("End, again", again, nil), l.ended(e.Key, e.Marker))
	if err == nil && rec.Key != "" {
		return errors.New("a repeated End returns a record, and there was none any more")
	}
	return err
}
