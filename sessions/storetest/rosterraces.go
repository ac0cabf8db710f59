package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

func rosterRaceRules() []rule {
	return []rule{
		{
			name: "race: enters", sentence: asAWhole,
			needs: []string{raceApart, rosterLists, rosterEpoch, rosterOneStep},
			check: raceOfEnters,
		},
		{
			name: "race: change of a roster, repeated", sentence: repeated,
			needs: []string{raceApart, rosterLists, rosterEpoch, repeatRoster},
			check: func(l *lab) error {
				r, err := l.listed(1)
				c := driver.RosterChange{Key: r.Key, Rev: token(16), IfRev: &r.Rev, Enter: l.entry(), Deadline: l.soon(), Most: 2, Bump: true, Expires: r.Expires}
				err = first(err, noneLost(race(racers, func(int) error { return l.changed(c) })))
				r.Rev, r.Epoch, r.Entries[c.Enter] = c.Rev, 1, c.Deadline
				return first(err, l.roster(r))
			},
		},
		{
			name: "race: enters into the last room", sentence: changeMost,
			needs: []string{raceApart, rosterLists, rosterLimit},
			check: raceOfEntersAndMost,
		},
		{
			name: "race: changes of one rev", sentence: changeIf,
			needs: []string{raceApart, rosterLists, rosterOtherRev},
			check: raceOfChangesOfOneRev,
		},
		{
			name: "race: enter and revocation", sentence: changeIf,
			needs: []string{raceApart, rosterLists, rosterEpoch, "roster: another epoch", rosterReturned},
			check: raceOfEnterAndBump,
		},
		{
			name: "race: close and enter", sentence: changeClose,
			needs: []string{raceApart, rosterLists, rosterCloses, "roster: closed for good"},
			check: raceOfCloseAndEnter,
		},
	}
}

// raceOfEnters checks that concurrent changes are all kept.
func raceOfEnters(l *lab) error {
	r, err := l.listed(2)
	if err != nil {
		return err
	}
	all := entriesOf(r)
	var changes []driver.RosterChange
	for i := range racers {
		c := driver.RosterChange{Key: r.Key, Rev: token(16), Enter: l.entry(), Deadline: l.soon(), Bump: i%2 == 0, Expires: r.Expires}
		if i < len(all) {
			c.Leave = all[i : i+1]
		}
		changes = append(changes, c)
	}
	if err := noneLost(race(racers, func(i int) error { return l.changed(changes[i]) })); err != nil {
		return err
	}
	r.Epoch, r.Entries = racers/2, map[string]time.Time{}
	for _, c := range changes {
		r.Entries[c.Enter] = c.Deadline
	}
	got, err := l.load(r.Key)
	r.Rev = got.Rev // whichever change came last
	return first(err, rosterIs("a LoadRosters", got, r))
}

func raceOfEntersAndMost(l *lab) error {
	const room = 3
	r, err := l.listed(2)
	if err != nil {
		return err
	}
	entries := make([]string, racers)
	for i := range entries {
		entries[i] = l.entry()
	}
	errs := race(racers, func(i int) error {
		_, err := l.store.ChangeRoster(l.ctx, driver.RosterChange{
			Key: r.Key, Rev: token(16), Enter: entries[i], Deadline: l.soon(), Most: len(r.Entries) + room, Expires: r.Expires,
		})
		return err
	})
	if err := noneLost(errs, driver.ErrFull); err != nil {
		return err
	}
	got, err := l.load(r.Key)
	if err != nil {
		return err
	}
	entered := 0
	for i, err := range errs {
		if _, isListed := got.Entries[entries[i]]; isListed != (err == nil) {
			return errors.New("the roster doesn't list exactly those whose Enter succeeded")
		}
		if err == nil {
			entered++
		}
	}
	if entered != room {
		return fmt.Errorf("%d of %d entered where there was room for %d", entered, racers, room)
	}
	return nil
}

func raceOfChangesOfOneRev(l *lab) error {
	r, err := l.listed(1)
	if err != nil {
		return err
	}
	entries := make([]string, racers)
	for i := range entries {
		entries[i] = l.entry()
	}
	winner, err := oneWins(race(racers, func(i int) error {
		_, err := l.store.ChangeRoster(l.ctx, driver.RosterChange{
			Key: r.Key, Rev: token(16), IfRev: &r.Rev, Enter: entries[i], Deadline: l.soon(), Expires: r.Expires,
		})
		return err
	}), driver.ErrRoster)
	if err != nil {
		return err
	}
	got, err := l.load(r.Key)
	if err != nil {
		return err
	}
	if _, ok := got.Entries[entries[winner]]; !ok || len(got.Entries) != 2 {
		return errors.New("the roster doesn't list the winner, or lists others too")
	}
	return nil
}

// raceOfEnterAndBump races logins with a revocation: once the epoch was raised, no login enters
// that read the former epoch.
func raceOfEnterAndBump(l *lab) error {
	for range rounds {
		key, entry, zero := l.rosterKey(), l.entry(), int64(0)
		var bumped driver.Roster
		errs := race(2, func(i int) (err error) {
			if i == 0 {
				bumped, err = l.store.ChangeRoster(l.ctx, driver.RosterChange{Key: key, Rev: token(16), Bump: true, Expires: l.soon()})
				return err
			}
			_, err = l.store.ChangeRoster(l.ctx, driver.RosterChange{
				Key: key, Rev: token(16), IfEpoch: &zero, Enter: entry, Deadline: l.soon(), Expires: l.soon(),
			})
			return err
		})
		if err := first(noneLost(errs[:1]), noneLost(errs, driver.ErrRoster)); err != nil {
			return err
		}
		if _, isListed := bumped.Entries[entry]; isListed != (errs[1] == nil) {
			return errors.New("the roster that a Bump returns doesn't list exactly what entered before")
		}
	}
	return nil
}

func raceOfCloseAndEnter(l *lab) error {
	for range rounds {
		key := l.rosterKey()
		winner, err := oneWins(race(2, func(i int) error {
			c := driver.RosterChange{Key: key, Rev: token(16), Expires: l.soon()}
			if i == 0 {
				c.Close = true
			} else {
				c.Enter, c.Deadline = l.entry(), l.soon()
			}
			_, err := l.store.ChangeRoster(l.ctx, c)
			return err
		}), driver.ErrRoster)
		if err != nil {
			return err
		}
		got, err := l.load(key)
		if err != nil {
			return err
		}
		if got.Closed != (winner == 0) || len(got.Entries) != winner {
			return errors.New("a roster was closed with an entry in it, or neither")
		}
	}
	return nil
}
