package storetest

import (
	"errors"

	"github.com/dynasession/dynasession/sessions"
)

const (
	renameMoves    = "rename: moves"
	renameConflict = "rename: another rev"
	renameTaken    = "rename: a key that is taken"
)

func renameRules() []rule {
	return []rule{
		{
			name: renameMoves,
			sentence: "Rename removes the record of key from, provided that its Rev is rev, and stores rec under a key of its own: " +
				"the old is gone and the new is there.",
			needs: []string{loadAbsent, createStores},
			check: func(l *lab) error {
				for _, rev := range []string{token(16), ""} {
					old := l.record()
					old.Rev = rev
					next := l.renamed(old)
					err := first(wants("Create", l.store.Create(l.ctx, old), nil),
						wants("Rename", l.store.Rename(l.ctx, old.Key, next, rev), nil), l.absent(old.Key), l.stored(next))
					if err != nil {
						return err
					}
				}
				return nil
			},
		},
		{
			name:     "rename: absent",
			sentence: "The error is ErrNotFound if there is no record of key from; nothing has changed at all.",
			needs:    []string{loadAbsent, createStores, deleteRemoves},
			check: func(l *lab) error {
				next := l.record()
				deleted, err := l.created()
				return first(err, wants("Delete", l.store.Delete(l.ctx, deleted.Key), nil),
					wants("Rename of what was never there", l.store.Rename(l.ctx, l.key(), next, token(16)), sessions.ErrNotFound),
					wants(`Rename of what was never there, rev ""`, l.store.Rename(l.ctx, l.key(), next, ""), sessions.ErrNotFound),
					wants("Rename of what was deleted", l.store.Rename(l.ctx, deleted.Key, next, deleted.Rev), sessions.ErrNotFound),
					l.absent(next.Key), l.absent(deleted.Key))
			},
		},
		{
			name:     renameConflict,
			sentence: "The error is ErrConflict if its Rev is another; nothing has changed at all.",
			needs:    []string{loadAbsent, createStores},
			check: func(l *lab) error {
				old, err := l.created()
				next := l.renamed(old)
				return first(err,
					wants("Rename of another rev", l.store.Rename(l.ctx, old.Key, next, token(16)), sessions.ErrConflict),
					wants(`Rename of rev ""`, l.store.Rename(l.ctx, old.Key, next, ""), sessions.ErrConflict),
					l.stored(old), l.absent(next.Key))
			},
		},
		{
			name:     renameTaken,
			sentence: "The error is ErrExists if there is a record of rec's key already; nothing has changed at all.",
			needs:    []string{createStores, createBeside},
			check: func(l *lab) error {
				old, err := l.created()
				other, err2 := l.created()
				next := l.renamed(old)
				next.Key = other.Key
				return first(err, err2,
					wants("Rename to a key that is taken", l.store.Rename(l.ctx, old.Key, next, old.Rev), sessions.ErrExists),
					l.stored(old), l.stored(other))
			},
		},
		{
			name:     "rename: its own key",
			sentence: "A rec whose key is from is an error.",
			needs:    []string{createStores},
			check: func(l *lab) error {
				old, err := l.created()
				if err != nil {
					return err
				}
				if err := l.store.Rename(l.ctx, old.Key, l.successor(old), old.Rev); err == nil {
					return errors.New("no error of a Rename to the key that it has")
				}
				return l.stored(old)
			},
		},
	}
}

// renamed returns a record that may take the place of old, under another key.
func (l *lab) renamed(old sessions.Record) sessions.Record {
	next := l.successor(old)
	next.Key = l.key()
	return next
}
