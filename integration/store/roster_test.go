package store_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"
	"pgregory.net/rapid"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

// day returns second n of a day far in the future, so that no engine sweeps the items.
func day(n int) time.Time {
	return time.Date(2126, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Second)
}

// oldRoster returns a roster as stored by versions that did not count entries.
func oldRoster(entries ...string) map[string]types.AttributeValue {
	number := func(t time.Time) types.AttributeValue {
		return &types.AttributeValueMemberN{Value: strconv.FormatInt(t.Unix(), 10)}
	}
	item := map[string]types.AttributeValue{
		"id": &types.AttributeValueMemberS{Value: "subject:x"}, "rev": &types.AttributeValueMemberS{Value: "old"},
		"epoch": &types.AttributeValueMemberN{Value: "3"}, "expires": number(day(10)),
	}
	for i, key := range entries {
		item["s:"+key] = number(day(i))
	}
	return item
}

// change makes a change of the roster subject:x. Its Rev is made from the number n.
func (p place) change(t *testing.T, n int, c driver.RosterChange) driver.Roster {
	t.Helper()
	c.Key, c.Rev = "subject:x", fmt.Sprint("change-", n)
	if c.Expires.IsZero() {
		c.Expires = day(10)
	}
	r, err := p.ChangeRoster(t.Context(), c)
	is.New(t).NoErr(err)
	return r
}

func keys(r driver.Roster) []string { return slices.Sorted(maps.Keys(r.Entries)) }

// number returns the value of a number attribute, or -1 if there is none.
func number(item map[string]types.AttributeValue, name string) int {
	n, ok := item[name].(*types.AttributeValueMemberN)
	if !ok {
		return -1
	}
	i, err := strconv.Atoi(n.Value)
	if err != nil {
		return -1
	}
	return i
}

func TestRoster_Golden(t *testing.T) {
	is := is.New(t)
	p := newPlace(t)
	p.change(t, 1, driver.RosterChange{Enter: "a", Deadline: day(5), Most: 2, Stale: day(2)})
	p.change(t, 2, driver.RosterChange{Enter: "b", Deadline: day(6), Most: 2, Expires: day(20)})
	p.change(t, 3, driver.RosterChange{Bump: true, Pages: &driver.Pages{First: 1, Last: 2}})
	want := driver.Roster{
		Key: "subject:x", Rev: "change-3", Epoch: 1, Entries: map[string]time.Time{"a": day(5), "b": day(6)},
		Pages: driver.Pages{First: 1, Last: 2}, Stale: day(2), Expires: day(20),
	}
	item := goldenItem(t, p, "subject:x", "roster")

	back := newPlace(t)
	back.put(t, item)
	got, err := back.LoadRosters(t.Context(), "subject:x", "none")
	is.NoErr(err)
	is.Equal(got[0], want)
	is.Equal(got[1], driver.Roster{Key: "none"})
}

// A roster stored by versions that did not count can be read, entered, left and emptied. The first
// change counts its entries.
func TestRoster_OfVersionsThatDidNotCount(t *testing.T) {
	is := is.New(t)
	p := newPlace(t)
	p.put(t, oldRoster("a", "b", "c"))
	got, err := p.LoadRosters(t.Context(), "subject:x")
	is.NoErr(err)
	is.Equal(got[0], driver.Roster{
		Key: "subject:x", Rev: "old", Epoch: 3, Expires: day(10), Entries: map[string]time.Time{"a": day(0), "b": day(1), "c": day(2)},
	})
	full := driver.RosterChange{Key: "subject:x", Rev: "full", Enter: "d", Deadline: day(3), Most: 3, Expires: day(10)}
	r, err := p.ChangeRoster(t.Context(), full)
	wants.Err(t, err, driver.ErrFull)
	is.Equal(r, got[0])

	full.Most = 4
	r, err = p.ChangeRoster(t.Context(), full)
	is.NoErr(err)
	is.Equal(keys(r), []string{"a", "b", "c", "d"})
	is.Equal(number(p.item(t, "subject:x"), "n"), 4)

	r = p.change(t, 1, driver.RosterChange{Leave: []string{"a", "x", "c"}})
	is.Equal(keys(r), []string{"b", "d"})
	is.Equal(number(p.item(t, "subject:x"), "n"), 2)
	r = p.change(t, 2, driver.RosterChange{Leave: []string{"b", "d"}})
	is.Equal(len(r.Entries), 0)
	is.Equal(r.Epoch, int64(3))
	is.Equal(number(p.item(t, "subject:x"), "n"), 0)
}

// Versions that don't count change entries and rev. After that, the entries are counted again.
func TestRoster_BesideVersionsThatDoNotCount(t *testing.T) {
	is := is.New(t)
	p := newPlace(t)
	p.change(t, 1, driver.RosterChange{Enter: "a", Deadline: day(1), Most: 3})
	item := p.item(t, "subject:x")
	item["rev"] = &types.AttributeValueMemberS{Value: "theirs"}
	item["s:b"], item["s:c"] = item["s:a"], item["s:a"]
	p.put(t, item)
	_, err := p.ChangeRoster(t.Context(), driver.RosterChange{Key: "subject:x", Rev: "full", Enter: "d", Deadline: day(3), Most: 3, Expires: day(10)})
	wants.Err(t, err, driver.ErrFull) // n still says 1

	delete(item, "s:a")
	delete(item, "s:b")
	delete(item, "s:c")
	p.put(t, item)
	r := p.change(t, 2, driver.RosterChange{Close: true}) // n still says 1
	is.True(r.Closed)
	is.Equal(number(p.item(t, "subject:x"), "n"), 0)
}

func TestRoster_EnterTwiceCountsOnce(t *testing.T) {
	is := is.New(t)
	p := newPlace(t)
	p.change(t, 1, driver.RosterChange{Enter: "a", Deadline: day(1), Most: 1})
	// A full roster accepts an entry that it has.
	r := p.change(t, 2, driver.RosterChange{Enter: "a", Deadline: day(2), Most: 1})
	is.Equal(r.Entries, map[string]time.Time{"a": day(2)})
	is.Equal(r.Rev, "change-2")
	is.Equal(number(p.item(t, "subject:x"), "n"), 1)
}

func TestRoster_ExpiresMovesForwardOnly(t *testing.T) {
	is := is.New(t)
	p := newPlace(t)
	is.Equal(p.change(t, 1, driver.RosterChange{Expires: day(5)}).Expires, day(5))
	is.Equal(p.change(t, 2, driver.RosterChange{Expires: day(3)}).Expires, day(5))
	is.Equal(p.change(t, 3, driver.RosterChange{Expires: day(7).Add(time.Millisecond)}).Expires, day(7))
}

func TestRoster_Closed(t *testing.T) {
	is := is.New(t)
	p := newPlace(t)
	p.change(t, 1, driver.RosterChange{Enter: "a", Deadline: day(1)})
	c := driver.RosterChange{Key: "subject:x", Rev: "close", Close: true, Expires: day(10)}
	r, err := p.ChangeRoster(t.Context(), c)
	is.True(errors.Is(err, driver.ErrRoster) && !errors.Is(err, driver.ErrFull))
	is.Equal(keys(r), []string{"a"})
	p.change(t, 2, driver.RosterChange{Leave: []string{"a"}})
	p.change(t, 3, driver.RosterChange{Close: true})
	p.change(t, 4, driver.RosterChange{Close: true}) // closing it again is harmless
	r, err = p.ChangeRoster(t.Context(), driver.RosterChange{Key: "subject:x", Rev: "enter", Enter: "b", Deadline: day(1), Expires: day(10)})
	wants.Err(t, err, driver.ErrFull)
	is.True(r.Closed)
	// Other changes are possible.
	r = p.change(t, 5, driver.RosterChange{Leave: []string{"a"}, Bump: true})
	is.True(r.Closed)
	is.Equal(r.Epoch, int64(1))
}

// Dozens of concurrent changes all succeed, and none is lost, whether or not the roster was counted
// before.
func TestRoster_ManyAtATime(t *testing.T) {
	for name, old := range map[string]bool{"of now": false, "of before": true} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			p := newPlace(t).patient(t)
			want := []string{}
			if old {
				p.put(t, oldRoster("0", "1"))
				want = append(want, "0", "1")
			}
			const many = 60
			var wg sync.WaitGroup
			for i := range many {
				key := fmt.Sprint("key", i)
				if i%2 == 0 {
					want = append(want, key)
				}
				wg.Go(func() {
					p.change(t, i, driver.RosterChange{Enter: key, Deadline: day(i), Most: 200, Expires: day(i * 37 % many)})
					if i%2 != 0 {
						p.change(t, many+i, driver.RosterChange{Leave: []string{key, "nobody"}, Expires: day(i)})
					}
				})
			}
			wg.Wait()
			got, err := p.LoadRosters(t.Context(), "subject:x")
			is.NoErr(err)
			slices.Sort(want)
			is.Equal(keys(got[0]), want)
			is.Equal(number(p.item(t, "subject:x"), "n"), len(want))
			is.Equal(got[0].Expires, day(many-1))
		})
	}
}

// More entries arrive at the same time than there is room for. Exactly as many as fit get in.
func TestRoster_MostHoldsAtAMoment(t *testing.T) {
	is := is.New(t)
	p := newPlace(t).patient(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	full := 0
	for i := range 20 {
		wg.Go(func() {
			_, err := p.ChangeRoster(t.Context(), driver.RosterChange{
				Key: "subject:x", Rev: fmt.Sprint(i), Enter: fmt.Sprint("key", i), Deadline: day(1), Most: 7, Expires: day(10),
			})
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, driver.ErrFull) {
				full++
			} else {
				is.NoErr(err)
			}
		})
	}
	wg.Wait()
	is.Equal(full, 13)
}

// Hundreds of entries can leave in one change. An uncounted roster may have that many.
func TestRoster_HundredsLeave(t *testing.T) {
	is := is.New(t)
	p := newPlace(t)
	var all []string
	for i := range 450 {
		all = append(all, fmt.Sprintf("%064d", i))
	}
	p.put(t, oldRoster(all...))
	r := p.change(t, 1, driver.RosterChange{Leave: all[:400]})
	is.Equal(len(r.Entries), 50)
	r = p.change(t, 2, driver.RosterChange{Leave: all[395:440]}) // the first five have left already
	is.Equal(len(r.Entries), 10)
	is.Equal(number(p.item(t, "subject:x"), "n"), 10)
}

// model is the expected state of a roster.
type model struct {
	driver.Roster
}

func (m *model) change(c driver.RosterChange) error {
	r := &m.Roster
	_, listed := r.Entries[c.Enter]
	switch {
	case c.IfEpoch != nil && *c.IfEpoch != r.Epoch, c.IfRev != nil && *c.IfRev != r.Rev, c.IfPages != nil && *c.IfPages != r.Pages:
		return driver.ErrRoster
	case c.Enter != "" && (r.Closed || c.Most > 0 && !listed && len(r.Entries) >= c.Most):
		return driver.ErrFull
	case c.Close && len(r.Entries) > 0:
		return driver.ErrRoster
	}
	if r.Entries == nil {
		r.Entries = map[string]time.Time{}
	}
	r.Rev, r.Closed = c.Rev, r.Closed || c.Close
	if c.Enter != "" {
		r.Entries[c.Enter] = c.Deadline
	}
	for _, key := range c.Leave {
		delete(r.Entries, key)
	}
	if c.Bump {
		r.Epoch++
	}
	if c.Pages != nil {
		r.Pages = *c.Pages
	}
	if !c.Stale.IsZero() {
		r.Stale = c.Stale
	}
	if c.Expires.After(r.Expires) {
		r.Expires = c.Expires
	}
	return nil
}

// Random changes have the effects that the contract specifies, and n is right after each of them.
func TestRoster_IsAsTheModel(t *testing.T) {
	p := newPlace(t)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		m := model{Roster: driver.Roster{Key: fmt.Sprint("subject:", run)}}
		name := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		small := rapid.Int64Range(0, 2)
		for n := range rapid.IntRange(1, 12).Draw(rt, "changes") {
			c := driver.RosterChange{Key: m.Key, Rev: fmt.Sprint("r", n), Expires: day(rapid.IntRange(1, 9).Draw(rt, "expires"))}
			if rapid.Bool().Draw(rt, "enters") {
				c.Enter, c.Deadline = name.Draw(rt, "enter"), day(rapid.IntRange(1, 9).Draw(rt, "deadline"))
				c.Most = rapid.IntRange(0, 3).Draw(rt, "most")
			} else {
				c.Close = rapid.IntRange(0, 5).Draw(rt, "close") == 0
			}
			c.Leave = slices.DeleteFunc(rapid.SliceOfN(name, 0, 3).Draw(rt, "leave"), func(key string) bool { return key == c.Enter })
			c.Bump = rapid.IntRange(0, 3).Draw(rt, "bump") == 0
			switch rapid.IntRange(0, 5).Draw(rt, "if") {
			case 0:
				c.IfEpoch = new(small.Draw(rt, "epoch"))
			case 1:
				c.IfRev = new(rapid.SampledFrom([]string{m.Rev, "another", ""}).Draw(rt, "rev"))
			case 2:
				c.IfPages = &driver.Pages{First: small.Draw(rt, "if first"), Last: small.Draw(rt, "if last")}
			}
			if rapid.IntRange(0, 3).Draw(rt, "pages") == 0 {
				c.Pages = &driver.Pages{First: small.Draw(rt, "first"), Last: small.Draw(rt, "last")}
			}
			if rapid.IntRange(0, 3).Draw(rt, "stale") == 0 {
				c.Stale = day(rapid.IntRange(1, 9).Draw(rt, "stale at"))
			}
			want := m.change(c)
			got, err := p.ChangeRoster(t.Context(), c)
			if !errors.Is(err, want) || (err == nil) != (want == nil) || errors.Is(err, driver.ErrFull) != errors.Is(want, driver.ErrFull) {
				rt.Fatalf("change %+v: %v, want %v", c, err, want)
			}
			if want := fmt.Sprintf("%+v", m.Roster); fmt.Sprintf("%+v", got) != want {
				rt.Fatalf("change %+v:\n got %+v\nwant %s", c, got, want)
			}
			if m.Rev != "" {
				if n := number(p.item(t, m.Key), "n"); n != len(m.Entries) {
					rt.Fatalf("change %+v: n is %d, of %d entries", c, n, len(m.Entries))
				}
			}
		}
	})
}
