package storetest

import (
	"time"

	"github.com/dynasession/dynasession/sessions"
)

const (
	createKeepsFirst = "create: never overwrites"
	createBeside     = "create: one key beside another"
)

func createRules() []rule {
	return []rule{
		{
			name:     createKeepsFirst,
			sentence: "If a record of that key is there already, the error is ErrExists and that record stays as it is.",
			needs:    []string{createStores},
			check: func(l *lab) error {
				rec, err := l.created()
				if err != nil {
					return err
				}
				return first(
					wants("Create of a key that is there", l.store.Create(l.ctx, l.successor(rec)), sessions.ErrExists),
					l.stored(rec),
				)
			},
		},
		{
			name:     createBeside,
			sentence: "Each call concerns the record of its key alone.",
			needs:    []string{createStores},
			check: func(l *lab) error {
				a, errA := l.created()
				b, errB := l.created()
				return first(errA, errB, l.stored(a), l.stored(b))
			},
		},
		{
			name:     "create: the living stay",
			sentence: "A record whose time has not passed stays.",
			needs:    []string{createStores, createBeside},
			check:    theLivingStay,
		},
	}
}

// theLivingStay has dead records pile up around one that is alive to its last minutes.
func theLivingStay(l *lab) error {
	alive := l.record()
	alive.Accessed = time.Now().UTC().Truncate(time.Microsecond).Add(-alive.IdleTimeout + 10*time.Minute)
	alive.Created = alive.Accessed
	if err := wants("Create", l.store.Create(l.ctx, alive), nil); err != nil {
		return err
	}
	for range 20 {
		dead := l.record()
		dead.Created = dead.Created.Add(-48 * time.Hour)
		dead.Accessed = dead.Created
		if err := wants("Create", l.store.Create(l.ctx, dead), nil); err != nil {
			return err
		}
	}
	return l.stored(alive)
}
