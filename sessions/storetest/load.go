package storetest

import (
	"github.com/dynasession/dynasession/sessions"
)

// The rules that nearly all others need.
const (
	createStores = "create: stores"
	loadAbsent   = "load: absent"
)

func loadRules() []rule {
	return []rule{
		{
			name:     loadAbsent,
			sentence: "Load returns the record of key, or ErrNotFound.",
			check: func(l *lab) error {
				_, err := l.store.Load(l.ctx, l.key())
				return wants("Load of a key that was never stored", err, sessions.ErrNotFound)
			},
		},
		{
			name:     createStores,
			sentence: "Create stores rec. What a call that returned nil has stored, every later Load sees.",
			check: func(l *lab) error {
				for range 5 {
					rec, err := l.created()
					if err := first(err, l.stored(rec), l.stored(rec)); err != nil {
						return err
					}
				}
				return nil
			},
		},
	}
}
