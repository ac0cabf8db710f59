package dynamo_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions"
)

// always lets each read be asked again.
func always(after time.Duration) *dynamo.Hedge { return &dynamo.Hedge{After: after, MaxExtra: 1} }

const ms = time.Millisecond

func TestHedge_AReadThatIsLateIsAskedAgainAndTheFirstAnswerCounts(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name  string
		steps []step
		takes time.Duration
		calls int
		err   error
	}{
		{"in time", []step{{takes: 5 * ms}}, 5 * ms, 1, nil},
		{"late", []step{{takes: 200 * ms}, {takes: 5 * ms}}, 15 * ms, 2, nil},
		{"late, and the other is later", []step{{takes: 20 * ms}, {takes: 200 * ms}}, 20 * ms, 2, nil},
		{"fails in time", []step{{takes: 5 * ms, err: broken}}, 5 * ms, 1, broken},
		{"late, and fails", []step{{takes: 12 * ms, err: broken}, {takes: 5 * ms}}, 15 * ms, 2, nil},
		{"late, and the other fails", []step{{takes: 20 * ms}, {takes: 5 * ms, err: broken}}, 20 * ms, 2, nil},
		{"both fail", []step{{takes: 20 * ms, err: broken}, {takes: 5 * ms, err: broken}}, 20 * ms, 2, broken},
		{"neither ends in time", []step{{takes: time.Hour}}, dynamo.DefaultTimeout, 2, context.DeadlineExceeded},
		{"late, and deaf", []step{{takes: 200 * ms, deaf: true}, {takes: 5 * ms}}, 15 * ms, 2, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := is.New(t)
				p := &paced{next: steps(c.steps...)}
				took, err := timed(t, hedged(t, p, always(10*ms)))
				is.True(errors.Is(err, c.err))
				is.True(c.err == nil || errors.Is(err, sessions.ErrUnavailable))
				is.Equal(took, c.takes)
				<-time.After(time.Second) // until the deaf one has ended as well
				calls, cancelled := p.made()
				is.Equal(calls, c.calls)
				if c.name == "late" {
					is.Equal(cancelled, 1) // nobody waits for the first any more
				}
			})
		})
	}
}

func TestHedge_RostersAreReadsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		p := &paced{next: steps(step{takes: time.Second}, step{takes: 5 * ms})}
		begun := time.Now()
		_, err := hedged(t, p, always(10*ms)).LoadRoster(t.Context(), "k")
		is.NoErr(err)
		is.Equal(time.Since(begun), 15*ms)
		calls, _ := p.made()
		is.Equal(calls, 2)
	})
}

// The service's own client: the second call is made once, whatever the first one tries, and both as the store reads.
func TestHedge_IsOneAttemptOfTheSameRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		w := &wire{answers: []answer{hanging, broken500, hanging}}
		store, err := dynamo.NewStore(w.client(), &dynamo.Config{Hedge: always(10 * ms)})
		is.NoErr(err)
		_, err = store.Load(t.Context(), "k")
		is.True(errors.Is(err, sessions.ErrUnavailable))
		is.Equal(len(w.sent), 2)
		is.Equal(w.sent[0], w.sent[1])
		is.Equal(w.sent[1].body["ConsistentRead"], true)
	})
}

func TestHedge_WritesAreNeverMadeTwice(t *testing.T) {
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := is.New(t)
				w := &wire{answers: []answer{hanging}}
				store, err := dynamo.NewStore(w.client(), &dynamo.Config{Hedge: always(10 * ms)})
				is.NoErr(err)
				is.True(errors.Is(write(t.Context(), store), sessions.ErrOutcomeUnknown))
				is.Equal(len(w.sent), 1)
			})
		})
	}
}

// Where all reads are late, as in an outage, the service is not asked twice as much.
func TestHedge_NoMoreCallsThanAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		p := &paced{next: steps(step{takes: 50 * ms})}
		store := hedged(t, p, &dynamo.Hedge{After: 10 * ms})
		const reads = 2000
		for range reads {
			_, err := timed(t, store)
			is.NoErr(err)
		}
		calls, _ := p.made()
		is.True(calls > reads)
		is.True(calls <= reads+reads/20)
	})
}

// slowest returns the times of reads of which one in a hundred meets a slow host, and how many calls they took.
func slowest(t *testing.T, h *dynamo.Hedge) (p999 time.Duration, calls int) {
	t.Helper()
	is := is.New(t)
	const reads = 20000
	p := &paced{next: func(n int) step {
		usual := 2*ms + time.Duration(n*7919%2000)*time.Microsecond // 2 to 4 ms
		if n*7907%100 == 0 {
			usual += 200 * ms
		}
		return step{takes: usual}
	}}
	store := hedged(t, p, h)
	times := make([]time.Duration, reads)
	for i := range times {
		var err error
		times[i], err = timed(t, store)
		is.NoErr(err)
	}
	slices.Sort(times)
	calls, _ = p.made()
	return times[reads*999/1000], calls
}

// One call in a hundred is delayed by 200 ms: hedged, the slowest read in a thousand takes a fifth of that or less, for at most 5 % more calls.
func TestHedge_CutsTheTail(t *testing.T) {
	for name, h := range map[string]*dynamo.Hedge{"learned": {}, "fixed": {After: 8 * ms}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := is.New(t)
				plain, reads := slowest(t, nil)
				p999, calls := slowest(t, h)
				t.Logf("p99.9 %v of %v, %d calls of %d", p999, plain, calls, reads)
				is.True(p999 <= plain/5)
				is.True(float64(calls) <= 1.05*float64(reads))
			})
		})
	}
}

// What is late is learned anew when all reads become slower.
func TestHedge_LearnsWhatIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		p := &paced{next: func(n int) step { return step{takes: time.Duration(1+n%100) * ms} }}
		store := hedged(t, p, &dynamo.Hedge{MaxExtra: 1})
		for range 100 {
			_, err := timed(t, store)
			is.NoErr(err)
		}
		calls, _ := p.made()
		is.Equal(calls, 100) // the first hundred tell nothing yet
		p.from(steps(step{takes: time.Second}, step{takes: 5 * ms}))
		took, err := timed(t, store)
		is.NoErr(err)
		is.Equal(took, 98*ms+5*ms) // three in a hundred took longer than 97 ms
	})
}

func TestHedge_ManyAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		p := &paced{next: func(n int) step { return step{takes: time.Duration(n%40) * ms} }}
		store := hedged(t, p, &dynamo.Hedge{MaxExtra: 1})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for range 50 {
					_, err := store.Load(t.Context(), "k")
					is.NoErr(err)
				}
			})
		}
		wg.Wait()
		calls, _ := p.made()
		is.True(calls > 1000)
	})
}

// kept keeps the events.
type kept struct{ all []sessions.Event }

func (k *kept) Observe(_ context.Context, e sessions.Event) { k.all = append(k.all, e) }

func TestHedge_IsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		p := &paced{next: steps(step{takes: 5 * ms}, step{takes: time.Second}, step{takes: 5 * ms})}
		var events kept
		m, err := sessions.New(hedged(t, p, always(10*ms)), &sessions.Config[int]{Observer: &events, Clock: clock.NewFake(at)})
		is.NoErr(err)
		for range 2 {
			_, err = m.Load(t.Context(), m.Create().ID().Secret())
			is.NoErr(err)
		}
		is.Equal(len(events.all), 2)
		is.True(!events.all[0].Hedged)
		is.True(events.all[1].Hedged)
		is.Equal(events.all[1].Calls, 1) // one call of the store
	})
}

func TestHedge_ErrorsNameFieldAndBound(t *testing.T) {
	is := is.New(t)
	nan := 0.0
	nan /= nan
	for want, h := range map[string]dynamo.Hedge{
		"Config.Hedge.After is 1µs: must be at least 1ms":                    {After: time.Microsecond},
		"Config.Hedge.After is -1s: must be at least 1ms":                    {After: -time.Second},
		"Config.Hedge.Percentile is 0.97: must be at least 50 and below 100": {Percentile: 0.97},
		"Config.Hedge.Percentile is 100: must be at least 50 and below 100":  {Percentile: 100},
		"Config.Hedge.Percentile is NaN: must be at least 50 and below 100":  {Percentile: nan},
		"Config.Hedge.MaxExtra is 5: must be more than 0 and at most 1":      {MaxExtra: 5},
		"Config.Hedge.MaxExtra is -0.05: must be more than 0 and at most 1":  {MaxExtra: -0.05},
		"Config.Hedge.MaxExtra is NaN: must be more than 0 and at most 1":    {MaxExtra: nan},
	} {
		_, err := dynamo.NewStore((&wire{}).client(), &dynamo.Config{Hedge: &h})
		is.True(err != nil && strings.Contains(err.Error(), want))
		_, err = dynamo.Open(t.Context(), &dynamo.OpenConfig{Endpoint: "http://127.0.0.1:1", Hedge: &h})
		is.True(err != nil && strings.Contains(err.Error(), want))
	}
}

func TestHedge_ChangedAfterwardsChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		p := &paced{next: steps(step{takes: 20 * ms})}
		h := always(10 * ms)
		store := hedged(t, p, h)
		h.After = time.Hour
		_, err := timed(t, store)
		is.NoErr(err)
		calls, _ := p.made()
		is.Equal(calls, 2)
	})
}
