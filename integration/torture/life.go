package torture

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Life is the history of one session through all its IDs, from its creation to its end. It is safe
// for concurrent use.
type Life struct {
	Name           string
	App            int // the number of its application
	Idle, Absolute time.Duration
	PeekFor        time.Duration // the maximum age of what a Peek returns

	mu        sync.Mutex
	ids       []string // oldest first
	marks     []string // the longest data seen
	events    []Event
	anomalies []string
}

// NewID records a new ID of the session, and returns its number.
func (l *Life) NewID(id string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids = append(l.ids, id)
	return len(l.ids) - 1
}

// IDs returns all IDs of the session, the current one last.
func (l *Life) IDs() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.ids)
}

// Observe records that a request saw this data, and returns the number of marks in it. Marks are
// only ever appended, so any two requests must see data of which one is a prefix of the other.
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

// Ended reports whether a Destroy has succeeded that ended the session under this ID or an earlier
// one.
func (l *Life) Ended(id int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.events, func(e Event) bool { return e.Kind == Destroy && e.Outcome == Done && e.ID <= id })
}

// Revoked reports whether a Revoke has succeeded.
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

// Story returns a line for each event, in the order in which they began.
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

// anomaly records an anomaly. The caller must hold the lock.
func (l *Life) anomaly(format string, args ...any) {
	l.anomalies = append(l.anomalies, l.Name+": "+fmt.Sprintf(format, args...))
}
