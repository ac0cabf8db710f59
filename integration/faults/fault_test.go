package faults

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestPickDividesTheLine(t *testing.T) {
	is := is.New(t)
	r := Rates{CutBefore: 0.25, Throttle: 0.25}
	for x, want := range map[float64]Fault{0: CutBefore, 0.24: CutBefore, 0.25: Throttle, 0.49: Throttle, 0.5: None, 0.99: None} {
		is.Equal(r.pick(x), want)
	}
	is.Equal(Rates(nil).pick(0), None) // nil rates mean no faults
}

func TestEveryFaultHasAName(t *testing.T) {
	is := is.New(t)
	seen := map[string]bool{}
	for f := None; f < kinds; f++ {
		is.True(f.String() != "")
		is.True(!seen[f.String()])
		seen[f.String()] = true
	}
}

func TestConflict_IsWhatTheSDKReads(t *testing.T) {
	is := is.New(t)
	for operation, code := range map[string]string{
		// Reads do not conflict.
		"GetItem": "ThrottlingException", "BatchGetItem": "ThrottlingException",
		"UpdateItem": "TransactionConflictException", "PutItem": "TransactionConflictException",
	} {
		response := conflict(request(t, t.Context(), operation), operation)
		body, err := io.ReadAll(response.Body)
		is.NoErr(err)
		is.NoErr(response.Body.Close())
		var parsed struct {
			Type string `json:"__type"`
		}
		is.NoErr(json.Unmarshal(body, &parsed))
		is.Equal(parsed.Type, "com.amazonaws.dynamodb.v20120810#"+code)
		is.Equal(response.ContentLength, int64(len(body)))
	}
}

// table is a service that returns an item for each key it is asked for.
type table struct{ asked [][]string }

func (s *table) RoundTrip(r *http.Request) (*http.Response, error) {
	var b struct {
		RequestItems map[string]struct {
			Keys []map[string]map[string]string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&b); err != nil {
		return nil, err
	}
	var asked, items []string
	for _, k := range b.RequestItems["t"].Keys {
		asked = append(asked, k["id"]["S"])
		items = append(items, `{"id":{"S":"`+k["id"]["S"]+`"}}`)
	}
	s.asked = append(s.asked, asked)
	return response(r, 200, []byte(`{"Responses":{"t":[`+strings.Join(items, ",")+`]},"UnprocessedKeys":{}}`)), nil
}

func TestPartial_LeavesHalfUnprocessed(t *testing.T) {
	is := is.New(t)
	s := &table{}
	transport := New(s, 1, Rates{Partial: 1})
	r := request(t, t.Context(), "BatchGetItem")
	r.Body = io.NopCloser(strings.NewReader(`{"RequestItems":{"t":{"Keys":[{"id":{"S":"a"}},{"id":{"S":"b"}},{"id":{"S":"c"}}],"ConsistentRead":true}}}`))
	response, err := transport.RoundTrip(r)
	is.NoErr(err)
	body, err := io.ReadAll(response.Body)
	is.NoErr(err)
	is.NoErr(response.Body.Close())
	is.Equal(s.asked, [][]string{{"a"}})
	is.Equal(string(body), `{"Responses":{"t":[{"id":{"S":"a"}}]},"UnprocessedKeys":{"t":{"Keys":[{"id":{"S":"b"}},{"id":{"S":"c"}}],"ConsistentRead":true}}}`)

	through, err := New(&server{}, 1, Rates{Partial: 1}).RoundTrip(request(t, t.Context(), "GetItem"))
	is.NoErr(err)
	is.Equal(through.StatusCode, 200)
}
