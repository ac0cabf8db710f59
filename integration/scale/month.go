package scale

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/dynasession/dynasession/integration/plot"
)

// The parameters of the service in docs/scale.md besides its users.
const (
	monitors  = 200 // each signs in every minute and never out
	shared    = 600 // logins per hour into one shared account, without logouts
	bots      = 200 // visits per second that each store a session
	hosts     = 200 // processes with a RevocationCheck
	checks    = 10 * time.Second
	returning = 0.05 // share of all users who sign in again after an outage
	within    = 5 * time.Minute
	ttl       = 48 * time.Hour // how long TTL takes to delete an expired item

	seconds       = 30 * 24 * 3600.0
	writesAtMost  = 1000.0 // per partition and second
	readsAtMost   = 3000.0
	dollarsPerGB  = 0.25 // standard storage, per month
	pagesOfShared = 3
)

// Month is a month of the service in docs/scale.md: 100 million users, monitors, bots and a shared
// account.
type Month struct {
	world                     World
	users                     *Model
	monitor, account          *Model // one day of a single one
	lines                     []line
	total                     Bill
	storm, revoked, peakUsers Bill // per second
}

type line struct {
	name string
	bill Bill
}

// NewMonth runs the model.
func NewMonth() *Month {
	m := &Month{world: Ten8(), users: NewModel(), monitor: NewModel(), account: NewModel()}
	m.world.Run(m.users)
	Crowd(m.monitor, 0, m.world.Start, 24*60, time.Minute, 1)
	Crowd(m.account, 0, m.world.Start, 24*shared, time.Hour/shared, pagesOfShared)
	weight := m.world.Weight()
	for _, what := range []string{"loads", "touches", "saves", "logins", "pruning", "logouts"} {
		m.lines = append(m.lines, line{what, m.users.bill(what).Times(weight)})
	}
	looks := hosts / checks.Seconds() * seconds
	m.lines = append(m.lines,
		line{"monitors", m.monitor.Bill().Times(30 * monitors)},
		line{"the shared account", m.account.Bill().Times(30)},
		line{"bots", Bill{1, 0, 1}.Times(bots * seconds)},
		line{"looks for a `RevokeBefore`", Bill{1, 1, 0}.Times(looks)},
	)
	for _, l := range m.lines {
		m.total = m.total.Plus(l.bill)
	}

	login := m.users.bill("logins").Plus(*m.users.bill("pruning")).Times(1 / float64(m.users.Logins))
	login = login.Plus(Bill{1, 1, 0}) // the load that finds the session gone
	m.peakUsers = m.users.Bill().Times(weight * Peak() / seconds)
	m.storm = login.Times(float64(m.world.Users) * returning / within.Seconds())
	m.revoked = login.Times(m.present() / 60)
	return m
}

// present returns the number of users in the middle of a visit in the busiest hour. After a
// RevokeBefore each of them signs in again at the next page, nearly all within a minute.
func (m *Month) present() float64 {
	perSecond := float64(m.world.Users) * m.world.Visits / seconds * Peak()
	return perSecond * (m.world.Pages - 1) * m.world.Pause.Seconds()
}

func count(n float64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.3g billion", n/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.3g million", n/1e6)
	case n >= 1000:
		return fmt.Sprintf("%d,%03d", int(math.Round(n))/1000, int(math.Round(n))%1000)
	}
	return fmt.Sprintf("%.3g", n)
}

func dollars(d float64) string {
	if d < 10 {
		return fmt.Sprintf("%.2f", d)
	}
	return count(math.Round(d))
}

func table(head string, rows [][]string) string {
	var b strings.Builder
	n := strings.Count(head, "|") - 1
	fmt.Fprintf(&b, "%s\n|%s\n", head, strings.Repeat(" --- |", n))
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(r, " | "))
	}
	return b.String()
}

// Tables returns all tables of docs/scale.md.
func (m *Month) Tables() []string {
	return []string{m.bills(), m.peaks(), m.keys(), m.items(), m.lists(), m.alternatives()}
}

// bills returns the table of what is consumed in a month.
func (m *Month) bills() string {
	var rows [][]string
	for _, l := range append(m.lines, line{"**all**", m.total}) {
		rows = append(rows, []string{l.name, count(l.bill.Calls), count(l.bill.Reads), count(l.bill.Writes), dollars(l.bill.Dollars())})
	}
	return table("| a month | calls | read units | write units | $ |", rows)
}

// partitions returns the number of partitions needed for a bill per second.
func partitions(b Bill) float64 {
	return max(1, math.Ceil(max(b.Reads/readsAtMost, b.Writes/writesAtMost)))
}

// peaks returns the table of what is consumed in a second.
func (m *Month) peaks() string {
	var rows [][]string
	usual := m.peakUsers.Plus(Bill{bots, 0, bots})
	for _, l := range []line{
		{"on average", m.total.Times(1 / seconds)},
		{"the busiest hour", usual},
		{fmt.Sprintf("a login storm: %.0f %% of all users within %.0f minutes, in the busiest hour", 100*returning, within.Minutes()), usual.Plus(m.storm)},
		{"after a `RevokeBefore` in the busiest hour: who is there signs in within a minute", usual.Plus(m.revoked)},
	} {
		rows = append(rows, []string{
			l.name, count(l.bill.Reads), count(l.bill.Writes), count(partitions(l.bill)), fmt.Sprintf("%.1f", l.bill.Writes/usual.Writes),
		})
	}
	return table("| a second | read units | write units | partitions | of the usual peak's writes |", rows)
}

// keys returns the table of the hottest items.
func (m *Month) keys() string {
	logins := float64(m.account.Logins)
	perLogin := max(m.account.PageWrites, m.account.HeadWrites) / logins
	// Approximately the reads of the list's first item.
	heads := 1 + (m.account.Bill().Reads-float64(m.account.Pages))/logins
	rows := [][]string{
		{"the shared account's list", fmt.Sprintf("%.2g logins", shared/3600.0), fmt.Sprintf("%.1f writes and %.1f reads a login", perLogin, min(heads, 2)), count(math.Floor(min(writesAtMost/perLogin, readsAtMost/2))) + " logins"},
		{"a monitor's list", fmt.Sprintf("%.2g logins", 1/60.0), "the same", "the same"},
		{"the record of `RevokeBefore`", fmt.Sprintf("%.3g reads", hosts/checks.Seconds()), "1 read a process and `RevocationCheck`", count(readsAtMost*checks.Seconds()) + " processes at 10 s"},
		{"one session", "1 or 2 requests", "1 read a request", count(readsAtMost) + " requests"},
	}
	return table("| item | a second | takes | gives way at, a second |", rows)
}

// items returns the table of what is stored on average.
func (m *Month) items() string {
	weight, hours := m.world.Weight(), 30*24.0
	h := m.users.Hours(ttl)
	monitor := m.monitor.Hours(ttl)
	account := m.account.Hours(ttl)
	crowd := func(of func(Hours) float64) float64 { return 30 * (monitors*of(monitor) + of(account)) / hours }
	n := [][]any{
		{"sessions that are alive", weight*h.Alive/hours + crowd(func(h Hours) float64 { return h.Alive }) + bots*idle.Seconds(), recordSize},
		{"sessions that have expired and are not swept yet", weight*h.Expired/hours + crowd(func(h Hours) float64 { return h.Expired }) + bots*ttl.Seconds(), recordSize},
		{"markers", weight*h.Marked/hours + crowd(func(h Hours) float64 { return h.Marked }), markerSize},
		{"lists", weight * h.Listed / hours, listSize + 2*entrySize},
	}
	var rows [][]string
	items, bytes := 0.0, 0.0
	for _, r := range n {
		have, size := r[1].(float64), float64(r[2].(int))
		items, bytes = items+have, bytes+have*size
		rows = append(rows, []string{r[0].(string), count(have), count(have*size/1e9) + " GB", dollars(have * size / 1e9 * dollarsPerGB)})
	}
	rows = append(rows, []string{"**all**", count(items), count(bytes/1e9) + " GB", dollars(bytes / 1e9 * dollarsPerGB)})
	return table("| items | on average | bytes | $ a month |", rows)
}

// lists returns the table of list lengths.
func (m *Month) lists() string {
	var rows [][]string
	for _, r := range []struct {
		name string
		m    *Model
	}{{"a user's", m.users}, {"a monitor's", m.monitor}, {"the shared account's", m.account}} {
		b := r.m.bill("logins").Plus(*r.m.bill("pruning")).Times(1 / float64(r.m.Logins))
		rows = append(rows, []string{r.name, count(float64(r.m.LongestList)), fmt.Sprintf("%.2f", b.Reads), fmt.Sprintf("%.2f", b.Writes)})
	}
	return table("| list | longest | reads of a login, pruning included | writes |", rows)
}

// alternatives returns a table that compares other ways to keep the sessions of the same users.
func (m *Month) alternatives() string {
	u, weight := m.users, m.world.Weight()
	pages, logins, logouts, saves, touches := float64(u.Pages), float64(u.Logins), float64(u.Logouts), float64(u.Saves), float64(u.Touches)
	ours := u.Bill()
	every := ours
	every.add(pages-touches, 0, pages-touches)
	index := Bill{pages + logins + logouts + saves + touches, pages, 2*logins + 2*logouts + saves + touches}
	listed := index
	listed.Writes += saves + touches // the index contains the time of the last access
	python := Bill{2*pages + logins + logouts + saves, pages, pages + logins + logouts + saves}
	var rows [][]string
	for _, l := range []line{
		{"dynasession", ours},
		{"dynasession that records every access (`TouchInterval: -1`)", every},
		{"a global index by subject, keys only", index},
		{"a global index by subject that shows when a session was last seen", listed},
		{"dynamodb-session-web, without subjects", python},
	} {
		b := l.bill.Times(weight)
		rows = append(rows, []string{l.name, count(b.Calls), count(b.Reads), count(b.Writes), dollars(b.Dollars()), fmt.Sprintf("%.2f", b.Dollars()/ours.Times(weight).Dollars())})
	}
	return table("| a month of the users alone | calls | read units | write units | $ | of ours |", rows)
}

// Plot draws the write units in each hour of a day. In the busiest hour, 5 % of all users sign in
// again.
func (m *Month) Plot() string {
	mean := m.users.Bill().Times(m.world.Weight() / seconds).Writes
	usual := plot.Series{Name: "a usual day"}
	var hours []string
	var storm []plot.Mark
	for h, share := range day {
		hours = append(hours, fmt.Sprint(h))
		usual.Values = append(usual.Values, mean*24*share+bots)
		if share*24 > Peak()-1e-9 {
			storm = append(storm, plot.Mark{At: h, Value: m.peakUsers.Writes + bots + m.storm.Writes})
		}
	}
	return plot.Columns("A day of 100 million users, and a login storm", "hour of the day", "write units a second", hours, usual,
		plot.Series{Name: "5 minutes in which 5 % of all users sign in again"}, storm...)
}
