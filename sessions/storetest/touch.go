package storetest

import (
	"time"

	"github.com/dynasession/dynasession/sessions"
)

const (
	touchMoves        = "touch: moves the times"
	touchForward      = "touch: only forward"
	touchAbsent       = "touch: never revives"
	touchUndisturbing = "touch: disturbs no replace"
)

func touchRules() []rule {
	return []rule{
		{
			name:     touchMoves,
			sentence: "Touch records an access: it moves the record's Accessed to accessed. It changes nothing else, not even Rev.",
			needs:    []string{createStores},
			check: func(l *lab) error {
				rec, err := l.created()
				if err != nil {
					return err
				}
				for _, ahead := range []time.Duration{time.Microsecond, time.Second, 10 * time.Second} {
					rec.Accessed = rec.Accessed.Add(ahead)
					if err := first(wants("Touch", l.touch(rec), nil), l.stored(rec)); err != nil {
						return err
					}
				}
				return nil
			},
		},
		{
			name:     touchForward,
			sentence: "The times only move forward: unless accessed is later than the stored one, the record stays as it is, and that is a success.",
			needs:    []string{createStores, touchMoves},
			check: func(l *lab) error {
				rec, err := l.created()
				if err != nil {
					return err
				}
				for _, back := range []time.Duration{0, time.Microsecond, time.Second, time.Hour} {
					earlier := rec
					earlier.Accessed = rec.Accessed.Add(-back)
					if err := first(wants("Touch backwards", l.touch(earlier), nil), l.stored(rec)); err != nil {
						return err
					}
				}
				return nil
			},
		},
		{
			name:     "touch: both times or neither",
			sentence: "The times move both or neither: unless expires is not earlier than the stored one, the record stays as it is.",
			needs:    []string{createStores, touchMoves},
			check: func(l *lab) error {
				rec, err := l.created()
				if err != nil {
					return err
				}
				sooner := rec.ExpiresAt().Add(-time.Hour)
				err = l.store.Touch(l.ctx, rec.Key, rec.Accessed.Add(time.Second), sooner)
				return first(wants("Touch with an earlier expiry", err, nil), l.stored(rec))
			},
		},
		{
			name:     touchAbsent,
			sentence: "If there is no record of key, the error is ErrNotFound, and none comes into being.",
			needs:    []string{loadAbsent, createStores, deleteRemoves},
			check: func(l *lab) error {
				never := l.record()
				deleted, err := l.created()
				return first(err, wants("Delete", l.store.Delete(l.ctx, deleted.Key), nil),
					wants("Touch of what was never there", l.touch(never), sessions.ErrNotFound),
					wants("Touch of what was deleted", l.touch(deleted), sessions.ErrNotFound),
					l.absent(never.Key), l.absent(deleted.Key))
			},
		},
		{
			name:     touchUndisturbing,
			sentence: "It changes nothing else, not even Rev, so that it never disturbs a Replace.",
			needs:    []string{createStores, replaceStores, touchMoves},
			check: func(l *lab) error {
				rec, err := l.created()
				if err != nil {
					return err
				}
				next := l.successor(rec)
				rec.Accessed = rec.Accessed.Add(time.Second)
				return first(wants("Touch", l.touch(rec), nil),
					wants("Replace after a Touch", l.store.Replace(l.ctx, next, rec.Rev), nil), l.stored(next))
			},
		},
	}
}

// touch is a Touch to the times of rec.
func (l *lab) touch(rec sessions.Record) error {
	return l.store.Touch(l.ctx, rec.Key, rec.Accessed, rec.ExpiresAt())
}
