package storetest

import (
	"errors"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

const (
	endRecord = "end: a record"
	endAbsent = "end: where nothing is"
	endMet    = "end: a condition that is met"
)

func endRules() []rule {
	return []rule{
		{
			name: endRecord, sentence: endMarks,
			check: func(l *lab) error {
				other, err := l.created()
				for _, why := range []driver.Reason{driver.Destroyed, driver.Revoked, driver.Evicted, driver.Abandoned, driver.Renewed} {
					rec, err := l.created()
					m := l.marker()
					m.Why = why
					if why == driver.Renewed {
						m.Next = l.key()
					}
					if err := first(err, l.end(rec.Key, m), l.ended(rec.Key, m), l.ended(rec.Key, m)); err != nil {
						return err
					}
				}
				return first(err, l.stored(other))
			},
		},
		{
			name: endAbsent, sentence: endMarks,
			check: func(l *lab) error {
				key, m := l.key(), l.marker()
				return first(l.end(key, m), l.ended(key, m))
			},
		},
		{
			name: "end: returns the record", sentence: endReturns,
			needs: []string{endRecord, endRemoves},
			check: endReturnsTheRecord,
		},
		{
			name: endMet, sentence: endState,
			needs: []string{endRecord, endAbsent, endRemoves},
			check: func(l *lab) error {
				a, errA := l.created()
				b, errB := l.created()
				c := l.record()
				c.Rev = ""
				absent := l.key()
				deleted, errD := l.created()
				err := first(errA, errB, errD, l.create(c), l.delete(deleted.Key))
				for key, state := range map[string]driver.State{
					a.Key:       {Rev: a.Rev},
					b.Key:       {Rev: b.Rev, Accessed: b.Accessed},
					c.Key:       {Rev: ""},
					absent:      {Absent: true},
					deleted.Key: {Absent: true, Rev: "doesn't count", Accessed: deleted.Accessed},
				} {
					m := l.marker()
					_, ending := l.store.End(l.ctx, driver.End{Key: key, Marker: m, If: &state})
					err = first(err, wants("End on a condition that is met", ending, nil), l.ended(key, m))
				}
				return err
			},
		},
		{
			name: "end: deletes on a condition", sentence: endState,
			needs: []string{endRemoves},
			check: func(l *lab) error {
				rec, err := l.created()
				other, err2 := l.created()
				_, refused := l.store.End(l.ctx, driver.End{Key: other.Key, If: &driver.State{Rev: token(16)}})
				_, met := l.store.End(l.ctx, driver.End{Key: rec.Key, If: &driver.State{Rev: rec.Rev}})
				return first(err, err2, wants("End of another rev", refused, driver.ErrConflict), l.stored(other),
					wants("End on a condition that is met", met, nil), l.absent(rec.Key))
			},
		},
		{
			name: "end: another rev", sentence: endCondition,
			check: func(l *lab) error {
				rec, err := l.created()
				foreign := l.record()
				foreign.Rev = ""
				return first(err, l.create(foreign),
					l.notEnded(rec, driver.State{Rev: token(16)}), l.notEnded(rec, driver.State{Rev: ""}),
					l.notEnded(rec, driver.State{Rev: token(16), Accessed: rec.Accessed}), l.notEnded(foreign, driver.State{Rev: token(16)}))
			},
		},
		{
			name: "end: accessed since", sentence: endCondition,
			needs: []string{touchMoves},
			check: func(l *lab) error {
				rec, err := l.created()
				judged := driver.State{Rev: rec.Rev, Accessed: rec.Accessed}
				rec.Accessed = rec.Accessed.Add(time.Microsecond)
				return first(err, wants("Touch", l.touch(rec), nil), l.notEnded(rec, judged),
					l.notEnded(rec, driver.State{Rev: rec.Rev, Accessed: rec.Accessed.Add(time.Microsecond)}))
			},
		},
		{
			name: "end: a record where none may be", sentence: endCondition,
			check: func(l *lab) error {
				rec, err := l.created()
				return first(err, l.notEnded(rec, driver.State{Absent: true}),
					l.notEnded(rec, driver.State{Absent: true, Rev: rec.Rev, Accessed: rec.Accessed}))
			},
		},
		{
			name: "end: no record where one must be", sentence: endCondition,
			check: func(l *lab) error {
				key := l.key()
				for _, state := range []driver.State{{Rev: token(16)}, {Rev: ""}, {Rev: token(16), Accessed: l.record().Accessed}} {
					_, err := l.store.End(l.ctx, driver.End{Key: key, Marker: l.marker(), If: &state})
					if err := first(wants("End of what was never there", err, driver.ErrNotFound), l.absent(key)); err != nil {
						return err
					}
				}
				return nil
			},
		},
	}
}

// notEnded checks that an End with a condition that rec doesn't meet changes nothing.
func (l *lab) notEnded(rec driver.Record, state driver.State) error {
	_, err := l.store.End(l.ctx, driver.End{Key: rec.Key, Marker: l.marker(), If: &state})
	return first(wants("End on a condition that isn't met", err, driver.ErrConflict), l.stored(rec))
}

func endReturnsTheRecord(l *lab) error {
	rec, deleted := l.full(), l.full()
	if err := first(l.create(rec), l.create(deleted)); err != nil {
		return err
	}
	returned := func(e driver.End, want driver.Record) error {
		got, err := l.store.End(l.ctx, e)
		return first(wants("End", err, nil), differences("End returns", apartFromPayload(got, want)))
	}
	nothing := func(e driver.End) error {
		got, err := l.store.End(l.ctx, e)
		if got.Key != "" || got.Rev != "" || got.Payload != nil || !got.Created.IsZero() {
			return errors.New("an End returns a record where there was none")
		}
		return wants("End", err, nil)
	}
	return first(
		returned(driver.End{Key: rec.Key, Marker: l.marker()}, rec),
		returned(driver.End{Key: deleted.Key}, deleted),
		nothing(driver.End{Key: deleted.Key}),
		nothing(driver.End{Key: l.key(), Marker: l.marker()}))
}
