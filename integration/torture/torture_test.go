package torture_test

import (
	"crypto/sha512"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/dynasession/dynasession/integration/faults"
	"github.com/dynasession/dynasession/integration/torture"
)

var (
	duration = flag.Duration("duration", 20*time.Second, "how long TestTorture runs")
	seed     = flag.Uint64("seed", 0, "random seed; 0 chooses one and prints it")
)

// Hundreds of concurrent requests use a few sessions on several hosts over an unreliable network.
// Every response must be right. `just torture 10m` runs the test for longer.
func TestTorture(t *testing.T) {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("-seed %d", s)
	w := newWorld(t, s, sabotage{})
	w.run(t, *duration)
	anomalies := w.check(t)
	t.Log(w.figures())
	t.Logf("anomalies: %d", len(anomalies))
	if len(anomalies) > 0 {
		t.Log(strings.Join(w.story, "\n"))
	}
	for _, a := range anomalies[:min(len(anomalies), 30)] {
		t.Error(a)
	}
}

// check loads each session once more under each of its IDs, reads the table, and returns all
// anomalies.
func (w *world) check(t *testing.T) []string {
	t.Helper()
	last := newWorker(w, workers)
	last.farewell(t)
	known := map[string]bool{}             // the keys of all IDs that a client was told
	allowed := map[string]bool{}           // the keys of sessions that may be alive
	listed := [2]map[string]string{{}, {}} // by application: live handles and their subjects
	var anomalies []string
	for _, life := range w.lives {
		ids := life.IDs()
		for num := range ids {
			_ = last.did(w.managers[life.App], life, torture.Load, num, "", func() ([]string, error) {
				s, err := w.managers[life.App].Load(t.Context(), ids[num])
				if err != nil {
					return nil, err
				}
				if s.Subject() != "" {
					listed[life.App][s.Handle()] = s.Subject()
				}
				return s.Data.Marks, nil
			})
		}
		for _, id := range ids {
			known[key(id)] = true
		}
		if num := len(ids) - 1; !life.Ended(num) {
			allowed[key(ids[num])] = true // alive, or expired and not swept yet
		}
		if found := life.Check(); len(found) > 0 {
			if anomalies == nil {
				w.story = life.Story() // of the first session with an anomaly
				for num, id := range ids {
					w.story = append(w.story, fmt.Sprintf("ID %d: %s", num, w.stored(t, key(id))))
				}
			}
			anomalies = append(anomalies, found...)
		}
	}
	anomalies = append(anomalies, w.checkRosters(t, listed)...)
	for k, rev := range w.records(t) {
		// Such a rev is of an interrupted renewal, whose ID no client knows.
		_, from, broken := strings.Cut(rev, "<")
		if !allowed[k] && (!broken || known[k] || len(from) != 16) {
			anomalies = append(anomalies, "a record that is no session's: "+k[:12])
		}
	}
	return anomalies
}

// checkRosters compares the subjects' lists with the sessions that are alive.
func (w *world) checkRosters(t *testing.T, alive [2]map[string]string) []string {
	t.Helper()
	var anomalies []string
	revs := w.records(t)
	for _, at := range w.slots {
		alive := alive[at.app]
		infos, err := w.managers[at.app].Sessions(t.Context(), at.subject)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range infos {
			if alive[i.Handle] != at.subject && !strings.Contains(revs[i.Handle], "<") {
				anomalies = append(anomalies, at.subject+" has a session in the list that is not alive")
			}
			delete(alive, i.Handle)
		}
	}
	for _, alive := range alive {
		for _, subject := range alive {
			anomalies = append(anomalies, subject+" has a session that is alive and in no list")
		}
	}
	return anomalies
}

func key(id string) string {
	sum := sha512.Sum512([]byte(id))
	return hex.EncodeToString(sum[:])
}

// figures returns the numbers of events and faults.
func (w *world) figures() string {
	counts := map[torture.Kind]map[torture.Outcome]int{}
	total := 0
	for _, life := range w.lives {
		life.Count(counts)
	}
	var lines []string
	for kind, of := range counts {
		line := fmt.Sprintf("%-13v", kind)
		for o := torture.Done; o <= torture.Unknown; o++ {
			line += fmt.Sprintf("%8d %-8v", of[o], o)
			total += of[o]
		}
		lines = append(lines, line)
	}
	sort.Strings(lines)
	met, attempts := map[faults.Fault]int{}, 0
	for _, t := range w.transports {
		for f, n := range t.Counts() {
			met[f] += n
			attempts += n
		}
	}
	return fmt.Sprintf("operations: %d on %d sessions by %d workers\n%s\nattempts: %d, faults: %d %v",
		total, len(w.lives), workers, strings.Join(lines, "\n"), attempts, attempts-met[faults.None], met)
}
