package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions"
)

// login is the transaction of one: new session, old session, roster.
func login() sessions.Transaction {
	rec := record()
	return sessions.Transaction{
		Token: "t", Create: &rec, Remove: []sessions.Remove{{Key: "from", Conditional: true, Rev: "base"}},
		Rosters: []sessions.RosterChange{{
			Key: "subject:x", Rev: "ours", Conditional: true, If: "before", Enter: map[string]time.Time{"k": at}, Leave: []string{"from", "dead"}, Expires: at,
		}},
	}
}

func TestTransactRequest(t *testing.T) {
	transact := func(tx sessions.Transaction) func(*dynamo.Store) error {
		return func(s *dynamo.Store) error { return s.Transact(t.Context(), tx) }
	}
	testRequest(t, "transact_login", transact(login()))
	first := login()
	first.Remove, first.Rosters[0].If, first.Rosters[0].Leave = nil, "", nil
	testRequest(t, "transact_first_login", transact(first))
	testRequest(t, "transact_logout", transact(sessions.Transaction{
		Token: "t", Remove: []sessions.Remove{{Key: "k"}},
		Rosters: []sessions.RosterChange{{Key: "subject:x", Rev: "ours", Leave: []string{"k"}, Expires: at}},
	}))
	testRequest(t, "transact_bump", transact(sessions.Transaction{
		Token: "t", Rosters: []sessions.RosterChange{{Key: "subject:x", Rev: "ours", Bump: true, Expires: at}},
	}))
	testRequest(t, "transact_replace", transact(sessions.Transaction{
		Token: "t", Replace: &sessions.Replace{Record: record(), Rev: "base"},
		Rosters: []sessions.RosterChange{{Key: "subject:x", Rev: "ours", Conditional: true, If: "before", Expires: at}},
	}))
}

func TestTransactOutcomes(t *testing.T) {
	const none, failed = "None", "ConditionalCheckFailed"
	for _, c := range []struct {
		name    string
		answers []answer
		want    error
		calls   int
	}{
		{"applied", []answer{fine}, nil, 1},
		{"lost, then the token knows", []answer{cut, fine}, nil, 2},
		{"ours long ago, told by the record", []answer{cancelled(failed+"@ours", failed, failed+"@ours")}, nil, 1},
		{"ours long ago, told by the roster", []answer{cancelled(none, none, failed+"@ours")}, nil, 1},
		{"gone", []answer{cancelled(none, failed, none)}, sessions.ErrNotFound, 1},
		{"gone, and the roster too", []answer{cancelled(none, failed, failed+"@theirs")}, sessions.ErrNotFound, 1},
		{"changed", []answer{cancelled(none, failed+"@theirs", none)}, sessions.ErrConflict, 1},
		{"taken", []answer{cancelled(failed+"@theirs", none, none)}, sessions.ErrExists, 1},
		{"taken, and gone", []answer{cancelled(failed+"@theirs", failed, none)}, sessions.ErrNotFound, 1},
		{"conflict, then applied", []answer{cancelled(none, none, "TransactionConflict"), fine}, nil, 2},
		{"lost for ever", []answer{cut}, sessions.ErrOutcomeUnknown, 6},
		{"throttled for ever", []answer{throttled}, sessions.ErrUnavailable, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			store, w := newStore(t, c.answers...)
			check(t, store.Transact(t.Context(), login()), c.want)
			is.New(t).Equal(len(w.sent), c.calls)
		})
	}
	store, _ := newStore(t, cancelled(none, none, failed+"@theirs"))
	is.New(t).True(errors.Is(store.Transact(t.Context(), login()), sessions.ErrRoster))
}

func TestTransact_RefusesWhatDynamoDBWould(t *testing.T) {
	tooMany := sessions.Transaction{Token: "t"}
	for i := range 101 {
		tooMany.Remove = append(tooMany.Remove, sessions.Remove{Key: fmt.Sprint(i)})
	}
	nameless := login()
	nameless.Rosters[0].Rev = ""
	bad := login()
	bad.Create.Payload = nil
	for want, tx := range map[string]sessions.Transaction{
		"needs a Token": {}, "of 0 actions": {Token: "t"}, "of 101 actions": tooMany, "needs a Key and a Rev": nameless, "no payload": bad,
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			store, w := newStore(t, fine)
			err := store.Transact(t.Context(), tx)
			is.True(err != nil && strings.Contains(err.Error(), want))
			is.Equal(len(w.sent), 0)
		})
	}
}

func TestTransact_AContextThatIsDone(t *testing.T) {
	is := is.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	store, w := newStore(t, fine)
	is.True(errors.Is(store.Transact(ctx, login()), sessions.ErrUnavailable))
	_, err := store.LoadRoster(ctx, "k")
	is.True(errors.Is(err, sessions.ErrUnavailable))
	is.Equal(len(w.sent), 0)
}
