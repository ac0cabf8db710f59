package proof

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// session is the state of a session in the model.
type session struct {
	begun, alive bool
	bound        bool // it has a subject
	id           int  // the number of its ID; below 0 if the client was not told
	data         string
}

// done returns the session after an operation that succeeds, and whether it can succeed.
func (s session) done(o Op) (session, bool) {
	switch o.Kind {
	case Create:
		ok := !s.begun
		return session{begun: true, alive: true}, ok
	case Destroy: // ends it under any ID
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
		// If the host died, the base of the change is unknown.
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

// refused reports whether an operation may have its outcome without changing anything.
func (s session) refused(o Op) bool {
	switch {
	case o.Kind == List: // no client can recognise an unknown ID in a list
		return !s.alive || !s.bound || s.id < 0
	case o.Outcome == Gone:
		return !s.begun || !s.alive && s.id == o.ID
	case o.Outcome == Renewed:
		return s.begun && (s.id < 0 || s.id > o.ID)
	case o.Outcome == Conflict:
		return s.alive && s.id == o.ID && (o.Merges || s.data != o.Base)
	case o.Outcome == Expired:
		return false // package torture checks expiry
	}
	return true
}

// step returns the possible states after an operation.
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

// readsNothing reports whether the operation returns no data.
func (o Op) readsNothing() bool {
	return o.Kind == Destroy || o.Kind == Revoke || o.Kind == List
}

// sessionModel returns the model of a session. It divides a history by session.
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

// overtaken reports whether an exchange of IDs overlaps with a revocation of the session. Since the
// new ID is stored first, the revocation may end it before the old ID ends. Then the exchange
// succeeds, the old ID was alive until that moment, and the new one is dead.
func overtaken(o Op, revocations []Op) bool {
	return (o.Kind == Renew || o.Kind == Authenticate) && slices.ContainsFunc(revocations, func(r Op) bool {
		return r.Call < o.Return && o.Call < r.Return
	})
}

// operations returns a history in Porcupine's form. It omits operations that failed: they have
// changed nothing, and the model can't know whether they should have succeeded.
func operations(history []Op) []porcupine.Operation {
	revocations := map[int][]Op{} // by session
	for _, o := range history {
		if o.Kind == Revoke {
			revocations[o.Life] = append(revocations[o.Life], o)
		}
	}
	var all []porcupine.Operation
	for i, o := range history {
		if o.Outcome == Failed || o.Outcome == Revoked || o.Outcome == Limit {
			continue
		}
		if (o.Kind == Renew || o.Kind == Authenticate) && o.Outcome == Unknown {
			o.Next = -1 - i
		}
		o.Overtaken = overtaken(o, revocations[o.Life])
		all = append(all, porcupine.Operation{Input: o, Call: o.Call, Return: o.Return})
	}
	return all
}

// judgeTime is how long Porcupine may take for a history.
const judgeTime = 2 * time.Minute

// Porcupine returns an explanation for each session whose history has no valid order, and whether
// it judged all sessions in time.
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

// explain returns the end of the longest valid order found, and operations that do not fit into it.
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
