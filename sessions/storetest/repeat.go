package storetest

import (
	"time"

	"github.com/dynasession/dynasession/sessions"
)

const (
	repeated     = "A write that is repeated with the same Rev, because the first answer was lost, is a success and changes nothing more."
	repeatNoRev  = `Rev "" names no write and is never recognised so.`
	repeatCreate = "repeat: create"
)

func repeatRules() []rule {
	return []rule{
		{
			name: repeatCreate, sentence: repeated,
			needs: []string{createStores, touchMoves},
			check: func(l *lab) error {
				rec, err := l.created()
				if err != nil {
					return err
				}
				return l.twice(rec, "Create", func() error { return l.store.Create(l.ctx, rec) })
			},
		},
		{
			name: "repeat: replace", sentence: repeated,
			needs: []string{createStores, replaceStores, touchMoves},
			check: func(l *lab) error {
				rec, err := l.created()
				next := l.successor(rec)
				replace := func() error { return l.store.Replace(l.ctx, next, rec.Rev) }
				return first(err, wants("Replace", replace(), nil), l.twice(next, "Replace", replace))
			},
		},
		{
			name: "repeat: rename", sentence: repeated,
			needs: []string{createStores, renameMoves, touchMoves},
			check: func(l *lab) error {
				rec, err := l.created()
				next := l.renamed(rec)
				rename := func() error { return l.store.Rename(l.ctx, rec.Key, next, rec.Rev) }
				return first(err, wants("Rename", rename(), nil), l.twice(next, "Rename", rename), l.absent(rec.Key))
			},
		},
		{
			name: "repeat: create without rev", sentence: repeatNoRev,
			needs: []string{createStores, createKeepsFirst},
			check: func(l *lab) error {
				rec := l.record()
				rec.Rev = ""
				return first(wants("Create", l.store.Create(l.ctx, rec), nil),
					wants(`Create with Rev "", again`, l.store.Create(l.ctx, rec), sessions.ErrExists))
			},
		},
		{
			name: "repeat: replace without rev", sentence: repeatNoRev,
			needs: []string{createStores, replaceStores, replaceConflict},
			check: func(l *lab) error {
				rec, err := l.created()
				next := l.successor(rec)
				next.Rev = ""
				return first(err, wants("Replace", l.store.Replace(l.ctx, next, rec.Rev), nil),
					wants(`Replace with Rev "", again`, l.store.Replace(l.ctx, next, rec.Rev), sessions.ErrConflict))
			},
		},
		{
			name: "repeat: rename without rev", sentence: repeatNoRev,
			needs: []string{createStores, renameMoves},
			check: func(l *lab) error {
				rec, err := l.created()
				next := l.renamed(rec)
				next.Rev = ""
				return first(err, wants("Rename", l.store.Rename(l.ctx, rec.Key, next, rec.Rev), nil),
					wants(`Rename with Rev "", again`, l.store.Rename(l.ctx, rec.Key, next, rec.Rev), sessions.ErrNotFound))
			},
		},
	}
}

// twice touches rec, which a write has stored, does that write again, and checks that the touch is not undone.
func (l *lab) twice(rec sessions.Record, call string, write func() error) error {
	rec.Accessed = rec.Accessed.Add(time.Second)
	return first(wants("Touch", l.touch(rec), nil), wants(call+", again", write(), nil), l.stored(rec))
}
