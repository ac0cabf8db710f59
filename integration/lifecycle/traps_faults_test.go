package lifecycle_test

import (
	"errors"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/integration/faults"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

// host is a Manager whose network can be broken. Others reach its table without faults.
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

// operations are the writing operations, each with the DynamoDB operation that it makes.
var operations = map[string]struct {
	operation string
	call      func(ctx, host, *sessions.Session[cart]) error
}{
	"Save":         {"UpdateItem", func(c ctx, h host, s *sessions.Session[cart]) error { s.Data.Count++; return h.Save(c, s) }},
	"Renew":        {"PutItem", func(c ctx, h host, s *sessions.Session[cart]) error { return h.Renew(c, s) }},
	"Authenticate": {"PutItem", func(c ctx, h host, s *sessions.Session[cart]) error { return h.Authenticate(c, s, "u") }},
	"Destroy":      {"PutItem", func(c ctx, h host, s *sessions.Session[cart]) error { return h.Destroy(c, s) }},
	"Create": {"PutItem", func(c ctx, h host, s *sessions.Session[cart]) error {
		created, err := h.CreateAndSave(c, cart{Count: 7})
		if err == nil {
			*s = *created
		}
		return err
	}},
}

// The first attempt was applied and its response was lost. The second attempt finds that, and
// reports one success.
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
				is.NoErr(h.Save(t.Context(), s)) // it has the stored rev
			})
		}
	}
}

// A renewal dies before, between or after its calls. Exactly one of the two IDs is alive
// afterwards.
func TestTrap_ARenewalThatDiesLeavesOneAlive(t *testing.T) {
	for _, name := range []string{"Renew", "Authenticate"} {
		for _, step := range []string{"the new ID", "the old ID"} {
			for _, fault := range []faults.Fault{faults.CutBefore, faults.CutAfter} {
				t.Run(name+" at "+step+" "+fault.String(), func(t *testing.T) {
					is := is.New(t)
					h := newHost(t)
					s := saved(t, h.Manager, cart{Count: 6})
					old := s.ID().Secret()
					if step == "the old ID" {
						h.network.Plan("PutItem", faults.None)
					}
					restore := h.lose("PutItem", fault) // from here on, the engine is unreachable
					err := operations[name].call(t.Context(), h, s)
					wants.Err(t, err, sessions.ErrOutcomeUnknown)
					is.Equal(s.ID().Secret(), old) // the caller gets no new ID
					committed := step == "the old ID" && fault == faults.CutAfter
					_, err = h.other.Load(t.Context(), old)
					is.Equal(errors.Is(err, sessions.ErrRenewed), committed)
					is.Equal(err == nil, !committed)

					// The host is back: repeating the call is safe.
					restore()
					is.NoErr(operations[name].call(t.Context(), h, s))
					is.Equal(engine.Count(t, h.table), 1)
					is.Equal(loaded(t, h.other, s.ID().Secret()).Data.Count, int64(6))
					_, err = h.other.Load(t.Context(), old)
					wants.Err(t, err, sessions.ErrRenewed)
				})
			}
		}
	}
}

// A request that the network delivers after a logout does not revive the session.
func TestTrap_AWriteThatArrivesAfterTheLogout(t *testing.T) {
	for name, op := range operations {
		if name == "Destroy" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			h := newHost(t)
			s := h.Create()
			if name != "Create" {
				s = saved(t, h.Manager, cart{Count: 6})
			}
			id := s.ID().Secret()
			late := []faults.Fault{faults.Late, faults.Late, faults.Late, faults.Late, faults.Late, faults.Late}
			h.network.Plan(op.operation, late...)
			call := op.call
			if name == "Create" {
				call = func(c ctx, h host, s *sessions.Session[cart]) error { return h.Save(c, s) }
			}
			if err := call(t.Context(), h, s); err != nil {
				wants.Err(t, err, sessions.ErrUnavailable)
			}
			is.NoErr(h.other.DestroyID(t.Context(), id))
			h.network.Settle()
			_, err := h.other.Load(t.Context(), id)
			wants.Err(t, err, sessions.ErrNotFound)
			_, err = h.other.Load(t.Context(), s.ID().Secret())
			wants.Err(t, err, sessions.ErrNotFound)
			_, err = h.other.RevokeAll(t.Context(), "u")
			is.NoErr(err)
			if name != "Renew" { // a renewed session whose new ID nobody has idles out
				is.Equal(engine.Count(t, h.table), 0)
			}
		})
	}
}
