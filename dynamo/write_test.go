package dynamo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions/driver"
)

func TestCreate_Outcomes(t *testing.T) {
	testOutcomes(t, "Create", []attempts{
		{"applied", []answer{fine}, nil, 1},
		{"exists", []answer{conditionFailed("theirs")}, driver.ErrExists, 1},
		{"exists without rev", []answer{conditionFailed("")}, driver.ErrExists, 1},
		{"exists as a phantom", []answer{onItem(phantom)}, driver.ErrExists, 1},
		{"ended", []answer{ended("theirs")}, driver.ErrRenewed, 1},
		{"lost, then ours", []answer{cut, conditionFailed("ours")}, nil, 2},
		{"repeated call, ours", []answer{conditionFailed("ours")}, nil, 1},
		{"lost, then theirs", []answer{cut, conditionFailed("theirs")}, driver.ErrOutcomeUnknown, 2},
		{"lost, then ended", []answer{cut, ended("theirs")}, driver.ErrRenewed, 2},
		{"500, then ours", []answer{broken500, conditionFailed("ours")}, nil, 2},
		{"half an answer, then ours", []answer{down503, conditionFailed("ours")}, nil, 2},
		{"throttled, then applied", []answer{throttled, fine}, nil, 2},
		{"throttled, then theirs", []answer{throttled, conditionFailed("theirs")}, driver.ErrExists, 2},
		{"never dialed, then theirs", []answer{noDial, conditionFailed("theirs")}, driver.ErrExists, 2},
		{"conflict, then applied", []answer{conflict, conflict, fine}, nil, 3},
	})
}

func TestReplace_Outcomes(t *testing.T) {
	testOutcomes(t, "Replace", []attempts{
		{"applied", []answer{fine}, nil, 1},
		{"changed", []answer{conditionFailed("theirs")}, driver.ErrConflict, 1},
		{"gone", []answer{conditionFailed("")}, driver.ErrNotFound, 1},
		{"ended", []answer{ended("theirs")}, driver.ErrRenewed, 1},
		{"ended, and the marker has our rev", []answer{ended("ours")}, driver.ErrRenewed, 1},
		{"a phantom", []answer{onItem(phantom)}, driver.ErrNotFound, 1},
		{"lost, then ours", []answer{cut, conditionFailed("ours")}, nil, 2},
		{"lost, then base", []answer{cut, fine}, nil, 2},
		{"lost, then another writer", []answer{cut, conditionFailed("theirs")}, driver.ErrOutcomeUnknown, 2},
		{"lost, then gone", []answer{eof, conditionFailed("")}, driver.ErrOutcomeUnknown, 2},
		// A renewal may have copied it.
		{"lost, then ended", []answer{cut, ended("theirs")}, driver.ErrOutcomeUnknown, 2},
		{"unreadable, then another writer", []answer{halfOK, conditionFailed("theirs")}, driver.ErrOutcomeUnknown, 2},
		{"unreadable, then ours", []answer{halfOK, conditionFailed("ours")}, nil, 2},
		{"a proxy's page, then base", []answer{ok("<html>"), fine}, nil, 2},
		{"no body, then ours", []answer{ok(""), conditionFailed("ours")}, nil, 2},
		{"a refusal cut in half, then another writer", []answer{halfRefusal, conditionFailed("theirs")}, driver.ErrConflict, 2},
		{"a proxy's refusal", []answer{{status: 403, body: "<html>"}}, driver.ErrUnavailable, 1},
		{"conflict, then another writer", []answer{conflict, conditionFailed("theirs")}, driver.ErrConflict, 2},
		{"another Region", []answer{refusedWith(400, "ReplicatedWriteConflictException", ""), fine}, nil, 2},
		{"too large with what others keep there", []answer{tooLarge}, driver.ErrTooLarge, 1},
		{"another refusal of the same words", []answer{tooLargeElsewhere}, driver.ErrUnavailable, 1},
	})
}

var tooLarge = answer{
	status: 400,
	body:   `{"__type":"com.amazon.coral.validate#ValidationException","message":"Item size to update has exceeded the maximum allowed size"}`,
}

// tooLargeElsewhere is what a service other than DynamoDB may say in its words.
var tooLargeElsewhere = answer{
	status: 400,
	body:   `{"__type":"SerializationException","message":"has exceeded the maximum allowed size"}`,
}

func TestTouch_Outcomes(t *testing.T) {
	testOutcomes(t, "Touch", []attempts{
		{"applied", []answer{fine}, nil, 1},
		{"later already", []answer{conditionFailed("theirs")}, nil, 1},
		{"gone", []answer{conditionFailed("")}, driver.ErrNotFound, 1},
		{"ended", []answer{ended("theirs")}, driver.ErrRenewed, 1},
		{"a phantom", []answer{onItem(phantom)}, driver.ErrNotFound, 1},
		{"lost, then gone", []answer{cut, conditionFailed("")}, driver.ErrNotFound, 2},
		{"lost, then ended", []answer{cut, ended("theirs")}, driver.ErrRenewed, 2},
		{"lost, then later", []answer{cut, conditionFailed("theirs")}, nil, 2},
	})
}

func TestBind_Outcomes(t *testing.T) {
	const is1 = `,"binding":{"B":"AQ=="}`
	testOutcomes(t, "Bind", []attempts{
		{"applied", []answer{fine}, nil, 1},
		{"bound to another", []answer{onItem(whole + `,"binding":{"B":"Aw=="}`)}, driver.ErrConflict, 1},
		{"bound to nothing", []answer{onItem(whole)}, driver.ErrConflict, 1},
		{"bound already", []answer{onItem(whole + is1)}, nil, 1},
		{"gone", []answer{conditionFailed("")}, driver.ErrNotFound, 1},
		{"ended", []answer{ended("theirs")}, driver.ErrRenewed, 1},
		{"a phantom", []answer{onItem(phantom)}, driver.ErrNotFound, 1},
		{"lost, then bound", []answer{cut, onItem(whole + is1)}, nil, 2},
		{"lost, then bound to another", []answer{cut, onItem(whole + `,"binding":{"B":"Aw=="}`)}, driver.ErrOutcomeUnknown, 2},
		{"throttled, then applied", []answer{throttled, fine}, nil, 2},
		{"mangled", []answer{onItem(whole + `,"binding":{"S":"x"}`)}, driver.ErrConflict, 1},
	})
}

func TestEnd_Outcomes(t *testing.T) {
	testOutcomes(t, "End", []attempts{
		{"applied", []answer{fine}, nil, 1},
		{"ended", []answer{ended("theirs")}, driver.ErrRenewed, 1},
		{"lost, then ours", []answer{cut, ended("ours")}, nil, 2},
		{"repeated call, ours", []answer{ended("ours")}, nil, 1},
		{"lost, then ended", []answer{cut, ended("theirs")}, driver.ErrRenewed, 2},
	})
	testOutcomes(t, "End if", []attempts{
		{"applied", []answer{fine}, nil, 1},
		{"changed", []answer{conditionFailed("theirs")}, driver.ErrConflict, 1},
		{"gone", []answer{conditionFailed("")}, driver.ErrNotFound, 1},
		{"a phantom", []answer{onItem(phantom)}, driver.ErrNotFound, 1},
		{"ended", []answer{ended("theirs")}, driver.ErrRenewed, 1},
		{"lost, then ours", []answer{cut, ended("ours")}, nil, 2},
		// Ours would have left a marker.
		{"lost, then changed", []answer{cut, conditionFailed("theirs")}, driver.ErrConflict, 2},
		{"lost, then gone", []answer{cut, conditionFailed("")}, driver.ErrNotFound, 2},
		{"lost, then ended", []answer{cut, ended("theirs")}, driver.ErrRenewed, 2},
	})
	testOutcomes(t, "Delete", []attempts{
		{"applied", []answer{fine}, nil, 1},
		{"lost, then applied", []answer{cut, fine}, nil, 2},
		// A deletion leaves no marker, so this one is another call's.
		{"ended", []answer{ended("ours")}, driver.ErrRenewed, 1},
		{"conflict, then applied", []answer{conflict, fine}, nil, 2},
	})
	testOutcomes(t, "Delete if", []attempts{
		{"applied", []answer{fine}, nil, 1},
		{"changed", []answer{conditionFailed("theirs")}, driver.ErrConflict, 1},
		{"gone", []answer{conditionFailed("")}, driver.ErrNotFound, 1},
		{"lost, then gone", []answer{cut, conditionFailed("")}, driver.ErrOutcomeUnknown, 2},
		{"lost, then changed", []answer{cut, conditionFailed("theirs")}, driver.ErrOutcomeUnknown, 2},
	})
}

func TestEnd_ReturnsTheRecordThatWasThere(t *testing.T) {
	for name, call := range map[string]driver.End{"End": {Key: "k", Marker: marker()}, "Delete": {Key: "k"}} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			store, w := newStore(t, ok(`{"Attributes":{`+whole+`,"subject":{"S":"x"},"page":{"N":"2"}}}`))
			rec, err := store.End(t.Context(), call)
			is.NoErr(err)
			is.Equal(rec.Subject, "x")
			is.Equal(rec.Page, int64(2))
			is.Equal(rec.Accessed, time.Date(2026, 3, 1, 9, 1, 0, 500000000, time.UTC))
			is.Equal(len(w.sent), 1)

			store, _ = newStore(t, ok(`{"Attributes":{"id":{"S":"k"},"subject":{"S":"x"},"data":{"N":"1"}}}`)) // mangled
			rec, err = store.End(t.Context(), call)
			is.NoErr(err)
			is.Equal(rec.Subject, "x")

			store, _ = newStore(t, fine) // there was no record
			rec, err = store.End(t.Context(), call)
			is.NoErr(err)
			is.Equal(rec, driver.Record{})
		})
	}
}

// Other software writes the same time in another form. The first condition doesn't match that form,
// but the second does.
func TestEnd_AccessedInAnotherForm(t *testing.T) {
	is := is.New(t)
	state := driver.State{Accessed: time.Date(2026, 3, 1, 9, 1, 0, 500000000, time.UTC)}
	store, w := newStore(t, onItem(whole), fine)
	_, err := store.End(t.Context(), driver.End{Key: "k", Marker: marker(), If: &state})
	is.NoErr(err)
	is.Equal(len(w.sent), 2)
	accessed := func(n int) any {
		return w.sent[n].body["ExpressionAttributeValues"].(map[string]any)[":accessed"].(map[string]any)["S"]
	}
	is.Equal(accessed(0), "2026-03-01T09:01:00.500000+00:00")
	is.Equal(accessed(1), "2026-03-01T09:01:00.5Z")

	store, w = newStore(t, onItem(whole), onItem(whole)) // only twice
	_, err = store.End(t.Context(), driver.End{Key: "k", Marker: marker(), If: &state})
	check(t, err, driver.ErrConflict)
	is.Equal(len(w.sent), 2)

	state.Rev = "another"
	store, w = newStore(t, onItem(whole))
	_, err = store.End(t.Context(), driver.End{Key: "k", Marker: marker(), If: &state})
	check(t, err, driver.ErrConflict)
	is.Equal(len(w.sent), 1) // the other form would make no difference

	state.Rev, state.Accessed = "", state.Accessed.Add(time.Second)
	store, w = newStore(t, onItem(whole))
	_, err = store.End(t.Context(), driver.End{Key: "k", Marker: marker(), If: &state})
	check(t, err, driver.ErrConflict)
	is.Equal(len(w.sent), 1)
}

func TestEnd_NeedsAKeyAndARev(t *testing.T) {
	is := is.New(t)
	store, w := newStore(t, fine)
	m := marker()
	m.Rev = ""
	for _, e := range []driver.End{{Marker: marker()}, {Key: "k", Marker: m}} {
		_, err := store.End(t.Context(), e)
		is.True(err != nil && !errors.Is(err, driver.ErrUnavailable))
	}
	is.Equal(len(w.sent), 0)
}

func TestWrite_Requests(t *testing.T) {
	end := func(e driver.End) func(*dynamo.Store) error {
		return func(s *dynamo.Store) error { e.Key = "k"; _, err := s.End(t.Context(), e); return err }
	}
	renewed := marker()
	renewed.Why, renewed.Next = driver.Renewed, "n"
	for name, call := range map[string]func(*dynamo.Store) error{
		"create":              func(s *dynamo.Store) error { return s.Create(t.Context(), record()) },
		"create_with_all":     func(s *dynamo.Store) error { return s.Create(t.Context(), signedIn()) },
		"replace":             func(s *dynamo.Store) error { return s.Replace(t.Context(), record(), "base") },
		"replace_without_rev": func(s *dynamo.Store) error { return s.Replace(t.Context(), record(), "") },
		"replace_with_all":    func(s *dynamo.Store) error { return s.Replace(t.Context(), signedIn(), "base") },
		"touch":               func(s *dynamo.Store) error { return s.Touch(t.Context(), "k", at, at.Add(time.Hour)) },
		"bind":                func(s *dynamo.Store) error { return s.Bind(t.Context(), "k", []byte{1}, nil) },
		"bind_another":        func(s *dynamo.Store) error { return s.Bind(t.Context(), "k", []byte{1}, []byte{2}) },
		"unbind":              func(s *dynamo.Store) error { return s.Bind(t.Context(), "k", nil, []byte{2}) },
		"bind_nothing":        func(s *dynamo.Store) error { return s.Bind(t.Context(), "k", nil, []byte{}) },
		"end":                 end(driver.End{Marker: renewed}),
		"end_if":              end(driver.End{Marker: marker(), If: &driver.State{Rev: "base", Accessed: at}}),
		"end_if_without_rev":  end(driver.End{Marker: marker(), If: &driver.State{}}),
		"end_if_absent":       end(driver.End{Marker: marker(), If: &driver.State{Absent: true}}),
		"delete":              end(driver.End{}),
		"delete_if":           end(driver.End{If: &driver.State{Rev: "base"}}),
	} {
		t.Run(name, func(t *testing.T) { testRequest(t, name, call) })
	}
}

// A touch sends only times: sending the data that it has read would roll back a save.
func TestTouch_SendsTimesOnly(t *testing.T) {
	is := is.New(t)
	store, w := newStore(t, fine)
	is.NoErr(store.Touch(t.Context(), "k", at, at.Add(time.Hour)))
	is.Equal(w.sent[0].body["UpdateExpression"], "SET accessed = :a, expires = :e")
	is.Equal(len(w.sent[0].body["ExpressionAttributeValues"].(map[string]any)), 2)
}
