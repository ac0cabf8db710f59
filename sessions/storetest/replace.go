package storetest

import (
	"github.com/dynasession/dynasession/sessions/driver"
)

const (
	replaceStores  = "replace: stores"
	replaceAnother = "replace: another rev"
	replaceAbsent  = "replace: never creates"
)

func replaceRules() []rule {
	return []rule{
		{
			name: replaceStores, sentence: replacePuts,
			check: func(l *lab) error {
				rec, err := l.created()
				if err != nil {
					return err
				}
				for range 5 {
					next := l.successor(rec)
					if err := first(wants("Replace", l.store.Replace(l.ctx, next, rec.Rev), nil), l.stored(next)); err != nil {
						return err
					}
					rec = next
				}
				return nil
			},
		},
		{
			name: replaceAnother, sentence: replaceConflict,
			check: func(l *lab) error {
				rec, err := l.created()
				return first(err,
					wants("Replace of another rev", l.store.Replace(l.ctx, l.successor(rec), token(16)), driver.ErrConflict), l.stored(rec))
			},
		},
		{
			name: "replace: no rev", sentence: replacePuts,
			needs: []string{replaceStores, replaceAnother},
			check: replaceOfNoRev,
		},
		{
			name: replaceAbsent, sentence: noneIsCreated,
			needs: []string{endRemoves},
			check: func(l *lab) error {
				never := l.record()
				deleted, err := l.created()
				return first(err, l.delete(deleted.Key),
					wants("Replace of what was never there", l.store.Replace(l.ctx, never, token(16)), driver.ErrNotFound),
					wants(`Replace of what was never there, rev ""`, l.store.Replace(l.ctx, never, ""), driver.ErrNotFound),
					wants("Replace of what was deleted", l.store.Replace(l.ctx, l.successor(deleted), deleted.Rev), driver.ErrNotFound),
					l.absent(never.Key), l.absent(deleted.Key))
			},
		},
	}
}

func replaceOfNoRev(l *lab) error {
	foreign := l.record()
	foreign.Rev = ""
	ours, err := l.created()
	next := l.successor(foreign)
	return first(err, l.create(foreign),
		wants("Replace of rev x where there is none", l.store.Replace(l.ctx, next, token(16)), driver.ErrConflict),
		l.stored(foreign),
		wants(`Replace of rev "" where there is none`, l.store.Replace(l.ctx, next, ""), nil),
		l.stored(next),
		wants(`Replace of rev "" where there is one`, l.store.Replace(l.ctx, l.successor(ours), ""), driver.ErrConflict),
		l.stored(ours))
}
