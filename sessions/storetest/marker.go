package storetest

import (
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

func markerRules() []rule {
	return []rule{
		stays("create", func(l *lab, rec driver.Record) error {
			return l.store.Create(l.ctx, l.successor(rec))
		}),
		stays("create, late", func(l *lab, rec driver.Record) error {
			return l.store.Create(l.ctx, rec) // the network held it back until after the logout
		}),
		stays("replace", func(l *lab, rec driver.Record) error {
			return l.store.Replace(l.ctx, l.successor(rec), rec.Rev)
		}),
		stays("replace of no rev", func(l *lab, rec driver.Record) error {
			return l.store.Replace(l.ctx, l.successor(rec), "")
		}),
		stays("touch", func(l *lab, rec driver.Record) error {
			return l.store.Touch(l.ctx, rec.Key, time.Now().Add(time.Second), rec.ExpiresAt().Add(time.Hour))
		}),
		stays("bind", func(l *lab, rec driver.Record) error {
			return l.store.Bind(l.ctx, rec.Key, []byte("binding"), nil)
		}),
		stays("end", func(l *lab, rec driver.Record) error {
			_, err := l.store.End(l.ctx, driver.End{Key: rec.Key, Marker: l.marker()})
			return err
		}),
		stays("end on a condition", func(l *lab, rec driver.Record) error {
			_, err := l.store.End(l.ctx, driver.End{
				Key: rec.Key, Marker: l.marker(), If: &driver.State{Rev: rec.Rev, Accessed: rec.Accessed},
			})
			return err
		}),
		stays("end where nothing may be", func(l *lab, rec driver.Record) error {
			_, err := l.store.End(l.ctx, driver.End{Key: rec.Key, Marker: l.marker(), If: &driver.State{Absent: true}})
			return err
		}),
		stays("end that deletes", func(l *lab, rec driver.Record) error {
			_, err := l.store.End(l.ctx, driver.End{Key: rec.Key})
			return err
		}),
		{
			name: "marker: kept", sentence: keepsMarkers,
			needs: []string{endRecord, endAbsent},
			check: func(l *lab) error {
				rec, dead, never, m := l.record(), l.record(), l.key(), l.marker()
				// The marker outlives the session's deadline.
				dead.Created = dead.Created.Add(-48 * time.Hour)
				dead.Accessed = dead.Created
				m.At = m.At.Add(-time.Hour)
				m.Until = time.Now().UTC().Truncate(time.Second).Add(time.Minute)
				return first(l.create(rec), l.create(dead), l.end(rec.Key, m), l.end(dead.Key, m), l.end(never, m), l.buryDead(),
					l.ended(rec.Key, m), l.ended(dead.Key, m), l.ended(never, m))
			},
		},
	}
}

// stays returns the rule that a call for a session that has ended returns its EndedError and
// changes nothing.
func stays(what string, call func(*lab, driver.Record) error) rule {
	return rule{
		name: "marker: " + what, sentence: markerHolds,
		needs: []string{endRecord, endAbsent, endRemoves},
		check: func(l *lab) error {
			rec, err := l.created()
			never := l.record()
			m := l.marker()
			m.Why, m.Next = driver.Renewed, l.key()
			return first(err, l.end(rec.Key, m), isEnded("a call", call(l, rec), m), l.ended(rec.Key, m),
				l.end(never.Key, m), isEnded("a call", call(l, never), m), l.ended(never.Key, m))
		},
	}
}
