package explore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// thread is an operation under way, or a call that arrives late.
type thread struct {
	name    string
	events  chan<- event
	resume  chan verdict
	pending *call // nil: it runs, or has ended
	crashed bool
	ended   bool
	late    bool

	// What it has read since it last changed something, with the versions; and whether it has read something twice.
	reads map[string]uint64
	spins bool
}

// event says that a thread waits with a call, or, with a nil call, that it has ended.
type event struct {
	t *thread
	c *call
}

// wait announces a call and returns what the schedule decides.
func (t *thread) wait(c call) verdict {
	t.events <- event{t, &c}
	return <-t.resume
}

// Violation is a schedule after which a promise is broken.
type Violation struct {
	Scenario string
	Schedule []string // the calls that happened
	Broken   string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("%s: %s\n\t%s", v.Scenario, v.Broken, strings.Join(v.Schedule, "\n\t"))
}

// choice is a thread that goes on, and what goes wrong with its call.
type choice struct {
	thread int
	fault  Fault
}

// chooser says how a run goes on, if it does.
type chooser func(step int, r *run) (choice, bool)

// mostSteps bounds how many calls a run takes: what takes more doesn't end.
const mostSteps = 300

// run is one schedule.
type run struct {
	world   *World
	threads []*thread
	events  chan event
	log     []string
	names   map[string]string // keys, as the log shows them
	known   int               // how many steps lead to states that were checked before

	learn func(seen uint64, changed bool)
	state
}

// execute runs a scenario by one schedule. It reports whether the run came to its end, and the promise that it broke.
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

// waiting returns the threads that wait with a call. One that waits for another operation, and has looked twice without seeing a
// change, is not among them until there is one, or the others have ended: the pauses of real operations are long enough for that.
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

// reading notes what a thread reads.
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

// start lets an operation run until its first call.
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

// settle waits until the operation that runs waits again, or has ended. Nobody else runs. Pauses of the operation take no
// time, as this is the time of a bubble.
func (r *run) settle() {
	e := <-r.events
	e.t.pending = e.c
	e.t.ended = e.c == nil
}

// step lets the pending call of a thread happen, or go wrong.
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
				t.resume <- vanish // what it has deferred makes a call
			}
		}
	}
}

// apply makes a call, and reports whether something else is stored afterwards.
func (r *run) apply(c call) bool {
	if !c.write {
		c.apply(context.Background())
		return false
	}
	before := r.world.version(c.keys[0])
	c.apply(context.Background())
	return r.world.version(c.keys[0]) != before
}

// state is what a run has come to: for each key the write that it holds, and for each thread what it has seen. The rest follows
// from that, as operations do the same whenever they see the same.
type state struct {
	faults   int // how many calls went wrong
	versions map[string]uint64
	seen     []uint64
}

func (s *state) clone() state {
	return state{s.faults, maps.Clone(s.versions), slices.Clone(s.seen)}
}

// sees notes that a thread makes a call while its keys hold what they hold.
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

// changes notes that the call that a thread has just made has changed what is stored. No write has two keys.
func (s *state) changes(thread int, c call) { s.versions[c.keys[0]] = s.seen[thread] }

// name returns a name that no other state has.
func (s *state) name() uint64 {
	var all hash
	for key, version := range s.versions {
		all += hash(1).key(key).number(version) // in any order
	}
	h := hash(2).number(uint64(s.faults)).number(uint64(all))
	for _, seen := range s.seen {
		h = h.number(seen)
	}
	return uint64(h)
}

// hash is FNV-1a, as it goes.
type hash uint64

func (h hash) text(s string) hash {
	for i := range len(s) {
		h = (h ^ hash(s[i])) * 1099511628211
	}
	return h.number(uint64(len(s)))
}

// key takes the end of a key, which is a hash itself.
func (h hash) key(s string) hash { return h.text(s[max(len(s)-20, 0):]) }

func (h hash) number(n uint64) hash {
	for range 8 {
		h = (h ^ hash(n&0xff)) * 1099511628211
		n >>= 8
	}
	return h
}

// Count says how much was explored: the schedules without and with a fault, and the calls of the store that it took to try them. A
// state that several schedules come to is gone on from once.
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
	children []*vertex // where the choices lead, as far as is known

	schedules, faulted float64 // how many go on from here, without and with a fault until their end

	// Until all choices have been taken:
	state state
	calls []call
}

// place is a vertex on the path of a run, and which of its choices is taken.
type place struct {
	*vertex
	next int
}

// search goes through the graph of schedules depth first. A run repeats the choices of the path so far, and goes on from there until
// it comes to a state that was explored before. Where a choice leads to is often known without a run: what a call changes depends on
// what its thread has seen.
type search struct {
	scenario *Scenario
	faults   []Fault
	most     int
	visited  map[uint64]*vertex
	changes  map[uint64]bool // by what its thread has seen then, whether a call has changed something
	path     []*place
}

// Explore runs a scenario in every order of the store calls, without faults and with up to most of the given faults, each at each
// call. It returns the first [Violation]. It must be called in a bubble of package synctest.
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

// visit returns the vertex of the state that a run has come to, and whether it was known before.
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

// leadsTo notes where the choice that is taken leads.
func (p *place) leadsTo(v *vertex) {
	if p.next == len(p.children) {
		p.children = append(p.children, v)
	}
}

// advance passes over the choices of the last place whose state is known and was visited. It reports whether there is one left.
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

// foresee returns the vertex that a choice leads to, if it was visited and no run is needed to tell.
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

// learn notes whether a call has changed something.
func (x *search) learn(seen uint64, changed bool) { x.changes[seen] = changed }

// choices returns how the run can go on. Of a call that only reads, that it happens late, or doesn't happen, makes no difference.
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
