package dynamo

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// The HTTP client of Open. DynamoDB speaks HTTP/1.1 alone, so each call under way takes a connection. What is not kept idle must be dialed
// again, TLS included, whenever calls come in bursts; the SDK keeps 10 of them. What that is worth is measured in
// integration/bench/connections and told in docs/operations.md.
const (
	// idleConnections is how many are kept: as many calls as a busy process has under way at a time.
	idleConnections = 256

	// idleFor is for how long: longer than the pauses of a service that is used, shorter than what lies between forgets about it.
	idleFor = 90 * time.Second

	// dialTimeout and tlsTimeout each leave time for another attempt within DefaultTimeout. Within a region either takes
	// milliseconds; the SDK waits for 30 s and 10 s.
	dialTimeout = time.Second
	tlsTimeout  = time.Second
)

// keepAlive finds an idle connection dead within 30 s, before a call is made over it.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}

func tuneDialer(d *net.Dialer) {
	d.Timeout = dialTimeout
	d.KeepAliveConfig = keepAlive
}

func tuneTransport(t *http.Transport) {
	t.MaxIdleConns = idleConnections
	t.MaxIdleConnsPerHost = idleConnections
	t.IdleConnTimeout = idleFor
	t.TLSHandshakeTimeout = tlsTimeout
	t.DisableCompression = true // records are smaller than what it would cost
}

// tuned returns a client for calls to DynamoDB that are bounded by timeout, made from AWS's: so it trusts the certificates that the
// environment names. What AWS's configuration calls besides, for credentials, goes on through its own. A client that isn't AWS's stays as
// it is.
func tuned(client aws.HTTPClient, timeout time.Duration) aws.HTTPClient {
	base, ok := client.(*awshttp.BuildableClient)
	if !ok {
		return client
	}
	base = base.WithDialerOptions(tuneDialer).WithTransportOptions(tuneTransport)
	return newImpatient(base.GetTransport(), timeout/2)
}

// impatient is an HTTP client that waits for an answer for half of a call's time: what has died without a word leaves time for another
// attempt. The SDK's waits for ever. It is safe for concurrent use.
//
// It has all the time of the call for a PutItem: one that is given up, and reaches a table after all, could store again what was destroyed
// meanwhile. Any other write does nothing when it comes late: its condition, or its token, is of the past.
type impatient struct {
	all  http.Client
	puts http.Client
}

func newImpatient(t *http.Transport, wait time.Duration) *impatient {
	client := func(t *http.Transport) http.Client {
		return http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	c := &impatient{puts: client(t.Clone())}
	t.ResponseHeaderTimeout = wait
	c.all = client(t)
	return c
}

// Do is [aws.HTTPClient]'s. When an answer doesn't come, the idle connections are closed: they have often died together, and each would cost
// an attempt.
func (c *impatient) Do(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutItem") {
		return c.puts.Do(r)
	}
	response, err := c.all.Do(r)
	var timeout net.Error
	if r.Context().Err() == nil && errors.As(err, &timeout) && timeout.Timeout() {
		c.all.CloseIdleConnections()
		c.puts.CloseIdleConnections()
	}
	return response, err
}
