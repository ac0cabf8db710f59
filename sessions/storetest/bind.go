package storetest

import (
	"github.com/dynasession/dynasession/sessions/driver"
)

const (
	bindBinds   = "bind: sets"
	bindAnother = "bind: another binding"
	bindAbsent  = "bind: never creates"
)

func bindRules() []rule {
	return []rule{
		{
			name: bindBinds, sentence: bindSets,
			needs: []string{"keep: binding"},
			check: func(l *lab) error {
				rec, err := l.created()
				if err != nil {
					return err
				}
				for _, binding := range [][]byte{[]byte("one"), allBytes(), nil, []byte("three"), {}} {
					was := rec.Binding
					rec.Binding = binding
					if err := first(wants("Bind", l.store.Bind(l.ctx, rec.Key, binding, was), nil), l.stored(rec)); err != nil {
						return err
					}
				}
				rec.Binding = []byte("last")
				err = l.store.Bind(l.ctx, rec.Key, rec.Binding, []byte{})
				return first(wants("Bind where there is none, was empty", err, nil), l.stored(rec))
			},
		},
		{
			name: bindAnother, sentence: bindConflict,
			needs: []string{"keep: binding"},
			check: func(l *lab) error {
				free, err := l.created()
				bound := l.record()
				bound.Binding = []byte("one")
				bind := func(rec driver.Record, binding, was string, want error) error {
					err := l.store.Bind(l.ctx, rec.Key, []byte(binding), []byte(was))
					return first(wants("Bind of "+rec.Key[:8]+"…", err, want), l.stored(rec))
				}
				return first(err, l.create(bound),
					bind(bound, "two", "", driver.ErrConflict), bind(bound, "two", "other", driver.ErrConflict),
					bind(bound, "", "other", driver.ErrConflict), bind(free, "two", "one", driver.ErrConflict))
			},
		},
		{
			name: "bind: repeated", sentence: bindConflict,
			needs: []string{"keep: binding"},
			check: func(l *lab) error {
				rec := l.record()
				rec.Binding = []byte("one")
				free, err := l.created()
				return first(err, l.create(rec),
					wants("Bind to what it is bound to", l.store.Bind(l.ctx, rec.Key, []byte("one"), nil), nil), l.stored(rec),
					wants("Bind to what it is bound to", l.store.Bind(l.ctx, rec.Key, []byte("one"), []byte("other")), nil), l.stored(rec),
					wants("Bind to nothing of what isn't bound", l.store.Bind(l.ctx, free.Key, nil, []byte("one")), nil), l.stored(free))
			},
		},
		{
			name: bindAbsent, sentence: noneIsCreated,
			needs: []string{endRemoves},
			check: func(l *lab) error {
				never := l.key()
				deleted, err := l.created()
				return first(err, l.delete(deleted.Key),
					wants("Bind of what was never there", l.store.Bind(l.ctx, never, []byte("b"), nil), driver.ErrNotFound),
					wants("Bind of what was deleted", l.store.Bind(l.ctx, deleted.Key, []byte("b"), nil), driver.ErrNotFound),
					l.absent(never), l.absent(deleted.Key))
			},
		},
		{
			name: "replace: the binding stays", sentence: replaceBinding,
			needs: []string{replaceStores, "keep: binding"},
			check: func(l *lab) error {
				bound := l.record()
				bound.Binding = []byte("binding")
				next, free, ofFree := l.successor(bound), l.record(), driver.Record{}
				next.Binding = []byte("another")
				ofFree = l.successor(free)
				ofFree.Binding = []byte("another")
				replace := func(next driver.Record, rev string) error {
					return wants("Replace", l.store.Replace(l.ctx, next, rev), nil)
				}
				err := first(l.create(bound), replace(next, bound.Rev), l.create(free), replace(ofFree, free.Rev))
				next.Binding, ofFree.Binding = bound.Binding, nil
				third := l.successor(next)
				third.Binding = nil
				err = first(err, l.stored(next), l.stored(ofFree), replace(third, next.Rev))
				third.Binding = bound.Binding
				return first(err, l.stored(third))
			},
		},
		{
			name: "bind: changes nothing else", sentence: bindNothingElse,
			needs: append(keepAll(), replaceStores, bindBinds, "replace: the binding stays"),
			check: func(l *lab) error {
				rec := l.full()
				err := l.create(rec)
				bind := l.store.Bind(l.ctx, rec.Key, []byte("one"), rec.Binding)
				rec.Binding = []byte("one")
				next := l.successor(rec)
				return first(err, wants("Bind", bind, nil), l.stored(rec),
					wants("Replace after a Bind", l.store.Replace(l.ctx, next, rec.Rev), nil), l.stored(next))
			},
		},
	}
}
