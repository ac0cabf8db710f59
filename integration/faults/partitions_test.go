package faults

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matryer/is"
)

// capacious returns an engine whose calls consume the given units.
func capacious(units float64) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		text := fmt.Sprintf(`{"ConsumedCapacity":{"CapacityUnits":%g},"asked":%q,"UnprocessedKeys":{}}`, units, body)
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
	})
}

func send(t *testing.T, through http.RoundTripper, operation, body string) (status int, answer string) {
	t.Helper()
	is := is.New(t)
	r := request(t, t.Context(), operation)
	r.Body = io.NopCloser(strings.NewReader(body))
	got, err := through.RoundTrip(r)
	is.NoErr(err)
	text, err := io.ReadAll(got.Body)
	is.NoErr(err)
	return got.StatusCode, string(text)
}

func put(id string) string { return `{"Item":{"id":{"S":"` + id + `"}}}` }
func key(id string) string { return `{"Key":{"id":{"S":"` + id + `"}}}` }

func TestPartitions_TakeWhatTheyTakeInASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		p := NewPartitions(Throughput{Writes: 10, Reads: 30}, nil)
		through := p.Throttled(capacious(1))
		took := func(operation, body string) int {
			n := 0
			for range 100 {
				status, answer := send(t, through, operation, body)
				is.True(status == 200 || status == 400 && strings.Contains(answer, refusal))
				n += 200 / status // 1 or 0
			}
			return n
		}
		is.Equal(took("PutItem", put("a")), 10)
		is.Equal(took("UpdateItem", key("a")), 0)
		is.Equal(took("DeleteItem", key("b")), 10) // another item's partition
		is.Equal(took("GetItem", key("a")), 30)    // reads are counted separately
		is.Equal(p.Refused(), 90+100+90+70)
		<-time.After(500 * time.Millisecond)
		is.Equal(took("PutItem", put("a")), 5)
		<-time.After(time.Hour)
		is.Equal(took("PutItem", put("a")), 10) // it saves up at most one second's units
	})
}

func TestPartitions_ChargeWhatACallHasConsumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		through := NewPartitions(Throughput{Writes: 10}, func(string) string { return "all" }).Throttled(capacious(15))
		status, _ := send(t, through, "PutItem", put("a"))
		is.Equal(status, 200)
		<-time.After(550 * time.Millisecond) // pays back the debt of 5 and saves half a unit
		status, _ = send(t, through, "PutItem", put("b"))
		is.Equal(status, 400)
		<-time.After(50 * time.Millisecond)
		status, _ = send(t, through, "PutItem", put("b"))
		is.Equal(status, 200)
	})
}

func TestPartitions_LeaveKeysOfABatchUnprocessed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		through := NewPartitions(Throughput{Reads: 1}, nil).Throttled(capacious(1))
		status, answer := send(t, through, "BatchGetItem", `{"RequestItems":{"t":{"Keys":[{"id":{"S":"a"}},{"id":{"S":"b"}}]}}}`)
		is.Equal(status, 200)
		is.True(strings.Contains(answer, `"UnprocessedKeys":{}`))
		status, answer = send(t, through, "BatchGetItem", `{"RequestItems":{"t":{"Keys":[{"id":{"S":"a"}},{"id":{"S":"c"}}]}}}`)
		is.Equal(status, 200)
		is.True(strings.Contains(answer, `"UnprocessedKeys":{"t":{"Keys":[{"id":{"S":"a"}}]`))
		status, _ = send(t, through, "BatchGetItem", `{"RequestItems":{"t":{"Keys":[{"id":{"S":"a"}},{"id":{"S":"c"}}]}}}`)
		is.Equal(status, 400)
		status, _ = send(t, through, "DescribeTable", `{}`)
		is.Equal(status, 200)
	})
}
