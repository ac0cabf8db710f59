package dynamo_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

var hanging = answer{hang: true}

// A service that does not answer ends the call at the store's deadline, whatever the caller's
// context allows.
func TestHangingServiceEndsAtTheDeadline(t *testing.T) {
	for op, write := range writes {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			is := is.New(t)
			w := &wire{answers: []answer{hanging}}
			store, err := dynamo.NewStore(w.client(), &dynamo.Config{Timeout: 20 * time.Millisecond})
			is.NoErr(err)
			// t.Context() has no deadline, so the store's must end it.
			err = write(t.Context(), store)
			check(t, err, driver.ErrOutcomeUnknown)
			wants.Err(t, err, context.DeadlineExceeded)
			_, err = store.Load(t.Context(), "k")
			check(t, err, driver.ErrUnavailable)
		})
	}
}

// A call to a service that throttles for ever ends too: after the last attempt, or at the deadline
// in a pause.
func TestThrottlingServiceEndsInUnavailable(t *testing.T) {
	is := is.New(t)
	w := &wire{answers: []answer{throttled}}
	store, err := dynamo.NewStore(w.client(), &dynamo.Config{Timeout: 50 * time.Millisecond})
	is.NoErr(err)
	// Known not to have been applied.
	check(t, store.Create(t.Context(), record()), driver.ErrUnavailable)
	is.True(len(w.sent) <= 10)
}

func TestDoneContextSendsNothing(t *testing.T) {
	is := is.New(t)
	store, w := newStore(t, fine)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, write := range writes {
		err := write(ctx, store)
		check(t, err, driver.ErrUnavailable) // nothing was sent, so the outcome is known
		wants.Err(t, err, context.Canceled)
	}
	_, err := store.Load(ctx, "k")
	check(t, err, driver.ErrUnavailable)
	wants.Err(t, err, context.Canceled)
	is.Equal(len(w.sent), 0)
}

// A call releases its timer when it ends, not at the deadline.
func TestTheDeadlineEndsWithTheCall(t *testing.T) {
	is := is.New(t)
	store, w := newStore(t, fine)
	for _, write := range writes {
		_ = write(t.Context(), store)
		is.Equal(w.ctx.Err(), context.Canceled)
	}
	_, err := store.Load(t.Context(), "k")
	check(t, err, driver.ErrNotFound)
	is.Equal(w.ctx.Err(), context.Canceled)
	_, err = store.LoadRosters(t.Context(), "k")
	is.NoErr(err)
	is.Equal(w.ctx.Err(), context.Canceled)
	_, err = store.LoadAll(t.Context(), []string{"a", "b"})
	is.NoErr(err)
	is.Equal(w.ctx.Err(), context.Canceled)
	is.NoErr(t.Context().Err())
}

func TestContextDoneUnderWayLeavesOpenWhatBecame(t *testing.T) {
	is := is.New(t)
	store, _ := newStore(t, hanging)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	check(t, store.Create(ctx, record()), driver.ErrOutcomeUnknown)
	is.True(ctx.Err() != nil)
}

// Of two deadlines, the caller's and the store's, the earlier one ends the call.
func TestTheEarlierDeadlineCounts(t *testing.T) {
	for _, c := range []struct{ callers, stores, ends time.Duration }{
		{time.Second, 2 * time.Second, time.Second},
		{2 * time.Second, 2 * time.Second, 2 * time.Second},
		{time.Minute, 2 * time.Second, 2 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			is := is.New(t)
			w := &wire{answers: []answer{hanging}}
			store, err := dynamo.NewStore(w.client(), &dynamo.Config{Timeout: c.stores})
			is.NoErr(err)
			ctx, cancel := context.WithTimeout(t.Context(), c.callers)
			defer cancel()
			begun := time.Now()
			_, err = store.Load(ctx, "k")
			wants.Err(t, err, context.DeadlineExceeded)
			is.Equal(time.Since(begun), c.ends)
		})
	}
}

// The client's retries don't multiply ours.
func TestRetriesAreTheStoresOwn(t *testing.T) {
	is := is.New(t)
	w := &wire{answers: []answer{broken500}}
	client := dynamodb.New(w.client().Options(), func(o *dynamodb.Options) { o.RetryMaxAttempts = 3 })
	store, err := dynamo.NewStore(client, nil)
	is.NoErr(err)
	check(t, writes["Delete"](t.Context(), store.WithoutPauses()), driver.ErrOutcomeUnknown)
	is.Equal(len(w.sent), 10)
}

// A failing service is not flooded: the store's calls share a quota of retries.
func TestRetriesShareAQuota(t *testing.T) {
	is := is.New(t)
	store, w := newStore(t, refusedWith(500, "InternalServerError", ""))
	const calls = 100
	for range calls {
		_, err := store.Load(t.Context(), "k")
		wants.Err(t, err, driver.ErrUnavailable)
	}
	is.True(len(w.sent) < calls+calls/2) // far fewer than ten attempts each
}

// A throttling partition uses up none of the quota: the service works, and other calls may need
// another attempt.
func TestRetries_OfThrottledCallsLeaveTheQuotaAlone(t *testing.T) {
	is := is.New(t)
	const hot = 100
	attempt := 0
	store, w := newStore(t, answer{hook: func(request) answer {
		attempt++
		switch {
		case attempt <= 10*hot:
			return throttled
		case attempt == 10*hot+1:
			return refusedWith(500, "InternalServerError", "")
		}
		return ok(`{}`)
	}})
	for range hot {
		_, err := store.Load(t.Context(), "hot")
		wants.Err(t, err, driver.ErrUnavailable)
	}
	is.Equal(len(w.sent), 10*hot)
	_, err := store.Load(t.Context(), "another's")
	is.Equal(err, driver.ErrNotFound) // at the second attempt
	is.Equal(len(w.sent), 10*hot+2)
}

// together is a network on which many attempts are under way at the same moment. All connections
// die then, and the attempts after that are answered.
type together struct {
	sent   atomic.Int64
	under  sync.WaitGroup // the attempts that are to be lost
	lost   int64
	within bool // they are lost within the response
}

func (n *together) RoundTrip(r *http.Request) (*http.Response, error) {
	if n.sent.Add(1) <= n.lost {
		n.under.Done()
		n.under.Wait()
		if n.within {
			body := io.MultiReader(strings.NewReader(`{"Attri`), iotest.ErrReader(io.ErrUnexpectedEOF))
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(body), Request: r}, nil
		}
		return nil, cut.err
	}
	body := `{"Attributes":{"id":{"S":"subject:x"},"rev":{"S":"ours"},"expires":{"N":"1"}}}`
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// Connections die together, as when a proxy or NAT is replaced. Every call under way succeeds at
// its second attempt, however many there are.
func TestRetries_OfConnectionsThatDieTogether(t *testing.T) {
	const calls = 300
	for op, call := range map[string]func(context.Context, *dynamo.Store) error{
		"Load": func(ctx context.Context, s *dynamo.Store) error { _, err := s.Load(ctx, "k"); return err },
		"LoadAll": func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.LoadAll(ctx, []string{"a", "b"})
			return err
		},
		"Create":       writes["Create"],
		"ChangeRoster": writes["ChangeRoster"],
	} {
		for _, within := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				is := is.New(t)
				network := &together{lost: calls, within: within}
				network.under.Add(calls)
				options := (&wire{}).client().Options()
				options.HTTPClient = &http.Client{Transport: network}
				store, err := dynamo.NewStore(dynamodb.New(options), nil)
				is.NoErr(err)
				store = store.WithPauses(time.Second) // so that all wait for their second attempt at once
				var wg sync.WaitGroup
				var failed atomic.Int64
				for range calls {
					wg.Go(func() {
						if err := call(t.Context(), store); err != nil && !errors.Is(err, driver.ErrNotFound) {
							failed.Add(1)
						}
					})
				}
				wg.Wait()
				is.Equal(failed.Load(), int64(0)) // of the calls of op
				is.Equal(network.sent.Load(), int64(2*calls))
			})
			if t.Failed() {
				t.Fatal(op, within)
			}
		}
	}
}

// A network on which every connection dies is not flooded: beyond the first retry of each call, the
// calls share the quota.
func TestRetries_OfConnectionsThatDieAgain(t *testing.T) {
	is := is.New(t)
	store, w := newStore(t, cut)
	const calls = 100
	for range calls {
		_, err := store.Load(t.Context(), "k")
		wants.Err(t, err, driver.ErrUnavailable)
	}
	is.True(len(w.sent) < 2*calls+calls/2)
}

func TestSDKErrorsStayInReach(t *testing.T) {
	is := is.New(t)
	store, _ := newStore(t, refusedWith(400, "ResourceNotFoundException", ""))
	_, err := store.Load(t.Context(), "k")
	var missing *types.ResourceNotFoundException
	is.True(errors.As(err, &missing))
	var api smithy.APIError
	is.True(errors.As(err, &api))
	is.Equal(api.ErrorCode(), "ResourceNotFoundException")

	store, _ = newStore(t, throttled)
	err = writes["Delete"](t.Context(), store)
	var provisioned *types.ProvisionedThroughputExceededException
	is.True(errors.As(err, &provisioned))
}

// plain is an API other than the SDK's client, with errors of another kind.
type plain struct {
	dynamo.API
	err error
}

func (p plain) DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	return nil, p.err
}

func TestOtherAPIsThanTheSDKsClient(t *testing.T) {
	is := is.New(t)
	for want, errs := range map[error][]error{
		driver.ErrOutcomeUnknown: {errors.New("connection lost"), &types.InternalServerError{}},
		driver.ErrUnavailable:    {&types.ProvisionedThroughputExceededException{}, &types.ResourceNotFoundException{}},
	} {
		for _, cause := range errs {
			store, err := dynamo.NewStore(plain{err: cause}, nil)
			is.NoErr(err)
			err = writes["Delete"](t.Context(), store)
			check(t, err, want)
			wants.Err(t, err, cause)
		}
	}
}
