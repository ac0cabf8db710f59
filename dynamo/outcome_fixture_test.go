package dynamo_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/dynamo/internal/awshttp"
	"github.com/dynasession/dynasession/sessions/driver"
)

// writes has the writes of a store. Each writes the rev "ours", on condition of the rev "base" if
// it has one.
var writes = map[string]func(context.Context, *dynamo.Store) error{
	"Create":  func(ctx context.Context, s *dynamo.Store) error { return s.Create(ctx, record()) },
	"Replace": func(ctx context.Context, s *dynamo.Store) error { return s.Replace(ctx, record(), "base") },
	"Touch":   func(ctx context.Context, s *dynamo.Store) error { return s.Touch(ctx, "k", at, at.Add(time.Hour)) },
	"Bind":    func(ctx context.Context, s *dynamo.Store) error { return s.Bind(ctx, "k", []byte{1}, []byte{2}) },
	"End": func(ctx context.Context, s *dynamo.Store) error {
		_, err := s.End(ctx, driver.End{Key: "k", Marker: marker()})
		return err
	},
	"End if": func(ctx context.Context, s *dynamo.Store) error {
		_, err := s.End(ctx, driver.End{Key: "k", Marker: marker(), If: &driver.State{Rev: "base"}})
		return err
	},
	"Delete": func(ctx context.Context, s *dynamo.Store) error {
		_, err := s.End(ctx, driver.End{Key: "k"})
		return err
	},
	"Delete if": func(ctx context.Context, s *dynamo.Store) error {
		_, err := s.End(ctx, driver.End{Key: "k", If: &driver.State{Rev: "base"}})
		return err
	},
	"ChangeRoster": func(ctx context.Context, s *dynamo.Store) error {
		_, err := s.ChangeRoster(ctx, driver.RosterChange{Key: "subject:x", Rev: "ours", Enter: "k", Deadline: at, Expires: at})
		return err
	},
}

func marker() driver.Marker {
	return driver.Marker{Why: driver.Destroyed, Rev: "ours", At: at, Until: at.Add(15 * time.Minute)}
}

// The answers that an attempt may get.
var (
	cut          = answer{err: &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}}
	noDial       = answer{err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}
	noName       = answer{err: &net.DNSError{Err: "no such host", IsNotFound: true}}
	noProxy      = answer{err: &net.OpError{Op: "proxyconnect", Err: noDial.err}}
	proxyRefuses = answer{err: &awshttp.ProxyError{Status: 407}}
	noSocks      = answer{err: &net.OpError{Op: "socks connect", Err: errors.New("unknown error general SOCKS server failure")}}
	noTrust      = answer{err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}
	noTLS        = answer{err: http.ErrSchemeMismatch}
	eof          = answer{err: io.ErrUnexpectedEOF}
	broken500    = refusedWith(500, "InternalServerError", "")
	down503      = answer{status: 503, body: "<html>no JSON at all"}
	halfOK       = ok(`{"Attributes":`)
	halfRefusal  = answer{status: 400, body: `{"__type":"com.amazonaws.dynamodb.v20120810#Conditional`}
	throttled    = refusedWith(400, "ProvisionedThroughputExceededException", "")
	conflict     = refusedWith(400, "TransactionConflictException", "")
	invalid      = refusedWith(400, "ValidationException", "")
	fine         = ok(`{}`)
)

// attempts has the answers to a write's attempts, the write's error, and how many attempts it
// makes. An attempt without a response may have been applied; if the next one finds our rev stored
// it was, and otherwise the outcome is unknown.
type attempts struct {
	name    string
	answers []answer
	want    error // nil: success
	calls   int
}

func testOutcomes(t *testing.T, write string, cases []attempts) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			store, w := newStore(t, c.answers...)
			check(t, writes[write](t.Context(), store), c.want)
			if len(w.sent) != c.calls {
				t.Errorf("%d attempts, want %d", len(w.sent), c.calls)
			}
		})
	}
}

// check compares an outcome: exactly the wanted sentinel and its parents, and no other.
func check(t *testing.T, got, want error) {
	t.Helper()
	if want == nil {
		if got != nil {
			t.Errorf("got %v, want success", got)
		}
		return
	}
	for _, sentinel := range []error{
		driver.ErrNotFound, driver.ErrEnded, driver.ErrRenewed, driver.ErrExists, driver.ErrRoster, driver.ErrFull, driver.ErrConflict, driver.ErrTooLarge, driver.ErrDecode,
		driver.ErrUnavailable, driver.ErrOutcomeUnknown,
	} {
		if errors.Is(got, sentinel) != errors.Is(want, sentinel) {
			t.Errorf("got %v; errors.Is %q: %t, want %t", got, sentinel, errors.Is(got, sentinel), errors.Is(want, sentinel))
		}
	}
}
