package dynamo_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions"
)

// The writes of a store, each of the record that is ours in place of the one whose rev is "base".
var writes = map[string]func(context.Context, *dynamo.Store) error{
	"Create":  func(ctx context.Context, s *dynamo.Store) error { return s.Create(ctx, record()) },
	"Replace": func(ctx context.Context, s *dynamo.Store) error { return s.Replace(ctx, record(), "base") },
	"Rename":  func(ctx context.Context, s *dynamo.Store) error { return s.Rename(ctx, "from", record(), "base") },
	"Touch":   func(ctx context.Context, s *dynamo.Store) error { return s.Touch(ctx, "k", at, at.Add(time.Hour)) },
	"Delete":  func(ctx context.Context, s *dynamo.Store) error { return s.Delete(ctx, "k") },
}

// What an attempt may get.
var (
	cut       = answer{err: &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}}
	noDial    = answer{err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}
	noName    = answer{err: &net.DNSError{Err: "no such host", IsNotFound: true}}
	eof       = answer{err: io.ErrUnexpectedEOF}
	broken500 = refusedWith(500, "InternalServerError", "")
	down503   = answer{status: 503, body: "<html>no JSON at all"}
	halfOK    = ok(`{"Attributes":`)
	throttled = refusedWith(400, "ProvisionedThroughputExceededException", "")
	conflict  = refusedWith(400, "TransactionConflictException", "")
	invalid   = refusedWith(400, "ValidationException", "")
	fine      = ok(`{}`)
)

// attempts are the answers that a write's attempts get, what becomes of the write, and how many attempts that takes. An attempt
// without an answer may have been applied; its repetition tells, if what is stored is ours, and else nobody knows.
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
		sessions.ErrNotFound, sessions.ErrExists, sessions.ErrConflict, sessions.ErrTooLarge, sessions.ErrDecode,
		sessions.ErrUnavailable, sessions.ErrOutcomeUnknown,
	} {
		if errors.Is(got, sentinel) != errors.Is(want, sentinel) {
			t.Errorf("got %v; errors.Is %q: %t, want %t", got, sentinel, errors.Is(got, sentinel), errors.Is(want, sentinel))
		}
	}
}
