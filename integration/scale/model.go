package scale

import (
	"math"
	"slices"
	"time"
)

// Bill is capacity, and the calls that consumed it.
type Bill struct{ Calls, Reads, Writes float64 }

func (b *Bill) add(calls, reads, writes float64) {
	b.Calls, b.Reads, b.Writes = b.Calls+calls, b.Reads+reads, b.Writes+writes
}

// Times returns b n times.
func (b Bill) Times(n float64) Bill { return Bill{b.Calls * n, b.Reads * n, b.Writes * n} }

// Plus returns both.
func (b Bill) Plus(o Bill) Bill {
	return Bill{b.Calls + o.Calls, b.Reads + o.Reads, b.Writes + o.Writes}
}

// Dollars is its price, on demand in us-east-1, 2026: $0.125 a million read units, $0.625 a million write units.
func (b Bill) Dollars() float64 { return (0.125*b.Reads + 0.625*b.Writes) / 1e6 }

// The library's defaults.
const (
	idle     = 2 * time.Hour
	absolute = 12 * time.Hour
	touch    = idle / 20
	stays    = 30 * time.Minute // a marker
)

// Sizes of items in bytes: a record of 200 bytes of data, and the parts of a list.
const (
	recordSize = 620
	markerSize = 420
	listSize   = 250
	entrySize  = 136
)

// Model is a Service that makes no call: it follows what each session and list is like, and adds up what the library's calls
// for it consume. docs/cost.md has each of them as an engine has counted it.
type Model struct {
	By       map[string]*Bill // by what was done
	sessions []session
	lists    map[int]*list

	Logins, Pages, Logouts, Touches, Saves, Ended int
	LongestList                                   int     // sessions that a list had, dead ones included
	HeadWrites, PageWrites                        float64 // write units of the first item of lists, and of the others

	listed float64 // hours of all lists' first items
}

type session struct {
	user              int
	created, accessed time.Time
	page              *part // that lists it
	isMarked          bool  // it has ended, and left a marker
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

// NewModel returns a Model.
func NewModel() *Model { return &Model{By: map[string]*Bill{}, lists: map[int]*list{}} }

// Bill is the sum.
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

// Login implements Service: read the list, enter it, store the record.
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

// Page implements Service: a read, and a write if the access is to be recorded or something has changed.
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

// Logout implements Service: a marker, and out of the list.
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

// end puts a marker in a session's place.
func (m *Model) end(what string, s *session, at time.Time) {
	m.bill(what).add(1, 0, 1)
	s.isMarked, s.ended = true, at
	m.Ended++
}

// Hours are for how many hours items were stored, all together: records from creation to expiry or end, those that have
// expired and wait for TTL, markers until then, and lists.
type Hours struct{ Alive, Expired, Marked, Listed float64 }

// Hours adds up, if TTL takes so long.
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

// units are the write units of a list's part with n entries.
func units(n int) float64 { return math.Ceil(float64(listSize+n*entrySize) / 1024) }
