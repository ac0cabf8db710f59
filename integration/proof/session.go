package proof

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// session is the model's state of one.
type session struct {
	begun, alive bool
	bound        bool // it has a subject
	id           int  // the number of its ID; below 0 for one that its client doesn't know
	data         string
}

// done returns what an operation makes of a session, and whether it can be done.
func (s session) done(o Op) (session, bool) {
	switch o.Kind {
	case Create:
		ok := !s.begun
		return session{begun: true, alive: true}, ok
	case Destroy: // under whatever ID it goes on
		s.begun, s.alive = true, false
		return s, true
	case Revoke:
		if s.bound {
			s.alive = false
		}
		return s, true
	case List:
		return s, s.alive && s.bound && s.id == o.ID
	}
	if !s.alive || s.id != o.ID {
		return s, false
	}
	if o.Mark != "" {
		// Of what is unknown the base may be unknown too: its host has died.
		if !o.Merges && o.Kind != Update && o.Outcome != Unknown && s.data != o.Base {
			return s, false
		}
		s.data = join(s.data, o.Mark)
	}
	switch o.Kind {
	case Authenticate:
		s.bound, s.id = true, o.Next
	case Renew:
		s.id = o.Next
	}
	return s, true
}

// refused reports whether an operation may end as it did, with nothing done.
func (s session) refused(o Op) bool {
	switch {
	case o.Kind == List: // an ID that nobody was told nobody recognises in a list
		return !s.alive || !s.bound || s.id < 0
	case o.Outcome == Gone:
		return !s.begun || !s.alive && s.id == o.ID
	case o.Outcome == Renewed:
		return s.begun && (s.id < 0 || s.id > o.ID)
	case o.Outcome == Conflict:
		return s.alive && s.id == o.ID && (o.Merges || s.data != o.Base)
	case o.Outcome == Expired:
		return false // of the time package torture judges
	}
	return true
}

// step returns what may be of a session after an operation.
func (s session) step(o Op) []any {
	next, ok := s.done(o)
	switch {
	case o.Outcome == Unknown && ok:
		return []any{s, next}
	case o.Outcome == Unknown:
		return []any{s}
	case o.Outcome == Done && ok && (o.readsNothing() || next.data == o.Data):
		if o.Overtaken && next.bound {
			ended := next
			ended.alive = false
			return []any{next, ended}
		}
		return []any{next}
	case o.Outcome != Done && s.refused(o):
		return []any{s}
	}
	return nil
}

// readsNothing reports whether a kind of operation returns no data.
func (o Op) readsNothing() bool {
	return o.Kind == Destroy || o.Kind == Revoke || o.Kind == List
}

// sessionModel is the model of one session. A history is divided into those of its sessions.
func sessionModel() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{session{}} },
		Step: func(state, input, _ any) []any { return state.(session).step(input.(Op)) },
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			return partition(history, func(o Op) string { return fmt.Sprint(o.Life) })
		},
		DescribeOperation: func(input, _ any) string { return input.(Op).String() },
		DescribeState:     func(state any) string { return fmt.Sprintf("%+v", state) },
	}
	return m.ToModel()
}

func partition(history []porcupine.Operation, by func(Op) string) [][]porcupine.Operation {
	parts := map[string][]porcupine.Operation{}
	for _, o := range history {
		key := by(o.Input.(Op))
		parts[key] = append(parts[key], o)
	}
	var all [][]porcupine.Operation
	for _, key := range slices.Sorted(maps.Keys(parts)) {
		all = append(all, parts[key])
	}
	return all
}

// overtaken returns whether an exchange of IDs and a revocation of its session overlap. The new ID is
// stored, and may be ended, before the old one is: then the exchange succeeds, the old ID was alive until
// that moment, and the new one is dead.
func overtaken(o Op, history []Op) bool {
	return (o.Kind == Renew || o.Kind == Authenticate) && slices.ContainsFunc(history, func(r Op) bool {
		return r.Kind == Revoke && r.Life == o.Life && r.Call < o.Return && o.Call < r.Return
	})
}

// operations returns a history in Porcupine's form. What failed has changed nothing, and whether it
// had to fail nobody can say: it is left out.
func operations(history []Op) []porcupine.Operation {
	var all []porcupine.Operation
	for i, o := range history {
		if o.Outcome == Failed || o.Outcome == Revoked || o.Outcome == Limit {
			continue
		}
		if (o.Kind == Renew || o.Kind == Authenticate) && o.Outcome == Unknown {
			o.Next = -1 - i
		}
		o.Overtaken = overtaken(o, history)
		all = append(all, porcupine.Operation{Input: o, Call: o.Call, Return: o.Return})
	}
	return all
}

// judgeTime bounds how long Porcupine may think of one history.
const judgeTime = 2 * time.Minute

// Porcupine returns the sessions whose history is not that of a session, with a part of it that
// shows it, and whether all were judged in time.
func Porcupine(history []Op) (refused []string, judged bool) {
	model := sessionModel()
	judged = true
	until := time.Now().Add(judgeTime)
	for _, part := range model.Partition(operations(history)) {
		result, info := porcupine.CheckOperationsVerbose(model, part, max(time.Until(until), time.Millisecond))
		switch result {
		case porcupine.Unknown:
			judged = false
		case porcupine.Illegal:
			refused = append(refused, explain(part, info))
		}
	}
	return refused, judged
}

// explain returns the operations that the longest order found so far leaves over, and those around.
func explain(part []porcupine.Operation, info porcupine.LinearizationInfo) string {
	var longest []int
	for _, partials := range info.PartialLinearizations() {
		for _, p := range partials {
			if len(p) > len(longest) {
				longest = p
			}
		}
	}
	lines := []string{fmt.Sprintf("an order of %d of %d operations, and none of more:", len(longest), len(part))}
	model := sessionModel()
	state := model.Init()
	for n, i := range longest {
		_, state = model.Step(state, part[i].Input, nil)
		if n >= len(longest)-12 {
			lines = append(lines, "  "+part[i].Input.(Op).String())
		}
	}
	lines = append(lines, "  now "+model.DescribeState(state)+", and left are")
	for i, o := range part {
		if !slices.Contains(longest, i) && len(lines) < 30 {
			lines = append(lines, "  "+o.Input.(Op).String())
		}
	}
	return strings.Join(lines, "\n")
}
