package regional

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// A call that has looked up the former home and had not begun there when SetHome returned goes to
// the new one: when SetHome has returned no call reaches the former home.
func TestBegin_ACallThatComesLateGoesToTheNewHome(t *testing.T) {
	is := is.New(t)
	s, err := New(map[string]driver.Store{"a": memstore.New(nil), "b": memstore.New(nil)}, &Config{Home: "a"})
	is.NoErr(err)
	former := s.term.Load()
	former.calls.Lock() // as SetHome holds it when its term is over
	began := make(chan *term)
	go func() {
		got, err := s.begin()
		if err != nil {
			got = nil
		}
		began <- got
	}()
	for !waits() {
		runtime.Gosched()
	}
	s.term.Store(&term{home: "b", store: s.stores["b"]})
	former.calls.Unlock()
	got := <-began
	is.True(got != nil)
	is.Equal(got.home, "b") // the new home
	got.calls.RUnlock()
	is.True(former.calls.TryLock()) // and nothing of the former one is held
}

// SetHome leaves the former term unlocked: a call that has looked it up before must see that it is
// over.
func TestSetHome_LetsGoOfTheFormerTerm(t *testing.T) {
	is := is.New(t)
	s, err := New(map[string]driver.Store{"a": memstore.New(nil), "b": memstore.New(nil)}, &Config{Home: "a"})
	is.NoErr(err)
	former := s.term.Load()
	is.NoErr(s.SetHome("b"))
	is.True(former.calls.TryRLock())
}

// Each call lets go of its term when it ends, or SetHome would wait for ever.
func TestStore_EachCallLetsGoOfItsTerm(t *testing.T) {
	is := is.New(t)
	s, err := New(map[string]driver.Store{"a": memstore.New(nil)}, &Config{Home: "a"})
	is.NoErr(err)
	ctx := t.Context()
	for name, call := range map[string]func(){
		"Create":       func() { _ = s.Create(ctx, driver.Record{}) },
		"Load":         func() { _, _ = s.Load(ctx, "k") },
		"LoadAll":      func() { _, _ = s.LoadAll(ctx, []string{"k"}) },
		"Replace":      func() { _ = s.Replace(ctx, driver.Record{}, "") },
		"Touch":        func() { _ = s.Touch(ctx, "k", time.Time{}, time.Time{}) },
		"Bind":         func() { _ = s.Bind(ctx, "k", nil, nil) },
		"End":          func() { _, _ = s.End(ctx, driver.End{Key: "k"}) },
		"LoadRosters":  func() { _, _ = s.LoadRosters(ctx, "k") },
		"ChangeRoster": func() { _, _ = s.ChangeRoster(ctx, driver.RosterChange{}) },
	} {
		call()
		term := s.term.Load()
		if !term.calls.TryLock() {
			t.Fatalf("%s holds its term", name)
		}
		term.calls.Unlock()
	}
}

// waits reports whether a goroutine waits in begin.
func waits() bool {
	stacks := make([]byte, 1<<20)
	for _, stack := range bytes.Split(stacks[:runtime.Stack(stacks, true)], []byte("\n\n")) {
		if bytes.Contains(stack, []byte("RWMutex).RLock")) && bytes.Contains(stack, []byte("(*Store).begin")) {
			return true
		}
	}
	return false
}
