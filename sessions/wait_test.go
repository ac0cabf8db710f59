package sessions_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// batches counts the calls of LoadAll, and can fail them.
type batches struct {
	driver.Store
	calls, touches atomic.Int64
	down           atomic.Bool
	mu             sync.Mutex
	at             []time.Time
}

func (b *batches) LoadAll(ctx context.Context, keys []string) ([]driver.Loaded, error) {
	b.calls.Add(1)
	b.mu.Lock()
	b.at = append(b.at, time.Now())
	b.mu.Unlock()
	if b.down.Load() {
		return nil, driver.ErrUnavailable
	}
	return b.Store.LoadAll(ctx, keys)
}

// took returns when calls were made since it was last asked.
func (b *batches) took() []time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.at
	b.at = nil
	return at
}

func (b *batches) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	b.touches.Add(1)
	return b.Store.Touch(ctx, key, accessed, expires)
}

func waiting(t *testing.T) (*batches, *sessions.Manager[int]) {
	t.Helper()
	store := &batches{Store: memstore.New(nil)}
	m, err := sessions.New[int](store, &sessions.Config[int]{IdleTimeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return store, m
}

func TestWaitEnd_EndsWithTheSession(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(m *sessions.Manager[int], s *sessions.Session[int]) error
		want error
	}{
		"logout": {func(m *sessions.Manager[int], s *sessions.Session[int]) error {
			return m.DestroyID(context.Background(), s.ID().Secret())
		}, nil},
		"revocation": {func(m *sessions.Manager[int], s *sessions.Session[int]) error {
			_, err := m.RevokeAll(context.Background(), "user")
			return err
		}, nil},
		"renewal": {func(m *sessions.Manager[int], s *sessions.Session[int]) error {
			return m.Renew(context.Background(), s)
		}, sessions.ErrRenewed},
		"its time": {func(*sessions.Manager[int], *sessions.Session[int]) error { return nil }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := is.New(t)
				store, m := waiting(t)
				s := m.Create()
				is.NoErr(m.Authenticate(t.Context(), s, "user"))
				held, err := m.Peek(t.Context(), s.ID().Secret())
				is.NoErr(err)
				begun := time.Now()
				ended := make(chan error)
				go func() { ended <- m.WaitEnd(t.Context(), held, 10*time.Second) }()
				<-time.After(time.Minute)
				is.NoErr(c.end(m, s))
				at := time.Now()
				got := <-ended
				if c.want == nil {
					is.NoErr(got)
				} else {
					wants.Err(t, got, c.want)
				}
				if name == "its time" {
					is.True(time.Since(begun) <= time.Hour+10*time.Second)
				} else {
					is.True(time.Since(at) <= 10*time.Second)
				}
				is.Equal(store.touches.Load(), int64(0)) // no access was recorded
			})
		})
	}
}

func TestWaitEnd_AStoreOutOfReachEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		store, m := waiting(t)
		s, err := m.CreateAndSave(t.Context(), 1)
		is.NoErr(err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- m.WaitEnd(ctx, s, time.Second) }()
		store.down.Store(true)
		<-time.After(time.Minute)
		select {
		case err := <-ended:
			t.Fatal(err)
		default:
		}
		store.down.Store(false)
		<-time.After(time.Minute)
		cancel()
		wants.Err(t, <-ended, context.Canceled)
		is.True(store.calls.Load() >= 120)
	})
}

func TestWaitEnd_ThousandsShareTheirReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		store, m := waiting(t)
		const n, every = 10_000, 30 * time.Second
		var all []*sessions.Session[int]
		for i := range n {
			s, err := m.CreateAndSave(t.Context(), i)
			is.NoErr(err)
			all = append(all, s)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		var late, over atomic.Int64
		var endedAt [n]time.Time
		for i, s := range all {
			wg.Go(func() {
				if m.WaitEnd(ctx, s, every) != nil {
					return
				}
				over.Add(1)
				if time.Since(endedAt[i]) > every {
					late.Add(1)
				}
			})
		}
		synctest.Wait()
		<-time.After(every)
		store.took()
		<-time.After(10 * every)
		at := store.took()
		calls := len(at)
		is.True(calls <= 10*n/100*11/10) // one for a hundred and interval, and a little more
		gap := time.Duration(0)
		for i := 1; i < len(at); i++ {
			gap = max(gap, at[i].Sub(at[i-1]))
		}
		is.True(gap <= 3*every/(n/100)) // spread over the interval
		for i := 0; i < n; i += 7 {
			endedAt[i] = time.Now()
			is.NoErr(m.DestroyID(ctx, all[i].ID().Secret()))
		}
		<-time.After(every)
		is.Equal(over.Load(), int64((n+6)/7))
		is.Equal(late.Load(), int64(0))
		cancel()
		wg.Wait() // and no goroutine is left, which the bubble would tell
	})
}

func TestWaitEnd_TheLeadIsHandedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		_, m := waiting(t)
		var ended [3]chan error
		var cancels [3]context.CancelFunc
		var held [3]*sessions.Session[int]
		for i := range ended {
			s, err := m.CreateAndSave(t.Context(), i)
			is.NoErr(err)
			ctx, cancel := context.WithCancel(t.Context())
			held[i], cancels[i], ended[i] = s, cancel, make(chan error, 1)
			go func() { ended[i] <- m.WaitEnd(ctx, s, time.Second) }()
			synctest.Wait()
		}
		cancels[0]() // the first leads
		wants.Err(t, <-ended[0], context.Canceled)
		is.NoErr(m.DestroyID(t.Context(), held[1].ID().Secret()))
		is.NoErr(<-ended[1])
		is.NoErr(m.DestroyID(t.Context(), held[2].ID().Secret()))
		is.NoErr(<-ended[2])
	})
}

// An interval that no stream lives to see costs no call, however long it is.
func TestWaitEnd_OfYears(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, every := range []time.Duration{15 * year, 20 * year, 100 * year, 1<<63 - 1} {
		synctest.Test(t, func(t *testing.T) {
			is := is.New(t)
			store, m := waiting(t)
			ctx, cancel := context.WithTimeout(t.Context(), 14*year)
			defer cancel()
			var wg sync.WaitGroup
			for range 250 { // for three calls in an interval
				s, err := m.CreateAndSave(ctx, 0)
				is.NoErr(err)
				wg.Go(func() { _ = m.WaitEnd(ctx, s, every) })
			}
			wg.Wait()
			is.True(len(store.took()) <= 3)
		})
	}
}

func TestWaitEnd_Refuses(t *testing.T) {
	is := is.New(t)
	_, m := waiting(t)
	s := m.Create()
	is.Equal(fmt.Sprint(m.WaitEnd(t.Context(), nil, time.Second)), "sessions: wait end: not a session that a Manager made")
	is.True(m.WaitEnd(t.Context(), s, time.Second) != nil) // nothing is stored
	is.NoErr(m.Save(t.Context(), s))
	is.True(m.WaitEnd(t.Context(), s, time.Millisecond) != nil)
	is.NoErr(m.Destroy(t.Context(), s))
	is.NoErr(m.WaitEnd(t.Context(), s, time.Second))
}

// A WaitEnd that asks for others too returns when its own context is done, although what it asks
// for them hangs.
func TestWaitEnd_HangsForNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		store := cued.New(memstore.New(nil))
		m, err := sessions.New(store, &sessions.Config[int]{RevocationCheck: time.Second})
		is.NoErr(err)
		leads, cancel := context.WithCancel(t.Context())
		all, cancelAll := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		var others sync.WaitGroup
		for i := range 3 {
			s, err := m.CreateAndSave(t.Context(), i)
			is.NoErr(err)
			if i == 0 {
				go func() { ended <- m.WaitEnd(leads, s, time.Second) }()
			} else {
				others.Go(func() { _ = m.WaitEnd(all, s, time.Second) })
			}
			synctest.Wait()
		}
		<-time.After(10 * time.Second)
		hangs := make(chan struct{}, 100)
		store.On("LoadAll", func(c *cued.Call) error {
			if strings.HasPrefix(c.Key, "incident:") {
				hangs <- struct{}{}
				<-c.Context.Done()
				return sessions.ErrUnavailable
			}
			return c.Do()
		})
		<-hangs
		cancel()
		wants.Err(t, <-ended, context.Canceled)
		cancelAll()
		others.Wait()
	})
}
