package dynamo_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

// always makes every late read be hedged.
func always(after time.Duration) *dynamo.Hedge { return &dynamo.Hedge{After: after, MaxExtra: 1} }

const ms = time.Millisecond

func TestHedge_AReadThatIsLateIsAskedAgainAndTheFirstAnswerCounts(t *testing.T) {
	broken, other := errors.New("broken"), errors.New("other")
	missing := &types.ResourceNotFoundException{}
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
		{"both fail", []step{{takes: 20 * ms, err: broken}, {takes: 5 * ms, err: other}}, 20 * ms, 2, other},
		{"both fail, one by its deadline", []step{{takes: 20 * ms, err: broken}, {takes: 5 * ms, err: context.DeadlineExceeded}}, 20 * ms, 2, broken},
		{"late, and the service says no", []step{{takes: 20 * ms, err: missing}, {takes: time.Hour}}, 20 * ms, 2, missing},
		{"late, and the service says no to the other", []step{{takes: 20 * ms}, {takes: 5 * ms, err: missing}}, 20 * ms, 2, nil},
		{"neither ends in time", []step{{takes: time.Hour}}, dynamo.DefaultTimeout, 2, context.DeadlineExceeded},
		{"late, and deaf", []step{{takes: 200 * ms, deaf: true}, {takes: 5 * ms}}, 15 * ms, 2, nil},
		{"both deaf", []step{{takes: 2500 * ms, deaf: true}}, dynamo.DefaultTimeout, 2, context.DeadlineExceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := is.New(t)
				p := &paced{next: steps(c.steps...)}
				took, err := timed(t, hedged(t, p, always(10*ms)))
				wants.Err(t, err, c.err)
				is.True(c.err == nil || errors.Is(err, driver.ErrUnavailable))
				is.Equal(took, c.takes)
				<-time.After(time.Second) // until the one that ignores its context has ended
				calls, cancelled := p.made()
				is.Equal(calls, c.calls)
				if c.name == "late" {
					is.Equal(cancelled, 1) // the first was cancelled
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
		_, err := hedged(t, p, always(10*ms)).LoadRosters(t.Context(), "k")
		is.NoErr(err)
		is.Equal(time.Since(begun), 15*ms)
		calls, _ := p.made()
		is.Equal(calls, 2)
	})
}

// With the SDK's client the second call is one attempt without retries, and reads with the same
// consistency.
func TestHedge_IsOneAttemptOfTheSameRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		w := &wire{answers: []answer{hanging, broken500, hanging}}
		store, err := dynamo.NewStore(w.client(), &dynamo.Config{Hedge: always(10 * ms)})
		is.NoErr(err)
		_, err = store.Load(t.Context(), "k")
		wants.Err(t, err, driver.ErrUnavailable)
		w.mu.Lock()
		defer w.mu.Unlock()
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
				wants.Err(t, write(t.Context(), store), driver.ErrOutcomeUnknown)
				is.Equal(len(w.sent), 1)
			})
		})
	}
}

// If all reads are late, as in an outage, the service doesn't get twice as many calls.
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

// slowest makes reads, one in a hundred of which meets a slow host. It returns p99.9, and how many
// calls they took.
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

// One call in a hundred is delayed by 200 ms: hedged, the slowest read in a thousand takes a fifth
// of that or less, for at most 5 % more calls.
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

// When all reads become slower, the Hedger learns again which are late.
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
		is.Equal(calls, 100) // the first hundred are not hedged
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

// A read that has failed once takes longer because of its retries, not because of a slow host.
func TestHedge_ARetryIsNotHedged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		w := &wire{answers: []answer{throttled, hanging}}
		store, err := dynamo.NewStore(w.client(), &dynamo.Config{Hedge: always(500 * ms)})
		is.NoErr(err)
		_, err = store.WithoutPauses().Load(t.Context(), "k")
		wants.Err(t, err, driver.ErrUnavailable)
		w.mu.Lock()
		defer w.mu.Unlock()
		is.Equal(len(w.sent), 2) // the attempt that failed, and the one after it
	})
}

func TestHedge_IsNeverSoonerThanAMillisecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		p := &paced{next: steps(step{takes: time.Microsecond})}
		store := hedged(t, p, &dynamo.Hedge{MaxExtra: 1})
		for range 200 {
			_, err := timed(t, store)
			is.NoErr(err)
		}
		p.from(steps(step{takes: 900 * time.Microsecond}, step{takes: time.Second}, step{takes: time.Microsecond}))
		_, err := timed(t, store)
		is.NoErr(err)
		calls, _ := p.made()
		is.Equal(calls, 1)
		took, err := timed(t, store)
		is.NoErr(err)
		is.Equal(took, ms+time.Microsecond)
	})
}

// A panic of the application's API, or of its middleware, is raised in the goroutine that reads,
// which may recover it.
func TestHedge_APanicIsTheCallers(t *testing.T) {
	for _, steps := range [][]step{
		{{panics: http.ErrAbortHandler}},
		{{takes: 20 * ms, panics: http.ErrAbortHandler}, {takes: time.Second}},
		{{takes: time.Second}, {panics: http.ErrAbortHandler}},
	} {
		synctest.Test(t, func(t *testing.T) {
			is := is.New(t)
			store := hedged(t, &paced{next: func(n int) step { return steps[n] }}, always(10*ms))
			defer func() { is.Equal(recover(), http.ErrAbortHandler) }()
			_, _ = store.Load(t.Context(), "k")
			t.Error("no panic")
		})
	}
}

// changing is an API that changes its requests, and answers only the second one.
type changing struct {
	paced
	keys chan int // how many attributes the request's key had
}

func (c *changing) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	c.keys <- len(in.Key)
	in.Key["sort"] = &types.AttributeValueMemberS{Value: "added"}
	return c.paced.GetItem(ctx, in, o...)
}

func TestHedge_EachCallHasARequestOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		api := &changing{paced{next: steps(step{takes: time.Second}, step{takes: ms})}, make(chan int, 2)}
		store, err := dynamo.NewStore(api, &dynamo.Config{Hedge: always(10 * ms)})
		is.NoErr(err)
		_, err = store.Load(t.Context(), "k")
		is.NoErr(err)
		is.Equal(<-api.keys, 1)
		is.Equal(<-api.keys, 1) // the change of the first request doesn't affect the second
	})
}

func TestHedge_AGoroutineThatExitsIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := timed(t, hedged(t, &paced{next: steps(step{exits: true})}, always(10*ms)))
		wants.Err(t, err, driver.ErrUnavailable)
	})
}

func TestHedge_IsTraced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		p := &paced{next: steps(step{takes: 5 * ms}, step{takes: time.Second}, step{takes: 5 * ms})}
		store := hedged(t, p, always(10*ms))
		for hedges := range 2 {
			var trace driver.Trace
			_, err := store.Load(driver.WithTrace(t.Context(), &trace), "k")
			is.NoErr(err)
			is.Equal(trace.Hedges, hedges)
		}
	})
}

func TestHedge_ErrorsNameFieldAndBound(t *testing.T) {
	is := is.New(t)
	nan := 0.0
	nan /= nan
	for want, h := range map[string]dynamo.Hedge{
		"Config.Hedge.After is 1µs: must be at least 1ms, and shorter than Timeout, 2s": {After: time.Microsecond},
		"Config.Hedge.After is -1s: must be at least 1ms, and shorter than Timeout, 2s": {After: -time.Second},
		"Config.Hedge.After is 2s: must be at least 1ms, and shorter than Timeout, 2s":  {After: 2 * time.Second},
		"Config.Hedge.Percentile is 90: must be at least 95, or MaxExtra, 0.05, is":     {Percentile: 90},
		"Config.Hedge.Percentile is 97: must be at least 99, or MaxExtra, 0.01, is":     {MaxExtra: 0.01},
		"Config.Hedge.Percentile is 0.97: must be at least 50 and below 100":            {Percentile: 0.97},
		"Config.Hedge.Percentile is 100: must be at least 50 and below 100":             {Percentile: 100},
		"Config.Hedge.Percentile is NaN: must be at least 50 and below 100":             {Percentile: nan},
		"Config.Hedge.MaxExtra is 5: must be more than 0 and at most 1":                 {MaxExtra: 5},
		"Config.Hedge.MaxExtra is -0.05: must be more than 0 and at most 1":             {MaxExtra: -0.05},
		"Config.Hedge.MaxExtra is NaN: must be more than 0 and at most 1":               {MaxExtra: nan},
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
