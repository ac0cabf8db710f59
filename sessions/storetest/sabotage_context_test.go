package storetest_test

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions/driver"
)

func ignoringContexts() []sabotage {
	ignored := context.WithoutCancel
	return []sabotage{
		{"Create", "context: create", func(good driver.Store, s *saboteur) {
			s.create = func(ctx context.Context, rec driver.Record) error { return good.Create(ignored(ctx), rec) }
		}},
		{"Load", "context: load", func(good driver.Store, s *saboteur) {
			s.load = func(ctx context.Context, key string) (driver.Record, error) { return good.Load(ignored(ctx), key) }
		}},
		{"LoadAll", "context: load all", func(good driver.Store, s *saboteur) {
			s.loadAll = func(ctx context.Context, keys []string) ([]driver.Loaded, error) {
				return good.LoadAll(ignored(ctx), keys)
			}
		}},
		{"Replace", "context: replace", func(good driver.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				return good.Replace(ignored(ctx), rec, rev)
			}
		}},
		{"Touch", "context: touch", func(good driver.Store, s *saboteur) {
			s.touch = func(ctx context.Context, key string, accessed, expires time.Time) error {
				return good.Touch(ignored(ctx), key, accessed, expires)
			}
		}},
		{"Bind", "context: bind", func(good driver.Store, s *saboteur) {
			s.bind = func(ctx context.Context, key string, binding, was []byte) error {
				return good.Bind(ignored(ctx), key, binding, was)
			}
		}},
		{"End does it all the same", "context: end", func(good driver.Store, s *saboteur) {
			s.end = func(ctx context.Context, e driver.End) (driver.Record, error) {
				rec, err := good.End(ignored(ctx), e)
				if ctx.Err() != nil {
					err = ctx.Err()
				}
				return rec, err
			}
		}},
		{"LoadRosters", "context: load rosters", func(good driver.Store, s *saboteur) {
			s.loadRosters = func(ctx context.Context, keys ...string) ([]driver.Roster, error) {
				return good.LoadRosters(ignored(ctx), keys...)
			}
		}},
		{"ChangeRoster says another error", "context: change a roster", func(good driver.Store, s *saboteur) {
			s.changeRoster = func(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
				if ctx.Err() != nil {
					return driver.Roster{}, errors.New("done")
				}
				return good.ChangeRoster(ctx, c)
			}
		}},
	}
}

func clocks() []sabotage {
	return []sabotage{
		{"there is none", "clock: is there", func(_ driver.Store, s *saboteur) {
			s.clock = func() clock.Clock { return nil }
		}},
		{"it stands at zero", "clock: tells the time", func(_ driver.Store, s *saboteur) {
			s.clock = func() clock.Clock { return &clock.Fake{} }
		}},
		{"the name counts the calls", "name: is the same", func(_ driver.Store, s *saboteur) {
			calls := 0
			s.name = func() string { calls++; return strconv.Itoa(calls) }
		}},
	}
}
