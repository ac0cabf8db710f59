package connections

import (
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"
)

// roundTrip is the round-trip time of a packet.
const roundTrip = 2 * time.Millisecond

// far is a TLS server in front of an engine, one round trip away.
type far struct {
	*httptest.Server
	dialed atomic.Int64
}

// newFar starts a far server, and makes the AWS configuration trust its certificate until the test
// ends.
func newFar(t *testing.T, engine http.Handler) *far {
	t.Helper()
	is := is.New(t)
	f := &far{Server: httptest.NewUnstartedServer(engine)}
	f.Config.ErrorLog = log.New(io.Discard, "", 0)
	f.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			f.dialed.Add(1)
		}
	}
	f.Listener = farListener{f.Listener}
	f.StartTLS()
	t.Cleanup(f.Close)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	is.NoErr(os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw}), 0o600))
	t.Setenv("AWS_CA_BUNDLE", bundle)
	return f
}

// onEngine returns a handler that forwards requests to an engine.
func onEngine(t *testing.T, endpoint string) http.Handler {
	t.Helper()
	u, err := url.Parse(endpoint)
	is.New(t).NoErr(err)
	proxy := httputil.NewSingleHostReverseProxy(u)
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 256}
	return proxy
}

type farListener struct{ net.Listener }

func (l farListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	// Opening a TCP connection takes a round trip, but here the kernel has already opened it.
	// So the first read waits for two.
	f := &farConn{Conn: c}
	f.turns.Store(2)
	return f, err
}

// farConn is the server's end of a connection. A read that follows a write waits for a round trip.
type farConn struct {
	net.Conn
	turns atomic.Int64 // round trips for which the next read waits
}

func (c *farConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		if turns := c.turns.Swap(0); turns > 0 {
			<-time.After(time.Duration(turns) * roundTrip)
		}
	}
	return n, err
}

func (c *farConn) Write(p []byte) (int, error) {
	c.turns.Store(1)
	return c.Conn.Write(p)
}
