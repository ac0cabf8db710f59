package storetest

import (
	"errors"
	"strconv"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// rounds is how often a race is repeated if its calls meet only sometimes.
const rounds = 5

const raceApart = "race: many keys"

func raceRules() []rule {
	rules := []rule{
		{
			name: raceApart, sentence: manyAtATime,
			needs: []string{replaceStores, touchMoves, endRemoves, bindBinds, rosterLists},
			check: func(l *lab) error { return first(race(racers, func(int) error { return l.life() })...) },
		},
		{
			name: "race: creates", sentence: createRace,
			needs: []string{createTaken},
			check: raceOfCreates,
		},
		{
			name: "race: replaces", sentence: replaceRace,
			needs: []string{replaceStores, replaceAnother},
			check: raceOfReplaces,
		},
		{
			name: "race: touches and replaces", sentence: asAWhole,
			needs: []string{replaceStores, replaceAnother, touchMoves, touchBack, touchAlone},
			check: raceOfTouchesAndReplaces,
		},
		{
			name: "race: binds", sentence: asAWhole,
			needs: []string{bindBinds, bindAnother},
			check: raceOfBinds,
		},
		{
			name: "race: bind and replace", sentence: asAWhole,
			needs: []string{replaceStores, bindBinds, "bind: changes nothing else", "replace: the binding stays"},
			check: raceOfBindAndReplace,
		},
		{
			name: "race: end and writes", sentence: markerHolds,
			needs: []string{
				replaceAbsent, replaceAnother, touchMoves, touchBack, touchAbsent, bindBinds, endRecord,
				"marker: create", "marker: replace", "marker: touch", "marker: bind",
			},
			check: raceOfEndAndWrites,
		},
		{
			name: "race: delete and writes", sentence: noneIsCreated,
			needs: []string{
				replaceAbsent, replaceAnother, touchMoves, touchBack, touchAbsent, bindBinds, bindAbsent, endRemoves,
			},
			check: raceOfDeleteAndWrites,
		},
		{
			name: "race: end and create", sentence: markerHolds,
			needs: []string{endRecord, endAbsent, "end: returns the record", "marker: create"},
			check: raceOfEndAndCreate,
		},
		{
			name: "race: ends", sentence: asAWhole,
			needs: []string{endRecord, "marker: end"},
			check: raceOfEnds,
		},
		{
			name: "race: end of what was judged", sentence: asAWhole,
			needs: []string{touchMoves, endRecord, endMet, "end: accessed since", "marker: touch"},
			check: raceOfEndAndTouch,
		},
		{
			name: "race: end of a rev and replace", sentence: asAWhole,
			needs: []string{replaceStores, endRecord, endMet, "end: another rev", "marker: replace"},
			check: raceOfEndAndReplace,
		},
		{
			name: "race: create, repeated", sentence: repeated,
			needs: []string{repeatCreate},
			check: func(l *lab) error {
				rec := l.record()
				return first(noneLost(race(racers, func(int) error { return l.store.Create(l.ctx, rec) })), l.stored(rec))
			},
		},
		{
			name: "race: replace, repeated", sentence: repeated,
			needs: []string{replaceStores, repeatReplace},
			check: func(l *lab) error {
				rec, err := l.created()
				next := l.successor(rec)
				return first(err, noneLost(race(racers, func(int) error { return l.store.Replace(l.ctx, next, rec.Rev) })), l.stored(next))
			},
		},
		{
			name: "race: end, repeated", sentence: repeated,
			needs: []string{endRecord, "repeat: end"},
			check: func(l *lab) error {
				rec, err := l.created()
				m := l.marker()
				return first(err, noneLost(race(racers, func(int) error { return l.end(rec.Key, m) })), l.ended(rec.Key, m))
			},
		},
	}
	for i := range rules[1:] {
		rules[i+1].needs = append(rules[i+1].needs, raceApart)
	}
	return rules
}

// life takes a session and its roster from creation to end.
func (l *lab) life() error {
	rec, err := l.created()
	next := l.successor(rec)
	err = first(err, wants("Replace", l.store.Replace(l.ctx, next, rec.Rev), nil),
		wants("Bind", l.store.Bind(l.ctx, rec.Key, []byte("b"), nil), nil))
	next.Binding, next.Accessed = []byte("b"), next.Accessed.Add(time.Second)
	r, err2 := l.listed(2)
	return first(err, err2, wants("Touch", l.touch(next), nil), l.stored(next), l.seen(next), l.roster(r), l.delete(rec.Key), l.absent(rec.Key))
}

func raceOfCreates(l *lab) error {
	recs := []driver.Record{l.record()}
	for range racers - 1 {
		recs = append(recs, l.successor(recs[0]))
	}
	winner, err := oneWins(race(racers, func(i int) error { return l.store.Create(l.ctx, recs[i]) }), driver.ErrExists)
	if err != nil {
		return err
	}
	return l.stored(recs[winner])
}

func raceOfReplaces(l *lab) error {
	rec, err := l.created()
	if err != nil {
		return err
	}
	var next []driver.Record
	for range racers {
		next = append(next, l.successor(rec))
	}
	winner, err := oneWins(race(racers, func(i int) error { return l.store.Replace(l.ctx, next[i], rec.Rev) }), driver.ErrConflict)
	if err != nil {
		return err
	}
	return l.stored(next[winner])
}

func raceOfTouchesAndReplaces(l *lab) error {
	rec, err := l.created()
	if err != nil {
		return err
	}
	next := l.successor(rec)
	errs := race(racers, func(i int) error {
		if i == 0 {
			return l.store.Replace(l.ctx, next, rec.Rev)
		}
		later := time.Duration(i) * time.Second
		return l.store.Touch(l.ctx, rec.Key, rec.Accessed.Add(later), rec.ExpiresAt().Add(later))
	})
	if err := noneLost(errs); err != nil {
		return err
	}
	got, err := l.store.Load(l.ctx, rec.Key)
	if err != nil {
		return err
	}
	next.Accessed = got.Accessed // whichever Touch came last
	return differ("a Load", got, next)
}

func raceOfBinds(l *lab) error {
	rec, err := l.created()
	if err != nil {
		return err
	}
	winner, err := oneWins(race(racers, func(i int) error {
		return l.store.Bind(l.ctx, rec.Key, []byte(strconv.Itoa(i)), nil)
	}), driver.ErrConflict)
	rec.Binding = []byte(strconv.Itoa(winner))
	return first(err, l.stored(rec))
}

func raceOfBindAndReplace(l *lab) error {
	for range rounds {
		rec, err := l.created()
		if err != nil {
			return err
		}
		next := l.successor(rec)
		errs := race(2, func(i int) error {
			if i == 0 {
				return l.store.Bind(l.ctx, rec.Key, []byte("binding"), nil)
			}
			return l.store.Replace(l.ctx, next, rec.Rev)
		})
		next.Binding = []byte("binding")
		if err := first(noneLost(errs), l.stored(next)); err != nil {
			return err
		}
	}
	return nil
}

func raceOfEndAndWrites(l *lab) error {
	for range rounds {
		rec, err := l.created()
		if err != nil {
			return err
		}
		m := l.marker()
		errs := l.raceOfWrites(rec, driver.End{Key: rec.Key, Marker: m})
		if err := first(noneLost(errs[:1]), noneLost(errs, driver.ErrEnded), l.ended(rec.Key, m)); err != nil {
			return err
		}
	}
	return nil
}

func raceOfDeleteAndWrites(l *lab) error {
	for range rounds {
		rec, err := l.created()
		if err != nil {
			return err
		}
		errs := l.raceOfWrites(rec, driver.End{Key: rec.Key})
		if err := first(noneLost(errs[:1]), noneLost(errs, driver.ErrNotFound), l.absent(rec.Key)); err != nil {
			return err
		}
	}
	return nil
}

// raceOfWrites makes an End and concurrent writes of the same record, and returns the errors, the
// End's first.
func (l *lab) raceOfWrites(rec driver.Record, e driver.End) []error {
	next := l.successor(rec)
	return race(6, func(i int) error {
		switch i {
		case 0:
			_, err := l.store.End(l.ctx, e)
			return err
		case 1:
			return l.store.Replace(l.ctx, next, rec.Rev)
		case 2:
			return l.store.Bind(l.ctx, rec.Key, []byte("binding"), nil)
		default:
			later := time.Duration(i) * time.Second
			return l.store.Touch(l.ctx, rec.Key, rec.Accessed.Add(later), rec.ExpiresAt().Add(later))
		}
	})
}

func raceOfEndAndCreate(l *lab) error {
	for range rounds {
		rec, m := l.record(), l.marker()
		var ended driver.Record
		errs := race(2, func(i int) (err error) {
			if i == 0 {
				ended, err = l.store.End(l.ctx, driver.End{Key: rec.Key, Marker: m})
				return err
			}
			return l.store.Create(l.ctx, rec)
		})
		err := first(noneLost(errs[:1]), noneLost(errs, driver.ErrEnded), l.ended(rec.Key, m))
		switch {
		case err != nil:
			return err
		case (errs[1] == nil) != (ended.Key == rec.Key):
			return errors.New("an End doesn't return the record exactly if it was created")
		}
	}
	return nil
}

func raceOfEnds(l *lab) error {
	rec, err := l.created()
	if err != nil {
		return err
	}
	var markers []driver.Marker
	for range racers {
		markers = append(markers, l.marker())
	}
	winner, err := oneWins(race(racers, func(i int) error {
		_, err := l.store.End(l.ctx, driver.End{Key: rec.Key, Marker: markers[i]})
		return err
	}), driver.ErrEnded)
	return first(err, l.ended(rec.Key, markers[winner]))
}

// raceOfEndAndTouch ends an idle session while it is accessed: one of the two calls must fail.
func raceOfEndAndTouch(l *lab) error {
	for range rounds {
		rec, err := l.created()
		if err != nil {
			return err
		}
		judged := driver.End{Key: rec.Key, Marker: l.marker(), If: &driver.State{Rev: rec.Rev, Accessed: rec.Accessed}}
		rec.Accessed = rec.Accessed.Add(time.Second)
		winner, err := oneWins(race(2, func(i int) error {
			if i == 0 {
				_, err := l.store.End(l.ctx, judged)
				return err
			}
			return l.touch(rec)
		}), driver.ErrConflict, driver.ErrEnded)
		if err == nil && winner == 0 {
			err = l.ended(rec.Key, judged.Marker)
		} else if err == nil {
			err = l.stored(rec)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func raceOfEndAndReplace(l *lab) error {
	for range rounds {
		rec, err := l.created()
		if err != nil {
			return err
		}
		e, next := driver.End{Key: rec.Key, Marker: l.marker(), If: &driver.State{Rev: rec.Rev}}, l.successor(rec)
		winner, err := oneWins(race(2, func(i int) error {
			if i == 0 {
				_, err := l.store.End(l.ctx, e)
				return err
			}
			return l.store.Replace(l.ctx, next, rec.Rev)
		}), driver.ErrConflict, driver.ErrEnded)
		if err == nil && winner == 0 {
			err = l.ended(rec.Key, e.Marker)
		} else if err == nil {
			err = l.stored(next)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
