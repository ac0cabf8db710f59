package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/dynasession/dynasession/sessions"
)

func raceRules() []rule {
	return []rule{
		{
			name:     "race: creates",
			sentence: "Of several Creates of one key at the same time, exactly one succeeds.",
			needs:    []string{createStores, createKeepsFirst},
			check:    raceOfCreates,
		},
		{
			name:     "race: replaces",
			sentence: "Of several Replaces of one rev at the same time, exactly one succeeds.",
			needs:    []string{createStores, replaceStores, replaceConflict},
			check:    raceOfReplaces,
		},
		{
			name:     "race: renames",
			sentence: "Of several Renames of one record at the same time, exactly one succeeds.",
			needs:    []string{loadAbsent, createStores, renameMoves, renameConflict, "rename: absent"},
			check:    raceOfRenames,
		},
		{
			name:     "race: rename and loads",
			sentence: "No other call sees both or neither.",
			needs:    []string{loadAbsent, createStores, renameMoves},
			check:    raceOfRenameAndLoads,
		},
		{
			name:     "race: touches and replaces",
			sentence: "Each call happens as a whole or not at all, whatever others do meanwhile.",
			needs:    []string{createStores, replaceStores, replaceConflict, touchMoves, touchForward, touchUndisturbing},
			check:    raceOfTouchesAndReplaces,
		},
		{
			name:     "race: delete and writes",
			sentence: "What was deleted stays deleted.",
			needs:    []string{loadAbsent, createStores, replaceAbsent, replaceConflict, touchMoves, touchForward, touchAbsent, deleteRemoves},
			check:    raceOfDeleteAndWrites,
		},
	}
}

func raceOfCreates(l *lab) error {
	recs := []sessions.Record{l.record()}
	for range racers - 1 {
		recs = append(recs, l.successor(recs[0]))
	}
	winner, err := oneWins(race(racers, func(i int) error { return l.store.Create(l.ctx, recs[i]) }), sessions.ErrExists)
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
	var next []sessions.Record
	for range racers {
		next = append(next, l.successor(rec))
	}
	winner, err := oneWins(race(racers, func(i int) error { return l.store.Replace(l.ctx, next[i], rec.Rev) }), sessions.ErrConflict)
	if err != nil {
		return err
	}
	return l.stored(next[winner])
}

func raceOfRenames(l *lab) error {
	old, err := l.created()
	if err != nil {
		return err
	}
	var next []sessions.Record
	for range racers {
		next = append(next, l.renamed(old))
	}
	winner, err := oneWins(race(racers, func(i int) error { return l.store.Rename(l.ctx, old.Key, next[i], old.Rev) }),
		sessions.ErrConflict, sessions.ErrNotFound)
	if err != nil {
		return err
	}
	if err := first(l.absent(old.Key), l.stored(next[winner])); err != nil {
		return err
	}
	for i, rec := range next {
		if i != winner {
			if err := l.absent(rec.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

// raceOfRenameAndLoads looks at both keys while the record moves. Two loads are two moments: what is there after the old was found gone
// must be the new; what was found new can't be old any more.
func raceOfRenameAndLoads(l *lab) error {
	for range 10 {
		old, err := l.created()
		if err != nil {
			return err
		}
		next := l.renamed(old)
		errs := race(3, func(i int) error {
			switch i {
			case 0:
				return l.store.Rename(l.ctx, old.Key, next, old.Rev)
			case 1:
				return l.afterwards(old.Key, sessions.ErrNotFound, next.Key, nil)
			default:
				return l.afterwards(next.Key, nil, old.Key, sessions.ErrNotFound)
			}
		})
		if err := first(errs...); err != nil {
			return err
		}
	}
	return nil
}

// afterwards loads key until it gives the error want, and then checks what the other key gives.
func (l *lab) afterwards(key string, want error, other string, then error) error {
	ctx, cancel := context.WithTimeout(l.ctx, 10*time.Second) // a rename that fails is never seen
	defer cancel()
	for ctx.Err() == nil {
		_, err := l.store.Load(ctx, key)
		if errors.Is(err, want) {
			_, err := l.store.Load(ctx, other)
			return wants("Load of the other key, after the rename was seen", err, then)
		}
	}
	return errors.New("the rename was never seen")
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
		return l.store.Touch(l.ctx, rec.Key, rec.Accessed.Add(time.Duration(i)*time.Second), rec.ExpiresAt().Add(time.Duration(i)*time.Second))
	})
	if err := first(errs...); err != nil {
		return err
	}
	got, err := l.store.Load(l.ctx, rec.Key)
	if err != nil {
		return err
	}
	next.Accessed = got.Accessed // whichever came last
	return differ(got, next)
}

func raceOfDeleteAndWrites(l *lab) error {
	for range 5 {
		rec, err := l.created()
		if err != nil {
			return err
		}
		next := l.successor(rec)
		errs := race(5, func(i int) error {
			switch i {
			case 0:
				return l.store.Delete(l.ctx, rec.Key)
			case 1:
				return l.store.Replace(l.ctx, next, rec.Rev)
			default:
				return l.store.Touch(l.ctx, rec.Key, rec.Accessed.Add(time.Second), rec.ExpiresAt().Add(time.Second))
			}
		})
		for _, err := range errs {
			if err != nil && !errors.Is(err, sessions.ErrNotFound) {
				return err
			}
		}
		if err := l.absent(rec.Key); err != nil {
			return err
		}
	}
	return nil
}
