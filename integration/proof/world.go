package proof

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// World consists of a few visitors with many clients each, and the hosts that serve them.
type World struct {
	Hosts []Host
	Ticks *atomic.Int64

	// Slots is the number of visitors. Each has one session at a time.
	Slots int
	// Subjects is the number of subjects that they sign in as.
	Subjects int
	// Lives is the maximum number of sessions; 0 means no maximum.
	Lives int
	// LateKnown is set if the time at which a late call is applied is known. Otherwise a call
	// with an unknown outcome may be applied at any later time.
	LateKnown bool

	// Patience is how long a client waits after a failed request.
	Patience time.Duration

	mu      sync.Mutex
	entries []*entry
	lives   []*life
	slots   []*life
}

// entry is a completed operation. A revocation or list of a subject's sessions is a single entry.
type entry struct {
	op      Op
	last    atomic.Int64 // when its last late call was applied
	handles []string     // the content of a list
}

// life is a session from its creation to its end.
type life struct {
	number  int
	subject string
	slot    int
	ids     []told
	doubts  int
	asked   int
}

// told is an ID that a client was told.
type told struct {
	id, handle string
	at         int64 // when it was told
}

// visit is a request's view of a session: one of its IDs.
type visit struct {
	life *life
	id   string
	num  int
}

// A client that reaches one of these numbers signs out, so that a session's history stays short
// enough to judge.
const (
	mostAsked  = 120
	mostDoubts = 3
)

// Work lets n clients work until stop is closed or all lives are used up.
func (w *World) Work(ctx context.Context, n int, seed uint64, stop <-chan struct{}) {
	w.slots = make([]*life, w.Slots)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			for marks := 0; ; marks++ {
				select {
				case <-stop:
					return
				case <-ctx.Done():
					return
				default:
				}
				if !w.click(ctx, random, fmt.Sprintf("c%d-%d", i, marks)) {
					return
				}
				w.wait(stop)
			}
		})
	}
	all.Wait()
}

// wait makes a client pause if the most recent operation has failed.
func (w *World) wait(stop <-chan struct{}) {
	w.mu.Lock()
	failed := len(w.entries) > 0 && w.entries[len(w.entries)-1].op.Outcome == Failed
	w.mu.Unlock()
	if w.Patience == 0 || !failed {
		return
	}
	timer := time.NewTimer(w.Patience)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-stop:
	}
}

// click makes one request. It returns false if all lives are used up.
func (w *World) click(ctx context.Context, random *rand.Rand, mark string) bool {
	host := w.Hosts[random.IntN(len(w.Hosts))]
	slot := random.IntN(w.Slots)
	v, ended := w.find(ctx, host, slot, random)
	if ended {
		return false
	}
	if v.life == nil {
		return true
	}
	kind := Load
	switch dice := random.IntN(100); {
	case dice < 25:
	case dice < 50:
		kind = Save
	case dice < 70:
		kind = Update
	case dice < 80:
		kind = Renew
	case dice < 88:
		kind = Authenticate
	case dice < 91:
		kind = Destroy
	case dice < 93:
		w.ofSubject(ctx, host, Revoke, v.life.subject)
		return true
	case dice < 97:
		w.ofSubject(ctx, host, List, v.life.subject)
		return true
	default: // an earlier ID, perhaps exchanged
		v.num = random.IntN(v.num + 1)
		v.id = w.idOf(v.life, v.num)
	}
	w.mu.Lock()
	if kind != Destroy && (v.life.asked >= mostAsked || v.life.doubts > mostDoubts) {
		kind = Destroy
	}
	w.mu.Unlock()
	if kind == Load || kind == Destroy {
		mark = ""
	}
	w.do(ctx, host, v, kind, mark)
	return true
}

func (w *World) idOf(l *life, num int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return l.ids[num].id
}

// find returns the session of a slot, and creates one if there is none.
func (w *World) find(ctx context.Context, host Host, slot int, random *rand.Rand) (v visit, ended bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l := w.slots[slot]; l != nil {
		if len(l.ids) == 0 {
			return visit{}, false // another client is creating it
		}
		return visit{l, l.ids[len(l.ids)-1].id, len(l.ids) - 1}, false
	}
	if w.Lives > 0 && len(w.lives) >= w.Lives {
		return visit{}, true
	}
	l := &life{number: len(w.lives), subject: subject(random.IntN(w.Subjects)), slot: slot}
	w.lives = append(w.lives, l)
	w.slots[slot] = l
	w.mu.Unlock()
	answer := w.ask(ctx, host, Op{Kind: Create, Life: l.number, Subject: l.subject}, Request{Kind: Create})
	w.mu.Lock()
	if answer.Outcome == Done {
		return visit{l, answer.ID, 0}, false
	}
	w.slots[slot] = nil
	return visit{}, false
}

// ask sends a request to a host, and records the operation.
func (w *World) ask(ctx context.Context, host Host, o Op, r Request) Answer {
	e := &entry{op: o}
	e.op.Merges, e.op.Call = host.Merges(), w.Ticks.Add(1)
	a := host.Do(withLast(ctx, &e.last), r)
	e.op.Return = w.Ticks.Add(1)
	e.op.Outcome, e.op.Base, e.op.Data, e.op.Why, e.handles = a.Outcome, a.Base, a.Data, a.Why, a.Handles
	w.mu.Lock()
	defer w.mu.Unlock()
	w.entries = append(w.entries, e)
	if o.Kind == Revoke || o.Kind == List {
		return a
	}
	l := w.lives[o.Life]
	if a.Outcome == Unknown {
		l.doubts++
	}
	switch {
	case a.Outcome != Done:
	case o.Kind == Create:
		l.ids = append(l.ids, told{a.ID, a.Handle, e.op.Return})
	case o.Kind == Renew, o.Kind == Authenticate:
		e.op.Next = len(l.ids)
		l.ids = append(l.ids, told{a.ID, a.Handle, e.op.Return})
	}
	return a
}

// do makes a request, and updates what its client knows of the session.
func (w *World) do(ctx context.Context, host Host, v visit, kind Kind, mark string) {
	l := v.life
	o := Op{Kind: kind, Life: l.number, Subject: l.subject, ID: v.num, Mark: mark}
	a := w.ask(ctx, host, o, Request{Kind: kind, ID: v.id, Subject: l.subject, Mark: mark})
	w.mu.Lock()
	l.asked++
	over := a.Outcome == Gone && len(l.ids)-1 == v.num || kind == Destroy && a.Outcome == Done
	lost := (kind == Renew || kind == Authenticate || kind == Destroy) && a.Outcome == Unknown
	if (over || lost) && w.slots[l.slot] == l {
		w.slots[l.slot] = nil
	}
	w.mu.Unlock()
	for n := 0; lost && n < 100; n++ { // end it under any ID
		o := Op{Kind: Destroy, Life: l.number, Subject: l.subject, ID: v.num}
		a := w.ask(ctx, w.Hosts[n%len(w.Hosts)], o, Request{Kind: Destroy, ID: v.id})
		lost = a.Outcome != Done && ctx.Err() == nil
	}
}

// Farewell loads each session once more by each of its IDs, and lists each subject's sessions.
func (w *World) Farewell(ctx context.Context, host Host) {
	for _, l := range w.lives {
		for num, t := range l.ids {
			w.ask(ctx, host, Op{Kind: Load, Life: l.number, Subject: l.subject, ID: num}, Request{Kind: Load, ID: t.id})
		}
	}
	for n := range w.Subjects {
		w.ofSubject(ctx, host, List, subject(n))
	}
}

// ofSubject lists or revokes a subject's sessions.
func (w *World) ofSubject(ctx context.Context, host Host, kind Kind, subject string) {
	w.ask(ctx, host, Op{Kind: kind, Subject: subject}, Request{Kind: kind, Subject: subject})
}

// History returns the history of all sessions. It must be called after all operations have
// returned.
func (w *World) History() []Op {
	end := w.Ticks.Add(1)
	first := map[int]int64{} // when each session was created
	for _, e := range w.entries {
		if e.op.Kind == Create {
			first[e.op.Life] = e.op.Call
		}
	}
	var history []Op
	for _, e := range w.entries {
		o := e.op
		switch {
		case o.Outcome == Unknown && w.LateKnown:
			o.Return = max(o.Return, e.last.Load())
		case o.Outcome == Unknown:
			o.Return = end
		}
		if o.Kind != Revoke && o.Kind != List {
			history = append(history, o)
			continue
		}
		for _, l := range w.lives {
			if l.subject == o.Subject && first[l.number] < o.Return && o.Outcome != Failed {
				history = append(history, e.of(l)...)
			}
		}
	}
	return history
}

// of returns what an entry says about one session of its subject. A list may contain a login or
// renewal that had not returned yet. Since that may still fail, it says nothing.
func (e *entry) of(l *life) []Op {
	o := e.op
	o.Life = l.number
	if o.Kind != List {
		return []Op{o}
	}
	o.Outcome = Gone
	for num, t := range l.ids {
		if slices.Contains(e.handles, t.handle) {
			o.Outcome, o.ID = Done, num
			if t.at > o.Call {
				return nil
			}
			break
		}
	}
	return []Op{o}
}

// Figures returns the number of operations by kind and outcome.
func (w *World) Figures() string {
	counts := map[string]int{}
	for _, e := range w.entries {
		counts[fmt.Sprintf("%s %s", e.op.Kind, e.op.Outcome)]++
	}
	text := fmt.Sprintf("%d operations on %d sessions:", len(w.entries), len(w.lives))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		text += fmt.Sprintf(" %s %d,", name, counts[name])
	}
	return strings.TrimSuffix(text, ",")
}

func subject(n int) string { return fmt.Sprint("subject ", n) }

// Script creates a session with its own subject. It returns a function that makes one request with
// the session's current ID.
func (w *World) Script(ctx context.Context, subject string) func(host Host, kind Kind, mark string) Outcome {
	l := &life{number: len(w.lives), subject: subject}
	w.lives = append(w.lives, l)
	return func(host Host, kind Kind, mark string) Outcome {
		o, r := Op{Kind: kind, Life: l.number, Subject: subject}, Request{Kind: kind, Subject: subject}
		if n := len(l.ids); n > 0 {
			o.ID, r.ID = n-1, l.ids[n-1].id
		} else if kind != Create && kind != List && kind != Revoke {
			return Failed // the session has no known ID
		}
		if kind == Save || kind == Update || kind == Renew || kind == Authenticate {
			o.Mark, r.Mark = mark, mark
		}
		return w.ask(ctx, host, o, r).Outcome
	}
}
