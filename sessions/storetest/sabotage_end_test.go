package storetest_test

import (
	"context"
	"errors"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// ended changes the arguments of End.
func ended(change func(ctx context.Context, good driver.Store, e *driver.End)) func(driver.Store, *saboteur) {
	return func(good driver.Store, s *saboteur) {
		s.end = func(ctx context.Context, e driver.End) (driver.Record, error) {
			change(ctx, good, &e)
			return good.End(ctx, e)
		}
	}
}

func isThere(ctx context.Context, good driver.Store, key string) bool {
	_, err := good.Load(ctx, key)
	return err == nil
}

func ending() []sabotage {
	return []sabotage{
		{"End without a marker does nothing", "end: deletes", func(good driver.Store, s *saboteur) {
			s.end = func(ctx context.Context, e driver.End) (driver.Record, error) {
				if e.Marker == (driver.Marker{}) {
					return driver.Record{}, ctx.Err()
				}
				return good.End(ctx, e)
			}
		}},
		{"End without a marker fails where nothing is", "end: deletes", func(good driver.Store, s *saboteur) {
			s.end = func(ctx context.Context, e driver.End) (driver.Record, error) {
				if _, err := good.Load(ctx, e.Key); err != nil && e.Marker == (driver.Marker{}) {
					return driver.Record{}, err
				}
				return good.End(ctx, e)
			}
		}},
		{"End only deletes", "end: a record", ended(func(ctx context.Context, good driver.Store, e *driver.End) {
			if isThere(ctx, good, e.Key) {
				e.Marker = driver.Marker{}
			}
		})},
		{"End forgets where the session goes on", "end: a record", ended(func(_ context.Context, _ driver.Store, e *driver.End) {
			e.Marker.Next = ""
		})},
		{"End leaves nothing where nothing was", "end: where nothing is", ended(func(ctx context.Context, good driver.Store, e *driver.End) {
			if _, err := good.Load(ctx, e.Key); isAbsent(err) {
				e.Marker = driver.Marker{}
			}
		})},
		{"End returns nothing", "end: returns the record", func(good driver.Store, s *saboteur) {
			s.end = func(ctx context.Context, e driver.End) (driver.Record, error) {
				_, err := good.End(ctx, e)
				return driver.Record{}, err
			}
		}},
		{"End returns a key where no record was", "end: returns the record", func(good driver.Store, s *saboteur) {
			s.end = func(ctx context.Context, e driver.End) (driver.Record, error) {
				_, before := good.Load(ctx, e.Key)
				rec, err := good.End(ctx, e)
				if isAbsent(before) {
					rec.Key = e.Key
				}
				return rec, err
			}
		}},
		{"End knows no access", "end: a condition that is met", func(good driver.Store, s *saboteur) {
			s.end = func(ctx context.Context, e driver.End) (driver.Record, error) {
				if e.If != nil && !e.If.Accessed.IsZero() && isThere(ctx, good, e.Key) {
					return driver.Record{}, driver.ErrConflict
				}
				return good.End(ctx, e)
			}
		}},
		{"End deletes whatever is there", "end: deletes on a condition", ended(func(_ context.Context, _ driver.Store, e *driver.End) {
			if e.Marker == (driver.Marker{}) {
				e.If = nil
			}
		})},
		{"End ignores the rev", "end: another rev", ended(func(ctx context.Context, good driver.Store, e *driver.End) {
			if e.Marker == (driver.Marker{}) || e.If == nil || e.If.Absent {
				return
			}
			if rec, err := good.Load(ctx, e.Key); err == nil {
				e.If = &driver.State{Rev: rec.Rev, Accessed: e.If.Accessed}
			}
		})},
		{"End ignores the access", "end: accessed since", ended(func(_ context.Context, _ driver.Store, e *driver.End) {
			if e.If != nil && !e.If.Absent {
				e.If = &driver.State{Rev: e.If.Rev}
			}
		})},
		{"End ends a record where none may be", "end: a record where none may be", ended(func(ctx context.Context, good driver.Store, e *driver.End) {
			if e.If != nil && e.If.Absent && isThere(ctx, good, e.Key) {
				e.If = nil
			}
		})},
		{"End marks what isn't there", "end: no record where one must be", ended(func(ctx context.Context, good driver.Store, e *driver.End) {
			if _, err := good.Load(ctx, e.Key); isAbsent(err) {
				e.If = nil
			}
		})},
	}
}

// marked makes some Ends of a session that has a marker already succeed.
func marked(when func(driver.End) bool) func(driver.Store, *saboteur) {
	return func(good driver.Store, s *saboteur) {
		s.end = func(ctx context.Context, e driver.End) (driver.Record, error) {
			rec, err := good.End(ctx, e)
			if errors.Is(err, driver.ErrEnded) && when(e) {
				return driver.Record{}, nil
			}
			return rec, err
		}
	}
}

func marking() []sabotage {
	return []sabotage{
		{"Create brings back what has ended", "marker: create", func(good driver.Store, s *saboteur) {
			var u undead
			var revs, keys notes
			u.among(good, s)
			s.create = func(ctx context.Context, rec driver.Record) error {
				err := good.Create(ctx, rec)
				knownKey, knownRev := keys.note(rec.Key), revs.note(rec.Rev)
				if errors.Is(err, driver.ErrEnded) && knownKey && !knownRev {
					return u.revive(rec)
				}
				return err
			}
		}},
		{"a late Create brings back what has ended", "marker: create, late", func(good driver.Store, s *saboteur) {
			var u undead
			var revs notes
			u.among(good, s)
			s.create = func(ctx context.Context, rec driver.Record) error {
				err := good.Create(ctx, rec)
				if before := revs.note(rec.Rev); errors.Is(err, driver.ErrEnded) && before {
					return u.revive(rec)
				}
				return err
			}
		}},
		{"Replace doesn't tell why", "marker: replace", func(good driver.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				err := good.Replace(ctx, rec, rev)
				if errors.Is(err, driver.ErrEnded) && rev != "" {
					return driver.ErrNotFound
				}
				return err
			}
		}},
		{"Replace takes a marker for a record without rev", "marker: replace of no rev", func(good driver.Store, s *saboteur) {
			var u undead
			u.among(good, s)
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				err := good.Replace(ctx, rec, rev)
				if errors.Is(err, driver.ErrEnded) && rev == "" {
					return u.revive(rec)
				}
				return err
			}
		}},
		{"Touch takes a marker for a record", "marker: touch", func(good driver.Store, s *saboteur) {
			s.touch = func(ctx context.Context, key string, accessed, expires time.Time) error {
				err := good.Touch(ctx, key, accessed, expires)
				if errors.Is(err, driver.ErrEnded) {
					return nil
				}
				return err
			}
		}},
		{"Bind says another marker", "marker: bind", func(good driver.Store, s *saboteur) {
			s.bind = func(ctx context.Context, key string, binding, was []byte) error {
				err := good.Bind(ctx, key, binding, was)
				if errors.Is(err, driver.ErrEnded) {
					return &driver.EndedError{Marker: driver.Marker{Why: driver.Destroyed}}
				}
				return err
			}
		}},
		{"End puts a marker in the place of another", "marker: end", marked(func(e driver.End) bool {
			return e.If == nil && e.Marker != (driver.Marker{})
		})},
		{"End takes a marker for the record that was judged", "marker: end on a condition", marked(func(e driver.End) bool {
			return e.If != nil && !e.If.Absent
		})},
		{"End takes a marker for nothing", "marker: end where nothing may be", marked(func(e driver.End) bool {
			return e.If != nil && e.If.Absent
		})},
		{"End deletes a marker", "marker: end that deletes", marked(func(e driver.End) bool {
			return e.Marker == driver.Marker{}
		})},
		{"LoadAll knows no markers", "marker: load all", func(good driver.Store, s *saboteur) {
			s.loadAll = func(ctx context.Context, keys []string) ([]driver.Loaded, error) {
				all, err := good.LoadAll(ctx, keys)
				for i := range all {
					if errors.Is(all[i].Err, driver.ErrEnded) {
						all[i].Err = driver.ErrNotFound
					}
				}
				return all, err
			}
		}},
		{"a marker is swept early", "marker: kept", func(good driver.Store, s *saboteur) {
			s.load = func(ctx context.Context, key string) (driver.Record, error) {
				rec, err := good.Load(ctx, key)
				var e *driver.EndedError
				if errors.As(err, &e) && time.Until(e.Marker.Until) < 5*time.Minute {
					err = driver.ErrNotFound
				}
				return rec, err
			}
		}},
	}
}
