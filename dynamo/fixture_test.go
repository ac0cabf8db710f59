package dynamo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions/driver"
)

// wire is the network of a client. It gives each attempt the answer that a test has set, and keeps
// the requests.
type wire struct {
	mu      sync.Mutex
	answers []answer // one for each attempt; the last one for all later ones
	sent    []request
	ctx     context.Context // of the last attempt
	date    string          // the header of the answers; "": none
}

// answer is the result of an attempt: an HTTP response, or an error of the connection.
type answer struct {
	status int
	body   string
	err    error
	hang   bool                 // wait until the attempt's context is done
	hook   func(request) answer // makes the answer from the request
}

// request is an attempt that was sent.
type request struct {
	operation string
	body      map[string]any
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var body map[string]any
	if err := json.Unmarshal(raw, &body); err != nil {
		return nil, err
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	w.mu.Lock()
	w.sent, w.ctx = append(w.sent, request{operation, body}), r.Context()
	a := w.answers[min(len(w.sent), len(w.answers))-1]
	if a.hook != nil {
		a = a.hook(w.sent[len(w.sent)-1])
	}
	w.mu.Unlock()
	if a.hang {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if a.err != nil {
		return nil, a.err
	}
	header := http.Header{"Content-Type": {"application/x-amz-json-1.0"}}
	if w.date != "" {
		header.Set("Date", w.date)
	}
	return &http.Response{
		StatusCode: a.status, Header: header,
		Body: io.NopCloser(bytes.NewReader([]byte(a.body))), ContentLength: int64(len(a.body)), Request: r,
	}, nil
}

func (w *wire) client() *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("x", "x", ""),
		HTTPClient: &http.Client{Transport: w}, BaseEndpoint: aws.String("http://dynamodb.test"),
	})
}

// newStore returns a store that retries without pauses, and its wire, which has these answers.
func newStore(t *testing.T, answers ...answer) (*dynamo.Store, *wire) {
	t.Helper()
	w := &wire{answers: answers}
	store, err := dynamo.NewStore(w.client(), nil)
	is.New(t).NoErr(err)
	return store.WithoutPauses(), w
}

func ok(body string) answer { return answer{status: 200, body: body} }

// refusedWith is an error response of the service, with additional JSON members in fields.
func refusedWith(status int, code string, fields string) answer {
	return answer{status: status, body: fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"told so"%s}`, code, fields)}
}

// conditionFailed is the answer to a write whose condition does not hold. The item has this rev; ""
// means that there is none.
func conditionFailed(rev string) answer {
	if rev == "" {
		return refusedWith(400, "ConditionalCheckFailedException", "")
	}
	return refusedWith(400, "ConditionalCheckFailedException", `,"Item":{"id":{"S":"k"},"idle_timeout":{"N":"7200"},"rev":{"S":"`+rev+`"}}`)
}

// ended is the answer to a write whose condition does not hold because of a marker with this rev.
func ended(rev string) answer {
	return refusedWith(400, "ConditionalCheckFailedException", `,"Item":{`+markerItem(rev)+`}`)
}

func markerItem(rev string) string {
	return `"id":{"S":"k"},"accessed":{"S":"2026-03-01T09:00:00+00:00"},"expires":{"N":"1772356500"},"ended":{"S":"renewed"},` +
		`"next":{"S":"n"},"mark":{"S":"` + rev + `"}`
}

// onItem is the answer to a write whose condition does not hold. The item has these attributes.
func onItem(attributes string) answer {
	return refusedWith(400, "ConditionalCheckFailedException", `,"Item":{`+attributes+`}`)
}

var at = time.Date(2026, 3, 1, 9, 0, 0, 123456000, time.UTC)

func record() driver.Record {
	return driver.Record{
		Key: "k", Payload: codec.Opaque("json", []byte(`{"n":1}`)), Rev: "ours",
		Created: at, Accessed: at.Add(time.Minute), IdleTimeout: 2 * time.Hour, AbsoluteTimeout: 12 * time.Hour,
	}
}
