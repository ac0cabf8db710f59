package proof

import (
	"fmt"
	"strings"
	"time"

	"github.com/dynasession/dynasession/integration/torture"
)

// kinds maps kinds to those of package torture, which has no lists.
var kinds = map[Kind]torture.Kind{
	Create: torture.Create, Load: torture.Load, Save: torture.Save, Update: torture.Update, Renew: torture.Renew,
	Authenticate: torture.Authenticate, Destroy: torture.Destroy, Revoke: torture.Revoke,
}

// Ours returns the anomalies of a history that package torture finds, and those of lists and
// conflicts, which torture does not check. The clock stands still: other tests cover expiry.
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

// noon is the time at which the clock stands.
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
		for e.ID++; e.ID <= last; e.ID++ { // it ends the session under its later IDs, too
			life.Add(e)
		}
	}
}

// checkRest finds lists that lack a session that was alive throughout, or contain one that had
// ended, and conflicts without another change.
func checkRest(history []Op) []string {
	var found []string
	changes := map[int][]Op{} // by session: all but its lists, which change nothing
	for _, o := range history {
		if o.Kind != List {
			changes[o.Life] = append(changes[o.Life], o)
		}
	}
	for _, o := range history {
		history := changes[o.Life]
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

// endedBefore reports whether before o a session had certainly ended, or the ID in o had been
// exchanged.
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

// aliveSince returns the time from which the session certainly had a subject.
func aliveSince(history []Op, o Op) int64 {
	since := int64(1) << 62
	for _, e := range history {
		if e.Life == o.Life && e.Kind == Authenticate && e.Outcome == Done {
			since = min(since, e.Return)
		}
	}
	return since
}

// aliveDuring reports whether a session had a subject before o began, and no call that might end it
// began before o returned.
func aliveDuring(history []Op, o Op) bool {
	if aliveSince(history, o) >= o.Call {
		return false
	}
	for _, e := range history {
		// After a lost exchange the session may live under an unknown ID.
		lost := e.Outcome == Unknown && (e.Kind == Renew || e.Kind == Authenticate)
		if e.Life == o.Life && (e.Kind == Destroy || e.Kind == Revoke || lost) && e.Call < o.Return {
			return false
		}
	}
	return true
}

// changedBefore reports whether another operation may have changed the session before o returned,
// so that o's base lacks the change.
func changedBefore(history []Op, o Op) bool {
	for _, e := range history {
		if e.Life == o.Life && e.Mark != "" && e.Mark != o.Mark && (e.Outcome == Done || e.Outcome == Unknown) &&
			e.Call < o.Return && !strings.Contains(" "+o.Base+" ", " "+e.Mark+" ") {
			return true
		}
	}
	return false
}
