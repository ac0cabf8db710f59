package faults

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"
)

// server counts the requests that reach it.
type server struct{ reached atomic.Int32 }

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	s.reached.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil || string(body) != "body" {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

func request(t *testing.T, ctx context.Context, operation string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://x", strings.NewReader("body"))
	is.New(t).NoErr(err)
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	return r
}

// Each fault has its effect on the engine and on the client.
func TestFaults(t *testing.T) {
	for f, c := range map[Fault]struct {
		reached int32
		status  int // 0 if the connection is cut
		body    string
	}{
		None:          {1, 200, "{}"},
		CutBefore:     {0, 0, ""},
		CutAfter:      {1, 0, ""},
		Late:          {1, 0, ""},
		Delay:         {1, 200, "{}"},
		InternalError: {0, 500, "InternalServerError"},
		ErrorAfter:    {1, 500, "InternalServerError"},
		Throttle:      {0, 400, "ProvisionedThroughputExceededException"},
		Conflict:      {0, 400, "TransactionConflictException"},
	} {
		t.Run(f.String(), func(t *testing.T) {
			is := is.New(t)
			s := &server{}
			transport := New(s, 1, nil)
			transport.Plan("PutItem", f)
			response, err := transport.RoundTrip(request(t, t.Context(), "PutItem"))
			transport.Settle()
			is.Equal(s.reached.Load(), c.reached)
			is.Equal(transport.Counts()[f], 1)
			if c.status == 0 {
				is.True(err != nil)
				return
			}
			is.NoErr(err)
			is.Equal(response.StatusCode, c.status)
			body, err := io.ReadAll(response.Body)
			is.NoErr(err)
			is.True(strings.Contains(string(body), c.body))
			is.NoErr(response.Body.Close())
		})
	}
}

func TestClient_SendsThroughTheTransport(t *testing.T) {
	is := is.New(t)
	transport := New(nil, 1, nil)
	transport.Plan("ListTables", CutBefore)
	client := dynamodb.New(dynamodb.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("x", "x", ""), RetryMaxAttempts: 1,
		BaseEndpoint: aws.String("http://dynamodb.test"),
	}, transport.Client)
	_, err := client.ListTables(t.Context(), nil)
	is.True(err != nil)
	is.Equal(transport.Counts()[CutBefore], 1)
}

func TestALateRequestOutlivesItsClient(t *testing.T) {
	is := is.New(t)
	s := &server{}
	transport := New(s, 1, nil)
	transport.Plan("PutItem", Late)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := transport.RoundTrip(request(t, ctx, "PutItem"))
	is.True(err != nil)
	cancel()
	transport.Settle()
	is.Equal(s.reached.Load(), int32(1))
}

func TestADelayEndsWithItsClient(t *testing.T) {
	is := is.New(t)
	s := &server{}
	transport := New(s, 1, nil)
	transport.Plan("PutItem", Delay)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := transport.RoundTrip(request(t, ctx, "PutItem"))
	is.True(err != nil)
	is.Equal(s.reached.Load(), int32(0))
}

// The same calls meet the same faults, a different seed gives different faults, and each fault is
// as frequent as its rate.
func TestSeedsAreRepeatable(t *testing.T) {
	is := is.New(t)
	rates := Rates{CutBefore: 0.1, Throttle: 0.2}
	draw := func(seed uint64) (drawn []Fault) {
		transport := New(&server{}, seed, rates)
		for range 2000 {
			f, _ := transport.draw("GetItem")
			drawn = append(drawn, f)
		}
		is.True(transport.Counts()[CutBefore] > 120 && transport.Counts()[CutBefore] < 280)
		is.True(transport.Counts()[Throttle] > 300 && transport.Counts()[Throttle] < 500)
		return drawn
	}
	is.Equal(draw(7), draw(7))
	a, b := draw(7), draw(8)
	different := 0
	for i := range a {
		if a[i] != b[i] {
			different++
		}
	}
	is.True(different > 200)
}

func TestRatesCanEnd(t *testing.T) {
	is := is.New(t)
	transport := New(&server{}, 1, Rates{CutBefore: 1})
	f, _ := transport.draw("GetItem")
	is.Equal(f, CutBefore)
	transport.SetRates(nil)
	f, _ = transport.draw("GetItem")
	is.Equal(f, None)
}

func TestSpare_AnOperationNeverDrawsTheFault(t *testing.T) {
	is := is.New(t)
	s := &server{}
	transport := New(s, 1, Rates{CutBefore: 1})
	transport.Spare("PutItem", CutBefore)
	_, err := transport.RoundTrip(request(t, t.Context(), "PutItem"))
	is.NoErr(err)
	_, err = transport.RoundTrip(request(t, t.Context(), "GetItem"))
	is.True(err != nil)
}
