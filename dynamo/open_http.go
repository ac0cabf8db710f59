package dynamo

import (
	"net"
	"net/http"
	"time"

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

	// keepAlive is how often an idle connection is probed, so that one that is dead is noticed before a call is made over it.
	keepAlive = 15 * time.Second
)

// newHTTPClient returns a client for calls that are bounded by timeout. An attempt waits for an answer for half of that, so that one whose
// connection has died leaves time for another; the SDK waits for ever.
func newHTTPClient(timeout time.Duration) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) {
			d.Timeout = dialTimeout
			d.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: keepAlive, Interval: keepAlive}
		}).
		WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConns = idleConnections
			t.MaxIdleConnsPerHost = idleConnections
			t.IdleConnTimeout = idleFor
			t.TLSHandshakeTimeout = tlsTimeout
			t.ResponseHeaderTimeout = timeout / 2
			t.DisableCompression = true // records are smaller than what it would cost
		})
}
