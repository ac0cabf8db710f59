package torture

import (
	"slices"
	"time"
)

// Check returns a sentence for each anomaly. Call it after all events have been added.
func (l *Life) Check() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, check := range []func(){
		l.checkAcknowledged, l.checkRefused, l.checkMonotone, l.checkDestroyed, l.checkRenewed, l.checkRevoked, l.checkGone, l.checkMoved, l.checkTrespass,
		l.checkLate, l.checkEarly, l.checkPeeked,
	} {
		check()
	}
	return l.anomalies
}

// seen returns the events that saw the session alive in the store.
func (l *Life) seen() []Event {
	var seen []Event
	for _, e := range l.events {
		if e.Outcome == Done && e.Kind != Destroy && e.Kind != Revoke && e.Kind != Trespass && e.Kind != Peek {
			seen = append(seen, e)
		}
	}
	return seen
}

// checkAcknowledged: an acknowledged change is in all data seen afterwards.
func (l *Life) checkAcknowledged() {
	later := byBegin(l.seen())
	fewest := make([]int, len(later)+1) // the fewest marks seen by any event from i on
	fewest[len(later)] = 1 << 30
	for i := len(later) - 1; i >= 0; i-- {
		fewest[i] = min(fewest[i+1], later[i].Seen)
	}
	for _, e := range l.events {
		if e.Mark == "" || e.Outcome != Done {
			continue
		}
		at := slices.Index(l.marks, e.Mark)
		if at < 0 {
			at = 1 << 29 // never seen, which is fine if nobody looked afterwards
		}
		if fewest[after(later, e.End)] <= at {
			l.anomaly("%s %s was acknowledged, but was not seen afterwards", e.Kind, e.Mark)
		}
	}
}

// checkRefused: a refused change is in no data.
func (l *Life) checkRefused() {
	for _, e := range l.events {
		if e.Mark != "" && !e.maybe() && slices.Contains(l.marks, e.Mark) {
			l.anomaly("%s %s ended as %v, but was seen", e.Kind, e.Mark, e.Outcome)
		}
	}
}

// checkMonotone: a later event sees no fewer marks, and no earlier ID.
func (l *Life) checkMonotone() {
	seen := byBegin(l.seen())
	byEnd := slices.Clone(seen)
	slices.SortFunc(byEnd, func(a, b Event) int { return int(a.End - b.End) })
	most, latest, i := 0, 0, 0
	for _, e := range seen {
		for ; i < len(byEnd) && byEnd[i].End < e.Begin; i++ {
			most, latest = max(most, byEnd[i].Seen), max(latest, byEnd[i].ID)
		}
		if e.Seen < most {
			l.anomaly("%s saw %d marks after another saw %d", e.Kind, e.Seen, most)
		}
		if e.ID < latest {
			l.anomaly("%s under ID %d after the session was alive under ID %d", e.Kind, e.ID, latest)
		}
	}
}

// checkDestroyed: after an acknowledged Destroy the session is not alive under any of its IDs.
func (l *Life) checkDestroyed() {
	end := int64(1) << 62
	for _, e := range l.events {
		if e.Kind == Destroy && e.Outcome == Done {
			end = min(end, e.End)
		}
	}
	for _, e := range l.seen() {
		if e.Begin > end {
			l.anomaly("%s under ID %d after an acknowledged destroy", e.Kind, e.ID)
		}
	}
}

// checkRenewed: the session is not alive under an ID that was exchanged.
func (l *Life) checkRenewed() {
	end := map[int]int64{}
	for _, e := range l.events {
		if e.renames() && e.Outcome == Done {
			if _, twice := end[e.ID]; twice {
				l.anomaly("ID %d was renewed twice", e.ID)
			}
			end[e.ID] = e.End
		}
	}
	for _, e := range l.seen() {
		if at, renewed := end[e.ID]; renewed && e.Begin > at {
			l.anomaly("%s under ID %d, which had been renewed away", e.Kind, e.ID)
		}
	}
}

// checkRevoked: after an acknowledged Revoke, a session that had a subject is not alive under any
// of its IDs.
func (l *Life) checkRevoked() {
	bound := l.boundSince()
	end := int64(1) << 62
	for _, e := range l.events {
		if e.Kind == Revoke && e.Outcome == Done && e.Begin > bound {
			end = min(end, e.End)
		}
	}
	for _, e := range l.seen() {
		if e.Begin > end {
			l.anomaly("%s under ID %d after an acknowledged revocation", e.Kind, e.ID)
		}
	}
}

// checkGone: a session that is gone was destroyed, renewed or revoked, or may have expired. What
// has idled out is gone for good when its list is pruned.
func (l *Life) checkGone() {
	first := map[int]int64{} // from when an ID may be gone
	note := func(id int, at int64) {
		if f, ok := first[id]; !ok || at < f {
			first[id] = at
		}
	}
	for _, e := range l.events {
		if e.maybe() && e.renames() {
			note(e.ID, e.Begin)
		}
		if e.maybe() && e.Kind == Destroy {
			for id := e.ID; id < len(l.ids); id++ { // and its later IDs
				note(id, e.Begin)
			}
		}
		if e.maybe() && e.Kind == Revoke {
			for id := range l.ids {
				note(id, e.Begin)
			}
		}
	}
	for _, e := range l.events {
		if !e.isGone() || e.Kind == Destroy || e.Kind == Trespass {
			continue
		}
		if at, ok := first[e.ID]; (!ok || at > e.End) && (e.Outcome == Moved || l.isEarly(e)) {
			l.anomaly("%s says that ID %d is gone, but nobody has ended it", e.Kind, e.ID)
		}
	}
}

// checkMoved: a request with an exchanged ID, and no other, is told that the session was renewed.
func (l *Life) checkMoved() {
	done, maybe := map[int]int64{}, map[int]int64{}
	for _, e := range l.events {
		if !e.renames() || !e.maybe() {
			continue
		}
		if at, ok := maybe[e.ID]; !ok || e.Begin < at {
			maybe[e.ID] = e.Begin
		}
		if e.Outcome == Done {
			done[e.ID] = e.End
		}
	}
	for _, e := range l.events {
		if at, ok := maybe[e.ID]; e.Outcome == Moved && (!ok || at > e.End) {
			l.anomaly("%s says that ID %d was renewed, but nobody renewed it", e.Kind, e.ID)
		}
		if at, ok := done[e.ID]; e.Outcome == Gone && (e.Kind == Load || e.Kind == Peek) && ok && e.Begin > at {
			l.anomaly("%s says that ID %d is gone, but it was renewed", e.Kind, e.ID)
		}
	}
}

// checkTrespass: another application never sees the session.
func (l *Life) checkTrespass() {
	for _, e := range l.events {
		if e.Kind == Trespass && e.Outcome == Done {
			l.anomaly("another application has seen the session under ID %d", e.ID)
		}
	}
}

// checkLate: the session is not alive after its deadlines. This counts all accesses, even those
// that may not have been recorded.
func (l *Life) checkLate() {
	for _, e := range append(l.seen(), l.peeked()...) {
		if e.Kind == Create {
			continue
		}
		accessed, created := l.latest(e, Event.maybe), l.latest(e, func(o Event) bool {
			return o.maybe() && (o.Kind == Create || o.Kind == Authenticate)
		})
		if idle := accessed.Truncate(time.Second).Add(l.Idle); !e.Before.Before(idle) {
			l.anomaly("%s %v after it had idled out", e.Kind, e.Before.Sub(idle))
		}
		if absolute := created.Truncate(time.Second).Add(l.Absolute); !e.Before.Before(absolute) {
			l.anomaly("%s %v after its absolute deadline", e.Kind, e.Before.Sub(absolute))
		}
	}
}

// latest returns the time of the last other event that began before e ended and for which fits is
// true.
func (l *Life) latest(e Event, fits func(Event) bool) time.Time {
	var latest time.Time
	for _, o := range l.events {
		if o.Begin < e.End && o.Begin != e.Begin && o.Kind != Revoke && o.Kind != Trespass && o.Kind != Peek && fits(o) && o.After.After(latest) {
			latest = o.After
		}
	}
	return latest
}

// checkEarly: the session does not expire before its deadlines. This counts only changes, since an
// access of another kind may not have been recorded.
func (l *Life) checkEarly() {
	for _, e := range l.events {
		if e.Outcome == Expired && l.isEarly(e) {
			l.anomaly("%s says that it has expired, before its deadline", e.Kind)
		}
	}
}

// isEarly reports whether the session can't have expired by the end of e.
func (l *Life) isEarly(e Event) bool {
	var accessed, created time.Time
	for _, o := range l.events {
		if o.End > e.Begin || o.Outcome != Done {
			continue
		}
		if (o.Mark != "" || o.Kind == Create || o.renames()) && o.Before.After(accessed) {
			accessed = o.Before
		}
		if (o.Kind == Create || o.Kind == Authenticate) && o.Before.After(created) {
			created = o.Before
		}
	}
	return e.After.Before(accessed.Truncate(time.Second).Add(l.Idle)) && e.After.Before(created.Truncate(time.Second).Add(l.Absolute))
}

// peeked returns the Peeks that saw the session alive.
func (l *Life) peeked() []Event {
	return slices.DeleteFunc(slices.Clone(l.events), func(e Event) bool { return e.Kind != Peek || e.Outcome != Done })
}

// checkPeeked: a Peek may miss only what has happened within the last PeekFor, and nothing that its
// own host has done or seen.
func (l *Life) checkPeeked() {
	bound := 1 << 30 // the first ID that certainly has a subject
	for _, o := range l.events {
		if o.Kind == Authenticate && o.Outcome == Done {
			bound = min(bound, o.ID+1)
		}
	}
	at := map[string]int{}
	for i, mark := range l.marks {
		at[mark] = i + 1
	}
	since := l.boundSince()
	for _, e := range l.peeked() {
		for _, o := range l.events {
			if o.Outcome != Done || o.End >= e.Begin || o.Kind == Trespass {
				continue
			}
			own := o.Host == e.Host
			old := !o.After.Add(l.PeekFor).After(e.Before)
			switch {
			case o.Kind == Destroy:
				if old || own && e.ID >= o.ID {
					l.anomaly("peek under ID %d, %v after an acknowledged destroy", e.ID, e.Before.Sub(o.After))
				}
				continue
			case o.Kind == Revoke:
				if o.Begin > since && (old || own && e.ID >= bound) {
					l.anomaly("peek under ID %d, %v after an acknowledged revocation", e.ID, e.Before.Sub(o.After))
				}
				continue
			case !old && (!own || o.ID > e.ID):
				continue // too recent, and not known to this host
			case o.renames() && o.ID >= e.ID:
				l.anomaly("peek under ID %d, %v after it had been renewed away", e.ID, e.Before.Sub(o.After))
			case o.ID > e.ID:
				l.anomaly("peek under ID %d, %v after the session was alive under ID %d", e.ID, e.Before.Sub(o.After), o.ID)
			}
			if o.Seen > e.Seen || o.Mark != "" && (at[o.Mark] == 0 || at[o.Mark] > e.Seen) {
				l.anomaly("peek saw %d marks %v after %s %s saw %d", e.Seen, e.Before.Sub(o.After), o.Kind, o.Mark, o.Seen)
			}
		}
	}
}

// boundSince returns the time from which the session certainly has a subject.
func (l *Life) boundSince() int64 {
	bound := int64(1) << 62
	for _, e := range l.events {
		if e.Kind == Authenticate && e.Outcome == Done {
			bound = min(bound, e.End)
		}
	}
	return bound
}

func byBegin(events []Event) []Event {
	slices.SortFunc(events, func(a, b Event) int { return int(a.Begin - b.Begin) })
	return events
}

// after returns the index of the first event that begins after the tick. The events must be sorted
// by Begin.
func after(events []Event, tick int64) int {
	i, _ := slices.BinarySearchFunc(events, tick, func(e Event, t int64) int {
		if e.Begin > t {
			return 1
		}
		return -1
	})
	return i
}
