package explore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// thread is an operation that runs, or a late call.
type thread struct {
	name    string
	events  chan<- event
	resume  chan verdict
	pending *call // nil while it runs and when it has ended
	crashed bool
	ended   bool
	late    bool

	// reads are the items that the thread has read since its last change, with their versions.
	// spins is true once it has read one of them twice.
	reads map[string]uint64
	spins bool
}

// event says that a thread waits before a call, or that it has ended if c is nil.
type event struct {
	t *thread
	c *call
}

// wait announces a call and returns the schedule's verdict.
func (t *thread) wait(c call) verdict {
	t.events <- event{t, &c}
	return <-t.resume
}

// Violation is a schedule that breaks a promise.
type Violation struct {
	Scenario string
	Schedule []string // the calls made so far
	Broken   string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("%s: %s\n\t%s", v.Scenario, v.Broken, strings.Join(v.Schedule, "\n\t"))
}

// choice selects the thread that goes on, and the fault of its call.
type choice struct {
	thread int
	fault  Fault
}

// chooser returns the next choice of a run, or false to stop the run.
type chooser func(step int, r *run) (choice, bool)

// mostSteps is the number of calls after which a run is considered endless.
const mostSteps = 300

// run is one run of a scenario, by one schedule.
type run struct {
	world   *World
	threads []*thread
	events  chan event
	log     []string
	names   map[string]string // the names of keys in the log
	known   int               // the number of first steps whose states were already checked

	learn func(seen uint64, changed bool)
	state
}

// execute runs a scenario by one schedule. It reports whether the run was completed, and the
// promise that it broke.
func execute(s *Scenario, choose chooser, learn func(seen uint64, changed bool)) (r *run, complete bool, broken string) {
	w := newWorld(s)
	r = &run{world: w, events: make(chan event), names: map[string]string{}, learn: learn, state: state{versions: map[string]uint64{}}}
	defer r.tearDown()
	if broken := w.begin(); broken != "" {
		return r, true, "before any operation: " + broken
	}
	for i := range w.ops {
		r.start(i)
	}
	for step := 0; ; step++ {
		next, goesOn := choose(step, r)
		switch {
		case len(r.waiting()) == 0:
			return r, true, w.checkEnd(r.faults > 0)
		case step == mostSteps:
			return r, true, fmt.Sprintf("does not end within %d calls", mostSteps)
		case !goesOn:
			return r, false, ""
		}
		r.step(next, step)
		if step < r.known {
			continue
		}
		if broken := w.check(); broken != "" {
			return r, true, broken
		}
	}
}

// waiting returns the threads that wait before a call. It omits a thread that polls, that is, one
// that has read twice without seeing a change, until something changes or only such threads are
// left. In reality, an operation that polls pauses long enough for that.
func (r *run) waiting() []int {
	var all, spinning []int
	others := false
	for i, t := range r.threads {
		switch {
		case t.pending == nil:
		case t.spins && !r.sawChange(t):
			spinning = append(spinning, i)
		default:
			all = append(all, i)
			others = others || !t.late
		}
	}
	if !others {
		all = append(all, spinning...)
		slices.Sort(all)
	}
	return all
}

func (r *run) sawChange(t *thread) bool {
	for key, version := range t.reads {
		if r.versions[key] != version {
			return true
		}
	}
	return false
}

// reading records what a thread reads.
func (r *run) reading(t *thread, c call) {
	if t.spins || t.reads == nil {
		t.reads, t.spins = map[string]uint64{}, false
	}
	again := len(c.keys) > 0
	for _, key := range c.keys {
		if version, ok := t.reads[key]; !ok || version != r.versions[key] {
			again = false
		}
		t.reads[key] = r.versions[key]
	}
	t.spins = again
}

// start runs an operation up to its first call.
func (r *run) start(i int) {
	t := &thread{name: r.world.ops[i].Name, events: r.events, resume: make(chan verdict)}
	r.threads = append(r.threads, t)
	r.seen = append(r.seen, 0)
	ctx := context.WithValue(context.Background(), opKey{}, t)
	go func() {
		defer func() { r.events <- event{t, nil} }()
		r.world.run(ctx, i)
	}()
	r.settle()
}

// settle waits until the running operation waits before a call or has ended. Only one operation
// runs at a time. Its pauses take no real time, since it runs in a synctest bubble.
func (r *run) settle() {
	e := <-r.events
	e.t.pending = e.c
	e.t.ended = e.c == nil
}

// step makes the pending call of a thread, or lets it fail.
func (r *run) step(next choice, at int) {
	t, index, fault := r.threads[next.thread], next.thread, next.fault
	c := *t.pending
	t.pending = nil
	if !t.late {
		r.world.calls(index, at, c)
	}
	r.note(t, c, fault)
	r.sees(next, c)
	switch fault {
	case Late, CrashLate:
		r.threads = append(r.threads, &thread{name: t.name + ", late", pending: &c, late: true})
	case Unsent:
	default:
		if !c.write {
			r.reading(t, c)
		}
		changed := r.apply(c)
		if changed {
			r.changes(index, c)
			t.reads, t.spins = nil, false
		}
		r.learn(r.seen[index], changed)
	}
	switch {
	case t.late:
		t.ended = true
	case fault == Crash || fault == CrashLate:
		t.crashed = true
	case fault != None:
		t.resume <- fail
		r.settle()
	default:
		t.resume <- proceed
		r.settle()
	}
}

func (r *run) note(t *thread, c call, fault Fault) {
	line := t.name + ": " + c.name
	for _, key := range c.keys {
		name, ok := r.names[key]
		if !ok {
			name = fmt.Sprintf("#%d", len(r.names)+1)
			if strings.Contains(key, ":") {
				name = "list" + name
			}
			r.names[key] = name
		}
		line += " " + name
	}
	if fault != None {
		line += " (" + fault.String() + ")"
	}
	r.log = append(r.log, line)
}

// tearDown ends the goroutines that still wait.
func (r *run) tearDown() {
	for _, t := range r.threads {
		if t.late || t.ended {
			continue
		}
		t.resume <- vanish
		for !t.ended {
			if r.settle(); !t.ended {
				t.resume <- vanish // a deferred function has made a call
			}
		}
	}
}

// apply makes a call, and reports whether it changed what is stored.
func (r *run) apply(c call) bool {
	if !c.write {
		c.apply(context.Background())
		return false
	}
	before := r.world.version(c.keys[0])
	c.apply(context.Background())
	return r.world.version(c.keys[0]) != before
}

// state is the state of a run: the last write to each key, and the history of each thread. Since
// operations are deterministic, these determine everything else.
type state struct {
	faults   int // the number of calls with a fault
	versions map[string]uint64
	seen     []uint64
}

func (s *state) clone() state {
	return state{s.faults, maps.Clone(s.versions), slices.Clone(s.seen)}
}

// sees records that a thread makes a call, and the versions of the call's keys.
func (s *state) sees(next choice, c call) {
	h := hash(s.seen[next.thread]).text(c.name).number(uint64(next.fault))
	for _, key := range c.keys {
		h = h.key(key).number(s.versions[key])
	}
	s.seen[next.thread] = uint64(h)
	if next.fault != None {
		s.faults++
	}
	if next.fault == Late || next.fault == CrashLate {
		s.seen = append(s.seen, uint64(h))
	}
}

// changes records that the last call of a thread has changed what is stored. Every write has one
// key.
func (s *state) changes(thread int, c call) { s.versions[c.keys[0]] = s.seen[thread] }

// name returns a hash that identifies the state.
func (s *state) name() uint64 {
	var all hash
	for key, version := range s.versions {
		all += hash(1).key(key).number(version) // a sum, as maps have no order
	}
	h := hash(2).number(uint64(s.faults)).number(uint64(all))
	for _, seen := range s.seen {
		h = h.number(seen)
	}
	return uint64(h)
}

// hash is a running FNV-1a hash.
type hash uint64

func (h hash) text(s string) hash {
	for i := range len(s) {
		h = (h ^ hash(s[i])) * 1099511628211
	}
	return h.number(uint64(len(s)))
}

// key adds the end of a key, which is a hash itself.
func (h hash) key(s string) hash { return h.text(s[max(len(s)-20, 0):]) }

func (h hash) number(n uint64) hash {
	for range 8 {
		h = (h ^ hash(n&0xff)) * 1099511628211
		n >>= 8
	}
	return h
}

// Count is the extent of an exploration: the number of schedules without and with a fault, and of
// the store calls made to try them. If several schedules reach a state, the exploration continues
// from it only once.
type Count struct {
	Schedules, Faulted float64
	Calls              int
}

// Add adds another count.
func (c *Count) Add(other Count) {
	c.Schedules, c.Faulted, c.Calls = c.Schedules+other.Schedules, c.Faulted+other.Faulted, c.Calls+other.Calls
}

// vertex is a state in the graph of schedules.
type vertex struct {
	choices  []choice
	children []*vertex // the vertices that the choices lead to, as far as known

	schedules, faulted float64 // numbers of ways from here to the end, without and with a fault

	// Set until all choices have been taken:
	state state
	calls []call
}

// place is a vertex on the path of a run, and the choice taken there.
type place struct {
	*vertex
	next int
}

// search is a depth-first search of the graph of schedules. A run repeats the choices of the
// current path, and continues until it reaches a state explored before. Often the search knows
// where a choice leads without a run, since a thread's history determines what its call changes.
type search struct {
	scenario *Scenario
	faults   []Fault
	most     int
	visited  map[uint64]*vertex
	changes  map[uint64]bool // whether a call changed something, by its thread's history
	path     []*place
}

// Explore runs a scenario in every order of the store calls, without faults and with each of the
// given faults at every call. most is the maximum number of faults in a run. Explore returns the
// first [Violation]. It must be called in a testing/synctest bubble.
func Explore(s *Scenario, faults []Fault, most int) (n Count, err error) {
	x := &search{s, faults, most, map[uint64]*vertex{}, map[uint64]bool{}, nil}
	for {
		strange := false
		r, complete, broken := execute(s, func(step int, r *run) (choice, bool) {
			if step < len(x.path)-1 {
				r.known = step + 1
				return x.path[step].choices[x.path[step].next], true
			}
			v, known := x.visit(r)
			if step > 0 {
				x.path[step-1].leadsTo(v)
			}
			switch {
			case step < len(x.path):
				strange = x.path[step].vertex != v
			case known || len(v.choices) == 0:
				return choice{}, false
			default:
				x.path = append(x.path, &place{v, 0})
				if !x.advance() {
					return choice{}, false
				}
			}
			return x.path[step].choices[x.path[step].next], !strange
		}, x.learn)
		n.Calls += len(r.log)
		if strange {
			broken = "an operation did something else when it saw the same"
		}
		if strange || complete && broken != "" {
			return n, &Violation{s.Name, r.log, broken}
		}
		for len(x.path) > 0 {
			p := x.path[len(x.path)-1]
			if p.next < len(p.choices) {
				p.next++
			}
			if x.advance() {
				break
			}
			for _, child := range p.children {
				p.schedules += child.schedules
				p.faulted += child.faulted
			}
			n.Schedules, n.Faulted = p.schedules, p.faulted
			p.state, p.calls = state{}, nil
			x.path = x.path[:len(x.path)-1]
		}
		if len(x.path) == 0 {
			return n, nil
		}
	}
}

// visit returns the vertex of a run's state, and whether it was visited before.
func (x *search) visit(r *run) (v *vertex, known bool) {
	name := r.name()
	if v, known = x.visited[name]; known {
		return v, true
	}
	v = &vertex{choices: r.choices(x.faults, x.most), state: r.clone()}
	for _, t := range r.threads {
		var c call
		if t.pending != nil {
			c = call{name: t.pending.name, keys: t.pending.keys, write: t.pending.write}
		}
		v.calls = append(v.calls, c)
	}
	if len(v.choices) == 0 && r.faults == 0 {
		v.schedules = 1
	} else if len(v.choices) == 0 {
		v.faulted = 1
	}
	x.visited[name] = v
	return v, false
}

// leadsTo records the vertex to which the current choice leads.
func (p *place) leadsTo(v *vertex) {
	if p.next == len(p.children) {
		p.children = append(p.children, v)
	}
}

// advance skips the choices of the last place that lead to states already visited. It reports
// whether a choice is left.
func (x *search) advance() bool {
	p := x.path[len(x.path)-1]
	for ; p.next < len(p.choices); p.next++ {
		v := x.foresee(p)
		if v == nil {
			return true
		}
		p.leadsTo(v)
	}
	return false
}

// foresee returns the vertex to which a choice leads, or nil if only a run can tell or the vertex
// was not visited.
func (x *search) foresee(p *place) *vertex {
	next := p.choices[p.next]
	c := p.calls[next.thread]
	s := p.state.clone()
	s.sees(next, c)
	if c.write && next.fault != Unsent && next.fault != Late && next.fault != CrashLate {
		changed, known := x.changes[s.seen[next.thread]]
		if !known {
			return nil
		}
		if changed {
			s.changes(next.thread, c)
		}
	}
	return x.visited[s.name()]
}

// learn records whether a call has changed something.
func (x *search) learn(seen uint64, changed bool) { x.changes[seen] = changed }

// choices returns all ways to continue the run. It omits some faults of a call that only reads: it
// makes no difference whether that call happens late or never.
func (r *run) choices(faults []Fault, most int) []choice {
	var all []choice
	for _, i := range r.waiting() {
		all = append(all, choice{i, None})
	}
	if r.faults == most {
		return all
	}
	for _, i := range r.waiting() {
		t := r.threads[i]
		for _, fault := range faults {
			if !t.late && (t.pending.write || fault == Crash || fault == Lost) {
				all = append(all, choice{i, fault})
			}
		}
	}
	return all
}
