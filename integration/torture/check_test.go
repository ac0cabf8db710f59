package torture

import (
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// at sets the times of events from their ticks, one minute per tick.
func at(events ...Event) []Event {
	for i := range events {
		events[i].Before = noon.Add(time.Duration(events[i].Begin) * time.Minute)
		events[i].After = noon.Add(time.Duration(events[i].End) * time.Minute)
	}
	return events
}

func TestCheck(t *testing.T) {
	created := Event{Kind: Create, Begin: 1, End: 2}
	for name, c := range map[string]struct {
		events []Event
		says   string // "" for no anomaly
	}{
		"a life": {at(created,
			Event{Kind: Save, Begin: 3, End: 4, Mark: "a", Seen: 1},
			Event{Kind: Renew, Begin: 5, End: 6, Mark: "b", Seen: 2},
			Event{Kind: Load, Begin: 7, End: 8, Outcome: Moved},
			Event{Kind: Load, Begin: 7, End: 9, ID: 1, Seen: 2},
			Event{Kind: Trespass, Begin: 7, End: 9, ID: 1, Outcome: Gone},
			Event{Kind: Destroy, Begin: 10, End: 11, ID: 1},
			Event{Kind: Save, Begin: 12, End: 13, ID: 1, Mark: "c", Outcome: Gone},
		), ""},
		"calls at the same time may see either": {at(created,
			Event{Kind: Save, Begin: 3, End: 9, Mark: "a", Seen: 1},
			Event{Kind: Load, Begin: 4, End: 5, Seen: 1},
			Event{Kind: Renew, Begin: 4, End: 9, Seen: 1},
			Event{Kind: Load, Begin: 5, End: 8, Outcome: Gone},
			Event{Kind: Load, Begin: 6, End: 8, Seen: 1},
		), ""},
		"a save that is lost":            {at(created, Event{Kind: Save, Begin: 3, End: 4, Mark: "a", Seen: 1}, Event{Kind: Load, Begin: 5, End: 6, Seen: 0}), "acknowledged"},
		"a save that nobody saw":         {at(created, Event{Kind: Save, Begin: 3, End: 4, Mark: "z", Seen: 1}, Event{Kind: Load, Begin: 5, End: 6, Seen: 2}), "acknowledged"},
		"a refused save that was stored": {at(created, Event{Kind: Save, Begin: 3, End: 4, Mark: "a", Outcome: Failed}), "was seen"},
		"one in doubt that was stored":   {at(created, Event{Kind: Save, Begin: 3, End: 4, Mark: "a", Outcome: Unknown}), ""},
		"a look back":                    {at(created, Event{Kind: Load, Begin: 3, End: 4, Seen: 2}, Event{Kind: Load, Begin: 5, End: 6, Seen: 1}), "saw 1 marks after another saw 2"},
		"two IDs at a time":              {at(created, Event{Kind: Load, Begin: 3, End: 4, ID: 1}, Event{Kind: Load, Begin: 5, End: 6}), "after the session was alive under ID 1"},
		"alive after a destroy":          {at(created, Event{Kind: Destroy, Begin: 3, End: 4}, Event{Kind: Load, Begin: 5, End: 6}), "after an acknowledged destroy"},
		"alive while it is destroyed":    {at(created, Event{Kind: Destroy, Begin: 3, End: 6}, Event{Kind: Load, Begin: 5, End: 7}), ""},
		"alive under the old ID":         {at(created, Event{Kind: Renew, Begin: 3, End: 4}, Event{Kind: Load, Begin: 5, End: 6}), "renewed away"},
		"alive after a revocation": {at(created, Event{Kind: Authenticate, Begin: 3, End: 4}, Event{Kind: Revoke, Begin: 5, End: 6},
			Event{Kind: Load, ID: 1, Begin: 7, End: 8}), "after an acknowledged revocation"},
		"renewed during a revocation": {at(created, Event{Kind: Authenticate, Begin: 3, End: 4}, Event{Kind: Revoke, Begin: 5, End: 8},
			Event{Kind: Renew, ID: 1, Begin: 6, End: 7}, Event{Kind: Load, ID: 2, Begin: 9, End: 10}), "after an acknowledged revocation"},
		"revoked": {at(created, Event{Kind: Authenticate, Begin: 3, End: 4}, Event{Kind: Revoke, Begin: 5, End: 6},
			Event{Kind: Load, ID: 1, Begin: 7, End: 8, Outcome: Gone}), ""},
		"signed in after a revocation": {at(created, Event{Kind: Revoke, Begin: 3, End: 5}, Event{Kind: Authenticate, Begin: 4, End: 6},
			Event{Kind: Load, ID: 1, Begin: 7, End: 8}), ""},
		"alive under another ID after a destroy": {at(created, Event{Kind: Destroy, Begin: 3, End: 8}, Event{Kind: Renew, Begin: 4, End: 6},
			Event{Kind: Load, ID: 1, Begin: 9, End: 10}), "after an acknowledged destroy"},
		"gone by a destroy of the ID before": {at(created, Event{Kind: Renew, Begin: 3, End: 4}, Event{Kind: Destroy, Begin: 5, End: 6},
			Event{Kind: Load, ID: 1, Begin: 7, End: 8, Outcome: Gone}), ""},
		"not said to be renewed":        {at(created, Event{Kind: Renew, Begin: 3, End: 4}, Event{Kind: Load, Begin: 5, End: 6, Outcome: Gone}), "but it was renewed"},
		"said to be renewed by nobody":  {at(created, Event{Kind: Destroy, Begin: 3, End: 4}, Event{Kind: Load, Begin: 5, End: 6, Outcome: Moved}), "nobody renewed it"},
		"seen by another application":   {at(created, Event{Kind: Trespass, Begin: 3, End: 4}), "another application"},
		"ended by another application":  {at(created, Event{Kind: Trespass, Begin: 3, End: 4, Outcome: Gone}, Event{Kind: Load, Begin: 5, End: 6, Outcome: Gone}), "nobody has ended it"},
		"two renewals":                  {at(created, Event{Kind: Renew, Begin: 3, End: 6}, Event{Kind: Renew, Begin: 3, End: 6}), "renewed twice"},
		"gone without a reason":         {at(created, Event{Kind: Load, Begin: 3, End: 4, Outcome: Gone}), "nobody has ended it"},
		"gone when it had idled out":    {at(created, Event{Kind: Load, Begin: 40, End: 41, Outcome: Gone}), ""},
		"gone before the reason":        {at(created, Event{Kind: Load, Begin: 3, End: 4, Outcome: Gone}, Event{Kind: Destroy, Begin: 5, End: 6}), "nobody has ended it"},
		"gone, and the renewal refused": {at(created, Event{Kind: Renew, Begin: 3, End: 4, Outcome: Failed}, Event{Kind: Load, Begin: 5, End: 6, Outcome: Gone}), "nobody has ended it"},
		"idle for too long":             {at(created, Event{Kind: Load, Begin: 32, End: 33}), "after it had idled out"},
		"idle for almost too long":      {at(created, Event{Kind: Load, Begin: 31, End: 33}), ""},
		"older than it may be": {at(created, Event{Kind: Load, Begin: 30, End: 31}, Event{Kind: Load, Begin: 50, End: 55},
			Event{Kind: Load, Begin: 62, End: 63}), "after its absolute deadline"},
		"a login begins another lifetime": {at(created, Event{Kind: Authenticate, Begin: 30, End: 31}, Event{Kind: Load, ID: 1, Begin: 50, End: 55},
			Event{Kind: Load, ID: 1, Begin: 62, End: 63}), ""},
		"a peek at what was there two minutes ago": {at(created, Event{Kind: Save, Begin: 3, End: 4, Mark: "a", Seen: 1},
			Event{Kind: Renew, Begin: 3, End: 4, Mark: "b", Seen: 2}, Event{Kind: Destroy, ID: 1, Begin: 3, End: 4},
			Event{Kind: Peek, Host: 1, Begin: 5, End: 9, Seen: 0}), ""},
		"a peek at what was there before":       {at(created, Event{Kind: Save, Begin: 3, End: 4, Mark: "a", Seen: 1}, Event{Kind: Peek, Host: 1, Begin: 6, End: 7, Seen: 0}), "saw 0 marks"},
		"a peek at what its host has saved":     {at(created, Event{Kind: Save, Begin: 3, End: 4, Mark: "a", Seen: 1}, Event{Kind: Peek, Begin: 5, End: 7, Seen: 0}), "saw 0 marks"},
		"a peek beside a save":                  {at(created, Event{Kind: Save, Begin: 3, End: 6, Mark: "a", Seen: 1}, Event{Kind: Peek, Begin: 5, End: 7, Seen: 0}), ""},
		"a peek at less than its host has seen": {at(created, Event{Kind: Load, Begin: 3, End: 4, Seen: 2}, Event{Kind: Peek, Begin: 5, End: 7, Seen: 1}), "saw 1 marks"},
		"a peek after a peek at more":           {at(created, Event{Kind: Peek, Begin: 3, End: 4, Seen: 2}, Event{Kind: Peek, Begin: 5, End: 7, Seen: 1}), "saw 1 marks"},
		"a peek at what was destroyed":          {at(created, Event{Kind: Destroy, Begin: 3, End: 4}, Event{Kind: Peek, Host: 1, Begin: 6, End: 7}), "after an acknowledged destroy"},
		"a peek at what its host has destroyed": {at(created, Event{Kind: Destroy, Begin: 3, End: 4}, Event{Kind: Peek, Begin: 5, End: 7}), "after an acknowledged destroy"},
		"a peek at what its host has destroyed under the ID before": {at(created, Event{Kind: Renew, Host: 1, Begin: 3, End: 4}, Event{Kind: Destroy, Begin: 5, End: 6},
			Event{Kind: Peek, ID: 1, Begin: 7, End: 7}), "after an acknowledged destroy"},
		"a peek at what was renewed":          {at(created, Event{Kind: Renew, Begin: 3, End: 4}, Event{Kind: Peek, Host: 1, Begin: 6, End: 7}), "renewed away"},
		"a peek at what its host has renewed": {at(created, Event{Kind: Renew, Begin: 3, End: 4}, Event{Kind: Peek, Begin: 5, End: 7}), "renewed away"},
		"a peek at what was alive under another ID": {at(created, Event{Kind: Renew, Outcome: Unknown, Begin: 3, End: 4}, Event{Kind: Load, ID: 1, Begin: 3, End: 4},
			Event{Kind: Peek, Begin: 6, End: 7}), "alive under ID 1"},
		"a peek at what was revoked": {at(created, Event{Kind: Authenticate, Begin: 3, End: 4}, Event{Kind: Revoke, ID: -1, Begin: 5, End: 6},
			Event{Kind: Peek, Host: 1, ID: 1, Begin: 8, End: 8}), "after an acknowledged revocation"},
		"a peek at what its host has revoked": {at(created, Event{Kind: Authenticate, Begin: 3, End: 4}, Event{Kind: Revoke, ID: -1, Begin: 5, End: 6},
			Event{Kind: Peek, ID: 1, Begin: 7, End: 8}), "after an acknowledged revocation"},
		"a peek at what another host has just revoked": {at(created, Event{Kind: Authenticate, Begin: 3, End: 4}, Event{Kind: Revoke, ID: -1, Begin: 5, End: 6},
			Event{Kind: Peek, Host: 1, ID: 1, Begin: 7, End: 8}), ""},
		"a peek is no access":                    {at(created, Event{Kind: Peek, Begin: 20, End: 21}, Event{Kind: Load, Begin: 32, End: 33}), "after it had idled out"},
		"a peek that is late":                    {at(created, Event{Kind: Peek, Begin: 32, End: 33}), "after it had idled out"},
		"a peek that says that nothing is there": {at(created, Event{Kind: Peek, Begin: 3, End: 4, Outcome: Gone}), "nobody has ended it"},
		"expired too early":                      {at(created, Event{Kind: Load, Begin: 3, End: 30, Outcome: Expired}), "has expired"},
		"expired in good time":                   {at(created, Event{Kind: Load, Begin: 3, End: 31, Outcome: Expired}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			l := &Life{Name: "s", Idle: 30 * time.Minute, Absolute: time.Hour, PeekFor: 2 * time.Minute}
			l.Observe([]string{"a", "b"})
			l.ids = []string{"0", "1", "2"}
			for _, e := range c.events {
				l.Add(e)
			}
			got := strings.Join(l.Check(), "\n")
			is.Equal(got == "", c.says == "")
			is.True(strings.Contains(got, c.says))
		})
	}
}
