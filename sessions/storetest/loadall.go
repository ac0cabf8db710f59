package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/dynasession/dynasession/sessions/driver"
)

const loadAllMixed = "load all: in order"

func loadAllRules() []rule {
	return []rule{
		{
			name: loadAllMixed, sentence: loadAllReturns,
			needs: []string{loadAbsent, createStores, loadOwn},
			check: func(l *lab) error {
				var want []any // a record, or the error
				var keys []string
				for range 6 {
					rec, err := l.created()
					if err != nil {
						return err
					}
					never := l.key()
					keys = append(keys, never, rec.Key)
					want = append(want, driver.ErrNotFound, rec)
				}
				return first(l.loaded(keys, want), l.loaded(nil, nil), l.loaded(keys[:1], want), l.loaded(keys[1:2], want[1:]))
			},
		},
		{
			name: "load all: a hundred keys", sentence: loadAllReturns,
			needs: []string{loadAllMixed},
			check: func(l *lab) error {
				var want []any
				var keys []string
				for i := range driver.MaxBatch {
					if i%9 != 0 {
						keys, want = append(keys, l.key()), append(want, driver.ErrNotFound)
						continue
					}
					rec, err := l.created()
					if err != nil {
						return err
					}
					keys, want = append(keys, rec.Key), append(want, rec)
				}
				return l.loaded(keys, want)
			},
		},
		{
			name: "load all: fails as a whole", sentence: loadAllFails,
			needs: []string{createStores},
			check: func(l *lab) error {
				rec, err := l.created()
				if err != nil {
					return err
				}
				ctx, cancel := context.WithCancel(l.ctx)
				cancel()
				all, err := l.store.LoadAll(ctx, []string{rec.Key})
				switch {
				case err == nil:
					return errors.New("a LoadAll that can't ask says no error")
				case len(all) > 0:
					return errors.New("a LoadAll has both an error and results")
				}
				return nil
			},
		},
	}
}

// loaded checks that LoadAll returns what is wanted.
func (l *lab) loaded(keys []string, want []any) error {
	all, err := l.store.LoadAll(l.ctx, keys)
	if err != nil {
		return wants("LoadAll", err, nil)
	}
	if len(all) != len(keys) {
		return fmt.Errorf("a LoadAll of %d keys has %d results", len(keys), len(all))
	}
	for i, got := range all {
		switch want := want[i].(type) {
		case error:
			err = first(wants("LoadAll of what was never there", got.Err, want), isNoMarker(got.Err))
		case driver.Marker:
			err = isEnded("LoadAll", got.Err, want)
		case driver.Record:
			err = wants("LoadAll", got.Err, nil)
			if err == nil {
				err = differ("a LoadAll", got.Record, want)
			}
		}
		if err != nil {
			return fmt.Errorf("key %d of %d: %w", i, len(keys), err)
		}
	}
	return nil
}
