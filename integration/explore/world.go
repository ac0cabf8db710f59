package explore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// Data is the data of the sessions: the marks of the operations that have changed it.
type Data struct {
	Marks map[string]bool `json:",omitempty"`
}

func (d *Data) mark(name string) {
	if d.Marks == nil {
		d.Marks = map[string]bool{}
	}
	d.Marks[name] = true
}

// Scenario is a stored state and the operations that run on it.
type Scenario struct {
	Name  string
	Begin func(*World) // creates sessions before the operations begin
	Ops   []Op
	Limit sessions.SubjectLimit

	// Dead are the names of sessions that may have idled out.
	Dead []string

	// Sabotage, if set, wraps the store so that it makes a mistake.
	Sabotage func(driver.Store) driver.Store
}

// start is when the sessions of a scenario begin, and now is when operations run, unless AtTime
// says otherwise.
var (
	start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	now   = start.Add(time.Minute)
)

// World is the store and the Managers of one run, and what their clients know.
type World struct {
	scenario *Scenario
	ops      []Op
	ledger   *ledger
	store    driver.Store // used by all Managers
	lines    []*line      // the sessions
	managers []*sessions.Manager[Data]
	states   []progress
	held     map[int]*sessions.Session[Data]
	problem  string // while creating the sessions
}

// progress records what an operation has done so far.
type progress struct {
	begun   bool
	touched map[string]int // the step of its first call on a key
	bumped  map[string]int // the step at which it first raised a list's epoch
	done    bool
	err     error
}

// line is a session through all its IDs.
type line struct {
	name  string
	told  []told // the IDs that clients were told, oldest first
	marks []string
	ended string // the operation that ended it, if it returned nil
	kept  string // the operation whose access keeps it from idling out
}

// told is an ID that a client was told.
type told struct {
	id     string
	key    string
	origin int // the operation whose login made this ID; -1: none
}

func newWorld(s *Scenario) *World {
	mem := memstore.New(&memstore.Config{Clock: clock.NewFake(start)})
	w := &World{scenario: s, ops: s.Ops, ledger: &ledger{Store: mem, records: map[string]int{}, lists: map[string]bool{}}}
	var store driver.Store = w.ledger
	if s.Sabotage != nil {
		store = s.Sabotage(store)
	}
	w.store = &gate{store}
	return w
}

// begin creates the sessions of the scenario, and lets each operation load its session.
func (w *World) begin() string {
	w.ledger.op = -1
	if w.scenario.Begin != nil {
		w.scenario.Begin(w)
	}
	w.states = make([]progress, len(w.ops))
	for i, op := range w.ops {
		w.states[i] = progress{touched: map[string]int{}, bumped: map[string]int{}}
		at := now
		if !op.At.IsZero() {
			at = op.At
		}
		m := w.manager(fmt.Sprintf("op%d", i), at, op.Touch)
		w.managers = append(w.managers, m)
		if op.prepare != nil {
			if err := op.prepare(w, i); err != nil {
				return "preparing " + op.Name + ": " + err.Error()
			}
		}
	}
	if w.problem != "" {
		return w.problem
	}
	return w.check()
}

// manager returns the Manager of a new process.
func (w *World) manager(name string, at time.Time, touch time.Duration) *sessions.Manager[Data] {
	m, err := sessions.New[Data](w.store, &sessions.Config[Data]{
		IDs: &numbered{name: name}, Clock: clock.NewFake(at), TouchInterval: touch, SubjectLimit: w.scenario.Limit,
		Merge: sessions.MergeFields[Data],
	})
	if err != nil {
		w.problem = err.Error()
	}
	return m
}

// numbered is a scheme whose IDs are the same in every run.
type numbered struct {
	name string
	n    int
}

func (n *numbered) New() sessions.ID {
	n.n++
	return sessions.IDOf(fmt.Sprintf("id-%s-%d", n.name, n.n))
}

func (n *numbered) Parse(s string) (sessions.ID, error) {
	if !strings.HasPrefix(s, "id-") {
		return sessions.ID{}, sessions.ErrInvalidID
	}
	return sessions.IDOf(s), nil
}

func (n *numbered) Key(id sessions.ID) string { return id.Handle() }

// Visitor creates a session without a subject.
func (w *World) Visitor(name string) { w.create(name, "", "", start) }

// User creates a session of a subject that begins at the given time.
func (w *World) User(name, subject string, at time.Time) { w.create(name, subject, "", at) }

// Federated creates a session that comes from an identity provider's session.
func (w *World) Federated(name, subject, federated string) { w.create(name, subject, federated, start) }

func (w *World) create(name, subject, federated string, at time.Time) {
	m := w.manager(name, at, 0)
	s := m.Create()
	s.Federated = federated
	var err error
	if subject == "" {
		err = m.Save(context.Background(), s)
	} else {
		err = m.Authenticate(context.Background(), s, subject)
	}
	if err != nil {
		w.problem = "creating " + name + ": " + err.Error()
		return
	}
	l := &line{name: name}
	l.tell(s, -1)
	w.lines = append(w.lines, l)
}

func (l *line) tell(s *sessions.Session[Data], origin int) {
	l.told = append(l.told, told{s.ID().Secret(), s.Handle(), origin})
}

func (l *line) last() told { return l.told[len(l.told)-1] }

func (w *World) line(name string) *line {
	for _, l := range w.lines {
		if l.name == name {
			return l
		}
	}
	return nil
}

// calls records a call of an operation.
func (w *World) calls(op, step int, c call) {
	s := &w.states[op]
	s.begun = true
	for _, key := range c.keys {
		if _, ok := s.touched[key]; !ok {
			s.touched[key] = step
		}
		if _, ok := s.bumped[key]; !ok && strings.Contains(c.name, "bump") {
			s.bumped[key] = step
		}
	}
	w.ledger.op = op
}

// run runs an operation.
func (w *World) run(ctx context.Context, i int) {
	err := w.ops[i].run(ctx, w, i)
	w.states[i].done, w.states[i].err = true, err
}

// ledger is a store that records all keys ever written.
type ledger struct {
	driver.Store
	records map[string]int // keys, and the operation that created them
	order   []string
	lists   map[string]bool
	op      int // the operation whose call is made
}

func (l *ledger) Create(ctx context.Context, rec driver.Record) error {
	if _, ok := l.records[rec.Key]; !ok {
		l.records[rec.Key] = l.op
		l.order = append(l.order, rec.Key)
	}
	return l.Store.Create(ctx, rec)
}

func (l *ledger) ChangeRoster(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
	l.lists[c.Key] = true
	return l.Store.ChangeRoster(ctx, c)
}

// content is everything stored.
type content struct {
	records map[string]driver.Record
	markers map[string]driver.Marker
	listed  map[string]map[string]bool // keys by list
}

func (w *World) content() (content, string) {
	c := content{map[string]driver.Record{}, map[string]driver.Marker{}, map[string]map[string]bool{}}
	ctx := context.Background()
	loaded, err := w.ledger.LoadAll(ctx, w.ledger.order)
	if err != nil {
		return c, err.Error()
	}
	for i, found := range loaded {
		var ended *driver.EndedError
		key := w.ledger.order[i]
		switch {
		case found.Err == nil && found.Record.ExpiresAt().After(w.latest()):
			c.records[key] = found.Record
		case errors.As(found.Err, &ended):
			c.markers[key] = ended.Marker
		}
	}
	parts, err := w.ledger.LoadRosters(ctx, slices.Sorted(maps.Keys(w.ledger.lists))...)
	if err != nil {
		return c, err.Error()
	}
	byKey := map[string]driver.Roster{}
	for _, part := range parts {
		byKey[part.Key] = part
	}
	for _, head := range parts {
		if strings.Contains(head.Key, "#") {
			continue
		}
		keys := map[string]bool{}
		for key := range head.Entries {
			keys[key] = true
		}
		for page := max(head.Pages.First, 1); page <= head.Pages.Last; page++ {
			for key := range byKey[fmt.Sprintf("%s#%d", head.Key, page)].Entries {
				keys[key] = true
			}
		}
		c.listed[head.Key] = keys
	}
	return c, ""
}

// latest returns the latest time by any operation's clock.
func (w *World) latest() time.Time {
	at := now
	for _, op := range w.ops {
		if op.At.After(at) {
			at = op.At
		}
	}
	return at
}

// reach follows the markers from a key. It returns the record it arrives at if the session is
// alive, or else the last marker.
func (c content) reach(key string) (rec driver.Record, alive bool, end driver.Marker) {
	for range 100 {
		if rec, ok := c.records[key]; ok {
			return rec, true, end
		}
		end = c.markers[key]
		if end.Next == "" {
			break
		}
		key = end.Next
	}
	return rec, false, end
}

// version returns a text that differs whenever what is stored under a key has changed.
func (w *World) version(key string) string {
	ctx := context.Background()
	if strings.Contains(key, ":") {
		lists, err := w.ledger.LoadRosters(ctx, key)
		if err != nil {
			return err.Error()
		}
		return lists[0].Rev
	}
	rec, err := w.ledger.Load(ctx, key)
	var ended *driver.EndedError
	if errors.As(err, &ended) {
		return "ended " + ended.Marker.Rev
	}
	return rec.Rev + rec.Accessed.String() + string(rec.Binding)
}

// check returns the promise that the stored state breaks, "" if none.
func (w *World) check() string {
	c, trouble := w.content()
	if trouble != "" {
		return trouble
	}
	subjects := map[string]map[string]bool{}
	for _, l := range w.lines {
		if broken := w.checkLine(c, l); broken != "" {
			return l.name + ": " + broken
		}
		for _, t := range l.told {
			if rec, alive, _ := c.reach(t.key); alive && rec.Subject != "" {
				if subjects[rec.Subject] == nil {
					subjects[rec.Subject] = map[string]bool{}
				}
				subjects[rec.Subject][rec.Key] = true
			}
		}
	}
	if most := w.scenario.Limit.Max; most > 0 {
		for subject, alive := range subjects {
			if len(alive) > most {
				return fmt.Sprintf("%s has %d sessions, and may have %d", subject, len(alive), most)
			}
		}
	}
	for key, rec := range c.records {
		if rec.Subject != "" && !w.isListed(c, "subject:", rec.Subject, key) {
			return "a session that is alive is not in its subject's list"
		}
		if rec.Subject != "" && rec.Federated != "" && !w.isListed(c, "federated:", rec.Federated, key) {
			return "a session that is alive is not in its federated session's list"
		}
	}
	return ""
}

func (w *World) isListed(c content, kind, name, key string) bool {
	return c.listed[listKey(kind, name)][key]
}

func (w *World) checkLine(c content, l *line) string {
	alive := 0
	for _, t := range l.told {
		if _, ok := c.records[t.key]; ok {
			alive++
		}
		rec, reached, end := c.reach(t.key)
		switch {
		case reached && l.ended != "":
			return "is alive after " + l.ended
		case reached:
			if broken := w.checkRevoked(l, t, rec); broken != "" {
				return broken
			}
			if broken := checkMarks(l, rec); broken != "" {
				return broken
			}
		case l.ended == "" && !w.mayEnd(l, end.Why):
			return fmt.Sprintf("has ended (%q), and nobody has ended it", end.Why)
		case l.kept != "" && (end.Why == driver.Abandoned || end.Why == ""):
			return "has idled out after " + l.kept
		}
	}
	if alive > 1 {
		return fmt.Sprintf("is alive under %d IDs that clients were told", alive)
	}
	for _, t := range l.told[:max(len(l.told)-1, 0)] {
		if why := c.markers[t.key].Why; why != driver.Renewed {
			return fmt.Sprintf("an ID that was exchanged is not ErrRenewed, but %q", why)
		}
	}
	return ""
}

// checkRevoked reports a record whose session should have been ended by a revocation that has
// succeeded.
func (w *World) checkRevoked(l *line, t told, rec driver.Record) string {
	origin := t.origin
	if op := w.ledger.records[rec.Key]; op >= 0 && w.ops[op].logsIn {
		origin = op
	}
	for i := range w.states {
		s := &w.states[i]
		if !s.done || s.err != nil || w.ops[i].revokes == "" {
			continue
		}
		list := w.ops[i].revokes
		if list != listKey("subject:", rec.Subject) && list != listKey("federated:", rec.Federated) {
			continue
		}
		if origin >= 0 {
			if began, ok := w.states[origin].touched[list]; !ok || began > s.bumped[list] {
				continue // the login began after the revocation
			}
		}
		return "is alive after " + w.ops[i].Name
	}
	return ""
}

func checkMarks(l *line, rec driver.Record) string {
	b, err := rec.Payload.Bytes()
	var data Data
	if err == nil {
		err = json.Unmarshal(b, &data)
	}
	if err != nil {
		return err.Error()
	}
	for _, mark := range l.marks {
		if !data.Marks[mark] {
			return "has lost what was saved by " + mark
		}
	}
	return ""
}

// mayEnd reports whether an operation that has begun may have ended a session for this reason.
func (w *World) mayEnd(l *line, why driver.Reason) bool {
	switch why {
	case driver.Evicted:
		return w.scenario.Limit.Evict
	case driver.Abandoned:
		return slices.Contains(w.scenario.Dead, l.name)
	case "":
		return slices.Contains(w.scenario.Dead, l.name) // expired
	}
	for i, op := range w.ops {
		if !w.states[i].begun {
			continue
		}
		if why == driver.Destroyed && op.destroys && op.line == l.name || why == driver.Revoked && (op.revokes != "" || op.destroys && op.line == l.name) {
			return true
		}
	}
	return false
}

// checkEnd returns the promise that the results of the operations break, "" if none. After a fault,
// an operation may fail with ErrUnavailable.
func (w *World) checkEnd(faulted bool) string {
	exchanged := map[string]int{}
	exchanges := map[string]int{}
	for i, op := range w.ops {
		s := w.states[i]
		if op.exchanges && op.line != "" {
			exchanges[op.line]++
			if s.done && s.err == nil {
				exchanged[op.line]++
			}
		}
		if !s.done {
			continue // it crashed
		}
		if s.err != nil && !w.mayFail(i, s.err, faulted) {
			return op.Name + ": " + s.err.Error()
		}
	}
	if faulted {
		return ""
	}
	for name, n := range exchanges {
		if exchanged[name] != 1 && !w.othersEnd(name, -1) {
			return fmt.Sprintf("%s: of %d exchanges of the ID %d succeeded", name, n, exchanged[name])
		}
	}
	return ""
}

// mayFail reports whether an operation may return err, given the operations that run at the same
// time.
func (w *World) mayFail(i int, err error, faulted bool) bool {
	op := w.ops[i]
	if faulted && (errors.Is(err, driver.ErrUnavailable) || errors.Is(err, driver.ErrConflict)) {
		return true // a save with an unknown outcome is not merged
	}
	renewed := errors.Is(err, sessions.ErrRenewed)
	if faulted && op.destroys && errors.Is(err, sessions.ErrNotFound) && !renewed {
		return true // its first attempt may have ended it
	}
	if faulted && op.exchanges && renewed {
		return true // its first attempt exchanged the ID, and the new one has ended
	}
	for j, other := range w.ops {
		if i == j {
			continue
		}
		same := op.line != "" && op.line == other.line
		if same && other.exchanges && renewed {
			return true
		}
		ends := same && other.destroys || other.revokes != "" && (op.line != "" || op.logsIn) || w.scenario.Limit.Evict && other.logsIn
		if ends && errors.Is(err, sessions.ErrNotFound) && !renewed {
			return true
		}
		if other.revokes != "" && op.logsIn && errors.Is(err, sessions.ErrRevoked) {
			return true
		}
	}
	if w.scenario.Limit.Max > 0 && op.logsIn && errors.Is(err, sessions.ErrConflict) {
		return true // overtaken by other logins repeatedly
	}
	if w.scenario.Limit.Max > 0 && !w.scenario.Limit.Evict && op.logsIn && errors.Is(err, sessions.ErrLimit) {
		return true
	}
	return errors.Is(err, sessions.ErrNotFound) && !renewed && slices.Contains(w.scenario.Dead, op.line)
}

// othersEnd reports whether an operation other than i may end a session.
func (w *World) othersEnd(name string, i int) bool {
	for j, other := range w.ops {
		if j != i && (other.destroys && other.line == name || other.revokes != "") || w.scenario.Limit.Max > 0 {
			return true
		}
	}
	return slices.Contains(w.scenario.Dead, name)
}
