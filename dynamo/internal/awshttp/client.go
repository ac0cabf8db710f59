// Package awshttp makes the HTTP client of dynamo.NewClient. DynamoDB speaks only HTTP/1.1, so each
// call under way takes a connection. If calls come in bursts, connections that are not kept idle
// must be dialed again, with TLS; the SDK keeps 10. docs/operations.md lists the settings, and
// integration/bench/connections measures their effect.
package awshttp

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awstransport "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	// idleConnections is how many idle connections are kept: as many as a busy process has calls
	// under way.
	idleConnections = 256

	// idleFor is how long they are kept: longer than the pauses of a service in use, and shorter
	// than the time after which load balancers and firewalls drop a connection.
	idleFor = 90 * time.Second

	// dialTimeout and tlsTimeout each leave time for another attempt within dynamo.DefaultTimeout.
	// Within a region either takes milliseconds; the SDK waits for 30 s and 10 s.
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
	t.DisableCompression = true // records are too small for it to pay
	t.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
		if answer.StatusCode != http.StatusOK {
			return &ProxyError{answer.StatusCode}
		}
		return nil
	}
}

// ProxyError means that the HTTP proxy of the environment refused to connect to DynamoDB, so that a
// request was not sent.
type ProxyError struct{ Status int }

// Error returns a text that names neither the proxy nor its credentials.
func (e *ProxyError) Error() string {
	return fmt.Sprintf("the HTTP proxy refused to connect: %d %s", e.Status, http.StatusText(e.Status))
}

// Tuned returns a tuned copy of AWS's client, for calls to DynamoDB that are bounded by timeout.
// The copy keeps the certificates that the environment names. A client that isn't AWS's is returned
// unchanged.
//
// It waits for a response for half of timeout: if a connection has died silently, time remains for
// another attempt. The SDK's client waits for ever. An abandoned request may still reach the table
// after later ones. A store's write then changes nothing, since its condition no longer holds.
func Tuned(client aws.HTTPClient, timeout time.Duration) aws.HTTPClient {
	base, ok := client.(*awstransport.BuildableClient)
	if !ok {
		return client
	}
	transport := base.WithDialerOptions(tuneDialer).WithTransportOptions(tuneTransport).GetTransport()
	transport.ResponseHeaderTimeout = timeout / 2
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
