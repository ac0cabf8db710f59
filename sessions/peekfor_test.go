package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// newPeeker returns a world whose Managers have a PeekFor of half a minute.
func newPeeker(t testing.TB, change func(*sessions.Config[cart])) world {
	t.Helper()
	cfg := sessions.Config[cart]{PeekFor: 30 * time.Second}
	if change != nil {
		change(&cfg)
	}
	return newWorld(t, &cfg)
}

// peek calls Peek, and also returns its store calls.
func (w world) peek(t testing.TB, id string) (*sessions.Session[cart], []string, error) {
	t.Helper()
	w.store.Took()
	s, err := w.Peek(t.Context(), id)
	return s, w.store.Took(), err
}

// remembered makes the first Manager remember a session.
func (w world) remembered(t testing.TB, id string) {
	t.Helper()
	if _, err := w.Peek(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, calls, err := w.peek(t, id); err != nil || calls != nil {
		t.Fatalf("the second of two peeks: %v, %v", calls, err)
	}
}

func TestPeekFor_TwentyPeeksAreOneRead(t *testing.T) {
	is := is.New(t)
	w := newPeeker(t, nil)
	s := w.saved(t, cart{Count: 7})
	for range 20 {
		got, err := w.Peek(t.Context(), s.ID().Secret())
		is.NoErr(err)
		is.Equal(got.Data.Count, 7)
		is.Equal(got.ID(), s.ID())
	}
	is.Equal(w.store.Took(), []string{"Load"})
}

func TestPeekFor_ALoadIsRememberedToo(t *testing.T) {
	is := is.New(t)
	w := newPeeker(t, nil)
	s := w.saved(t, cart{})
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	_, calls, err := w.peek(t, s.ID().Secret())
	is.NoErr(err)
	is.Equal(calls, nil)
}

// Only Peek is answered from memory.
func TestPeekFor_NothingElseIsAnsweredFromMemory(t *testing.T) {
	w := newPeeker(t, nil)
	s := w.saved(t, cart{})
	id := s.ID().Secret()
	for _, c := range []struct {
		name string
		do   func() error
		want string // one of its calls
	}{
		{"Load", func() error { _, err := w.Load(t.Context(), id); return err }, "Load"},
		{"LoadOrCreate", func() error { _, err := w.LoadOrCreate(t.Context(), id); return err }, "Load"},
		{"LoadBound", func() error { _, err := w.LoadBound(t.Context(), id, nil); return err }, "Load"},
		{"Follow", func() error { _, err := w.Follow(t.Context(), id); return err }, "Load"},
		{"Update", func() error {
			_, err := w.Update(t.Context(), id, func(c *cart) error { c.Count++; return nil })
			return err
		}, "Load"},
		{"WaitEnd", func() error {
			ctx, cancel := context.WithCancel(t.Context())
			w.store.Once("LoadAll", func(*cued.Call) error { cancel(); return ctx.Err() })
			err := w.WaitEnd(ctx, s, time.Second)
			if errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		}, "LoadAll"},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			w.remembered(t, id)
			is.NoErr(c.do())
			is.True(strings.Contains(strings.Join(w.store.Took(), " "), c.want))
		})
	}
}

// Peek sees a change by another Manager at the latest when PeekFor has passed since the read began.
func TestPeekFor_AnothersLogoutIsSeenWithinTheBound(t *testing.T) {
	is := is.New(t)
	w := newPeeker(t, nil)
	s := w.saved(t, cart{})
	id := s.ID().Secret()
	w.store.Once("Load", func(c *cued.Call) error {
		err := c.Do()
		w.clock.Advance(10 * time.Second) // the response is slow
		return err
	})
	_, err := w.Peek(t.Context(), id)
	is.NoErr(err)
	is.NoErr(w.other.DestroyID(t.Context(), id))
	w.clock.Advance(20*time.Second - 1)
	_, err = w.Peek(t.Context(), id)
	is.NoErr(err) // 30 seconds since the read began have not passed
	w.clock.Advance(1)
	_, err = w.Peek(t.Context(), id)
	wants.Err(t, err, sessions.ErrNotFound)
}

func TestPeekFor_AClockThatGoesBackMakesNothingYounger(t *testing.T) {
	is := is.New(t)
	w := newPeeker(t, nil)
	s := w.saved(t, cart{})
	w.remembered(t, s.ID().Secret())
	w.clock.Advance(-1)
	_, calls, err := w.peek(t, s.ID().Secret())
	is.NoErr(err)
	is.Equal(calls, []string{"Load"})
}

// A session that this Manager ends in any way is gone at once.
func TestPeekFor_WhatIsEndedHereIsGoneAtOnce(t *testing.T) {
	const federated = "https://id.example 42"
	for name, end := range map[string]func(w world, s *sessions.Session[cart]) error{
		"Destroy":   func(w world, s *sessions.Session[cart]) error { return w.Destroy(t.Context(), s) },
		"DestroyID": func(w world, s *sessions.Session[cart]) error { return w.DestroyID(t.Context(), s.ID().Secret()) },
		"Revoke":    func(w world, s *sessions.Session[cart]) error { return w.Revoke(t.Context(), "user", s.Handle()) },
		"RevokeAll": func(w world, _ *sessions.Session[cart]) error { _, err := w.RevokeAll(t.Context(), "user"); return err },
		"RevokeFederated": func(w world, _ *sessions.Session[cart]) error {
			_, err := w.RevokeFederated(t.Context(), federated)
			return err
		},
		"RevokeBefore": func(w world, _ *sessions.Session[cart]) error {
			w.clock.Advance(time.Millisecond)
			return w.RevokeBefore(t.Context(), w.clock.Now())
		},
		"eviction": func(w world, _ *sessions.Session[cart]) error {
			w.clock.Advance(time.Second)
			return errors.Join(w.Authenticate(t.Context(), w.Create(), "user"), w.Authenticate(t.Context(), w.Create(), "user"))
		},
		"Renew":        func(w world, s *sessions.Session[cart]) error { return w.Renew(t.Context(), s) },
		"Authenticate": func(w world, s *sessions.Session[cart]) error { return w.Authenticate(t.Context(), s, "user") },
		"a Destroy of what was renewed elsewhere": func(w world, s *sessions.Session[cart]) error {
			other, err := w.other.Load(t.Context(), s.ID().Secret())
			return errors.Join(err, w.other.Renew(t.Context(), other), w.Destroy(t.Context(), s))
		},
		"a Load that finds it gone": func(w world, s *sessions.Session[cart]) error {
			err := w.other.DestroyID(t.Context(), s.ID().Secret())
			if _, err := w.Load(t.Context(), s.ID().Secret()); !errors.Is(err, sessions.ErrNotFound) {
				return errors.New("it is not gone")
			}
			return err
		},
		"a Save that finds it gone": func(w world, s *sessions.Session[cart]) error {
			err := w.other.DestroyID(t.Context(), s.ID().Secret())
			s.Data.Count++
			if err := w.Save(t.Context(), s); !errors.Is(err, sessions.ErrNotFound) {
				return errors.New("it is not gone")
			}
			return err
		},
		"an end whose answer was lost": func(w world, s *sessions.Session[cart]) error {
			w.store.Once("End", func(c *cued.Call) error { return errors.Join(c.Do(), sessions.ErrOutcomeUnknown) })
			if err := w.Destroy(t.Context(), s); !errors.Is(err, sessions.ErrOutcomeUnknown) {
				return errors.New("the answer came")
			}
			return nil
		},
		"the idle timeout":     func(w world, _ *sessions.Session[cart]) error { w.clock.Advance(25 * time.Second); return nil },
		"the absolute timeout": func(w world, _ *sessions.Session[cart]) error { w.clock.Advance(28 * time.Second); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			w := newPeeker(t, func(c *sessions.Config[cart]) {
				c.SubjectLimit, c.RevocationCheck = sessions.SubjectLimit{Max: 2, Evict: true}, time.Hour
			})
			s := w.Create()
			s.Federated = federated
			if name == "the idle timeout" {
				s.IdleTimeout = 25 * time.Second
			}
			s.AbsoluteTimeout = 28 * time.Second
			is.NoErr(w.Authenticate(t.Context(), s, "user"))
			id := s.ID().Secret()
			w.remembered(t, id)
			is.NoErr(end(w, s))
			_, err := w.Peek(t.Context(), id)
			wants.Err(t, err, sessions.ErrNotFound)
		})
	}
}

// If another Manager gave a session a new ID, and this Manager ends it under the new ID, it is gone
// under the old one too.
func TestPeekFor_WhatIsEndedHereUnderAnotherIDIsGoneAtOnce(t *testing.T) {
	for name, end := range map[string]func(w world, s *sessions.Session[cart]) error{
		"Destroy":   func(w world, s *sessions.Session[cart]) error { return w.Destroy(t.Context(), s) },
		"RevokeAll": func(w world, _ *sessions.Session[cart]) error { _, err := w.RevokeAll(t.Context(), "user"); return err },
		"RevokeAll after a logout elsewhere": func(w world, s *sessions.Session[cart]) error {
			err := w.other.Destroy(t.Context(), s)
			_, revoked := w.RevokeAll(t.Context(), "user")
			return errors.Join(err, revoked)
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			w := newPeeker(t, nil)
			s, bystander := w.login(t, "user"), w.login(t, "another user")
			old := s.ID().Secret()
			w.remembered(t, old)
			w.remembered(t, bystander.ID().Secret())
			is.NoErr(w.other.Renew(t.Context(), s))
			_, err := w.Peek(t.Context(), old)
			is.NoErr(err) // another Manager's change is seen within the bound
			is.NoErr(end(w, s))
			_, err = w.Peek(t.Context(), old)
			wants.Err(t, err, sessions.ErrRenewed)
			_, calls, err := w.peek(t, bystander.ID().Secret())
			is.NoErr(err)
			is.Equal(calls, nil)
		})
	}
}

// Peek sees changes by this Manager at once.
func TestPeekFor_WhatIsChangedHereIsSeenAtOnce(t *testing.T) {
	is := is.New(t)
	w := newPeeker(t, nil)
	s := w.saved(t, cart{})
	id := s.ID().Secret()
	w.remembered(t, id)
	s.Data.Count = 1
	is.NoErr(w.Save(t.Context(), s))
	got, err := w.Peek(t.Context(), id)
	is.NoErr(err)
	is.Equal(got.Data.Count, 1)
	w.change(t, s, 1) // by another Manager
	got, err = w.Peek(t.Context(), id)
	is.NoErr(err)
	is.Equal(got.Data.Count, 1)
	_, err = w.Load(t.Context(), id) // Peek sees what a Load has seen
	is.NoErr(err)
	got, calls, err := w.peek(t, id)
	is.NoErr(err)
	is.Equal(got.Data.Count, 2)
	is.Equal(calls, nil)
}

// A read that began before a logout, and ends after it, is not remembered.
func TestPeekFor_AReadThatALogoutOvertakesIsNotRemembered(t *testing.T) {
	for name, end := range map[string]func(w world, s *sessions.Session[cart]) error{
		"a logout":                  func(w world, s *sessions.Session[cart]) error { return w.DestroyID(t.Context(), s.ID().Secret()) },
		"a renewal":                 func(w world, s *sessions.Session[cart]) error { return w.Renew(t.Context(), s) },
		"a revocation":              func(w world, _ *sessions.Session[cart]) error { _, err := w.RevokeAll(t.Context(), "user"); return err },
		"a Load that finds it gone": loadsItGone,
		"a look of WaitEnd that finds so": func(w world, s *sessions.Session[cart]) error {
			return errors.Join(w.other.DestroyID(t.Context(), s.ID().Secret()), w.WaitEnd(t.Context(), s, time.Second))
		},
	} {
		for _, by := range []string{"Peek", "Load"} {
			t.Run(name+" beside a "+by, func(t *testing.T) {
				is := is.New(t)
				w := newPeeker(t, nil)
				s := w.login(t, "user")
				id := s.ID().Secret()
				w.store.Once("Load", func(c *cued.Call) error {
					err := c.Do() // it has read the live session
					is.NoErr(end(w, s))
					return err
				})
				read := map[string]func(context.Context, string) (*sessions.Session[cart], error){"Peek": w.Peek, "Load": w.Load}[by]
				_, err := read(t.Context(), id)
				is.NoErr(err) // like any concurrent read
				_, err = w.Peek(t.Context(), id)
				wants.Err(t, err, sessions.ErrNotFound)
			})
		}
	}
}

func loadsItGone(w world, s *sessions.Session[cart]) error {
	err := w.other.DestroyID(context.Background(), s.ID().Secret())
	if _, err := w.Load(context.Background(), s.ID().Secret()); !errors.Is(err, sessions.ErrNotFound) {
		return errors.New("it is not gone")
	}
	return err
}

// If two concurrent reads saw different states, nobody knows which is the later. No Peek returns
// the earlier state after a Peek has returned the later one.
func TestPeekFor_WhatIsSeenNeverGoesBack(t *testing.T) {
	for name, order := range map[string]struct{ firstSeesMore, firstEndsLast bool }{
		"the first sees less and ends first": {false, false},
		"the first sees less and ends last":  {false, true},
		"the first sees more and ends first": {true, false},
		"the first sees more and ends last":  {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			w := newPeeker(t, nil)
			s := w.saved(t, cart{})
			id := s.ID().Secret()
			var all sync.WaitGroup
			begun, see, seen, end := make([]chan bool, 2), make([]chan bool, 2), make([]chan bool, 2), make([]chan bool, 2)
			n := 0
			w.store.On("Load", func(c *cued.Call) error {
				if n == 2 {
					return c.Do()
				}
				i := n
				n++
				close(begun[i])
				<-see[i]
				err := c.Do()
				close(seen[i])
				<-end[i]
				return err
			})
			most := 0
			ended := make([]chan bool, 2)
			for i := range 2 {
				begun[i], see[i], seen[i], end[i], ended[i] = make(chan bool), make(chan bool), make(chan bool), make(chan bool), make(chan bool)
				all.Go(func() {
					defer close(ended[i])
					got, err := w.Load(t.Context(), id)
					if err != nil {
						t.Error(err)
						return
					}
					most = max(most, got.Data.Count)
				})
				<-begun[i]
			}
			first, second := 0, 1
			if order.firstSeesMore {
				first, second = 1, 0
			}
			close(see[first])
			<-seen[first]
			w.change(t, s, 1) // by another Manager
			close(see[second])
			<-seen[second]
			first, second = 0, 1
			if order.firstEndsLast {
				first, second = 1, 0
			}
			for _, i := range []int{first, second} {
				close(end[i])
				<-ended[i]
				got, err := w.Peek(t.Context(), id)
				is.NoErr(err)
				is.True(got.Data.Count >= most)
			}
			all.Wait()
		})
	}
}

// Errors come from the store each time.
func TestPeekFor_ErrorsAreNotRemembered(t *testing.T) {
	is := is.New(t)
	w := newPeeker(t, nil)
	s := w.Create()
	id := s.ID().Secret()
	for range 2 {
		_, calls, err := w.peek(t, id)
		wants.Err(t, err, sessions.ErrNotFound)
		is.Equal(calls, []string{"Load"})
	}
	is.NoErr(w.Save(t.Context(), s))
	w.store.On("Load", func(*cued.Call) error { return errors.New("out of reach") })
	for range 2 {
		_, calls, err := w.peek(t, id)
		wants.Err(t, err, sessions.ErrUnavailable)
		is.Equal(calls, []string{"Load"})
	}
	w.store.Off()
	w.remembered(t, id)
	is.NoErr(w.other.Renew(t.Context(), mustLoad(t, w.other, id)))
	w.clock.Advance(30 * time.Second)
	for range 2 {
		_, calls, err := w.peek(t, id)
		wants.Err(t, err, sessions.ErrRenewed)
		is.Equal(calls, []string{"Load"})
	}
}

func mustLoad(t testing.TB, m *sessions.Manager[cart], id string) *sessions.Session[cart] {
	t.Helper()
	s, err := m.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The remembered record of a session may look idle although another Manager has recorded an access
// since.
func TestPeekFor_AnotherManagersAccessKeepsItAlive(t *testing.T) {
	is := is.New(t)
	w := newPeeker(t, func(c *sessions.Config[cart]) { c.IdleTimeout, c.TouchInterval = 30*time.Second, -1 })
	s := w.saved(t, cart{})
	w.clock.Advance(20 * time.Second)
	w.remembered(t, s.ID().Secret())
	mustLoad(t, w.other, s.ID().Secret())
	w.clock.Advance(15 * time.Second)
	_, err := w.Peek(t.Context(), s.ID().Secret())
	is.NoErr(err)
}

func TestPeekFor_AnIDOfNoFormAsksNobody(t *testing.T) {
	is := is.New(t)
	w := newPeeker(t, nil)
	_, calls, err := w.peek(t, "no ID of ours")
	wants.Err(t, err, sessions.ErrInvalidID)
	is.Equal(calls, nil)
}

func TestPeekFor_AnotherApplicationSeesNothing(t *testing.T) {
	is := is.New(t)
	w := newPeeker(t, func(c *sessions.Config[cart]) { c.Application = "shop" })
	s := w.saved(t, cart{})
	admin := w.with(t, sessions.Config[cart]{PeekFor: time.Minute, Application: "admin"})
	for range 2 {
		_, err := admin.Peek(t.Context(), s.ID().Secret())
		wants.Err(t, err, sessions.ErrNotFound)
	}
	_, err := w.Peek(t.Context(), s.ID().Secret())
	is.NoErr(err)
}

// Each Peek checks the proof. If the remembered binding refuses it, the stored one is checked too.
func TestPeekFor_Bound(t *testing.T) {
	is := is.New(t)
	w := newPeeker(t, nil)
	s := w.Create()
	first := append(make([]byte, driver.FixedBinding), "first"...)
	is.NoErr(w.AuthenticateBound(t.Context(), s, "user", first))
	id := s.ID().Secret()
	w.remembered(t, id)
	asked := 0
	prove := func(want string) func([]byte) error {
		return func(binding []byte) error {
			asked++
			defer func() { binding[driver.FixedBinding] = '?' }() // it is the caller's copy
			if got := string(binding[driver.FixedBinding:]); got != want {
				return fmt.Errorf("bound to %q", got)
			}
			return nil
		}
	}
	for range 3 {
		w.store.Took()
		_, err := w.PeekBound(t.Context(), id, prove("first"))
		is.NoErr(err)
		is.Equal(w.store.Took(), nil)
	}
	is.Equal(asked, 3)
	_, err := w.PeekBound(t.Context(), id, prove("second"))
	wants.Err(t, err, sessions.ErrNotBound)

	w.remembered(t, id)
	other := mustLoad(t, w.other, id)
	is.NoErr(w.other.Bind(t.Context(), other, append(make([]byte, driver.FixedBinding), "second"...)))
	w.store.Took()
	_, err = w.PeekBound(t.Context(), id, prove("second"))
	is.NoErr(err)
	is.Equal(w.store.Took(), []string{"Load"})
	is.NoErr(w.Bind(t.Context(), mustLoad(t, w.Manager, id), append(make([]byte, driver.FixedBinding), "third"...)))
	_, err = w.PeekBound(t.Context(), id, prove("second"))
	wants.Err(t, err, sessions.ErrNotBound) // a binding by this Manager counts at once
}

// blob has fields whose memory a decoder could share with its input.
type blob struct {
	Bytes []byte            `json:"bytes"`
	List  []string          `json:"list"`
	Map   map[string][]byte `json:"map"`
}

func newBlob() blob {
	return blob{[]byte("aaaa"), []string{"a"}, map[string][]byte{"a": []byte("aaaa")}}
}

func (b *blob) spoil() {
	b.Bytes[0], b.List[0], b.Map["a"][0], b.Map["b"] = 'b', "b", 'b', nil
}

func TestPeekFor_NobodySharesData(t *testing.T) {
	for _, c := range []codec.Codec[blob]{codec.JSON[blob]{}, msgpack.Codec[blob]{}, attribute.Codec[blob]{}} {
		t.Run(fmt.Sprintf("%T", c), func(t *testing.T) {
			is := is.New(t)
			m, err := sessions.New(memstore.New(nil), &sessions.Config[blob]{Codec: c, PeekFor: time.Minute})
			is.NoErr(err)
			s, err := m.CreateAndSave(t.Context(), newBlob())
			is.NoErr(err)
			for range 3 {
				got, err := m.Peek(t.Context(), s.ID().Secret())
				is.NoErr(err)
				is.Equal(got.Data, newBlob())
				got.Data.spoil()
			}
		})
	}
}

// The memory holds encrypted records, so each Peek decrypts.
func TestPeekFor_WhatIsEncryptedStaysSo(t *testing.T) {
	is := is.New(t)
	aead := &countedAEAD{AEAD: newGCM(t)}
	w := newPeeker(t, func(c *sessions.Config[cart]) { c.AEAD = aead })
	s := w.saved(t, cart{Count: 7})
	w.remembered(t, s.ID().Secret())
	before := aead.decrypted
	for range 3 {
		got, calls, err := w.peek(t, s.ID().Secret())
		is.NoErr(err)
		is.Equal(got.Data.Count, 7)
		is.Equal(calls, nil)
	}
	is.Equal(aead.decrypted, before+3)
	aead.err = fmt.Errorf("%w: the key service", sessions.ErrUnavailable)
	_, calls, err := w.peek(t, s.ID().Secret())
	wants.Err(t, err, sessions.ErrUnavailable)
	is.Equal(calls, nil)
}

type countedAEAD struct {
	sessions.AEAD
	decrypted int
	err       error
}

func (a *countedAEAD) Decrypt(sealed, associated []byte) ([]byte, error) {
	a.decrypted++
	if a.err != nil {
		return nil, a.err
	}
	return a.AEAD.Decrypt(sealed, associated)
}

// Twenty concurrent Peeks share one read.
func TestPeekFor_ManyAtATimeShareOneRead(t *testing.T) {
	is := is.New(t)
	w := newPeeker(t, nil)
	s := w.saved(t, cart{Items: []string{"tea"}})
	var all sync.WaitGroup
	arrived, answer := make(chan bool), make(chan bool)
	w.store.On("Load", func(c *cued.Call) error {
		close(arrived) // a second one would panic
		<-answer
		return c.Do()
	})
	peek := func() {
		got, err := w.Peek(t.Context(), s.ID().Secret())
		if err != nil || len(got.Data.Items) != 1 || got.Data.Items[0] != "tea" {
			t.Error(got, err)
			return
		}
		got.Data.Items[0] = "coffee"
	}
	all.Go(peek)
	<-arrived
	for range 19 {
		all.Go(peek)
	}
	close(answer)
	all.Wait()
	is.Equal(w.store.Took(), []string{"Load"})
}

// A Peek whose context is done returns, and another one makes the read.
func TestPeekFor_WhoGivesUpEndsNobodyElsesRead(t *testing.T) {
	is := is.New(t)
	w := newPeeker(t, nil)
	s := w.saved(t, cart{})
	hurried, cancel := context.WithCancel(t.Context())
	begun := make(chan bool)
	w.store.Once("Load", func(c *cued.Call) error {
		close(begun)
		<-c.Context.Done()
		return c.Context.Err()
	})
	var all sync.WaitGroup
	all.Go(func() {
		_, err := w.Peek(hurried, s.ID().Secret())
		if !errors.Is(err, context.Canceled) || !errors.Is(err, sessions.ErrUnavailable) {
			t.Error(err)
		}
	})
	<-begun
	impatient, leave := context.WithCancel(t.Context())
	leave()
	_, err := w.Peek(impatient, s.ID().Secret())
	wants.Err(t, err, context.Canceled) // without waiting
	all.Go(func() {
		if _, err := w.Peek(t.Context(), s.ID().Secret()); err != nil {
			t.Error(err)
		}
	})
	cancel()
	all.Wait()
	is.True(len(w.store.Took()) <= 3)
}

// If the store fails, each waiting Peek makes its own call.
func TestPeekFor_AFailureIsNotShared(t *testing.T) {
	is := is.New(t)
	w := newPeeker(t, nil)
	s := w.saved(t, cart{})
	begun, fail := make(chan bool), make(chan bool)
	w.store.Once("Load", func(*cued.Call) error {
		close(begun)
		<-fail
		return errors.New("out of reach")
	})
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := w.Peek(t.Context(), s.ID().Secret()); !errors.Is(err, sessions.ErrUnavailable) {
			t.Error(err)
		}
	})
	<-begun
	all.Go(func() {
		if _, err := w.Peek(t.Context(), s.ID().Secret()); err != nil {
			t.Error(err)
		}
	})
	close(fail)
	all.Wait()
	_, err := w.Peek(t.Context(), s.ID().Secret())
	is.NoErr(err)
}

// If the store panics, no Peek keeps waiting.
func TestPeekFor_AStoreThatPanics(t *testing.T) {
	is := is.New(t)
	w := newPeeker(t, nil)
	s := w.saved(t, cart{})
	w.store.Once("Load", func(*cued.Call) error { panic("a fault") })
	func() {
		defer func() { is.Equal(recover(), "a fault") }()
		_, _ = w.Peek(t.Context(), s.ID().Secret())
	}()
	_, err := w.Peek(t.Context(), s.ID().Secret())
	is.NoErr(err)
}

// The memory is bounded in bytes: the least recently used record makes room.
func TestPeekFor_Bytes(t *testing.T) {
	is := is.New(t)
	w := newPeeker(t, func(c *sessions.Config[cart]) { c.PeekBytes = 64 << 10 })
	var ids []string
	for range 20 {
		ids = append(ids, w.saved(t, cart{Items: []string{strings.Repeat("x", 7<<10)}}).ID().Secret())
		w.remembered(t, ids[0])
		w.remembered(t, ids[len(ids)-1])
	}
	known := 0
	for i := len(ids) - 1; i >= 0; i-- {
		if _, calls, err := w.peek(t, ids[i]); err != nil {
			t.Fatal(err)
		} else if calls == nil {
			known++
		} else if i > len(ids)-5 {
			t.Errorf("the last but %d is forgotten", len(ids)-i-1)
		}
	}
	is.True(known >= 5)
	is.True(known <= 6) // of 10 KB each, and the overhead

	large := w.saved(t, cart{Items: []string{strings.Repeat("x", 64<<10)}}).ID().Secret()
	for range 2 {
		_, calls, err := w.peek(t, large)
		is.NoErr(err)
		is.Equal(calls, []string{"Load"}) // it is larger than PeekBytes
	}
}

// Events show which Peeks made no call.
func TestPeekFor_Events(t *testing.T) {
	is := is.New(t)
	seen := &peeks{}
	w := newPeeker(t, func(c *sessions.Config[cart]) { c.Observer = seen })
	s := w.saved(t, cart{})
	for range 3 {
		_, err := w.Peek(t.Context(), s.ID().Secret())
		is.NoErr(err)
	}
	is.Equal(seen.calls, []int{1, 0, 0})
}

// peeks is an observer.
type peeks struct {
	events int
	last   event.Event
	calls  []int // of each Peek
}

func (p *peeks) Observe(_ context.Context, e event.Event) {
	p.events, p.last = p.events+1, e
	if e.Op == "peek" && e.Kind == event.Loaded {
		p.calls = append(p.calls, e.Calls)
	}
}

// Without PeekFor there is no cost.
func TestPeekFor_OffCostsNothing(t *testing.T) {
	is := is.New(t)
	allocs := func(read func(*sessions.Manager[int], string) error) float64 {
		m, err := sessions.New(memstore.New(&memstore.Config{Clock: clock.NewFake(start)}), &sessions.Config[int]{})
		is.NoErr(err)
		s, err := m.CreateAndSave(t.Context(), 1)
		is.NoErr(err)
		id := s.ID().Secret()
		return testing.AllocsPerRun(200, func() {
			if err := read(m, id); err != nil {
				t.Error(err)
			}
		})
	}
	peek := allocs(func(m *sessions.Manager[int], id string) error { _, err := m.Peek(t.Context(), id); return err })
	load := allocs(func(m *sessions.Manager[int], id string) error { _, err := m.Load(t.Context(), id); return err })
	is.Equal(peek, load)
}

// After a session was ended here, no concurrent Peek returns it.
func TestPeekFor_ManyGoroutines(t *testing.T) {
	w := newPeeker(t, func(c *sessions.Config[cart]) { c.PeekBytes = 64 << 10 })
	var all sync.WaitGroup
	for range 30 {
		s, err := w.CreateAndSave(t.Context(), cart{})
		if err != nil {
			t.Fatal(err)
		}
		id := s.ID().Secret()
		ended := make(chan bool)
		for range 6 {
			all.Go(func() {
				for least := 0; ; {
					over := false
					select {
					case <-ended:
						over = true
					default:
					}
					got, err := w.Peek(t.Context(), id)
					switch {
					case err == nil && over:
						t.Error("seen after its end")
						return
					case err == nil && got.Data.Count < least:
						t.Errorf("%d seen after %d", got.Data.Count, least)
						return
					case err == nil:
						least = got.Data.Count
					case errors.Is(err, sessions.ErrNotFound):
						if over {
							return
						}
					default:
						t.Error(err)
						return
					}
				}
			})
		}
		all.Go(func() {
			defer close(ended)
			for range 20 {
				if _, err := w.Update(t.Context(), id, func(c *cart) error { c.Count++; return nil }); err != nil {
					t.Error(err)
				}
			}
			if err := w.DestroyID(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
