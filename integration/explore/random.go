package explore

import "math/rand/v2"

// Random runs a scenario by random schedules with random faults. most is the maximum number of
// faults in a run. It must be called in a testing/synctest bubble.
func Random(s *Scenario, faults []Fault, most, schedules int, seed uint64) (n Count, err error) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	for range schedules {
		left := rnd.IntN(most + 1)
		r, _, broken := execute(s, func(_ int, r *run) (choice, bool) {
			waiting := r.waiting()
			if len(waiting) == 0 {
				return choice{}, false
			}
			next := choice{waiting[rnd.IntN(len(waiting))], None}
			if left > 0 && rnd.IntN(6) == 0 {
				fault := faults[rnd.IntN(len(faults))]
				if t := r.threads[next.thread]; !t.late && (t.pending.write || fault == Crash || fault == Lost) {
					next.fault = fault
					left--
				}
			}
			return next, true
		}, func(uint64, bool) {})
		n.Calls += len(r.log)
		if broken != "" {
			return n, &Violation{s.Name, r.log, broken}
		}
		if r.faults > 0 {
			n.Faulted++
		} else {
			n.Schedules++
		}
	}
	return n, nil
}
