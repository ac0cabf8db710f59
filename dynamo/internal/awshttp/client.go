// Package awshttp makes the HTTP client of dynamo.NewClient. DynamoDB speaks HTTP/1.1 alone, so
// each call under way takes a connection. What is not kept idle must be dialed again, TLS included,
// whenever calls come in bursts; the SDK keeps 10 connections. docs/operations.md lists the
// settings, and integration/bench/connections measures what they are worth.
package awshttp

import (
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awstransport "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	// idleConnections is how many are kept: as many calls as a busy process has under way at a
	// time.
	idleConnections = 256

	// idleFor is for how long: longer than the pauses of a service in use, and shorter than the
	// time after which load balancers and firewalls on the way forget a connection.
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
	t.DisableCompression = true // records are smaller than what it would cost
}

// Tuned returns a client for calls to DynamoDB that are bounded by timeout, made from AWS's: it
// trusts the certificates that the environment names. A client that isn't AWS's stays as it is.
//
// It waits for an answer for half of a call's time: a connection that has died without a word
// leaves time for another attempt. The SDK's waits for ever. A request that was given up may reach
// the table after all, later than those that follow it. No write of a store does anything then: its
// condition is of the past.
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
