package item

import (
	"errors"
	"fmt"

	"github.com/dynasession/dynasession/sessions/driver"
)

// The attributes of a marker in addition to id, accessed and expires, which a record has too.
const (
	Ended = "ended" // why; only a marker has it
	next  = "next"
	// The marker's rev. A rev would make it a mangled record for versions that don't know markers.
	mark = "mark"
)

// EncodeMarker returns the item of a marker.
func EncodeMarker(key string, m driver.Marker) (Item, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if m.Why == "" || m.Rev == "" {
		return nil, errors.New("a Marker needs a Why and a Rev")
	}
	at, err := FormatTime(m.At)
	if err != nil {
		return nil, fmt.Errorf("Marker.At: %w", err)
	}
	it := Item{
		names[id]:       Text(key),
		names[accessed]: Text(at),
		names[expires]:  Number(FormatEpoch(m.Until)),
		Ended:           Text(string(m.Why)),
		mark:            Text(m.Rev),
	}
	if m.Next != "" {
		it[next] = Text(m.Next)
	}
	return it, nil
}

// MarkerOf returns an item's marker, and whether it is one. It leaves out mangled attributes, since
// the session has ended in any case.
func MarkerOf(it Item) (driver.Marker, bool) {
	if it[Ended] == nil {
		return driver.Marker{}, false
	}
	d := decoder{it: it}
	return driver.Marker{
		Why:   driver.Reason(d.optionalText(Ended)),
		Next:  d.optionalText(next),
		Rev:   d.optionalText(mark),
		At:    d.time(names[accessed]),
		Until: d.epoch(names[expires]),
	}, true
}
