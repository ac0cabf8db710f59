package dynamo_test

import (
	"bufio"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions/driver"
)

// opened returns a client like that of Open.
func opened(t *testing.T, timeout time.Duration) *dynamodb.Client {
	t.Helper()
	noAWS(t)
	client, err := dynamo.NewClient(t.Context(), &dynamo.OpenConfig{Endpoint: "http://127.0.0.1:8000", Timeout: timeout})
	is.New(t).NoErr(err)
	return client
}

// The comment of NewClient and docs/operations.md name these settings.
func TestOpenHTTP_IsAsDocumented(t *testing.T) {
	is := is.New(t)
	transport := dynamo.Transport(opened(t, 0))
	is.Equal(transport.MaxIdleConns, 256)
	is.Equal(transport.MaxIdleConnsPerHost, 256)
	is.Equal(transport.IdleConnTimeout, 90*time.Second)
	is.Equal(transport.TLSHandshakeTimeout, time.Second)
	is.True(transport.DisableCompression)
	is.Equal(transport.ResponseHeaderTimeout, dynamo.DefaultTimeout/2)
	is.Equal(dynamo.Transport(opened(t, 500*time.Millisecond)).ResponseHeaderTimeout, 250*time.Millisecond)
}

// network is a network of pipes in a synctest bubble.
type network struct {
	mu      sync.Mutex
	dials   int
	healthy func(dial int) bool // whether the connection of this dial answers
	late    time.Duration       // how long an answer takes
	stalls  func(dial int) bool // nil, or whether its responses end in the middle of their body
}

// use makes a client use n.
func (n *network) use(client *dynamodb.Client) (stop func()) {
	transport := dynamo.Transport(client)
	transport.Proxy, transport.DialContext = nil, n.dial
	return transport.CloseIdleConnections
}

func (n *network) dial(context.Context, string, string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dials++
	client, server := net.Pipe()
	born := n.dials
	go n.serve(server, func() (healthy, stalls bool) {
		n.mu.Lock()
		defer n.mu.Unlock()
		return n.healthy(born), n.stalls != nil && n.stalls(born)
	})
	return client, nil
}

// serve reads requests from a connection, and answers them after n.late or never. If a response
// came before net/http has noticed that the request was sent, it would drop the connection, since
// the SDK closes the request's body then.
func (n *network) serve(c net.Conn, state func() (healthy, stalls bool)) {
	defer c.Close()
	for r := bufio.NewReader(c); ; {
		request, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return
		}
		healthy, stalls := state()
		if !healthy {
			continue
		}
		<-time.After(max(n.late, time.Millisecond))
		body := `{"Item":{` + whole + `}}`
		sent, length := body, len(body)
		if stalls {
			// Since Go 1.27, when a short body is closed net/http waits 50 ms for its end, which it
			// can't in a bubble.
			sent, length = body[:len(body)/2], 1<<20
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nX-Amz-Crc32: %d\r\nContent-Length: %d\r\n\r\n%s", crc32.ChecksumIEEE([]byte(body)), length, sent)
	}
}

// A connection that has died silently costs half of the call's time, and leaves the rest for
// another attempt.
func TestOpenHTTP_AnAnswerThatDoesNotComeLeavesTimeForAnotherAttempt(t *testing.T) {
	client := opened(t, 0)
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		n := &network{healthy: func(dial int) bool { return dial > 1 }}
		defer n.use(client)()
		store, err := dynamo.NewStore(client, nil)
		is.NoErr(err)
		begun := time.Now()
		var trace driver.Trace
		_, err = store.Load(driver.WithTrace(t.Context(), &trace), "k")
		is.NoErr(err)
		is.Equal(trace.DeadConnections, 1)
		took := time.Since(begun) // by the bubble's clock
		is.True(took >= dynamo.DefaultTimeout/2)
		is.True(took < dynamo.DefaultTimeout)
		synctest.Wait() // until the connection is idle again
		is.NoErr(store.Touch(t.Context(), "k", at, at))
		is.Equal(n.dials, 2) // it is used again
	})
}

// When a network drops connections it drops all of them: a call may lose one attempt, but not one
// for each connection.
func TestOpenHTTP_AllIdleConnectionsHaveDiedTogether(t *testing.T) {
	client := opened(t, 0)
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		const many = 20
		alive := 0 // connections dialed later than this answer
		n := &network{}
		n.healthy = func(dial int) bool { return dial > alive }
		defer n.use(client)()
		store, err := dynamo.NewStore(client, nil)
		is.NoErr(err)
		load := func(clients int) {
			var wg sync.WaitGroup
			for range clients {
				wg.Go(func() {
					_, err := store.Load(t.Context(), "k")
					is.NoErr(err)
				})
			}
			wg.Wait()
			synctest.Wait()
		}
		load(many)
		n.mu.Lock()
		alive = n.dials
		n.mu.Unlock()
		for range many {
			load(1)
		}
		n.mu.Lock()
		alive = n.dials
		n.mu.Unlock()
		load(many)
	})
}

// A connection that dies in the middle of a response costs what one costs that dies before it: half
// of the call's time, its idle siblings, and no more.
func TestOpenHTTP_AResponseThatStallsInItsBody(t *testing.T) {
	client := opened(t, 0)
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		dead := 0 // connections dialed up to this one have died
		n := &network{healthy: func(int) bool { return true }}
		n.stalls = func(dial int) bool { return dial <= dead }
		defer n.use(client)()
		store, err := dynamo.NewStore(client, nil)
		is.NoErr(err)
		dead = n.connect(t, store)
		for i, call := range []func(ctx context.Context) error{
			func(ctx context.Context) error { _, err := store.Load(ctx, "k"); return err },
			func(ctx context.Context) error { return store.Touch(ctx, "k", at, at) },
		} {
			begun := time.Now()
			var trace driver.Trace
			is.NoErr(call(driver.WithTrace(t.Context(), &trace)))
			is.Equal(trace.DeadConnections, 1-i) // only the first meets one
			is.True(time.Since(begun) < dynamo.DefaultTimeout*time.Duration(3-2*i)/4)
			synctest.Wait()
		}
		n.mu.Lock()
		dead = n.dials
		n.mu.Unlock()
		for i := range 3 { // a caller in a hurry
			ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
			_, err := store.Load(ctx, "k")
			cancel()
			is.Equal(err != nil, i == 0)
			synctest.Wait()
		}
	})
}

// A response that comes slowly, but goes on coming, is waited for.
func TestOpenHTTP_AResponseThatComesInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		body := `{"Item":{` + whole + `}}`
		slow := &trickling{body: body, parts: 4, pause: dynamo.DefaultTimeout * 2 / 5}
		client := dynamodb.New((&wire{}).client().Options(), func(o *dynamodb.Options) { o.HTTPClient = slow })
		store, err := dynamo.NewStore(client, &dynamo.Config{Timeout: dynamo.DefaultTimeout})
		is.NoErr(err)
		_, err = store.Load(t.Context(), "k")
		is.NoErr(err)
		is.Equal(slow.calls, 1)
	})
}

// trickling is an HTTP client whose responses come in parts, with a pause before each but the
// first.
type trickling struct {
	body  string
	parts int
	pause time.Duration
	calls int
}

func (c *trickling) Do(r *http.Request) (*http.Response, error) {
	c.calls++
	read, write := io.Pipe()
	go func() {
		part := len(c.body)/c.parts + 1
		for rest := c.body; rest != ""; rest = rest[min(part, len(rest)):] {
			if len(rest) < len(c.body) {
				<-time.After(c.pause / time.Duration(c.parts-1) * 2)
			}
			_, _ = io.WriteString(write, rest[:min(part, len(rest))])
		}
		_ = write.Close()
	}()
	header := http.Header{"X-Amz-Crc32": {fmt.Sprint(crc32.ChecksumIEEE([]byte(c.body)))}}
	return &http.Response{StatusCode: 200, Header: header, Body: read, ContentLength: int64(len(c.body)), Request: r}, nil
}

// An attempt of any call is abandoned if its response is late, and the next attempt finds its
// result.
func TestOpenHTTP_AWriteThatIsLateIsGivenUpToo(t *testing.T) {
	client := opened(t, 0)
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		n := &network{healthy: func(int) bool { return true }, late: dynamo.DefaultTimeout * 3 / 4}
		defer n.use(client)()
		store, err := dynamo.NewStore(client, nil)
		is.NoErr(err)
		for _, write := range writes {
			check(t, write(t.Context(), store), driver.ErrOutcomeUnknown)
		}
		<-time.After(time.Minute) // until the last late responses have come
	})
}

// A caller whose deadline is earlier than the attempt's loses one call too, and not one for each
// connection.
func TestOpenHTTP_AllIdleConnectionsHaveDiedAndTheCallerIsInAHurry(t *testing.T) {
	client := opened(t, 0)
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		alive := 0
		n := &network{}
		n.healthy = func(dial int) bool { return dial > alive }
		defer n.use(client)()
		store, err := dynamo.NewStore(client, nil)
		is.NoErr(err)
		alive = n.connect(t, store)
		failed := 0
		for range 8 {
			ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
			if _, err := store.Load(ctx, "k"); err != nil {
				check(t, err, driver.ErrUnavailable)
				failed++
			}
			cancel()
			synctest.Wait()
		}
		is.Equal(failed, 1)
	})
}

// An application's own client closes its idle connections, too, if it can.
func TestOpenHTTP_AnotherClientThanOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		own := &closing{wire: &wire{answers: []answer{hanging, fine}}}
		store, err := dynamo.NewStore(dynamodb.New(own.wire.client().Options(), func(o *dynamodb.Options) { o.HTTPClient = own }), nil)
		is.NoErr(err)
		_, err = store.Load(t.Context(), "k")
		check(t, err, driver.ErrUnavailable)
		is.Equal(own.closed, 1)
		_, err = store.Load(t.Context(), "k")
		check(t, err, driver.ErrNotFound)
		is.Equal(own.closed, 1) // only when it has to
	})
}

// closing is an HTTP client that counts how often it was told to close its idle connections.
type closing struct {
	*wire
	closed int
}

func (c *closing) Do(r *http.Request) (*http.Response, error) { return c.RoundTrip(r) }
func (c *closing) CloseIdleConnections()                      { c.closed++ }

// connect makes eight loads at once, and returns how many connections were dialed.
func (n *network) connect(t *testing.T, store *dynamo.Store) int {
	t.Helper()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := store.Load(t.Context(), "k"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	synctest.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials
}
