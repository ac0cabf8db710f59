package storetest

import (
	"fmt"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// The rules that many others need.
const (
	loadAbsent   = "load: absent"
	createStores = "create: stores"
	loadOwn      = "load: one key beside another"
	createTaken  = "create: never overwrites"
	endRemoves   = "end: deletes"
)

func basicRules() []rule {
	return []rule{
		{
			name: loadAbsent, sentence: loadNone,
			check: func(l *lab) error { return l.absent(l.key()) },
		},
		{
			name: createStores, sentence: createStoresRec,
			check: func(l *lab) error {
				for range 5 {
					rec, err := l.created()
					if err := first(err, l.stored(rec), l.stored(rec)); err != nil {
						return err
					}
				}
				return nil
			},
		},
		{
			name: loadOwn, sentence: loadReturns,
			needs: []string{createStores},
			check: func(l *lab) error {
				a, errA := l.created()
				b, errB := l.created()
				return first(errA, errB, l.stored(a), l.stored(b))
			},
		},
		{
			name: createTaken, sentence: createExists,
			needs: []string{createStores},
			check: func(l *lab) error {
				rec, err := l.created()
				return first(err,
					wants("Create of a key that is there", l.store.Create(l.ctx, l.successor(rec)), driver.ErrExists), l.stored(rec))
			},
		},
		{
			name: endRemoves, sentence: endDeletes,
			needs: []string{loadAbsent, createStores, loadOwn},
			check: func(l *lab) error {
				rec, err := l.created()
				other, err2 := l.created()
				never := l.key()
				again := l.successor(rec)
				return first(err, err2, l.delete(rec.Key), l.absent(rec.Key), l.absent(rec.Key), l.stored(other),
					l.delete(rec.Key), l.absent(rec.Key), l.delete(never), l.absent(never), l.create(again), l.stored(again))
			},
		},
		{
			name: "load: sees every write", sentence: readsSee,
			needs: []string{createStores, loadOwn, endRemoves},
			check: readsSeeWrites,
		},
		{
			name: "create: the living stay", sentence: keepsLiving,
			needs: []string{createStores, loadOwn},
			check: func(l *lab) error {
				alive := l.record()
				alive.Accessed = time.Now().UTC().Truncate(time.Microsecond).Add(-alive.IdleTimeout + 10*time.Minute)
				alive.Created = alive.Accessed
				return first(l.create(alive), l.buryDead(), l.stored(alive))
			},
		},
	}
}

// buryDead has records that have expired pile up.
func (l *lab) buryDead() error {
	for range 20 {
		dead := l.record()
		dead.Created = dead.Created.Add(-48 * time.Hour)
		dead.Accessed = dead.Created
		if err := l.create(dead); err != nil {
			return err
		}
	}
	return nil
}

// readsSeeWrites checks after each write that both ways to read see it.
func readsSeeWrites(l *lab) error {
	rec, err := l.created()
	if err := first(err, l.seen(rec)); err != nil {
		return err
	}
	for range 3 {
		next := l.successor(rec)
		if err := first(wants("Replace", l.store.Replace(l.ctx, next, rec.Rev), nil), l.seen(next)); err != nil {
			return err
		}
		rec = next
		rec.Accessed = rec.Accessed.Add(time.Second)
		if err := first(wants("Touch", l.touch(rec), nil), l.seen(rec)); err != nil {
			return err
		}
	}
	if err := first(l.delete(rec.Key), l.absent(rec.Key)); err != nil {
		return err
	}
	all, err := l.store.LoadAll(l.ctx, []string{rec.Key})
	if err := wants("LoadAll", err, nil); err != nil {
		return err
	}
	return wants("LoadAll of what was deleted", all[0].Err, driver.ErrNotFound)
}

// seen checks that Load and LoadAll return rec.
func (l *lab) seen(rec driver.Record) error {
	if err := l.stored(rec); err != nil {
		return err
	}
	all, err := l.store.LoadAll(l.ctx, []string{rec.Key})
	switch {
	case err != nil:
		return wants("LoadAll", err, nil)
	case len(all) != 1:
		return fmt.Errorf("a LoadAll of one key has %d results", len(all))
	case all[0].Err != nil:
		return wants("LoadAll", all[0].Err, nil)
	}
	return differ("a LoadAll", all[0].Record, rec)
}
