package storetest

import (
	"errors"
	"time"

	"github.com/dynasession/dynasession/sessions"
)

func transactDoesAll(l *lab) error {
	old, r, err := l.entered()
	if err := first(err, l.stored(old), l.roster(r)); err != nil {
		return err
	}
	next, other := l.renamed(old), l.record()
	if err := wants("Create", l.store.Create(l.ctx, other), nil); err != nil {
		return err
	}
	change := sessions.RosterChange{
		Key: r.Key, Rev: token(16), Conditional: true, If: r.Rev, Enter: map[string]time.Time{next.Key: soon().Add(time.Minute)},
		Leave: []string{old.Key}, Expires: soon().Add(time.Minute),
	}
	err = l.transact(sessions.Transaction{
		Create: &next, Remove: []sessions.Remove{{Key: old.Key, Conditional: true, Rev: old.Rev}, {Key: other.Key}, {Key: l.key()}},
		Rosters: []sessions.RosterChange{change},
	})
	return first(wants("Transact", err, nil), l.absent(old.Key), l.absent(other.Key), l.stored(next),
		l.roster(sessions.Roster{Key: r.Key, Rev: change.Rev, Entries: change.Enter, Expires: change.Expires}))
}

func transactReplaces(l *lab) error {
	old, r, err := l.entered()
	next := l.successor(old)
	change := sessions.RosterChange{Key: r.Key, Rev: token(16), Conditional: true, If: r.Rev, Expires: r.Expires}
	replace := func(rev string) error {
		return l.transact(sessions.Transaction{Replace: &sessions.Replace{Record: next, Rev: rev}, Rosters: []sessions.RosterChange{change}})
	}
	unchanged := r
	r.Rev = change.Rev
	return first(err, wants("Transact of another rev", replace(token(16)), sessions.ErrConflict), l.stored(old), l.roster(unchanged),
		wants("Transact", replace(old.Rev), nil), l.stored(next), l.roster(r))
}

func transactExists(l *lab) error {
	rec, r, err := l.entered()
	other, err2 := l.created()
	again := l.successor(rec)
	change := sessions.RosterChange{Key: r.Key, Rev: token(16), Leave: []string{rec.Key}, Expires: soon()}
	t := sessions.Transaction{Create: &again, Remove: []sessions.Remove{{Key: other.Key}}, Rosters: []sessions.RosterChange{change}}
	return first(err, err2, wants("Transact", l.transact(t), sessions.ErrExists), l.stored(rec), l.stored(other), l.roster(r))
}

func transactNotFound(l *lab) error {
	next := l.record()
	for _, rev := range []string{token(16), ""} {
		t := sessions.Transaction{Create: &next, Remove: []sessions.Remove{{Key: l.key(), Conditional: true, Rev: rev}}}
		if err := first(wants("Transact", l.transact(t), sessions.ErrNotFound), l.absent(next.Key)); err != nil {
			return err
		}
	}
	return nil
}

func transactConflict(l *lab) error {
	old, r, err := l.entered()
	next := l.renamed(old)
	change := sessions.RosterChange{Key: r.Key, Rev: token(16), Leave: []string{old.Key}, Expires: soon()}
	t := sessions.Transaction{
		Create: &next, Remove: []sessions.Remove{{Key: old.Key, Conditional: true, Rev: token(16)}}, Rosters: []sessions.RosterChange{change},
	}
	return first(err, wants("Transact", l.transact(t), sessions.ErrConflict), l.stored(old), l.absent(next.Key), l.roster(r))
}

func transactRoster(l *lab) error {
	old, r, err := l.entered()
	next := l.renamed(old)
	for _, rev := range []string{token(16), ""} {
		change := sessions.RosterChange{Key: r.Key, Rev: token(16), Conditional: true, If: rev, Leave: []string{old.Key}, Expires: soon()}
		t := sessions.Transaction{Create: &next, Remove: []sessions.Remove{{Key: old.Key}}, Rosters: []sessions.RosterChange{change}}
		err = first(err, wants("Transact", l.transact(t), sessions.ErrRoster), l.stored(old), l.absent(next.Key), l.roster(r))
	}
	fresh := sessions.RosterChange{Key: l.rosterKey(), Rev: token(16), Conditional: true, If: token(16), Expires: soon()}
	t := sessions.Transaction{Create: &next, Rosters: []sessions.RosterChange{fresh}}
	return first(err, wants("Transact on a roster that is none", l.transact(t), sessions.ErrRoster), l.absent(next.Key),
		l.roster(sessions.Roster{Key: fresh.Key}))
}

func rosterUnconditional(l *lab) error {
	r := sessions.Roster{Key: l.rosterKey(), Rev: token(16), Expires: soon(), Entries: map[string]time.Time{"a": soon(), "b": soon()}}
	change := sessions.RosterChange{Key: r.Key, Rev: r.Rev, Enter: r.Entries, Leave: []string{"never there"}, Expires: r.Expires}
	err := first(wants("Transact", l.transact(sessions.Transaction{Rosters: []sessions.RosterChange{change}}), nil), l.roster(r))
	next := sessions.RosterChange{
		Key: r.Key, Rev: token(16), Enter: map[string]time.Time{"c": soon()}, Leave: []string{"a"}, Expires: soon().Add(time.Minute),
	}
	r.Rev, r.Entries = next.Rev, map[string]time.Time{"b": r.Entries["b"], "c": next.Enter["c"]}
	return first(err, wants("Transact", l.transact(sessions.Transaction{Rosters: []sessions.RosterChange{next}}), nil), l.roster(r))
}

func rosterEpoch(l *lab) error {
	r := sessions.Roster{Key: l.rosterKey(), Expires: soon()}
	for range 2 {
		r.Rev, r.Epoch = token(16), r.Epoch+1
		bump := sessions.RosterChange{Key: r.Key, Rev: r.Rev, Bump: true, Expires: r.Expires}
		err := l.transact(sessions.Transaction{Rosters: []sessions.RosterChange{bump}})
		if err := first(wants("Transact", err, nil), l.roster(r)); err != nil {
			return err
		}
	}
	return nil
}

func transactTwice(l *lab) error {
	old, r, err := l.entered()
	next := l.renamed(old)
	change := sessions.RosterChange{
		Key: r.Key, Rev: token(16), Bump: true, Enter: map[string]time.Time{next.Key: soon()}, Leave: []string{old.Key}, Expires: soon(),
	}
	t := sessions.Transaction{
		Token: token(16), Create: &next, Remove: []sessions.Remove{{Key: old.Key, Conditional: true, Rev: old.Rev}}, Rosters: []sessions.RosterChange{change},
	}
	transact := func() error { return l.subjects().Transact(l.ctx, t) }
	err = first(err, wants("Transact", transact(), nil), l.twice(next, "Transact", transact), l.absent(old.Key))
	return first(err, l.roster(sessions.Roster{Key: r.Key, Rev: change.Rev, Epoch: 1, Entries: change.Enter, Expires: r.Expires}))
}

func raceOfTransactions(l *lab) error {
	_, r, err := l.entered()
	if err != nil {
		return err
	}
	var next []sessions.Record
	for range racers {
		next = append(next, l.record())
	}
	winner, err := oneWins(race(racers, func(i int) error {
		return l.transact(sessions.Transaction{Create: &next[i], Rosters: []sessions.RosterChange{{
			Key: r.Key, Rev: next[i].Rev, Conditional: true, If: r.Rev, Enter: map[string]time.Time{next[i].Key: soon()}, Expires: soon(),
		}}})
	}), sessions.ErrRoster)
	if err != nil {
		return err
	}
	got, err := l.subjects().LoadRoster(l.ctx, r.Key)
	if err != nil {
		return err
	}
	if _, ok := got.Entries[next[winner].Key]; !ok || len(got.Entries) != 2 {
		return errors.New("the roster does not hold the winner, or others too")
	}
	for i, rec := range next {
		if i != winner {
			err = first(err, l.absent(rec.Key))
		}
	}
	return first(err, l.stored(next[winner]))
}
