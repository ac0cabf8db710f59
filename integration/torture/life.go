package torture

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Life is the record of one session: from its creation until it is destroyed, whatever its IDs. It is safe for concurrent use.
type Life struct {
	Name           string
	App            int // whose session it is
	Idle, Absolute time.Duration
	PeekFor        time.Duration // how old what a Peek sees may be

	mu        sync.Mutex
	ids       []string // in the order in which it had them
	marks     []string // the data, as far as it was ever seen
	events    []Event
	anomalies []string
}

// NewID notes an ID that the session has got, and returns its number.
func (l *Life) NewID(id string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids = append(l.ids, id)
	return len(l.ids) - 1
}

// IDs returns all of them; the last is the one that it has.
func (l *Life) IDs() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.ids)
}

// Observe notes that a request saw this data, and returns the count of its marks. Data only ever grows at its end: what is seen by
// one and what is seen by another can differ in length alone.
func (l *Life) Observe(marks []string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, m := range marks {
		if i == len(l.marks) {
			if slices.Contains(l.marks, m) {
				l.anomaly("%s is in the data twice", m)
			}
			l.marks = append(l.marks, m)
		} else if l.marks[i] != m {
			l.anomaly("mark %d is %s for one and %s for another", i, l.marks[i], m)
			break
		}
	}
	return len(marks)
}

// Add adds an event.
func (l *Life) Add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// Ended reports whether a Destroy is done that has ended the session under the ID of this number: under it, or under one
// that it had before.
func (l *Life) Ended(id int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.events, func(e Event) bool { return e.Kind == Destroy && e.Outcome == Done && e.ID <= id })
}

// Revoked reports whether a Revoke is done.
func (l *Life) Revoked() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.events, func(e Event) bool { return e.Kind == Revoke && e.Outcome == Done })
}

// Count adds the events to counts, by kind and outcome.
func (l *Life) Count(counts map[Kind]map[Outcome]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if counts[e.Kind] == nil {
			counts[e.Kind] = map[Outcome]int{}
		}
		counts[e.Kind][e.Outcome]++
	}
}

// Story returns the events in the order in which they began, a line each.
func (l *Life) Story() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := []string{fmt.Sprintf("%s, idle timeout %v, absolute timeout %v", l.Name, l.Idle, l.Absolute)}
	for _, e := range byBegin(slices.Clone(l.events)) {
		lines = append(lines, fmt.Sprintf("%6d to %6d, %s to %s: %v on host %d under ID %d: %v, %s, sees %d",
			e.Begin, e.End, e.Before.Format("15:04:05.000"), e.After.Format("15:04:05.000"), e.Kind, e.Host, e.ID, e.Outcome, e.Mark, e.Seen))
	}
	return lines
}

// anomaly notes what can't be. The lock is held.
func (l *Life) anomaly(format string, args ...any) {
	l.anomalies = append(l.anomalies, l.Name+": "+fmt.Sprintf(format, args...))
}
