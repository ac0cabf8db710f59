package torture

import (
	"testing"

	"github.com/matryer/is"
)

func TestObserve_DataGrowsAtItsEnd(t *testing.T) {
	is := is.New(t)
	l := &Life{Name: "s"}
	is.Equal(l.Observe([]string{"a", "b"}), 2)
	is.Equal(l.Observe([]string{"a"}), 1)
	is.Equal(l.Observe([]string{"a", "b", "c"}), 3)
	is.Equal(l.Check(), nil)
	l.Observe([]string{"a", "x"})
	is.Equal(l.Check(), []string{"s: mark 1 is b for one and x for another"})
}

func TestObserve_OnceIsOnce(t *testing.T) {
	is := is.New(t)
	l := &Life{Name: "s"}
	l.Observe([]string{"a", "b", "a"})
	is.Equal(l.Check(), []string{"s: a is in the data twice"})
}

func TestEnded_IsOfAnID(t *testing.T) {
	is := is.New(t)
	l := &Life{}
	l.Add(Event{Kind: Destroy, ID: 0, Outcome: Unknown})
	is.True(!l.Ended(0)) // the outcome is unknown
	l.Add(Event{Kind: Destroy, ID: 1, Outcome: Done})
	is.True(!l.Ended(0))
	is.True(l.Ended(1))
	is.True(l.Ended(2)) // a later ID of the same session
}

func TestRevoked(t *testing.T) {
	is := is.New(t)
	l := &Life{}
	l.Add(Event{Kind: Revoke, Outcome: Unknown})
	is.True(!l.Revoked())
	l.Add(Event{Kind: Revoke, Outcome: Done})
	is.True(l.Revoked())
}

func TestCount(t *testing.T) {
	is := is.New(t)
	l := &Life{}
	l.Add(Event{Kind: Load})
	l.Add(Event{Kind: Load})
	l.Add(Event{Kind: Save, Outcome: Failed})
	counts := map[Kind]map[Outcome]int{}
	l.Count(counts)
	is.Equal(counts, map[Kind]map[Outcome]int{Load: {Done: 2}, Save: {Failed: 1}})
}

func TestNewID_Counts(t *testing.T) {
	is := is.New(t)
	l := &Life{}
	is.Equal(l.NewID("a"), 0)
	is.Equal(l.NewID("b"), 1)
	is.Equal(l.IDs(), []string{"a", "b"})
}
