package scale

import (
	"math"
	"slices"
	"time"
)

// Bill is a number of calls and the capacity that they consume.
type Bill struct{ Calls, Reads, Writes float64 }

func (b *Bill) add(calls, reads, writes float64) {
	b.Calls, b.Reads, b.Writes = b.Calls+calls, b.Reads+reads, b.Writes+writes
}

// Times returns b multiplied by n.
func (b Bill) Times(n float64) Bill { return Bill{b.Calls * n, b.Reads * n, b.Writes * n} }

// Plus returns the sum of b and o.
func (b Bill) Plus(o Bill) Bill {
	return Bill{b.Calls + o.Calls, b.Reads + o.Reads, b.Writes + o.Writes}
}

// Dollars returns the price on demand in us-east-1 in 2026: $0.125 per million read units and
// $0.625 per million write units.
func (b Bill) Dollars() float64 { return (0.125*b.Reads + 0.625*b.Writes) / 1e6 }

// The defaults of the library.
const (
	idle     = 2 * time.Hour
	absolute = 12 * time.Hour
	touch    = idle / 20
	stays    = 30 * time.Minute // how long a marker stays
)

// Sizes of items in bytes: a record with 200 bytes of data, and the parts of a list.
const (
	recordSize = 620
	markerSize = 420
	listSize   = 250
	entrySize  = 136
)

// Model is a Service that makes no calls. It keeps track of sessions and lists, and adds up what
// the library's calls for them would consume, as docs/cost.md measured it on an engine.
type Model struct {
	By       map[string]*Bill // by operation
	sessions []session
	lists    map[int]*list

	Logins, Pages, Logouts, Touches, Saves, Ended int
	LongestList                                   int     // in sessions, including dead ones
	HeadWrites, PageWrites                        float64 // write units of lists

	listed float64 // hours for which lists' first items were stored
}

type session struct {
	user              int
	created, accessed time.Time
	page              *part // the part of the list that it is in
	isMarked          bool  // it has ended and left a marker
	ended             time.Time
}

func (s *session) expires() time.Time {
	at := s.accessed.Truncate(time.Second).Add(idle)
	if end := s.created.Truncate(time.Second).Add(absolute); end.Before(at) {
		return end
	}
	return at
}

func (s *session) lives(now time.Time) bool { return !s.isMarked && now.Before(s.expires()) }

// NewModel returns an empty Model.
func NewModel() *Model { return &Model{By: map[string]*Bill{}, lists: map[int]*list{}} }

// Bill returns the sum of all bills.
func (m *Model) Bill() Bill {
	var sum Bill
	for _, b := range m.By {
		sum = sum.Plus(*b)
	}
	return sum
}

func (m *Model) bill(what string) *Bill {
	if m.By[what] == nil {
		m.By[what] = &Bill{}
	}
	return m.By[what]
}

// Login implements Service: it reads the list, adds the session to it, and stores the record.
func (m *Model) Login(at time.Time, user int) int {
	m.Logins++
	l := m.lists[user]
	if l == nil {
		l = &list{head: &part{}}
		m.lists[user] = l
	}
	id := len(m.sessions)
	m.sessions = append(m.sessions, session{user: user, created: at, accessed: at})
	was := l.until
	l.until = at.Add(absolute)
	m.listed += l.until.Sub(later(was, at)).Hours()
	m.sessions[id].page = m.enter(l, id, at)
	m.LongestList = max(m.LongestList, l.len())
	m.bill("logins").add(1, 0, 1) // the record
	return id
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Page implements Service: a read, and a write if the access is recorded or the session changed.
func (m *Model) Page(at time.Time, id int, change bool) bool {
	m.Pages++
	m.bill("loads").add(1, 1, 0)
	s := &m.sessions[id]
	if !s.lives(at) {
		return false
	}
	if at.Sub(s.accessed) >= touch {
		m.Touches++
		m.bill("touches").add(1, 0, 1)
		s.accessed = at
	}
	if change {
		m.Saves++
		m.bill("saves").add(1, 0, 1)
		s.accessed = at
	}
	return true
}

// Logout implements Service: it writes a marker, and removes the session from its list.
func (m *Model) Logout(at time.Time, id int) {
	m.Logouts++
	s := &m.sessions[id]
	m.end("logouts", s, at)
	if n := len(s.page.entries); slices.Contains(s.page.entries, id) {
		m.bill("logouts").add(1, 0, units(n))
		s.page.drop(id)
	} else {
		m.bill("logouts").add(1, 0, units(n))
	}
}

// end replaces a session by a marker.
func (m *Model) end(what string, s *session, at time.Time) {
	m.bill(what).add(1, 0, 1)
	s.isMarked, s.ended = true, at
	m.Ended++
}

// Hours are the total hours for which items were stored: live records, expired records that TTL has
// not deleted yet, markers, and lists.
type Hours struct{ Alive, Expired, Marked, Listed float64 }

// Hours adds up the hours, given how long TTL takes.
func (m *Model) Hours(ttl time.Duration) Hours {
	h := Hours{Listed: m.listed + ttl.Hours()*float64(len(m.lists))}
	for i := range m.sessions {
		s := &m.sessions[i]
		until := s.expires()
		if s.isMarked {
			h.Marked += (stays + ttl).Hours()
		}
		if s.isMarked && s.ended.Before(until) {
			h.Alive += s.ended.Sub(s.created).Hours()
			continue
		}
		h.Alive += until.Sub(s.created).Hours()
		swept := until.Add(ttl)
		if s.isMarked && s.ended.Before(swept) {
			swept = s.ended
		}
		h.Expired += swept.Sub(until).Hours()
	}
	return h
}

// units returns the write units of a list's part with n entries.
func units(n int) float64 { return math.Ceil(float64(listSize+n*entrySize) / 1024) }
