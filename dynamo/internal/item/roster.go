package item

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// The attributes of a roster in addition to id, rev and expires, which a record has too.
const (
	Epoch  = "epoch"
	Count  = "n"     // how many entries there are
	First  = "first" // the first page's number
	Last   = "last"
	Closed = "closed"
	Stale  = "stale"

	// Counted is the rev of the change that wrote n. Versions that don't know n change entries and
	// rev, but neither n nor Counted: if Counted differs from rev, n is out of date.
	Counted = "counted"
)

// The attribute names of a record that rosters share or that conditions use.
var (
	IDName      = names[id]
	RevName     = names[rev]
	ExpiresName = names[expires]
	IdleName    = names[idleTimeout] // only records have it
	DataName    = names[data]
	AbsName     = names[absoluteTimeout]
	AccessName  = names[accessed]
	BindingName = names[binding]
)

// entryPrefix begins the attribute name of a roster's entry; a session's key follows.
const entryPrefix = "s:"

// anEntry stands for the name of an entry in errors.
const anEntry = entryPrefix + "..."

// Entry returns the name of the attribute that lists a session.
func Entry(key string) string { return entryPrefix + key }

// Roster returns the roster of an item. Each entry is an attribute, so that a change needn't read
// the others. counted reports whether the item's n is the number of its entries.
func Roster(key string, it Item) (r driver.Roster, counted bool, err error) {
	r.Key = key
	if len(it) == 0 {
		return r, true, nil
	}
	d := decoder{it: it}
	r.Rev = d.text(RevName)
	if it[ExpiresName] != nil { // no change has set it, or somebody has removed it
		r.Expires = d.epoch(ExpiresName)
	}
	r.Epoch = d.optionalInt(Epoch)
	r.Pages = driver.Pages{First: d.optionalInt(First), Last: d.optionalInt(Last)}
	r.Closed = d.optionalBool(Closed)
	if it[Stale] != nil {
		r.Stale = d.epoch(Stale)
	}
	r.Entries = make(map[string]time.Time, len(it))
	for name, av := range it {
		if session, ok := strings.CutPrefix(name, entryPrefix); ok {
			entry := decoder{it: Item{anEntry: av}} // its own name may show an ID
			r.Entries[session] = entry.epoch(anEntry)
			d.err = cmp.Or(d.err, entry.err)
		}
	}
	counted = d.optionalText(Counted) == r.Rev && d.optionalInt(Count) == int64(len(r.Entries))
	if d.err != nil {
		return r, counted, fmt.Errorf("%w, of the item %q", d.err, key)
	}
	return r, counted, nil
}
