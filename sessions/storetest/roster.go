package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

const (
	rosterAbsent   = "roster: absent"
	rosterMade     = "roster: is created"
	rosterLists    = "roster: enter"
	rosterOtherRev = "roster: another rev"
	rosterLimit    = "roster: most"
	rosterCloses   = "roster: close"
	rosterEpoch    = "roster: epoch"
	rosterReturned = "roster: returned by a change"
	rosterOneStep  = "roster: all in one step"
)

func rosterRules() []rule {
	return slices.Concat(rosterReadRules(), rosterChangeRules(), rosterGuardRules())
}

func rosterReadRules() []rule {
	return []rule{
		{
			name: rosterAbsent, sentence: rosterNone,
			check: func(l *lab) error { return l.roster(driver.Roster{Key: l.rosterKey()}) },
		},
		{
			name: rosterMade, sentence: changeCreates,
			needs: []string{rosterAbsent},
			check: func(l *lab) error {
				c := driver.RosterChange{Key: l.rosterKey(), Rev: token(16), Stale: l.soon(), Expires: l.soon()}
				return first(l.changed(c), l.roster(driver.Roster{Key: c.Key, Rev: c.Rev, Stale: c.Stale, Expires: c.Expires}))
			},
		},
		{
			name: rosterLists, sentence: changeEnter,
			needs: []string{rosterMade},
			check: func(l *lab) error {
				want := driver.Roster{Key: l.rosterKey(), Expires: l.soon(), Entries: map[string]time.Time{}}
				for i := range 3 {
					c := driver.RosterChange{
						Key: want.Key, Rev: token(16), Enter: l.entry(), Deadline: l.soon().Add(time.Duration(i) * time.Hour), Expires: want.Expires,
					}
					want.Rev, want.Entries[c.Enter] = c.Rev, c.Deadline
					if err := first(l.changed(c), l.roster(want)); err != nil {
						return err
					}
				}
				return nil
			},
		},
		{
			name: rosterEpoch, sentence: changeBump,
			needs: []string{rosterMade},
			check: func(l *lab) error {
				want := driver.Roster{Key: l.rosterKey(), Expires: l.soon()}
				for range 3 {
					want.Rev, want.Epoch = token(16), want.Epoch+1
					if err := first(l.changed(driver.RosterChange{Key: want.Key, Rev: want.Rev, Bump: true, Expires: want.Expires}), l.roster(want)); err != nil {
						return err
					}
				}
				want.Rev = token(16)
				return first(l.changed(driver.RosterChange{Key: want.Key, Rev: want.Rev, Expires: want.Expires}), l.roster(want))
			},
		},
		{
			name: rosterReturned, sentence: rosterChanges,
			needs: []string{rosterLists, rosterEpoch},
			check: func(l *lab) error {
				r, err := l.listed(2)
				c := driver.RosterChange{Key: r.Key, Rev: token(16), Enter: l.entry(), Deadline: l.soon(), Expires: r.Expires}
				r.Rev, r.Entries[c.Enter] = c.Rev, c.Deadline
				return first(err, l.changes(c, r), l.roster(r))
			},
		},
		{
			name: "roster: in order", sentence: rostersLoad,
			needs: []string{rosterLists},
			check: func(l *lab) error {
				var want []driver.Roster
				for i := range 4 {
					r, err := l.listed(i)
					if err != nil {
						return err
					}
					want = append(want, driver.Roster{Key: l.rosterKey()})
					if i > 0 {
						want = append(want, r)
					}
				}
				return first(l.rostersAre(want), l.rostersAre(nil))
			},
		},
		{
			name: "roster: a hundred keys", sentence: rostersLoad,
			needs: []string{rosterLists, "roster: in order"},
			check: func(l *lab) error {
				var want []driver.Roster
				for i := range driver.MaxBatch {
					want = append(want, driver.Roster{Key: l.rosterKey()})
					if i%11 == 0 {
						r, err := l.listed(1)
						if err != nil {
							return err
						}
						want[i] = r
					}
				}
				return l.rostersAre(want)
			},
		},
		{
			name: "roster: kept", sentence: keepsMarkers,
			needs: []string{createStores, rosterMade, rosterEpoch},
			check: func(l *lab) error {
				c := driver.RosterChange{Key: l.rosterKey(), Rev: token(16), Bump: true, Expires: l.begun.Add(time.Minute)}
				want := driver.Roster{Key: c.Key, Rev: c.Rev, Epoch: 1, Expires: c.Expires}
				return first(l.changed(c), l.buryDead(), l.roster(want))
			},
		},
	}
}

func rosterGuardRules() []rule {
	return []rule{
		{
			name: rosterOtherRev, sentence: changeIf,
			needs: []string{rosterLists},
			check: func(l *lab) error {
				r, err := l.listed(1)
				another := token(16)
				return first(err, l.guarded(r, driver.RosterChange{IfRev: new(string)}, driver.RosterChange{}),
					l.guarded(r, driver.RosterChange{IfRev: &another}, driver.RosterChange{IfRev: &r.Rev}))
			},
		},
		{
			name: "roster: another epoch", sentence: changeIf,
			needs: []string{rosterLists, rosterEpoch},
			check: func(l *lab) error {
				r, err := l.listed(1)
				zero, one, two := int64(0), int64(1), int64(2)
				if err := first(err, l.guarded(r, driver.RosterChange{IfEpoch: &one}, driver.RosterChange{IfEpoch: &zero})); err != nil {
					return err
				}
				if r, err = l.listed(1); err != nil {
					return err
				}
				r.Rev, r.Epoch = token(16), 1
				return first(l.changed(driver.RosterChange{Key: r.Key, Rev: r.Rev, Bump: true, Expires: r.Expires}),
					l.guarded(r, driver.RosterChange{IfEpoch: &zero}, driver.RosterChange{}),
					l.guarded(r, driver.RosterChange{IfEpoch: &two}, driver.RosterChange{IfEpoch: &one}))
			},
		},
		{
			name: "roster: other pages", sentence: changeIf,
			needs: []string{rosterLists, "roster: pages"},
			check: func(l *lab) error {
				r, err := l.listed(1)
				none := driver.Pages{}
				if err := first(err, l.guarded(r, driver.RosterChange{IfPages: &driver.Pages{First: 1, Last: 1}}, driver.RosterChange{IfPages: &none})); err != nil {
					return err
				}
				if r, err = l.listed(1); err != nil {
					return err
				}
				r.Rev, r.Pages = token(16), driver.Pages{First: 2, Last: 5}
				if err := l.changed(driver.RosterChange{Key: r.Key, Rev: r.Rev, Pages: &r.Pages, Expires: r.Expires}); err != nil {
					return err
				}
				for _, other := range []driver.Pages{none, {First: 2, Last: 4}, {First: 1, Last: 5}} {
					if err := l.guarded(r, driver.RosterChange{IfPages: &other}, driver.RosterChange{}); err != nil {
						return err
					}
				}
				more := driver.Pages{First: 2, Last: 6}
				return l.guarded(r, driver.RosterChange{IfPages: &more}, driver.RosterChange{IfPages: &r.Pages})
			},
		},
		{
			name: "roster: guards of one that isn't there", sentence: changeIfNone,
			needs: []string{rosterMade, rosterReturned, rosterOtherRev, "roster: another epoch", "roster: other pages"},
			check: func(l *lab) error {
				absent := driver.Roster{Key: l.rosterKey()}
				one, another := int64(1), token(16)
				for _, c := range []driver.RosterChange{
					{IfEpoch: &one}, {IfRev: &another}, {IfPages: &driver.Pages{First: 1, Last: 1}},
				} {
					if err := l.guarded(absent, c, driver.RosterChange{}); err != nil {
						return err
					}
				}
				c := driver.RosterChange{
					Key: absent.Key, Rev: token(16), IfEpoch: new(int64), IfRev: new(string), IfPages: &driver.Pages{}, Expires: l.soon(),
				}
				return l.changes(c, driver.Roster{Key: c.Key, Rev: c.Rev, Expires: c.Expires})
			},
		},
		{
			name: "roster: most, before those leave", sentence: changeBefore,
			needs: []string{rosterLists, rosterLimit, "roster: leave", rosterOneStep},
			check: func(l *lab) error {
				r, err := l.listed(2)
				c := driver.RosterChange{Key: r.Key, Rev: token(16), Enter: l.entry(), Deadline: l.soon(), Leave: entriesOf(r), Most: 2, Expires: r.Expires}
				return first(err, l.refused(c, driver.ErrFull, r))
			},
		},
		{
			name: "roster: close, before those leave", sentence: changeBefore,
			needs: []string{rosterLists, rosterCloses, "roster: leave"},
			check: func(l *lab) error {
				r, err := l.listed(1)
				c := driver.RosterChange{Key: r.Key, Rev: token(16), Close: true, Leave: entriesOf(r), Expires: r.Expires}
				return first(err, l.refused(c, driver.ErrRoster, r))
			},
		},
		{
			name: "roster: refused", sentence: rosterRefused,
			needs: []string{rosterLists, rosterOtherRev, rosterLimit, rosterCloses, "roster: guards of one that isn't there"},
			check: func(l *lab) error {
				r, err := l.listed(2)
				another := token(16)
				full := driver.RosterChange{
					Key: r.Key, Rev: token(16), Enter: l.entry(), Deadline: l.soon(), Most: 2, Bump: true,
					Pages: &driver.Pages{First: 1, Last: 1}, Stale: l.soon(), Expires: l.soon().Add(time.Hour),
				}
				guarded := full
				guarded.Rev, guarded.IfRev, guarded.Most, guarded.Leave = token(16), &another, 0, entriesOf(r)
				never := driver.RosterChange{Key: l.rosterKey(), Rev: token(16), IfRev: &another, Expires: r.Expires}
				return first(err, l.refusedAs(full, driver.ErrFull, r), l.refusedAs(guarded, driver.ErrRoster, r),
					l.refusedAs(never, driver.ErrRoster, driver.Roster{Key: never.Key}))
			},
		},
	}
}

func rosterChangeRules() []rule {
	return []rule{
		{
			name: "roster: enter again", sentence: changeDeadline,
			needs: []string{rosterLists, rosterReturned},
			check: func(l *lab) error {
				r, err := l.listed(2)
				key := ""
				if err == nil {
					key = entriesOf(r)[0]
				}
				for _, later := range []time.Duration{time.Hour, -time.Minute, -time.Minute} {
					c := driver.RosterChange{Key: r.Key, Rev: token(16), Enter: key, Deadline: l.soon().Add(later), Expires: r.Expires}
					r.Rev, r.Entries[key] = c.Rev, c.Deadline
					err = first(err, l.changes(c, r), l.roster(r))
				}
				return err
			},
		},
		{
			name: "roster: leave", sentence: changeLeave,
			needs: []string{rosterLists, rosterReturned},
			check: func(l *lab) error {
				r, err := l.listed(4)
				if err != nil {
					return err
				}
				all := entriesOf(r)
				for _, leave := range [][]string{{l.entry()}, {all[0]}, {all[0], all[1], l.entry()}, all, all} {
					c := driver.RosterChange{Key: r.Key, Rev: token(16), Leave: leave, Expires: r.Expires}
					r.Rev = c.Rev
					maps.DeleteFunc(r.Entries, func(key string, _ time.Time) bool { return slices.Contains(leave, key) })
					if err := first(l.changes(c, r), l.roster(r)); err != nil {
						return err
					}
				}
				return nil
			},
		},
		{
			name: "roster: leave creates none", sentence: changeCreates,
			needs: []string{rosterReturned, "roster: leave"},
			check: func(l *lab) error {
				absent := driver.Roster{Key: l.rosterKey()}
				return first(l.changes(driver.RosterChange{Key: absent.Key, Rev: token(16), Leave: []string{l.entry()}}, absent), l.roster(absent))
			},
		},
		{
			name: "roster: many leave", sentence: changeLeave,
			needs: []string{rosterLists, "roster: leave"},
			check: func(l *lab) error {
				r, err := l.listed(2)
				if err != nil {
					return err
				}
				var leave []string
				for range driver.MaxLeave {
					leave = append(leave, l.entry())
				}
				all := entriesOf(r)
				for i, n := range []int{60, driver.MaxLeave} {
					leave[n-1] = all[i]
					c := driver.RosterChange{Key: r.Key, Rev: token(16), Leave: leave[:n], Expires: r.Expires}
					r.Rev = c.Rev
					delete(r.Entries, all[i])
					err = first(err, l.changes(c, r), l.roster(r))
				}
				return err
			},
		},
		{
			name: "roster: pages", sentence: changePages,
			needs: []string{rosterLists, rosterReturned},
			check: func(l *lab) error {
				r, err := l.listed(1)
				for _, pages := range []*driver.Pages{{First: 1, Last: 1}, {First: 3, Last: 1 << 40}, nil, {First: 5, Last: 4}, nil, {}} {
					c := driver.RosterChange{Key: r.Key, Rev: token(16), Pages: pages, Expires: r.Expires}
					r.Rev = c.Rev
					if pages != nil {
						r.Pages = *pages
					}
					err = first(err, l.changes(c, r), l.roster(r))
				}
				return err
			},
		},
		{
			name: rosterLimit, sentence: changeMost,
			needs: []string{rosterLists},
			check: func(l *lab) error {
				r, err := l.listed(2)
				listed := entriesOf(r)[0]
				enter := func(key string, most int) driver.RosterChange {
					return driver.RosterChange{Key: r.Key, Rev: token(16), Enter: key, Deadline: r.Entries[listed], Most: most, Expires: r.Expires}
				}
				for _, most := range []int{2, 1} {
					err = first(err, l.refused(enter(l.entry(), most), driver.ErrFull, r))
				}
				again := enter(listed, 1) // a key that is listed already takes no more room
				none := driver.RosterChange{Key: r.Key, Rev: token(16), Most: 1, Expires: r.Expires}
				third, fourth := enter(l.entry(), 3), enter(l.entry(), 0)
				return first(err, l.changed(again), l.changed(none), l.changed(third), l.changed(fourth), l.size(r.Key, 4))
			},
		},
		{
			name: rosterCloses, sentence: changeClose,
			needs: []string{rosterLists, rosterReturned, "roster: leave"},
			check: func(l *lab) error {
				r, err := l.listed(1)
				closing := func(key string) driver.RosterChange {
					return driver.RosterChange{Key: key, Rev: token(16), Close: true, Expires: l.soon()}
				}
				err = first(err, l.refused(closing(r.Key), driver.ErrRoster, r))
				leave := driver.RosterChange{Key: r.Key, Rev: token(16), Leave: entriesOf(r), Expires: r.Expires}
				emptied, fresh := closing(r.Key), closing(l.rosterKey())
				return first(err, l.changed(leave),
					l.changes(emptied, driver.Roster{Key: r.Key, Rev: emptied.Rev, Closed: true, Expires: r.Expires}),
					l.changes(fresh, driver.Roster{Key: fresh.Key, Rev: fresh.Rev, Closed: true, Expires: fresh.Expires}))
			},
		},
		{
			name: "roster: closed for good", sentence: changeClosed,
			needs: []string{rosterLists, rosterCloses, rosterReturned, rosterEpoch},
			check: func(l *lab) error {
				r := driver.Roster{Key: l.rosterKey(), Closed: true, Expires: l.soon()}
				change := func() driver.RosterChange {
					return driver.RosterChange{Key: r.Key, Rev: token(16), Expires: r.Expires}
				}
				closing := change()
				closing.Close, r.Rev = true, closing.Rev
				enter := change()
				enter.Enter, enter.Deadline = l.entry(), l.soon()
				limited := enter
				limited.Rev, limited.Most = token(16), 10
				err := first(l.changed(closing), l.refused(enter, driver.ErrFull, r), l.refused(limited, driver.ErrFull, r))
				other := change() // with a change of something else
				other.Bump, r.Epoch, r.Rev = true, 1, other.Rev
				enter.Rev = token(16)
				return first(err, l.changes(other, r), l.refused(enter, driver.ErrFull, r))
			},
		},
		{
			name: "roster: stale", sentence: changeStale,
			needs: []string{rosterLists, rosterReturned},
			check: func(l *lab) error {
				r, err := l.listed(1)
				for _, stale := range []time.Time{l.soon(), l.soon().Add(time.Hour), {}, l.soon().Add(-10 * time.Minute), {}} {
					c := driver.RosterChange{Key: r.Key, Rev: token(16), Stale: stale, Expires: r.Expires}
					r.Rev = c.Rev
					if !stale.IsZero() {
						r.Stale = stale
					}
					err = first(err, l.changes(c, r), l.roster(r))
				}
				return err
			},
		},
		{
			name: "roster: expires only later", sentence: changeExpires,
			needs: []string{rosterLists, rosterReturned},
			check: func(l *lab) error {
				r, err := l.listed(1)
				for _, expires := range []time.Time{l.soon().Add(time.Hour), l.begun.Add(time.Minute), {}, l.soon(), l.soon().Add(2 * time.Hour)} {
					c := driver.RosterChange{Key: r.Key, Rev: token(16), Bump: true, Expires: expires}
					r.Rev, r.Epoch = c.Rev, r.Epoch+1
					if c.Expires.After(r.Expires) {
						r.Expires = c.Expires
					}
					err = first(err, l.changes(c, r), l.roster(r))
				}
				return err
			},
		},
		{
			name: "roster: never expires", sentence: changeExpires,
			needs: []string{rosterReturned, rosterEpoch, "roster: kept"},
			check: func(l *lab) error {
				r := driver.Roster{Key: l.rosterKey(), Rev: token(16), Epoch: 1}
				return first(l.changes(driver.RosterChange{Key: r.Key, Rev: r.Rev, Bump: true}, r), l.roster(r))
			},
		},
		{
			name: rosterOneStep, sentence: changeOneStep,
			needs: []string{rosterReturned, rosterEpoch, "roster: leave", "roster: pages", "roster: stale", "roster: expires only later"},
			check: func(l *lab) error {
				r, err := l.listed(3)
				c := driver.RosterChange{
					Key: r.Key, Rev: token(16), Enter: l.entry(), Deadline: l.soon(), Leave: entriesOf(r)[:1], Bump: true,
					Pages: &driver.Pages{First: 1, Last: 2}, Stale: l.soon(), Expires: l.soon().Add(time.Hour),
				}
				r.Entries = maps.Clone(r.Entries)
				delete(r.Entries, c.Leave[0])
				r.Entries[c.Enter] = c.Deadline
				r.Rev, r.Epoch, r.Pages, r.Stale, r.Expires = c.Rev, 1, *c.Pages, c.Stale, c.Expires
				return first(err, l.changes(c, r), l.roster(r))
			},
		},
	}
}

// rosterKey returns a fresh key for a roster.
func (l *lab) rosterKey() string {
	k := "subject:" + token(64)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rosters = append(l.rosters, k)
	return k
}

// entry returns a key that a roster may list; it needs no record.
func (l *lab) entry() string { return token(64) }

// soon returns a time for RosterChange.Expires that is after the check.
func (l *lab) soon() time.Time { return l.begun.Add(time.Hour) }

// listed stores a roster of n entries and returns it.
func (l *lab) listed(n int) (driver.Roster, error) {
	r := driver.Roster{Key: l.rosterKey(), Expires: l.soon(), Entries: map[string]time.Time{}}
	for range n {
		c := driver.RosterChange{Key: r.Key, Rev: token(16), Enter: l.entry(), Deadline: l.soon(), Expires: r.Expires}
		r.Rev, r.Entries[c.Enter] = c.Rev, c.Deadline
		if err := l.changed(c); err != nil {
			return r, err
		}
	}
	return r, nil
}

func entriesOf(r driver.Roster) []string { return slices.Sorted(maps.Keys(r.Entries)) }

// changed makes a change.
func (l *lab) changed(c driver.RosterChange) error {
	_, err := l.store.ChangeRoster(l.ctx, c)
	return wants("ChangeRoster", err, nil)
}

// changes makes a change, and checks the returned roster.
func (l *lab) changes(c driver.RosterChange, want driver.Roster) error {
	got, err := l.store.ChangeRoster(l.ctx, c)
	return first(wants("ChangeRoster", err, nil), rosterIs("a ChangeRoster", got, want))
}

// refused checks that a change is refused, and that the roster is unchanged.
func (l *lab) refused(c driver.RosterChange, why error, want driver.Roster) error {
	_, err := l.store.ChangeRoster(l.ctx, c)
	return first(wants("ChangeRoster", err, why), l.roster(want))
}

// refusedAs checks that a change is refused, and that it returns the unchanged roster.
func (l *lab) refusedAs(c driver.RosterChange, why error, want driver.Roster) error {
	got, err := l.store.ChangeRoster(l.ctx, c)
	return first(wants("ChangeRoster", err, why), rosterIs("a ChangeRoster that is refused", got, want), l.roster(want))
}

// guarded checks that the change not, whose condition doesn't hold, is refused, and that met is
// made.
func (l *lab) guarded(r driver.Roster, not, met driver.RosterChange) error {
	for _, c := range []*driver.RosterChange{&not, &met} {
		c.Key, c.Rev, c.Enter, c.Deadline, c.Expires = r.Key, token(16), l.entry(), l.soon(), l.soon()
	}
	_, err := l.store.ChangeRoster(l.ctx, not)
	if err := first(wants("ChangeRoster on a condition that isn't met", err, driver.ErrRoster), l.roster(r)); err != nil {
		return err
	}
	if met.IfEpoch == nil && met.IfRev == nil && met.IfPages == nil {
		return nil
	}
	_, err = l.store.ChangeRoster(l.ctx, met)
	return first(wants("ChangeRoster on a condition that is met", err, nil), l.size(r.Key, len(r.Entries)+1))
}

// load returns a roster.
func (l *lab) load(key string) (driver.Roster, error) {
	got, err := l.store.LoadRosters(l.ctx, key)
	switch {
	case err != nil:
		return driver.Roster{}, wants("LoadRosters", err, nil)
	case len(got) != 1:
		return driver.Roster{}, fmt.Errorf("a LoadRosters of one key returns %d", len(got))
	}
	return got[0], nil
}

// size checks how many entries a roster has.
func (l *lab) size(key string, want int) error {
	r, err := l.load(key)
	if err == nil && len(r.Entries) != want {
		return fmt.Errorf("a roster has %d entries, want %d", len(r.Entries), want)
	}
	return err
}

// roster checks that LoadRosters returns want.
func (l *lab) roster(want driver.Roster) error {
	got, err := l.load(want.Key)
	return first(err, rosterIs("a LoadRosters", got, want))
}

// rostersAre checks that one LoadRosters returns all of want.
func (l *lab) rostersAre(want []driver.Roster) error {
	var keys []string
	for _, r := range want {
		keys = append(keys, r.Key)
	}
	all, err := l.store.LoadRosters(l.ctx, keys...)
	switch {
	case err != nil:
		return wants("LoadRosters", err, nil)
	case len(all) != len(want):
		return fmt.Errorf("a LoadRosters of %d keys returns %d", len(want), len(all))
	}
	for i := range all {
		if err := rosterIs("a LoadRosters", all[i], want[i]); err != nil {
			return fmt.Errorf("key %d of %d: %w", i, len(all), err)
		}
	}
	return nil
}

// rosterIs returns an error that names the first field in which two rosters differ.
func rosterIs(call string, got, want driver.Roster) error {
	if got.Rev == "" && want.Rev != "" {
		return errors.New(call + " returns no roster")
	}
	return differences(call+" returns", []difference{
		{"Key", got.Key == want.Key},
		{"Rev", got.Rev == want.Rev},
		{"Epoch", got.Epoch == want.Epoch},
		{"Entries", maps.EqualFunc(got.Entries, want.Entries, time.Time.Equal)},
		{"Pages", got.Pages == want.Pages},
		{"Closed", got.Closed == want.Closed},
		{"Stale", got.Stale.Equal(want.Stale)},
		{"Expires", got.Expires.Equal(want.Expires)},
	})
}
