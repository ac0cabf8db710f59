// Package storm_test makes a hundred requests of one user to a table at the same moment.
package storm_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/integration/faults"
	"github.com/dynasession/dynasession/sessions"
)

type ledger struct {
	Marks []string `json:"marks"`
}

// storm is a process whose calls reach a real engine through partitions with DynamoDB's limits. It
// runs in a testing/synctest bubble, where a call takes as long as it would on AWS and pauses take
// no real time. So the speed of the machine does not matter.
type storm struct {
	*sessions.Manager[ledger]
	partitions *faults.Partitions
	engine     http.RoundTripper

	mu       sync.Mutex
	random   *rand.Rand
	attempts int
}

// dynamoDB is the throughput of a partition. It saves up at most a tenth of a second's.
var dynamoDB = faults.Throughput{Writes: 1000, Reads: 3000, Burst: 100 * time.Millisecond}

// presentTime is the bubble's clock, which starts in 2000, moved to the present. With times in the
// past, the engine would sweep the items.
type presentTime struct{ ahead time.Duration }

func (p presentTime) Now() time.Time { return time.Now().Add(p.ahead) }

var _ clock.Clock = presentTime{}

// inStorm runs f in a synctest bubble.
func inStorm(t *testing.T, of func(key string) string, limit sessions.SubjectLimit, f func(*testing.T, *storm)) {
	t.Helper()
	table, now, outside := engine.NewTable(t), time.Now(), newOutside(t)
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		s := &storm{partitions: faults.NewPartitions(dynamoDB, of), engine: outside, random: rand.New(rand.NewPCG(1, 2))}
		api := engine.Client(t, func(o *dynamodb.Options) {
			o.HTTPClient = &http.Client{Transport: roundTripper(s.send)}
		})
		store, err := dynamo.NewStore(api, &dynamo.Config{Table: table})
		is.NoErr(err)
		s.Manager, err = sessions.New(store, &sessions.Config[ledger]{
			Clock: presentTime{time.Until(now)}, SubjectLimit: limit,
		})
		is.NoErr(err)
		f(t, s)
		t.Logf("%d attempts, %d refused", s.attempts, s.partitions.Refused())
	})
}

// newOutside returns a transport whose connections are outside the bubble. Inside, an idle
// connection would block the bubble's clock.
func newOutside(t *testing.T) http.RoundTripper {
	t.Helper()
	type result struct {
		response *http.Response
		err      error
	}
	type line struct {
		requests chan *http.Request
		results  chan result
	}
	const most = 32
	base := &http.Transport{MaxIdleConnsPerHost: most}
	lines := make(chan line, most)
	var all sync.WaitGroup
	var ends []chan *http.Request
	for range most {
		l := line{make(chan *http.Request), make(chan result)}
		ends = append(ends, l.requests)
		lines <- l
		all.Go(func() {
			for r := range l.requests {
				response, err := base.RoundTrip(r.Clone(context.Background()))
				if err == nil {
					var body []byte
					body, err = io.ReadAll(response.Body)
					_ = response.Body.Close()
					response.Body = io.NopCloser(bytes.NewReader(body))
				}
				l.results <- result{response, err}
			}
		})
	}
	t.Cleanup(func() {
		for _, requests := range ends {
			close(requests)
		}
		all.Wait()
		base.CloseIdleConnections()
	})
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		l := <-lines
		l.requests <- r
		got := <-l.results
		lines <- l
		return got.response, got.err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// counting is the context key of the counter for a user's calls.
type counting struct{}

// send sends a request after the latency of a call within a Region.
func (s *storm) send(r *http.Request) (*http.Response, error) {
	if n, ok := r.Context().Value(counting{}).(*atomic.Int64); ok {
		n.Add(1)
	}
	s.mu.Lock()
	s.attempts++
	latency := 2*time.Millisecond + time.Duration(s.random.Int64N(int64(4*time.Millisecond)))
	s.mu.Unlock()
	timer := time.NewTimer(latency)
	defer timer.Stop()
	select {
	case <-timer.C:
		return s.partitions.Throttled(s.engine).RoundTrip(r)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// atOnce makes n calls at the same moment, and returns the duration of the slowest.
func atOnce(t *testing.T, n int, call func(i int) error) time.Duration {
	t.Helper()
	begin := time.Now()
	var all sync.WaitGroup
	var mu sync.Mutex
	slowest := time.Duration(0)
	for i := range n {
		all.Go(func() {
			err := call(i)
			mu.Lock()
			defer mu.Unlock()
			slowest = max(slowest, time.Since(begin))
			if err != nil {
				t.Errorf("call %d of %d, after %v: %v", i, n, time.Since(begin), err)
			}
		})
	}
	all.Wait()
	return slowest
}

// A hundred simultaneous logins, renewals and logouts of one subject all succeed, although its list
// is in one partition, and even if all items are.
func TestStorm(t *testing.T) {
	for name, of := range map[string]func(string) string{
		"a partition for each item": nil,
		"one partition for all":     func(string) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			inStorm(t, of, sessions.SubjectLimit{}, func(t *testing.T, s *storm) {
				is, ctx := is.New(t), t.Context()
				begun := make([]*sessions.Session[ledger], 150)
				login := func(i int) error {
					begun[i] = s.Create()
					return s.Authenticate(ctx, begun[i], "user")
				}
				renew := func(i int) error { return s.Renew(ctx, begun[i]) }
				logout := func(i int) error { return s.Destroy(ctx, begun[i]) }
				t.Log("100 logins:", atOnce(t, 100, login))
				is.Equal(s.alive(t, "user"), 100)
				t.Log("100 renewals:", atOnce(t, 100, renew))
				is.Equal(s.alive(t, "user"), 100)
				t.Log("50 of each:", atOnce(t, 150, func(i int) error {
					switch i % 3 {
					case 0:
						return login(100 + i/3)
					case 1:
						return renew(i / 3)
					}
					return logout(50 + i/3)
				}))
				is.Equal(s.alive(t, "user"), 100)
				t.Log("100 logouts:", atOnce(t, 100, func(i int) error { return logout(i + 50*(i/50)) }))
				is.Equal(s.alive(t, "user"), 0)
				if s.partitions.Refused() == 0 {
					t.Error("no partition has refused anything")
				}
			})
		})
	}
}

// alive returns the number of a subject's sessions.
func (s *storm) alive(t *testing.T, subject string) int {
	t.Helper()
	infos, err := s.Sessions(t.Context(), subject)
	is.New(t).NoErr(err)
	return len(infos)
}

// Fifty simultaneous logins that evict each other all succeed, and the limit is exact.
func TestStorm_LimitIsExact(t *testing.T) {
	inStorm(t, nil, sessions.SubjectLimit{Max: 10, Evict: true}, func(t *testing.T, s *storm) {
		is, ctx := is.New(t), t.Context()
		begun := make([]*sessions.Session[ledger], 50)
		t.Log("50 logins:", atOnce(t, len(begun), func(i int) error {
			begun[i] = s.Create()
			return s.Authenticate(ctx, begun[i], "user")
		}))
		is.Equal(s.alive(t, "user"), 10)
		left := 0
		for _, session := range begun {
			if _, err := s.Load(ctx, session.ID().Secret()); err == nil {
				left++
			} else if !errors.Is(err, sessions.ErrNotFound) {
				t.Error(err)
			}
		}
		is.Equal(left, 10) // no session is alive that is not listed
	})
}

// While one user's requests are throttled, another user's visit takes as many calls as usual.
func TestStorm_CostsAnotherUserNothing(t *testing.T) {
	inStorm(t, nil, sessions.SubjectLimit{}, func(t *testing.T, s *storm) {
		is := is.New(t)
		visit := func(subject string) int64 {
			var n atomic.Int64
			if err := s.visit(context.WithValue(t.Context(), counting{}, &n), subject); err != nil {
				t.Error(err)
			}
			return n.Load()
		}
		visit("another") // the first visit also asks for the table's TTL
		alone := visit("another")
		var storm sync.WaitGroup
		storm.Go(func() {
			atOnce(t, 100, func(int) error { return s.Authenticate(t.Context(), s.Create(), "user") })
		})
		visits, begin := 0, s.partitions.Refused()
		over := make(chan struct{})
		go func() { storm.Wait(); close(over) }()
		for done := false; !done; {
			select {
			case <-over:
				done = true
			default:
				if n := visit("another"); n != alone {
					t.Errorf("a visit took %d calls, want %d", n, alone)
				}
				visits++
			}
		}
		refused := s.partitions.Refused() - begin
		t.Logf("%d visits of %d calls, while %d calls of the storm were refused", visits, alone, refused)
		is.True(refused > 0 && visits > 1)
	})
}

// visit makes another user's visit: a login, pages, a renewal, a list of devices and a logout.
func (s *storm) visit(ctx context.Context, subject string) error {
	session := s.Create()
	if err := s.Authenticate(ctx, session, subject); err != nil {
		return err
	}
	for range 5 {
		if _, err := s.Update(ctx, session.ID().Secret(), func(l *ledger) error { l.Marks = append(l.Marks, "x"); return nil }); err != nil {
			return err
		}
	}
	session, err := s.Load(ctx, session.ID().Secret())
	if err != nil {
		return err
	}
	if err := s.Renew(ctx, session); err != nil {
		return err
	}
	if _, err := s.Sessions(ctx, subject); err != nil {
		return err
	}
	return s.Destroy(ctx, session)
}
