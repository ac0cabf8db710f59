package storetest

import (
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

const (
	touchMoves  = "touch: moves the times"
	touchBack   = "touch: only forward"
	touchAbsent = "touch: never creates"
	touchAlone  = "touch: changes nothing else"
)

func touchRules() []rule {
	return []rule{
		{
			name: touchMoves, sentence: touchRecords,
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
				rec.Accessed = rec.Accessed.Add(time.Second)
				elsewhere := time.FixedZone("", -9*3600)
				err = l.store.Touch(l.ctx, rec.Key, rec.Accessed.In(elsewhere), rec.ExpiresAt().In(elsewhere))
				return first(wants("Touch by times of another zone", err, nil), l.stored(rec))
			},
		},
		{
			name: touchBack, sentence: touchForward,
			needs: []string{touchMoves},
			check: func(l *lab) error {
				rec, err := l.created()
				if err != nil {
					return err
				}
				for _, back := range []time.Duration{0, time.Microsecond, time.Second, time.Hour} {
					err := l.store.Touch(l.ctx, rec.Key, rec.Accessed.Add(-back), rec.ExpiresAt())
					if err := first(wants("Touch backwards", err, nil), l.stored(rec)); err != nil {
						return err
					}
				}
				return nil
			},
		},
		{
			name: "touch: both times or neither", sentence: touchForward,
			needs: []string{touchMoves},
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
			name: touchAbsent, sentence: noneIsCreated,
			needs: []string{endRemoves},
			check: func(l *lab) error {
				never := l.record()
				deleted, err := l.created()
				return first(err, l.delete(deleted.Key),
					wants("Touch of what was never there", l.touch(never), driver.ErrNotFound),
					wants("Touch of what was deleted", l.touch(deleted), driver.ErrNotFound),
					l.absent(never.Key), l.absent(deleted.Key))
			},
		},
		{
			name: touchAlone, sentence: touchNothingElse,
			needs: append(keepAll(), replaceStores, touchMoves),
			check: func(l *lab) error {
				rec := l.full()
				created := rec
				rec.Accessed = rec.Accessed.Add(time.Second)
				next := l.successor(rec)
				return first(l.create(created), wants("Touch", l.touch(rec), nil), l.stored(rec),
					wants("Replace after a Touch", l.store.Replace(l.ctx, next, rec.Rev), nil), l.stored(next))
			},
		},
	}
}
