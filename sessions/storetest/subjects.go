package storetest

import (
	"github.com/dynasession/dynasession/sessions"
)

const (
	rosterAbsent  = "roster: absent"
	transactAll   = "transact: all of it"
	rosterChanged = "roster: another rev"
)

// subjectRules are those of a [sessions.SubjectStore]; another store keeps them all.
func subjectRules() []rule {
	rules := []rule{
		{
			name: rosterAbsent, sentence: "If there is none, it has its Key and nothing else, and that is no error.",
			check: func(l *lab) error { return l.roster(sessions.Roster{Key: l.rosterKey()}) },
		},
		{
			name: transactAll, sentence: "Transact does all of t.",
			needs: []string{loadAbsent, createStores, rosterAbsent}, check: transactDoesAll,
		},
		{
			name: "transact: replaces", sentence: "Replace is stored in the place of one.",
			needs: []string{createStores, replaceStores, transactAll}, check: transactReplaces,
		},
		{
			name: "transact: a record that is there", sentence: "The error is ErrExists if a record of Create's key is there, and nothing is done.",
			needs: []string{createStores, transactAll}, check: transactExists,
		},
		{
			name: "transact: a record that is not there", sentence: "The error is ErrNotFound if one that is to be removed, and has a Rev given, is not there.",
			needs: []string{loadAbsent, createStores, transactAll}, check: transactNotFound,
		},
		{
			name: "transact: another rev", sentence: "The error is ErrConflict if its Rev is another, and nothing is done.",
			needs: []string{createStores, transactAll}, check: transactConflict,
		},
		{
			name: rosterChanged, sentence: "The error is ErrRoster if a roster's Rev is not as it must be, and nothing is done.",
			needs: []string{loadAbsent, createStores, transactAll}, check: transactRoster,
		},
		{
			name: "roster: unconditional changes", sentence: "One that is not there comes into being; Expires counts if the change is Conditional, or if the roster is new.",
			needs: []string{transactAll}, check: rosterUnconditional,
		},
		{
			name: "roster: epoch", sentence: "Bump: one is added to its Epoch.", needs: []string{transactAll}, check: rosterEpoch,
		},
		{
			name: "repeat: transact", sentence: "A transaction that is repeated with the same Token is a success and changes nothing more.",
			needs: []string{createStores, touchMoves, transactAll}, check: transactTwice,
		},
		{
			name: "race: transactions on a roster", sentence: "Of several that want the same Rev, exactly one succeeds.",
			needs: []string{loadAbsent, createStores, transactAll, rosterChanged}, check: raceOfTransactions,
		},
	}
	for i, r := range rules {
		rules[i].check = func(l *lab) error {
			if _, ok := l.store.(sessions.SubjectStore); !ok {
				return nil
			}
			return r.check(l)
		}
	}
	return rules
}
