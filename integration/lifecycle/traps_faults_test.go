package lifecycle_test

import (
	"errors"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/integration/faults"
	"github.com/dynasession/dynasession/sessions"
)

// host is a manager whose network can be broken, on a table that others see whole.
type host struct {
	*sessions.Manager[cart]
	network *faults.Transport
	other   *sessions.Manager[cart]
	table   string
}

func newHost(t *testing.T) host {
	t.Helper()
	is := is.New(t)
	table, network := engine.NewTable(t), faults.New(nil, 1, nil)
	m, err := sessions.New[cart](engine.Store(t, table, network.Client), nil)
	is.NoErr(err)
	other, err := sessions.New[cart](engine.Store(t, table), nil)
	is.NoErr(err)
	return host{m, network, other, table}
}

// operations are the calls that write, by the operation of DynamoDB that each makes.
var operations = map[string]struct {
	operation string
	call      func(ctx, host, *sessions.Session[cart]) error
}{
	"Save":         {"UpdateItem", func(c ctx, h host, s *sessions.Session[cart]) error { s.Data.Count++; return h.Save(c, s) }},
	"Renew":        {"TransactWriteItems", func(c ctx, h host, s *sessions.Session[cart]) error { return h.Renew(c, s) }},
	"Authenticate": {"TransactWriteItems", func(c ctx, h host, s *sessions.Session[cart]) error { return h.Authenticate(c, s, "u") }},
	"Destroy":      {"DeleteItem", func(c ctx, h host, s *sessions.Session[cart]) error { return h.Destroy(c, s) }},
	"Create": {"PutItem", func(c ctx, h host, s *sessions.Session[cart]) error {
		created, err := h.CreateAndSave(c, cart{Count: 7})
		if err == nil {
			*s = *created
		}
		return err
	}},
}

// Our first attempt was stored and its answer lost; the second meets it. It is a success, and it is one.
func TestTrap_ARetryOfOurOwnSuccessIsSuccess(t *testing.T) {
	for name, op := range operations {
		for _, lost := range []faults.Fault{faults.CutAfter, faults.ErrorAfter} {
			t.Run(name+" "+lost.String(), func(t *testing.T) {
				is := is.New(t)
				h := newHost(t)
				s := saved(t, h.Manager, cart{Count: 6})
				h.network.Plan(op.operation, lost, lost)
				is.NoErr(op.call(t.Context(), h, s))
				is.Equal(h.network.Counts()[lost], 2)
				if name == "Destroy" {
					is.Equal(engine.Count(t, h.table), 0)
					return
				}
				got := loaded(t, h.other, s.ID().Secret())
				is.Equal(got.Data.Count, s.Data.Count)
				s.Data.Count++
				is.NoErr(h.Save(t.Context(), s)) // and what it holds is what is stored
			})
		}
	}
}

// Whatever dies before, between or after the calls of a renewal: the old or the new is alive, never none, never both.
func TestTrap_ARenewalThatDiesLeavesOneAlive(t *testing.T) {
	for _, name := range []string{"Renew", "Authenticate"} {
		for _, fault := range []faults.Fault{faults.CutBefore, faults.CutAfter} {
			t.Run(name+" "+fault.String(), func(t *testing.T) {
				is := is.New(t)
				h := newHost(t)
				s := saved(t, h.Manager, cart{Count: 6})
				old := s.ID().Secret()
				h.lose("TransactWriteItems", fault) // from here on the host is dead to the engine, or the engine to it
				err := operations[name].call(t.Context(), h, s)
				is.True(errors.Is(err, sessions.ErrOutcomeUnknown))
				is.Equal(engine.Count(t, h.table), 1)
				_, err = h.other.Load(t.Context(), old)
				is.Equal(errors.Is(err, sessions.ErrNotFound), fault == faults.CutAfter)

				// The host was not dead after all: repeating the call is safe.
				is.NoErr(operations[name].call(t.Context(), h, s))
				is.Equal(engine.Count(t, h.table), 1)
				is.Equal(loaded(t, h.other, s.ID().Secret()).Data.Count, int64(6))
				_, err = h.other.Load(t.Context(), old)
				is.True(errors.Is(err, sessions.ErrNotFound))
			})
		}
	}
}
