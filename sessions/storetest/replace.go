package storetest

import (
	"github.com/dynasession/dynasession/sessions"
)

const (
	replaceStores   = "replace: stores"
	replaceConflict = "replace: another rev"
	replaceAbsent   = "replace: never revives"
)

func replaceRules() []rule {
	return []rule{
		{
			name:     replaceStores,
			sentence: "Replace puts rec in the place of the stored record of the same key, provided that this one's Rev is rev.",
			needs:    []string{createStores},
			check: func(l *lab) error {
				rec, err := l.created()
				if err != nil {
					return err
				}
				for range 5 { // and every later Load sees it
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
			name:     replaceConflict,
			sentence: "If it is another, the error is ErrConflict and nothing changes.",
			needs:    []string{createStores},
			check: func(l *lab) error {
				rec, err := l.created()
				if err != nil {
					return err
				}
				return first(
					wants("Replace of another rev", l.store.Replace(l.ctx, l.successor(rec), token(16)), sessions.ErrConflict),
					l.stored(rec),
				)
			},
		},
		{
			name:     "replace: no rev",
			sentence: `rev "" means that it has none.`,
			needs:    []string{createStores, createBeside, replaceStores, replaceConflict},
			check:    replaceOfNoRev,
		},
		{
			name:     replaceAbsent,
			sentence: "If there is none, the error is ErrNotFound, and none comes into being: what was deleted stays deleted.",
			needs:    []string{loadAbsent, createStores, deleteRemoves},
			check: func(l *lab) error {
				never := l.record()
				deleted, err := l.created()
				return first(err, wants("Delete", l.store.Delete(l.ctx, deleted.Key), nil),
					wants("Replace of what was never there", l.store.Replace(l.ctx, never, token(16)), sessions.ErrNotFound),
					wants(`Replace of what was never there, rev ""`, l.store.Replace(l.ctx, never, ""), sessions.ErrNotFound),
					wants("Replace of what was deleted", l.store.Replace(l.ctx, l.successor(deleted), deleted.Rev), sessions.ErrNotFound),
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
	return first(err, wants("Create", l.store.Create(l.ctx, foreign), nil),
		wants("Replace of rev x where there is none", l.store.Replace(l.ctx, next, token(16)), sessions.ErrConflict),
		l.stored(foreign),
		wants(`Replace of rev "" where there is none`, l.store.Replace(l.ctx, next, ""), nil),
		l.stored(next),
		wants(`Replace of rev "" where there is one`, l.store.Replace(l.ctx, l.successor(ours), ""), sessions.ErrConflict),
		l.stored(ours))
}
