package storetest

import (
	"fmt"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

const loadAllMixed = "load all: in order"

func readRules() []rule {
	return []rule{
		{
			name: loadAllMixed, sentence: loadAllReturns,
			check: func(l *lab) error {
				var want []any // for each key its record or its error
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
			name: "marker: load all", sentence: markerHolds,
			needs: []string{loadAllMixed, endRecord, endAbsent},
			check: func(l *lab) error {
				rec, err := l.created()
				ended, err2 := l.created()
				never, absent, m, n := l.key(), l.key(), l.marker(), l.marker()
				n.Why, n.Next = driver.Renewed, rec.Key
				return first(err, err2, l.end(ended.Key, m), l.end(never, n),
					l.loaded([]string{never, rec.Key, absent, ended.Key}, []any{n, rec, driver.ErrNotFound, m}))
			},
		},
		{
			name: "load: sees every write", sentence: readsSee,
			needs: []string{endRemoves, replaceStores, touchMoves, loadAllMixed},
			check: readsSeeWrites,
		},
		{
			name: "share: bindings", sentence: sharesNothing,
			needs: []string{bindBinds, loadAllMixed},
			check: bindingsAreNotShared,
		},
		{
			name: "share: rosters", sentence: sharesNothing,
			needs: []string{rosterReturned, "roster: refused"},
			check: rostersAreNotShared,
		},
		{
			name: "create: the living stay", sentence: keepsLiving,
			check: func(l *lab) error {
				alive := l.record()
				alive.Accessed = time.Now().UTC().Truncate(time.Microsecond).Add(-alive.IdleTimeout + 10*time.Minute)
				alive.Created = alive.Accessed
				return first(l.create(alive), l.buryDead(), l.stored(alive))
			},
		},
	}
}

// buryDead creates many records that have expired.
func (l *lab) buryDead() error {
	for range 20 {
		dead := l.record()
		dead.Created = dead.Created.Add(-48 * time.Hour)
		dead.Accessed = dead.Created
		if err := l.create(dead); err != nil {
			return err
		}
	}
	return nil
}

// readsSeeWrites checks after each write that Load and LoadAll see it.
func readsSeeWrites(l *lab) error {
	rec, err := l.created()
	if err := first(err, l.seen(rec)); err != nil {
		return err
	}
	for range 3 {
		next := l.successor(rec)
		if err := first(wants("Replace", l.store.Replace(l.ctx, next, rec.Rev), nil), l.seen(next)); err != nil {
			return err
		}
		rec = next
		rec.Accessed = rec.Accessed.Add(time.Second)
		if err := first(wants("Touch", l.touch(rec), nil), l.seen(rec)); err != nil {
			return err
		}
	}
	if err := first(l.delete(rec.Key), l.absent(rec.Key)); err != nil {
		return err
	}
	all, err := l.store.LoadAll(l.ctx, []string{rec.Key})
	if err := wants("LoadAll", err, nil); err != nil {
		return err
	}
	return wants("LoadAll of what was deleted", all[0].Err, driver.ErrNotFound)
}

// bindingsAreNotShared changes every Binding after it passed it to the store or got it back.
func bindingsAreNotShared(l *lab) error {
	given, bound := []byte("binding"), []byte("another")
	rec := l.record()
	rec.Binding = given
	want := rec
	want.Binding = []byte("binding")
	if err := l.create(rec); err != nil {
		return err
	}
	given[0]++
	for range 2 {
		if err := l.stored(want); err != nil {
			return err
		}
		got, err := l.store.Load(l.ctx, rec.Key)
		all, err2 := l.store.LoadAll(l.ctx, []string{rec.Key})
		if err := first(err, err2); err != nil {
			return err
		}
		got.Binding[0]++
		all[0].Record.Binding[0]++
	}
	err := first(l.stored(want), wants("Bind", l.store.Bind(l.ctx, rec.Key, bound, want.Binding), nil))
	bound[0]++
	want.Binding = []byte("another")
	return first(err, l.stored(want))
}

// rostersAreNotShared changes the Entries of every roster that the store returned.
func rostersAreNotShared(l *lab) error {
	r, err := l.listed(2)
	c := driver.RosterChange{Key: r.Key, Rev: token(16), Bump: true, Expires: r.Expires}
	changed, err2 := l.store.ChangeRoster(l.ctx, c)
	if err := first(err, err2); err != nil {
		return err
	}
	clear(changed.Entries)
	r.Rev, r.Epoch = c.Rev, 1
	c.Rev, c.IfRev = token(16), new(string)
	refused, err := l.store.ChangeRoster(l.ctx, c)
	err = first(wants("ChangeRoster", err, driver.ErrRoster), l.roster(r))
	clear(refused.Entries)
	got, err2 := l.load(r.Key)
	err = first(err, err2, l.roster(r))
	clear(got.Entries)
	return first(err, l.roster(r))
}

// seen checks that Load and LoadAll return rec.
func (l *lab) seen(rec driver.Record) error {
	if err := l.stored(rec); err != nil {
		return err
	}
	all, err := l.store.LoadAll(l.ctx, []string{rec.Key})
	switch {
	case err != nil:
		return wants("LoadAll", err, nil)
	case len(all) != 1:
		return fmt.Errorf("a LoadAll of one key has %d results", len(all))
	case all[0].Err != nil:
		return wants("LoadAll", all[0].Err, nil)
	}
	return differ("a LoadAll", all[0].Record, rec)
}

// loaded checks that LoadAll returns want.
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
