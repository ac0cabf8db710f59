package proof

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// begin is the step with which a login begins.
const begin Kind = "begin"

// crowd is the model's state of a subject that may have most sessions at a time. Each field has
// sessions, or the sessions of logins, by their numbers.
//
// An eviction is a step of its own, at any time in a login after the login has found as many
// sessions as there may be: of those that it found it ends one, and then it enters, or it fails and
// the other is dead all the same. It may end another only when it has found as many again, since
// somebody else was faster to enter. In the model a login ends nobody before that is seen: by a
// load, or by its own entering.
type crowd struct {
	alive string // in the order in which they began
	found string // those that were alive when there were last as many as there may be, and are
	may   string // of the logins under way those that may evict: they have found them, and ended none since
	under string // logins that are under way
}

func list(names string) []string { return strings.Fields(names) }

func has(names, name string) bool { return slices.Contains(list(names), name) }

func without(names, name string) string {
	return strings.Join(slices.DeleteFunc(list(names), func(n string) bool { return n == name }), " ")
}

// ended returns the state without a session.
func (s crowd) ended(name string) crowd {
	s.alive, s.found = without(s.alive, name), without(s.found, name)
	return s
}

// left returns the state without a login that is under way.
func (s crowd) left(login string) crowd {
	s.may, s.under = without(s.may, login), without(s.under, login)
	return s
}

// evicted returns the states that may be after a login has ended another's session.
func (s crowd) evicted(login string) []crowd {
	var all []crowd
	if has(s.may, login) {
		s.may = without(s.may, login)
		for _, victim := range list(s.found) {
			all = append(all, s.ended(victim))
		}
	}
	return all
}

// entered returns the state after a login has entered. There must be room.
func (s crowd) entered(login string, most int, evicts bool) crowd {
	s = s.left(login)
	s.alive = join(s.alive, login)
	if len(list(s.alive)) == most {
		s.found = s.alive
		if evicts {
			s.may = s.under
		}
	}
	return s
}

// subjectModel is the model of a subject that may have most sessions at a time. A login has its
// session's number as Life; one that is refused for the limit finds that many alive.
func subjectModel(most int, evicts bool) porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{crowd{}} },
		Step: func(state, input, _ any) []any {
			var next []any
			for _, s := range state.(crowd).step(input.(Op), most, evicts) {
				next = append(next, s)
			}
			return next
		},
		DescribeOperation: func(input, _ any) string { return input.(Op).String() },
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			return partition(history, func(o Op) string { return o.Subject })
		},
	}
	return m.ToModel()
}

// step returns what may be of a subject after an operation.
func (s crowd) step(o Op, most int, evicts bool) []crowd {
	name := fmt.Sprint(o.Life)
	isFull := len(list(s.alive)) == most
	switch {
	case o.Kind == begin:
		s.under = join(s.under, name)
		if isFull && evicts {
			s.may = join(s.may, name)
		}
		return []crowd{s}
	case o.Kind == Authenticate && !has(s.under, name):
		return nil
	case o.Kind == Authenticate && o.Outcome == Limit:
		if isFull {
			return []crowd{s.left(name)}
		}
		return nil
	case o.Kind == Authenticate:
		before := s.evicted(name)
		var next []crowd
		if !isFull {
			before = append(before, s)
		}
		if o.Outcome == Done || o.Outcome == Unknown {
			for _, b := range before {
				next = append(next, b.entered(name, most, evicts))
			}
		}
		if o.Outcome != Done {
			next = append(next, s.left(name))
			for _, b := range before {
				next = append(next, b.left(name))
			}
		}
		return next
	case o.Kind == Load && o.Outcome == Done:
		if has(s.alive, name) {
			return []crowd{s}
		}
		return nil
	case o.Kind == Load && !has(s.alive, name):
		return []crowd{s}
	case o.Kind == Load:
		var next []crowd
		for _, login := range list(s.may) {
			for _, e := range s.evicted(login) {
				if !has(e.alive, name) {
					next = append(next, e)
				}
			}
		}
		return next
	case o.Outcome == Unknown: // Destroy, Revoke
		return []crowd{s, s.ended(name)}
	default:
		return []crowd{s.ended(name)}
	}
}

// PorcupineOfSubjects returns the subjects whose history is not that of one with a limit, and
// whether all were judged in time. The history has logins, logouts, revocations and loads; a
// session is loaded under the ID that its login has given it. Logins that failed are in it too:
// they may have evicted another.
func PorcupineOfSubjects(history []Op, most int, evicts bool) (refused []string, judged bool) {
	model := subjectModel(most, evicts)
	judged = true
	until := time.Now().Add(judgeTime)
	var all []porcupine.Operation
	for _, o := range history {
		switch {
		case o.Kind == Authenticate:
			b := o
			b.Kind = begin // before anything else happens
			all = append(all, porcupine.Operation{Input: b, Call: 2 * o.Call, Return: 2*o.Call + 1})
		case o.Outcome == Failed:
			continue
		}
		all = append(all, porcupine.Operation{Input: o, Call: 2 * o.Call, Return: 2 * o.Return})
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

// OursOfSubjects returns the subjects that certainly had more sessions at a time than they may
// have, those that were refused a login though nothing that may have been alive took the place, and
// the sessions that have ended though nobody signed out and no login may have evicted them.
func OursOfSubjects(history []Op, most int) []string {
	var found []string
	for _, at := range history {
		if at.Kind == Load && at.Outcome == Gone && !mayHaveEnded(history, at) {
			found = append(found, fmt.Sprintf("session %d of %s is gone, and nobody has ended it", at.Life, at.Subject))
		}
		isLogin := at.Kind == Authenticate && (at.Outcome == Done || at.Outcome == Limit)
		if !isLogin && (at.Kind != Load || at.Outcome != Done) {
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

// mayHaveEnded reports whether the session of a load may have been ended before that returned: by
// its visitor, by a revocation, or by another login.
func mayHaveEnded(history []Op, load Op) bool {
	login := slices.IndexFunc(history, func(o Op) bool { return o.Kind == Authenticate && o.Life == load.Life })
	return slices.ContainsFunc(history, func(o Op) bool {
		if o.Call > load.Return {
			return false
		}
		if o.Kind == Authenticate {
			return o.Subject == load.Subject && o.Life != load.Life && login >= 0 && o.Return > history[login].Call
		}
		return (o.Kind == Destroy || o.Kind == Revoke) && o.Life == load.Life
	})
}

// lifetime returns when a session that began with a login has certainly ended, and until when it
// was seen alive.
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
