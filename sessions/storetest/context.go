package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

func contextRules() []rule {
	return []rule{
		whenDone("create", nil, func(l *lab, ctx context.Context, _ driver.Record) error {
			fresh := l.record()
			return first(wants("Create", l.store.Create(ctx, fresh), context.Canceled), l.absent(fresh.Key))
		}),
		whenDone("load", nil, func(l *lab, ctx context.Context, rec driver.Record) error {
			_, err := l.store.Load(ctx, rec.Key)
			return wants("Load", err, context.Canceled)
		}),
		whenDone("load all", nil, func(l *lab, ctx context.Context, rec driver.Record) error {
			_, err := l.store.LoadAll(ctx, []string{rec.Key})
			return wants("LoadAll", err, context.Canceled)
		}),
		whenDone("replace", []string{replaceStores}, func(l *lab, ctx context.Context, rec driver.Record) error {
			return wants("Replace", l.store.Replace(ctx, l.successor(rec), rec.Rev), context.Canceled)
		}),
		whenDone("touch", []string{touchMoves}, func(l *lab, ctx context.Context, rec driver.Record) error {
			rec.Accessed = rec.Accessed.Add(time.Second)
			return wants("Touch", l.store.Touch(ctx, rec.Key, rec.Accessed, rec.ExpiresAt()), context.Canceled)
		}),
		whenDone("bind", []string{bindBinds}, func(l *lab, ctx context.Context, rec driver.Record) error {
			return wants("Bind", l.store.Bind(ctx, rec.Key, []byte("binding"), nil), context.Canceled)
		}),
		whenDone("end", []string{endRecord, endRemoves}, func(l *lab, ctx context.Context, rec driver.Record) error {
			fresh := l.key()
			_, marked := l.store.End(ctx, driver.End{Key: rec.Key, Marker: l.marker()})
			_, deleted := l.store.End(ctx, driver.End{Key: rec.Key})
			_, absent := l.store.End(ctx, driver.End{Key: fresh, Marker: l.marker()})
			return first(wants("End", marked, context.Canceled), wants("End, with no Marker", deleted, context.Canceled),
				wants("End", absent, context.Canceled), l.absent(fresh))
		}),
		whenDone("load rosters", []string{rosterMade}, func(l *lab, ctx context.Context, _ driver.Record) error {
			_, err := l.store.LoadRosters(ctx, l.rosterKey())
			return wants("LoadRosters", err, context.Canceled)
		}),
		whenDone("change a roster", []string{rosterMade}, func(l *lab, ctx context.Context, _ driver.Record) error {
			key := l.rosterKey()
			_, err := l.store.ChangeRoster(ctx, driver.RosterChange{Key: key, Rev: token(16), Bump: true, Expires: l.soon()})
			return first(wants("ChangeRoster", err, context.Canceled), l.roster(driver.Roster{Key: key}))
		}),
		{
			name: "load all: fails as a whole", sentence: loadAllFails,
			needs: []string{"context: load all"},
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

// whenDone returns the rule that a call with a context that is done doesn't change rec.
func whenDone(what string, needs []string, call func(*lab, context.Context, driver.Record) error) rule {
	return rule{
		name: "context: " + what, sentence: contextDone,
		needs: needs,
		check: func(l *lab) error {
			rec, err := l.created()
			ctx, cancel := context.WithCancel(l.ctx)
			cancel()
			return first(err, call(l, ctx, rec), l.stored(rec))
		},
	}
}
