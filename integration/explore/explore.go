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
	faults  int               // how many calls went wrong
	known   int               // how many steps lead to states that were checked before

	// What identifies the state: for each key the write that it holds, and for each thread what it has seen. The rest follows from
	// that, as operations do the same whenever they see the same.
	versions map[string]uint64
	seen     []uint64
}

// execute runs a scenario by one schedule. It reports whether the run came to its end, and the promise that it broke.
func execute(s *Scenario, choose chooser) (r *run, complete bool, broken string) {
	w := newWorld(s)
	r = &run{world: w, events: make(chan event), names: map[string]string{}, versions: map[string]uint64{}}
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

// waiting returns the threads that wait with a call.
func (r *run) waiting() []int {
	var all []int
	for i, t := range r.threads {
		if t.pending != nil {
			all = append(all, i)
		}
	}
	return all
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
	if fault != None {
		r.faults++
	}
	r.note(t, c, fault)
	r.sees(index, c, fault)
	switch fault {
	case Late, CrashLate:
		r.threads = append(r.threads, &thread{name: t.name + ", late", pending: &c, late: true})
		r.seen = append(r.seen, r.seen[index])
	case Unsent:
	default:
		r.apply(index, c)
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

// sees notes that a thread makes a call in the state that its keys are in.
func (r *run) sees(index int, c call, fault Fault) {
	h := hash(r.seen[index]).text(c.name).number(uint64(fault))
	for _, key := range c.keys {
		h = h.text(key).number(r.versions[key])
	}
	r.seen[index] = uint64(h)
}

// apply makes a call, and notes what it has changed.
func (r *run) apply(index int, c call) {
	if !c.write {
		c.apply(context.Background())
		return
	}
	key := c.keys[0] // no write has two
	before := r.world.version(key)
	c.apply(context.Background())
	if r.world.version(key) != before {
		r.versions[key] = r.seen[index]
	}
}

// state returns the name of the state that the run has come to.
func (r *run) state() uint64 {
	h := hash(1).number(uint64(r.faults))
	for i, t := range r.threads {
		h = h.number(r.seen[i])
		if t.crashed || t.ended {
			h = h.text("ended")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.versions)) {
		h = h.text(key).number(r.versions[key])
	}
	for _, l := range r.world.lines {
		h = h.text(l.ended).text(l.kept)
		for _, t := range l.told {
			h = h.text(t.key)
		}
		for _, mark := range l.marks {
			h = h.text(mark)
		}
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
	children []*vertex        // where the choices lead
	paths    map[bool]float64 // how many schedules go on from here, without and with a fault on the way
}

// place is a vertex on the path of a run, and which of its choices is taken.
type place struct {
	*vertex
	next int
}

// Explore runs a scenario in every order of the store calls, without faults and with up to most of the given faults, each at each
// call. It returns the first [Violation]. It must be called in a bubble of package synctest.
//
// It goes through the graph of schedules depth first. A run repeats the choices of the path so far, and goes on from there until it
// comes to a state that was explored before.
func Explore(s *Scenario, faults []Fault, most int) (n Count, err error) {
	visited := map[uint64]*vertex{}
	var path []*place
	for {
		strange := false
		r, complete, broken := execute(s, func(step int, r *run) (choice, bool) {
			if step < len(path)-1 {
				r.known = step + 1
				return path[step].choices[path[step].next], true
			}
			state := r.state()
			v, known := visited[state]
			if !known {
				v = &vertex{choices: r.choices(faults, most), paths: map[bool]float64{}}
				visited[state] = v
			}
			if step > 0 {
				parent := path[step-1]
				if parent.next == len(parent.children) {
					parent.children = append(parent.children, v)
				}
			}
			switch {
			case step < len(path):
				strange = path[step].vertex != v
			case known:
				return choice{}, false
			case len(v.choices) == 0:
				v.paths[r.faults > 0] = 1
				return choice{}, false
			default:
				path = append(path, &place{v, 0})
			}
			return path[step].choices[path[step].next], !strange
		})
		n.Calls += len(r.log)
		if strange {
			broken = "an operation did something else when it saw the same"
		}
		if strange || complete && broken != "" {
			return n, &Violation{s.Name, r.log, broken}
		}
		for {
			if len(path) == 0 {
				return n, nil
			}
			p := path[len(path)-1]
			if p.next++; p.next < len(p.choices) {
				break
			}
			for _, child := range p.children {
				p.paths[false] += child.paths[false]
				p.paths[true] += child.paths[true]
			}
			n.Schedules, n.Faulted = p.paths[false], p.paths[true]
			path = path[:len(path)-1]
		}
	}
}

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
