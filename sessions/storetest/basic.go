package storetest

import (
	"github.com/dynasession/dynasession/sessions/driver"
)

// The names of rules that many others need.
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
	}
}
