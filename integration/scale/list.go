package scale

import (
	"slices"
	"time"
)

// The maximum sizes of a list's parts.
const (
	headSize = 4
	pageSize = 12
	mostSeen = 25 // the most entries that a login looks up
)

// list is a user's list of sessions: a head, and pages once the head is full.
type list struct {
	head  *part
	pages []*part // oldest first; a page that was never used is nil
	until time.Time
}

// part is one item of a list.
type part struct {
	entries []int
	stale   time.Time
}

func (p *part) drop(id int) {
	p.entries = slices.DeleteFunc(p.entries, func(e int) bool { return e == id })
}

func (l *list) len() int {
	n := len(l.head.entries)
	for _, p := range l.pages {
		if p != nil {
			n += len(p.entries)
		}
	}
	return n
}

// enter adds a session to a list like rosters.Login, and counts the cost.
func (m *Model) enter(l *list, id int, at time.Time) *part {
	b := m.bill("logins")
	b.add(1, 1, 0) // read the head for its epoch
	if len(l.head.entries) >= headSize && !l.head.stale.After(at) {
		m.prune(l.head, at)
	}
	if len(l.head.entries) < headSize {
		n := len(l.head.entries)
		if stale := m.sessions[id].expires(); n == 0 && l.head.stale.IsZero() || stale.Before(l.head.stale) {
			l.head.stale = stale
		}
		l.head.entries = append(l.head.entries, id)
		b.add(1, 0, units(n+1))
		m.HeadWrites += units(n + 1)
		return l.head
	}
	last := len(l.pages) - 1
	if last >= 0 {
		if l.pages[last] == nil {
			l.pages[last] = &part{}
		}
		p := l.pages[last]
		if len(p.entries) < pageSize {
			p.entries, p.stale = append(p.entries, id), m.sessions[id].expires()
			b.add(1, 0, units(len(p.entries)))
			m.PageWrites += units(len(p.entries))
			if len(p.entries) < pageSize {
				b.add(1, 1, 0) // read the head again
				return p
			}
			l.pages = append(l.pages, nil)
			b.add(1, 0, units(len(l.head.entries)))
			m.HeadWrites += units(len(l.head.entries))
			m.retire(l, at)
			return p
		}
	}
	p := &part{entries: []int{id}, stale: m.sessions[id].expires()}
	l.pages = append(l.pages, p)
	b.add(2, 0, units(1)+units(len(l.head.entries)))
	m.PageWrites, m.HeadWrites = m.PageWrites+units(1), m.HeadWrites+units(len(l.head.entries))
	m.retire(l, at)
	return p
}

// prune looks up the sessions in a part of a list, ends those that have idled out, and removes
// them.
func (m *Model) prune(p *part, at time.Time) {
	b := m.bill("pruning")
	seen := min(len(p.entries), mostSeen)
	if seen == 0 {
		return
	}
	b.add(1, float64(seen), 0)
	n, gone := len(p.entries), 0
	var stale time.Time
	for _, id := range slices.Clone(p.entries[:seen]) {
		s := &m.sessions[id]
		if s.lives(at) {
			if e := s.expires(); stale.IsZero() || e.Before(stale) {
				stale = e
			}
			continue
		}
		if !s.isMarked {
			m.end("pruning", s, at)
		}
		p.drop(id)
		gone++
	}
	if gone > 0 || !stale.Equal(p.stale) && !stale.IsZero() {
		b.add(1, 0, units(n))
	}
	if !stale.IsZero() {
		p.stale = stale
	}
}

// retire prunes the first of several pages, and closes it if it is empty.
func (m *Model) retire(l *list, at time.Time) {
	if len(l.pages) < 2 {
		return
	}
	b, first := m.bill("pruning"), l.pages[0]
	b.add(1, 1, 0)
	if first == nil {
		first = &part{}
	}
	if len(first.entries) > 0 && !first.stale.After(at) {
		m.prune(first, at)
	}
	if len(first.entries) == 0 {
		b.add(2, 0, units(0)+units(len(l.head.entries)))
		m.HeadWrites += units(len(l.head.entries))
		l.pages = l.pages[1:]
	}
}
