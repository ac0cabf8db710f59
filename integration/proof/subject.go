package proof

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// subjectModel returns the model of a subject; most is its limit. Its state is the list of live
// sessions, oldest first. The Life of a login is the number of its session. A login may be refused
// only at the limit. If evicts is true, a login at the limit ends any one session.
func subjectModel(most int, evicts bool) porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init:              func() []any { return []any{""} },
		Step:              func(state, input, _ any) []any { return subjectStep(state.(string), input.(Op), most, evicts) },
		DescribeOperation: func(input, _ any) string { return input.(Op).String() },
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			return partition(history, func(o Op) string { return o.Subject })
		},
	}
	return m.ToModel()
}

func subjectStep(state string, o Op, most int, evicts bool) []any {
	alive := strings.Fields(state)
	name := fmt.Sprint(o.Life)
	without := func(gone string) string {
		return strings.Join(slices.DeleteFunc(slices.Clone(alive), func(a string) bool { return a == gone }), " ")
	}
	switch {
	case o.Kind == Authenticate && o.Outcome == Limit:
		if len(alive) == most {
			return []any{state}
		}
		return nil
	case o.Kind == Authenticate:
		var next []any
		if len(alive) < most {
			next = append(next, join(state, name))
		} else if evicts {
			for _, a := range alive {
				next = append(next, join(without(a), name))
			}
		}
		if o.Outcome == Unknown {
			next = append(next, state)
		}
		return next
	case o.Kind == Load && o.Outcome == Done:
		if slices.Contains(alive, name) {
			return []any{state}
		}
		return nil
	case o.Kind == Load:
		if !slices.Contains(alive, name) {
			return []any{state}
		}
		return nil
	case o.Outcome == Unknown: // Destroy or Revoke
		return []any{state, without(name)}
	default:
		return []any{without(name)}
	}
}

// PorcupineOfSubjects returns the subjects whose history has no valid order under the limit, and
// whether it judged all in time. The history consists of logins, logouts, revocations and loads. A
// load uses the ID that the session's login returned.
func PorcupineOfSubjects(history []Op, most int, evicts bool) (refused []string, judged bool) {
	model := subjectModel(most, evicts)
	judged = true
	until := time.Now().Add(judgeTime)
	var all []porcupine.Operation
	for _, o := range history {
		if o.Outcome != Failed && o.Outcome != Revoked {
			all = append(all, porcupine.Operation{Input: o, Call: o.Call, Return: o.Return})
		}
	}
	for _, part := range model.Partition(all) {
		result := porcupine.CheckOperationsTimeout(model, part, max(time.Until(until), time.Millisecond))
		switch result {
		case porcupine.Unknown:
			judged = false
		case porcupine.Illegal:
			refused = append(refused, part[0].Input.(Op).Subject)
		}
	}
	return refused, judged
}

// OursOfSubjects returns the subjects that certainly exceeded the limit, and those that were
// refused a login although too few sessions can have been alive.
func OursOfSubjects(history []Op, most int) []string {
	var found []string
	for _, at := range history {
		if at.Kind != Authenticate || at.Outcome != Done && at.Outcome != Limit {
			continue
		}
		certain, possible := 0, 0
		for _, o := range history {
			if o.Kind != Authenticate || o.Subject != at.Subject || o.Life == at.Life || o.Outcome != Done && o.Outcome != Unknown {
				continue
			}
			switch over, seen := lifetime(history, o); {
			case o.Outcome == Done && o.Return < at.Call && seen > at.Return:
				certain++
				possible++
			case o.Call < at.Return && over > at.Call:
				possible++
			}
		}
		switch {
		case at.Outcome == Done && certain >= most:
			found = append(found, fmt.Sprintf("%s has %d sessions", at.Subject, certain+1))
		case at.Outcome == Limit && possible < most:
			found = append(found, fmt.Sprintf("%s is refused, and has at most %d sessions", at.Subject, possible))
		}
	}
	return found
}

// lifetime returns when a session that began with a login had certainly ended, and when it was last
// seen alive.
func lifetime(history []Op, login Op) (over, seen int64) {
	over, seen = 1<<62, login.Return
	for _, o := range history {
		switch {
		case o.Life != login.Life:
		case o.Kind == Load && o.Outcome == Done:
			seen = max(seen, o.Call)
		case (o.Kind == Destroy || o.Kind == Revoke) && o.Outcome == Done && o.Call > login.Return,
			o.Kind == Load && o.Outcome == Gone && o.Call > login.Return:
			over = min(over, o.Return)
		}
	}
	return over, seen
}
