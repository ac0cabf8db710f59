package storetest_test

import (
	"context"
	"errors"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

func racing() []sabotage {
	return []sabotage{
		{"only one may bind at a time", "race: many keys", func(good driver.Store, s *saboteur) {
			var here slowly
			var busy notes
			s.bind = func(ctx context.Context, key string, binding, was []byte) error {
				if err := good.Bind(ctx, key, binding, was); err != nil {
					return err
				}
				if before := busy.note(""); before {
					here.arrive("", 1)
					return driver.ErrConflict
				}
				here.wait(ctx, "")
				busy.mu.Lock()
				defer busy.mu.Unlock()
				clear(busy.seen)
				return nil
			}
		}},
		{"Create looks and then writes", "race: creates", func(good driver.Store, s *saboteur) {
			var slow slowly
			s.create = func(ctx context.Context, rec driver.Record) error {
				if _, err := good.Load(ctx, rec.Key); !isAbsent(err) {
					return good.Create(ctx, rec)
				}
				slow.together(ctx, rec.Key)
				err := good.Create(ctx, rec)
				if errors.Is(err, driver.ErrExists) {
					return force(ctx, good, rec)
				}
				return err
			}
		}},
		{"Replace looks and then writes", "race: replaces", func(good driver.Store, s *saboteur) {
			var slow slowly
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				old, err := good.Load(ctx, rec.Key)
				if err != nil || old.Rev != rev {
					return good.Replace(ctx, rec, rev)
				}
				slow.together(ctx, rec.Key)
				if old, err = good.Load(ctx, rec.Key); err != nil {
					return err
				}
				if slow.count(rec.Key) < 2 || errors.Is(err, driver.ErrNotFound) {
					return good.Replace(ctx, rec, rev)
				}
				return good.Replace(ctx, rec, old.Rev)
			}
		}},
		{"Touch writes all of what it read", "race: touches and replaces", func(good driver.Store, s *saboteur) {
			var reads, replaced slowly
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				reads.wait(ctx, rec.Key)
				defer replaced.arrive(rec.Key, 1)
				return good.Replace(ctx, rec, rev)
			}
			s.touch = func(ctx context.Context, key string, accessed, expires time.Time) error {
				rec, err := good.Load(ctx, key)
				if err != nil || !rec.Accessed.Before(accessed) || expires.Before(rec.ExpiresAt()) {
					return good.Touch(ctx, key, accessed, expires)
				}
				reads.arrive(key, 1)
				replaced.wait(ctx, key)
				if now, err := good.Load(ctx, key); err == nil && now.Rev != rec.Rev {
					rec.Accessed = accessed
					return good.Replace(ctx, rec, now.Rev)
				}
				return good.Touch(ctx, key, accessed, expires)
			}
		}},
		{"Bind looks and then writes", "race: binds", func(good driver.Store, s *saboteur) {
			var slow slowly
			s.bind = func(ctx context.Context, key string, binding, was []byte) error {
				old, err := good.Load(ctx, key)
				if err != nil || string(old.Binding) != string(was) {
					return good.Bind(ctx, key, binding, was)
				}
				slow.together(ctx, key)
				if old, err = good.Load(ctx, key); err != nil {
					return err
				}
				return good.Bind(ctx, key, binding, old.Binding)
			}
		}},
		{"Replace writes the Binding that it read", "race: bind and replace", func(good driver.Store, s *saboteur) {
			var meet, done slowly
			s.bind = func(ctx context.Context, key string, binding, was []byte) error {
				meet.together(ctx, key)
				defer done.arrive(key, 1)
				return good.Bind(ctx, key, binding, was)
			}
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				old, _ := good.Load(ctx, rec.Key)
				meet.together(ctx, rec.Key)
				done.wait(ctx, rec.Key)
				if err := good.Replace(ctx, rec, rev); err != nil {
					return err
				}
				now, err := good.Load(ctx, rec.Key)
				if err != nil {
					return nil
				}
				return good.Bind(ctx, rec.Key, old.Binding, now.Binding)
			}
		}},
		{"Bind looks, and revives what has ended since", "race: end and writes", func(good driver.Store, s *saboteur) {
			var u undead
			var meet, done slowly
			u.among(good, s)
			s.end = func(ctx context.Context, e driver.End) (driver.Record, error) {
				meet.together(ctx, e.Key)
				defer done.arrive(e.Key, 1)
				return good.End(ctx, e)
			}
			s.bind = func(ctx context.Context, key string, binding, was []byte) error {
				rec, before := good.Load(ctx, key)
				meet.together(ctx, key)
				done.wait(ctx, key)
				err := good.Bind(ctx, key, binding, was)
				if before == nil && errors.Is(err, driver.ErrEnded) {
					return u.revive(rec)
				}
				return err
			}
		}},
		{"Bind looks, and revives what was deleted since", "race: delete and writes", func(good driver.Store, s *saboteur) {
			var meet, done slowly
			s.end = func(ctx context.Context, e driver.End) (driver.Record, error) {
				meet.together(ctx, e.Key)
				defer done.arrive(e.Key, 1)
				return good.End(ctx, e)
			}
			s.bind = func(ctx context.Context, key string, binding, was []byte) error {
				rec, before := good.Load(ctx, key)
				meet.together(ctx, key)
				done.wait(ctx, key)
				err := good.Bind(ctx, key, binding, was)
				if before == nil && isAbsent(err) {
					return good.Create(ctx, rec)
				}
				return err
			}
		}},
		{"Create looks, and writes over what has ended since", "race: end and create", func(good driver.Store, s *saboteur) {
			var u undead
			var meet, done slowly
			u.among(good, s)
			s.end = func(ctx context.Context, e driver.End) (driver.Record, error) {
				meet.together(ctx, e.Key)
				defer done.arrive(e.Key, 1)
				return good.End(ctx, e)
			}
			s.create = func(ctx context.Context, rec driver.Record) error {
				_, before := good.Load(ctx, rec.Key)
				if !isAbsent(before) {
					return good.Create(ctx, rec)
				}
				meet.together(ctx, rec.Key)
				done.wait(ctx, rec.Key)
				err := good.Create(ctx, rec)
				if errors.Is(err, driver.ErrEnded) {
					return u.revive(rec)
				}
				return err
			}
		}},
		{"End looks and then writes", "race: ends", func(good driver.Store, s *saboteur) {
			var slow slowly
			s.end = func(ctx context.Context, e driver.End) (driver.Record, error) {
				if e.Marker == (driver.Marker{}) || !isThere(ctx, good, e.Key) {
					return good.End(ctx, e)
				}
				slow.together(ctx, e.Key)
				rec, err := good.End(ctx, e)
				if errors.Is(err, driver.ErrEnded) {
					err = nil
				}
				return rec, err
			}
		}},
		{"End looks at the access and then writes", "race: end of what was judged", func(good driver.Store, s *saboteur) {
			var meet, done slowly
			s.touch = func(ctx context.Context, key string, accessed, expires time.Time) error {
				meet.together(ctx, key)
				defer done.arrive(key, 1)
				return good.Touch(ctx, key, accessed, expires)
			}
			s.end = func(ctx context.Context, e driver.End) (driver.Record, error) {
				rec, err := good.Load(ctx, e.Key)
				if err != nil || e.If == nil || e.If.Absent || !e.If.Accessed.Equal(rec.Accessed) {
					return good.End(ctx, e)
				}
				meet.together(ctx, e.Key)
				done.wait(ctx, e.Key)
				e.If = &driver.State{Rev: e.If.Rev}
				return good.End(ctx, e)
			}
		}},
		{"End looks at the rev and then writes", "race: end of a rev and replace", func(good driver.Store, s *saboteur) {
			var meet, done slowly
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				meet.together(ctx, rec.Key+rev)
				defer done.arrive(rec.Key+rev, 1)
				return good.Replace(ctx, rec, rev)
			}
			s.end = func(ctx context.Context, e driver.End) (driver.Record, error) {
				rec, err := good.Load(ctx, e.Key)
				if err != nil || e.If == nil || e.If.Absent || !e.If.Accessed.IsZero() || e.If.Rev != rec.Rev {
					return good.End(ctx, e)
				}
				meet.together(ctx, e.Key+rec.Rev)
				done.wait(ctx, e.Key+rec.Rev)
				e.If = nil
				return good.End(ctx, e)
			}
		}},
	}
}

// alone makes a call fail if another of the same name is under way.
type alone struct {
	busy notes
	meet slowly
}

// call makes a call, unless one of the same name is under way; then it returns refused.
func (a *alone) call(ctx context.Context, name string, refused error, call func() error) error {
	if before := a.busy.note(name); before {
		a.meet.arrive(name, 1)
		return refused
	}
	a.meet.wait(ctx, name)
	err := call()
	a.busy.mu.Lock()
	defer a.busy.mu.Unlock()
	delete(a.busy.seen, name)
	return err
}

func racingRepeats() []sabotage {
	return []sabotage{
		{"a Create is its own rival", "race: create, repeated", func(good driver.Store, s *saboteur) {
			var a alone
			s.create = func(ctx context.Context, rec driver.Record) error {
				return a.call(ctx, rec.Key+rec.Rev, driver.ErrExists, func() error { return good.Create(ctx, rec) })
			}
		}},
		{"a Replace is its own rival", "race: replace, repeated", func(good driver.Store, s *saboteur) {
			var a alone
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				return a.call(ctx, rec.Key+rec.Rev, driver.ErrConflict, func() error { return good.Replace(ctx, rec, rev) })
			}
		}},
		{"an End is its own rival", "race: end, repeated", func(good driver.Store, s *saboteur) {
			var a alone
			s.end = func(ctx context.Context, e driver.End) (rec driver.Record, err error) {
				if e.Marker == (driver.Marker{}) {
					return good.End(ctx, e)
				}
				err = a.call(ctx, e.Key+e.Marker.Rev, &driver.EndedError{Marker: e.Marker}, func() error {
					rec, err = good.End(ctx, e)
					return err
				})
				return rec, err
			}
		}},
		{"a change is its own rival", "race: change of a roster, repeated", func(good driver.Store, s *saboteur) {
			var a alone
			s.changeRoster = func(ctx context.Context, c driver.RosterChange) (r driver.Roster, err error) {
				err = a.call(ctx, c.Key+c.Rev, driver.ErrRoster, func() error {
					r, err = good.ChangeRoster(ctx, c)
					return err
				})
				return r, err
			}
		}},
	}
}

func racingRosters() []sabotage {
	// judged checks the conditions of the changes of interest, makes them wait, and then lets them
	// go on without another check.
	judged := func(ofInterest func(driver.RosterChange) bool, goOn func(ctx context.Context, good driver.Store, before driver.Roster, c driver.RosterChange) (driver.Roster, error)) func(driver.Store, *saboteur) {
		return func(good driver.Store, s *saboteur) {
			var meet, done slowly
			s.changeRoster = func(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
				before, err := rosterOf(ctx, good, c.Key)
				if err != nil || before.Rev == c.Rev {
					return good.ChangeRoster(ctx, c)
				}
				state := c.Key + before.Rev
				meet.together(ctx, state)
				if !ofInterest(c) {
					defer done.arrive(state, 1)
					return good.ChangeRoster(ctx, c)
				}
				done.wait(ctx, state)
				return goOn(ctx, good, before, c)
			}
		}
	}
	return []sabotage{
		{"a change writes what it read", "race: enters", judged(
			func(c driver.RosterChange) bool {
				return c.Enter != "" && c.Most == 0 && c.IfRev == nil && c.IfEpoch == nil
			},
			func(ctx context.Context, good driver.Store, before driver.Roster, c driver.RosterChange) (driver.Roster, error) {
				now, err := rosterOf(ctx, good, c.Key)
				if err != nil {
					return now, err
				}
				for key := range now.Entries { // entries that came in between
					if _, wasListed := before.Entries[key]; !wasListed && key != c.Enter {
						c.Leave = append(c.Leave[:len(c.Leave):len(c.Leave)], key)
					}
				}
				return good.ChangeRoster(ctx, c)
			})},
		{"Enter looks for room and then enters", "race: enters into the last room", judged(
			func(c driver.RosterChange) bool { return c.Most > 0 },
			func(ctx context.Context, good driver.Store, before driver.Roster, c driver.RosterChange) (driver.Roster, error) {
				if _, isListed := before.Entries[c.Enter]; len(before.Entries) < c.Most && !isListed {
					c.Most = 0
				}
				return good.ChangeRoster(ctx, c)
			})},
		{"a change looks at the rev and then writes", "race: changes of one rev", judged(
			func(c driver.RosterChange) bool { return c.IfRev != nil },
			func(ctx context.Context, good driver.Store, before driver.Roster, c driver.RosterChange) (driver.Roster, error) {
				if *c.IfRev == before.Rev {
					c.IfRev = nil
				}
				return good.ChangeRoster(ctx, c)
			})},
		{"Enter looks at the epoch and then enters", "race: enter and revocation", judged(
			func(c driver.RosterChange) bool { return c.IfEpoch != nil },
			func(ctx context.Context, good driver.Store, before driver.Roster, c driver.RosterChange) (driver.Roster, error) {
				if *c.IfEpoch == before.Epoch {
					c.IfEpoch = nil
				}
				return good.ChangeRoster(ctx, c)
			})},
		{"Close looks for entries and then closes", "race: close and enter", judged(
			func(c driver.RosterChange) bool { return c.Close },
			func(ctx context.Context, good driver.Store, before driver.Roster, c driver.RosterChange) (driver.Roster, error) {
				now, err := good.ChangeRoster(ctx, c)
				if errors.Is(err, driver.ErrRoster) && len(before.Entries) == 0 {
					return now, nil
				}
				return now, err
			})},
	}
}
