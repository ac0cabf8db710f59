package dynamo

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// transport is a client's HTTP client, whose answers a store sees before the SDK does.
type transport struct {
	client dynamodb.HTTPClient
	clock  *serviceClock
	died   *atomic.Int32 // counts connections that have died; nil: nobody does
}

// Do implements [dynamodb.HTTPClient].
func (t *transport) Do(r *http.Request) (*http.Response, error) {
	begun := t.clock.read()
	answer, err := t.client.Do(r)
	if err != nil || answer == nil {
		if hasDied(err, t.clock.read().mono-begun.mono) {
			t.closeIdle()
			if t.died != nil {
				t.died.Add(1)
			}
		}
		return answer, err
	}
	t.clock.observe(answer, begun)
	addChecksum(answer)
	return answer, nil
}

// silence is how long an answer must not come until a connection counts as dead: far longer than
// answers take.
const silence = 250 * time.Millisecond

// hasDied reports whether a connection seems to have died without a word: no answer came for long.
func hasDied(err error, waited time.Duration) bool {
	var timeout net.Error
	return waited >= silence && errors.As(err, &timeout) && timeout.Timeout()
}

// closeIdle closes the idle connections, if the client can: they have often died together, and each
// would cost an attempt.
func (t *transport) closeIdle() {
	if c, ok := t.client.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

const checksumHeader = "X-Amz-Crc32"

// addChecksum gives an answer a checksum if it has none, as DynamoDB Local's refusals. The SDK
// takes the missing one for 0, and would log each failed condition as a body that could not be
// closed. One that is there is left alone, and checked by the SDK.
func addChecksum(answer *http.Response) {
	if answer.Body == nil || first(answer.Header[checksumHeader]) != "" {
		return
	}
	body, err := io.ReadAll(answer.Body)
	rest := io.Reader(bytes.NewReader(body))
	if err != nil {
		rest = io.MultiReader(rest, failing{err})
	} else if answer.Header != nil {
		answer.Header.Set(checksumHeader, strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{rest, answer.Body}
}

// failing is a reader that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
