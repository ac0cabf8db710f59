package storetest_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// rosterOf returns the roster of key.
func rosterOf(ctx context.Context, store driver.Store, key string) (driver.Roster, error) {
	all, err := store.LoadRosters(ctx, key)
	if err != nil {
		return driver.Roster{}, err
	}
	return all[0], nil
}

// changed changes the arguments of ChangeRoster; r is the stored roster.
func changed(change func(r driver.Roster, c *driver.RosterChange)) func(driver.Store, *saboteur) {
	return func(good driver.Store, s *saboteur) {
		s.changeRoster = func(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
			r, err := rosterOf(ctx, good, c.Key)
			if err != nil {
				return r, err
			}
			if r.Rev != c.Rev { // the store recognises a repeated change itself
				change(r, &c)
			}
			return good.ChangeRoster(ctx, c)
		}
	}
}

// loaded changes the rosters that LoadRosters returns.
func loaded(change func(*driver.Roster)) func(driver.Store, *saboteur) {
	return func(good driver.Store, s *saboteur) {
		s.loadRosters = func(ctx context.Context, keys ...string) ([]driver.Roster, error) {
			all, err := good.LoadRosters(ctx, keys...)
			for i := range all {
				change(&all[i])
			}
			return all, err
		}
	}
}

// inTwoSteps splits some changes into two: first Leave, later the rest.
func inTwoSteps(when func(driver.RosterChange) bool) func(driver.Store, *saboteur) {
	return func(good driver.Store, s *saboteur) {
		s.changeRoster = func(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
			if len(c.Leave) > 0 && when(c) {
				leave := driver.RosterChange{Key: c.Key, Rev: c.Rev + "-", Leave: c.Leave, Expires: c.Expires}
				if r, err := good.ChangeRoster(ctx, leave); err != nil {
					return r, err
				}
				c.Leave = nil
			}
			return good.ChangeRoster(ctx, c)
		}
	}
}

func rosters() []sabotage {
	return slices.Concat(readingRosters(), changingRosters(), guardingRosters())
}

func readingRosters() []sabotage {
	return []sabotage{
		{"a roster that isn't there is an error", "roster: absent", func(good driver.Store, s *saboteur) {
			s.loadRosters = func(ctx context.Context, keys ...string) ([]driver.Roster, error) {
				all, err := good.LoadRosters(ctx, keys...)
				for _, r := range all {
					if r.Rev == "" {
						return nil, driver.ErrNotFound
					}
				}
				return all, err
			}
		}},
		{"a roster that isn't there has no key", "roster: absent", loaded(func(r *driver.Roster) {
			if r.Rev == "" {
				r.Key = ""
			}
		})},
		{"no rosters are kept, which is an error", "roster: absent", func(_ driver.Store, s *saboteur) {
			s.loadRosters = func(context.Context, ...string) ([]driver.Roster, error) { return nil, errors.ErrUnsupported }
			s.changeRoster = func(context.Context, driver.RosterChange) (driver.Roster, error) {
				return driver.Roster{}, errors.ErrUnsupported
			}
		}},
		{"no rosters are kept, without an error", "roster: is created", func(good driver.Store, s *saboteur) {
			s.changeRoster = func(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
				return driver.Roster{Key: c.Key}, ctx.Err()
			}
		}},
		{"there is room for one", "roster: enter", changed(func(r driver.Roster, c *driver.RosterChange) {
			if c.Enter != "" {
				c.Leave = slices.Collect(maps.Keys(r.Entries))
				c.Leave = slices.DeleteFunc(c.Leave, func(key string) bool { return key == c.Enter })
			}
		})},
		{"an epoch stands still", "roster: epoch", changed(func(_ driver.Roster, c *driver.RosterChange) { c.Bump = false })},
		{"an epoch is raised by every change", "roster: epoch", changed(func(r driver.Roster, c *driver.RosterChange) {
			c.Bump = c.Bump || r.Rev != "" && c.Enter == ""
		})},
		{"ChangeRoster returns what was before", "roster: returned by a change", func(good driver.Store, s *saboteur) {
			s.changeRoster = func(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
				before, err := rosterOf(ctx, good, c.Key)
				if err != nil {
					return before, err
				}
				after, err := good.ChangeRoster(ctx, c)
				if err == nil {
					after = before
				}
				return after, err
			}
		}},
		{"LoadRosters returns in the order of the keys' texts", "roster: in order", func(good driver.Store, s *saboteur) {
			s.loadRosters = func(ctx context.Context, keys ...string) ([]driver.Roster, error) {
				return good.LoadRosters(ctx, slices.Sorted(slices.Values(keys))...)
			}
		}},
		{"LoadRosters gives up after 50 keys", "roster: a hundred keys", func(good driver.Store, s *saboteur) {
			s.loadRosters = func(ctx context.Context, keys ...string) ([]driver.Roster, error) {
				all, err := good.LoadRosters(ctx, keys...)
				for i := 50; i < len(all); i++ {
					all[i] = driver.Roster{Key: keys[i]}
				}
				return all, err
			}
		}},
		{"a roster is swept early", "roster: kept", loaded(func(r *driver.Roster) {
			if time.Until(r.Expires) < 5*time.Minute {
				*r = driver.Roster{Key: r.Key}
			}
		})},
		{"a roster without Expires is lost", "roster: never expires", loaded(func(r *driver.Roster) {
			if r.Expires.IsZero() {
				*r = driver.Roster{Key: r.Key}
			}
		})},
		{"a change on no condition is made again", "repeat: change of a roster", func(good driver.Store, s *saboteur) {
			s.changeRoster = func(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
				r, err := rosterOf(ctx, good, c.Key)
				if err == nil && r.Rev == c.Rev && c.IfEpoch == nil {
					c.Rev += "-"
				}
				r, err = good.ChangeRoster(ctx, c)
				r.Rev = strings.TrimSuffix(r.Rev, "-")
				return r, err
			}
		}},
	}
}

func changingRosters() []sabotage {
	return []sabotage{
		{"what is listed is not entered again", "roster: enter again", changed(func(r driver.Roster, c *driver.RosterChange) {
			if _, isListed := r.Entries[c.Enter]; isListed {
				c.Enter = ""
			}
		})},
		{"nobody leaves", "roster: leave", changed(func(_ driver.Roster, c *driver.RosterChange) { c.Leave = nil })},
		{"who isn't there can't leave", "roster: leave", func(good driver.Store, s *saboteur) {
			s.changeRoster = func(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
				r, err := rosterOf(ctx, good, c.Key)
				if err != nil {
					return r, err
				}
				for _, key := range c.Leave {
					if _, isListed := r.Entries[key]; !isListed {
						return r, driver.ErrRoster
					}
				}
				return good.ChangeRoster(ctx, c)
			}
		}},
		{"Leave upserts", "roster: leave creates none", changed(func(_ driver.Roster, c *driver.RosterChange) {
			if c.Expires.IsZero() && !c.Bump {
				c.Stale = time.Now()
			}
		})},
		{"25 leave at most", "roster: many leave", changed(func(_ driver.Roster, c *driver.RosterChange) {
			c.Leave = c.Leave[:min(len(c.Leave), 25)]
		})},
		{"Most is unknown", "roster: most", changed(func(_ driver.Roster, c *driver.RosterChange) { c.Most = 0 })},
		{"what is listed takes room again", "roster: most", func(good driver.Store, s *saboteur) {
			s.changeRoster = func(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
				r, err := rosterOf(ctx, good, c.Key)
				if _, isListed := r.Entries[c.Enter]; isListed && c.Most > 0 && len(r.Entries) >= c.Most && r.Rev != c.Rev {
					return r, driver.ErrFull
				}
				if err != nil {
					return r, err
				}
				return good.ChangeRoster(ctx, c)
			}
		}},
		{"pages only grow", "roster: pages", changed(func(r driver.Roster, c *driver.RosterChange) {
			if c.Pages != nil && *c.Pages == (driver.Pages{}) && r.Pages != (driver.Pages{}) {
				c.Pages = nil
			}
		})},
		{"pages are reset", "roster: pages", changed(func(r driver.Roster, c *driver.RosterChange) {
			if c.Pages == nil && r.Rev != "" {
				c.Pages = &driver.Pages{}
			}
		})},
		{"a roster with entries is closed", "roster: close", changed(func(r driver.Roster, c *driver.RosterChange) {
			if c.Close {
				c.Close, c.Leave = false, nil
			}
		})},
		{"who comes to a closed roster is told ErrRoster", "roster: closed for good", func(good driver.Store, s *saboteur) {
			s.changeRoster = func(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
				r, err := good.ChangeRoster(ctx, c)
				if errors.Is(err, driver.ErrFull) && r.Closed {
					err = driver.ErrRoster
				}
				return r, err
			}
		}},
		{"Stale moves only forward", "roster: stale", changed(func(r driver.Roster, c *driver.RosterChange) {
			if c.Stale.Before(r.Stale) {
				c.Stale = time.Time{}
			}
		})},
		{"Expires stands", "roster: expires only later", changed(func(r driver.Roster, c *driver.RosterChange) {
			if r.Rev != "" {
				c.Expires = r.Expires
			}
		})},
		{"Expires moves back", "roster: expires only later", func(good driver.Store, s *saboteur) {
			var mu sync.Mutex
			last := map[string]time.Time{}
			said := func(r *driver.Roster) {
				if at, ok := last[r.Key]; ok && r.Rev != "" {
					r.Expires = at
				}
			}
			s.changeRoster = func(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
				mu.Lock()
				defer mu.Unlock()
				r, err := good.ChangeRoster(ctx, c)
				if err == nil {
					last[c.Key] = c.Expires
				}
				said(&r)
				return r, err
			}
			s.loadRosters = func(ctx context.Context, keys ...string) ([]driver.Roster, error) {
				mu.Lock()
				defer mu.Unlock()
				all, err := good.LoadRosters(ctx, keys...)
				for i := range all {
					said(&all[i])
				}
				return all, err
			}
		}},
		{"who enters keeps others from leaving", "roster: all in one step", changed(func(_ driver.Roster, c *driver.RosterChange) {
			if c.Enter != "" {
				c.Leave = nil
			}
		})},
	}
}

func guardingRosters() []sabotage {
	return []sabotage{
		{"IfRev is ignored", "roster: another rev", changed(func(_ driver.Roster, c *driver.RosterChange) { c.IfRev = nil })},
		{"IfEpoch is ignored", "roster: another epoch", changed(func(_ driver.Roster, c *driver.RosterChange) { c.IfEpoch = nil })},
		{"IfPages is ignored", "roster: other pages", changed(func(_ driver.Roster, c *driver.RosterChange) { c.IfPages = nil })},
		{"where nothing is no condition counts", "roster: guards of one that isn't there", changed(func(r driver.Roster, c *driver.RosterChange) {
			if r.Rev == "" {
				c.IfEpoch, c.IfRev, c.IfPages = nil, nil, nil
			}
		})},
		{"a refusal returns nothing", "roster: refused", func(good driver.Store, s *saboteur) {
			s.changeRoster = func(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
				r, err := good.ChangeRoster(ctx, c)
				if err != nil {
					r = driver.Roster{Key: c.Key}
				}
				return r, err
			}
		}},
		{"who leaves makes room", "roster: most, before those leave", inTwoSteps(func(c driver.RosterChange) bool { return c.Most > 0 })},
		{"who leaves lets it close", "roster: close, before those leave", inTwoSteps(func(c driver.RosterChange) bool { return c.Close })},
	}
}
