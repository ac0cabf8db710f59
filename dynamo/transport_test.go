package dynamo

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/logging"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

// answering is an HTTP client that gives one answer.
type answering struct {
	status   int
	body     string
	checksum string
	err      error // at the end of the body
}

func (a answering) Do(r *http.Request) (*http.Response, error) {
	header := http.Header{"Content-Type": {"application/x-amz-json-1.0"}}
	if a.checksum != "" {
		header.Set(checksumHeader, a.checksum)
	}
	var body io.Reader = strings.NewReader(a.body)
	if a.err != nil {
		body = io.MultiReader(body, failing{a.err})
	}
	return &http.Response{StatusCode: a.status, Header: header, Body: io.NopCloser(body), ContentLength: int64(len(a.body)), Request: r}, nil
}

// logged makes a Load and a Create with the response a, and returns the SDK's log.
func logged(t *testing.T, a answering) (text string, load, create error) {
	t.Helper()
	var log bytes.Buffer
	client := dynamodb.New(dynamodb.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("x", "x", ""), HTTPClient: a, Logger: logging.NewStandardLogger(&log),
	})
	s, err := NewStore(client, nil)
	is.New(t).NoErr(err)
	s.WithPauses(0)
	_, load = s.Load(t.Context(), "k")
	return log.String(), load, s.Create(t.Context(), driver.Record{Key: "k", Payload: payload("1")})
}

const refused = `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}`

// DynamoDB Local sends no checksum with a refusal, which the SDK would log each time.
func TestTransport_AFailedConditionLogsNothing(t *testing.T) {
	is := is.New(t)
	log, _, err := logged(t, answering{status: 400, body: refused})
	wants.Err(t, err, driver.ErrExists)
	is.Equal(log, "")
	log, err, _ = logged(t, answering{status: 200, body: `{}`}) // nor does Alternator with any response
	wants.Err(t, err, driver.ErrNotFound)
	is.Equal(log, "")
}

// The SDK checks an existing checksum, and logs a wrong one.
func TestTransport_AWrongChecksumShows(t *testing.T) {
	is := is.New(t)
	for _, checksum := range []string{"1", "0"} {
		log, _, _ := logged(t, answering{status: 400, body: refused, checksum: checksum})
		is.True(strings.Contains(log, "did not match expected checksum"))
	}
	log, _, _ := logged(t, answering{status: 400, body: refused, checksum: strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(refused))), 10)})
	is.Equal(log, "")
}

// An empty success, as a broken proxy sends, is an outage, not a session that doesn't exist, and no
// write that was applied.
func TestTransport_ASuccessWithoutABody(t *testing.T) {
	for _, status := range []int{200, 202, 204} {
		_, load, create := logged(t, answering{status: status})
		wants.Err(t, load, driver.ErrUnavailable)
		wants.Text(t, load, "is there a proxy?")
		wants.Err(t, create, driver.ErrOutcomeUnknown)
	}
}

// An empty refusal or failure, as of a load balancer without a host, is none of a success.
func TestTransport_AFailureWithoutABody(t *testing.T) {
	for _, status := range []int{403, 503} {
		_, load, _ := logged(t, answering{status: status})
		wants.Err(t, load, driver.ErrUnavailable)
		is.New(t).True(!errors.Is(load, errNoBody))
	}
}

// A connection has died if an attempt timed out after a wait, which a short deadline is not.
func TestTransport_HasDied(t *testing.T) {
	is := is.New(t)
	is.True(hasDied(errStalled, silence))
	is.True(hasDied(context.DeadlineExceeded, silence))
	is.True(!hasDied(context.DeadlineExceeded, silence-1))
	is.True(!hasDied(context.Canceled, silence))
	is.True(!hasDied(nil, silence))
}

// A response whose body breaks off keeps the part that has come.
func TestTransport_AnAnswerThatBreaksOff(t *testing.T) {
	broken := errors.New("connection reset by peer")
	_, load, create := logged(t, answering{status: 200, body: `{"Item":{"id":`, err: broken})
	wants.Err(t, load, driver.ErrUnavailable)
	wants.Err(t, load, broken)
	wants.Err(t, create, driver.ErrOutcomeUnknown)
}
