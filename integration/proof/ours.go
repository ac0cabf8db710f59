package proof

import (
	"fmt"
	"strings"
	"time"

	"github.com/dynasession/dynasession/integration/torture"
)

// kinds are the kinds of package torture. It knows no lists.
var kinds = map[Kind]torture.Kind{
	Create: torture.Create, Load: torture.Load, Save: torture.Save, Update: torture.Update, Renew: torture.Renew,
	Authenticate: torture.Authenticate, Destroy: torture.Destroy, Revoke: torture.Revoke,
}

// Ours returns what package torture finds in a history, and what it leaves to this package: lists,
// and conflicts. The clock stands still: what expires is its own tests' affair.
func Ours(history []Op) []string {
	lives, ids := map[int]*torture.Life{}, map[int]int{}
	for _, o := range history {
		if lives[o.Life] == nil {
			lives[o.Life] = &torture.Life{Name: fmt.Sprint("session ", o.Life), Idle: time.Hour, Absolute: time.Hour}
		}
		ids[o.Life] = max(ids[o.Life], o.ID, o.Next)
	}
	for n, life := range lives {
		for id := range ids[n] + 1 {
			life.NewID(fmt.Sprintf("session %d, ID %d", n, id))
		}
	}
	for _, o := range history {
		if o.Kind != List {
			add(lives[o.Life], o, ids[o.Life])
		}
	}
	var found []string
	for _, life := range lives {
		found = append(found, life.Check()...)
	}
	return append(found, checkRest(history)...)
}

// noon is what the clock shows.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func add(life *torture.Life, o Op, last int) {
	e := torture.Event{Kind: kinds[o.Kind], ID: o.ID, Mark: o.Mark, Begin: o.Call, End: o.Return, Before: noon, After: noon}
	switch o.Outcome {
	case Done:
		e.Outcome = torture.Done
	case Unknown:
		e.Outcome = torture.Unknown
	case Gone:
		e.Outcome = torture.Gone
	case Renewed:
		e.Outcome = torture.Moved
	case Expired:
		e.Outcome = torture.Expired
	default:
		e.Outcome = torture.Failed
	}
	if o.Outcome == Done && !o.readsNothing() {
		e.Seen = life.Observe(strings.Fields(o.Data))
	}
	life.Add(e)
	if o.Kind == Destroy {
		for e.ID++; e.ID <= last; e.ID++ { // it ends the session under whatever ID it goes on
			life.Add(e)
		}
	}
}

// checkRest finds lists that lack what was there all the time, or have what has ended, and conflicts
// with nobody.
func checkRest(history []Op) []string {
	var found []string
	for _, o := range history {
		switch {
		case o.Kind == List && o.Outcome == Done && endedBefore(history, o):
			found = append(found, fmt.Sprintf("session %d is listed after its end", o.Life))
		case o.Kind == List && o.Outcome == Gone && aliveDuring(history, o):
			found = append(found, fmt.Sprintf("session %d is not listed, and was alive all the time", o.Life))
		case o.Outcome == Conflict && !o.Merges && !changedBefore(history, o):
			found = append(found, fmt.Sprintf("session %d: %s met a conflict, and nobody had changed it", o.Life, o.Kind))
		}
	}
	return found
}

// endedBefore reports whether a session had certainly ended, or had lost an ID, before o.
func endedBefore(history []Op, o Op) bool {
	signedIn := aliveSince(history, o)
	for _, e := range history {
		if e.Life != o.Life || e.Outcome != Done || e.Return >= o.Call {
			continue
		}
		if e.Kind == Destroy || e.Kind == Revoke && e.Call > signedIn || (e.Kind == Renew || e.Kind == Authenticate) && e.ID == o.ID {
			return true
		}
	}
	return false
}

// aliveSince returns since when the session certainly had a subject.
func aliveSince(history []Op, o Op) int64 {
	since := int64(1) << 62
	for _, e := range history {
		if e.Life == o.Life && e.Kind == Authenticate && e.Outcome == Done {
			since = min(since, e.Return)
		}
	}
	return since
}

// aliveDuring reports whether a session had a subject before o began and nobody tried to end it
// before o had returned.
func aliveDuring(history []Op, o Op) bool {
	if aliveSince(history, o) >= o.Call {
		return false
	}
	for _, e := range history {
		lost := e.Outcome == Unknown && (e.Kind == Renew || e.Kind == Authenticate) // under an ID that nobody was told
		if e.Life == o.Life && (e.Kind == Destroy || e.Kind == Revoke || lost) && e.Call < o.Return {
			return false
		}
	}
	return true
}

// changedBefore reports whether another may have changed the session before o returned, and after
// what o was made from.
func changedBefore(history []Op, o Op) bool {
	for _, e := range history {
		if e.Life == o.Life && e.Mark != "" && e.Mark != o.Mark && (e.Outcome == Done || e.Outcome == Unknown) &&
			e.Call < o.Return && !strings.Contains(" "+o.Base+" ", " "+e.Mark+" ") {
			return true
		}
	}
	return false
}
