package python_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

// cart is the data of Python's dict.
type cart struct {
	Items []string `json:"items"`
	User  string   `json:"user"`
}

func eachScheme(t *testing.T, test func(t *testing.T, p *python)) {
	for name, keys := range map[string][]string{"plain": nil, "signed": {"older", "secret-key"}} {
		t.Run(name, func(t *testing.T) { test(t, start(t, keys...)) })
	}
}

func TestPythonWrites_GoLoadsChangesSavesDestroys(t *testing.T) {
	eachScheme(t, func(t *testing.T, p *python) {
		is := is.New(t)
		m := manager[cart](p, nil)
		for _, whole := range []bool{false, true} { // with and without a fraction of a second
			id := p.call("create", map[string]any{"data": map[string]any{"items": []string{"tea", "ü 😀"}, "user": "n"}, "whole": whole}).ID
			s, err := m.Load(t.Context(), id)
			is.NoErr(err)
			is.Equal(s.Data, cart{[]string{"tea", "ü 😀"}, "n"})
			is.Equal(s.CreatedAt().Nanosecond() == 0, whole)
			is.Equal(s.IdleTimeout, 2*time.Hour)

			s.Data.Items = append(s.Data.Items, "cups")
			is.NoErr(m.Save(t.Context(), s))
			back := p.call("load", map[string]any{"id": id})
			is.Equal(back.Data, map[string]any{"items": []any{"tea", "ü 😀", "cups"}, "user": "n"})
			is.Equal(back.Idle, 7200)

			is.NoErr(m.Destroy(t.Context(), s))
			is.True(p.call("load", map[string]any{"id": id}) == nil)
			is.Equal(engine.Count(t, p.table), 0)
		}
	})
}

func TestGoWrites_PythonLoadsChangesSavesClears(t *testing.T) {
	eachScheme(t, func(t *testing.T, p *python) {
		is := is.New(t)
		m := manager[cart](p, nil)
		s := m.Create()
		s.Data, s.IdleTimeout, s.AbsoluteTimeout = cart{[]string{"tea"}, "ü<&>"}, 3*time.Hour, 5*time.Hour
		is.NoErr(m.Save(t.Context(), s))
		id := s.ID().Secret()
		got := p.call("load", map[string]any{"id": id})
		is.Equal(got.Data, map[string]any{"items": []any{"tea"}, "user": "ü<&>"})
		is.Equal([]int{got.Idle, got.Absolute}, []int{3 * 3600, 5 * 3600})

		p.call("save", map[string]any{"id": id, "data": map[string]any{"items": []string{"milk"}, "user": "é"}})
		back, err := m.Load(t.Context(), id)
		is.NoErr(err)
		is.Equal(back.Data, cart{[]string{"milk"}, "é"})
		is.Equal([]time.Duration{back.IdleTimeout, back.AbsoluteTimeout}, []time.Duration{3 * time.Hour, 5 * time.Hour})
		back.Data.User = "changed by Go again"
		is.NoErr(m.Save(t.Context(), back))
		is.Equal(p.call("load", map[string]any{"id": id}).Data.(map[string]any)["user"], "changed by Go again")

		p.call("clear", map[string]any{"id": id})
		_, err = m.Load(t.Context(), id)
		wants.Err(t, err, sessions.ErrNotFound)
		back.Data.User = "too late"
		wants.Err(t, m.Save(t.Context(), back), sessions.ErrNotFound)
	})
}

func TestTouches_OfEitherSideKeepTheSessionAliveForTheOther(t *testing.T) {
	is := is.New(t)
	p := start(t)
	// Go's clock is ahead of Python's by more than half the idle timeout.
	later := clock.NewFake(time.Now().Add(110 * time.Minute))
	m := manager[cart](p, later)
	id := p.call("create", map[string]any{"data": cart{}}).ID
	s, err := m.Load(t.Context(), id) // records the access
	is.NoErr(err)
	is.Equal(s.AccessedAt(), later.Now().UTC().Truncate(time.Microsecond))
	later.Advance(119 * time.Minute)
	_, err = m.Load(t.Context(), id) // alive by Go's touch; Python's is too long ago
	is.NoErr(err)

	now := clock.NewFake(time.Now())
	early := manager[cart](p, now)
	id = p.call("create", map[string]any{"data": cart{}, "idle": 60}).ID
	before, err := early.Load(t.Context(), id)
	is.NoErr(err)
	p.call("load", map[string]any{"id": id}) // records the access
	after, err := early.Load(t.Context(), id)
	is.NoErr(err)
	is.True(after.ExpiresAt().Sub(before.ExpiresAt()) >= 0)
	is.True(after.AccessedAt().After(before.AccessedAt()))
	now.Advance(61*time.Second + time.Since(now.Now()))
	_, err = early.Load(t.Context(), id)
	wants.Err(t, err, sessions.ErrExpired) // the session's own timeout, not the manager's
}

func TestPythonTimeouts_LongerThanADurationAreTheLongest(t *testing.T) {
	is := is.New(t)
	p := start(t)
	m := manager[cart](p, nil)
	id := p.call("create", map[string]any{"data": cart{User: "n"}, "idle": 10_000_000_000, "absolute": 20_000_000_000}).ID
	s, err := m.Load(t.Context(), id)
	is.NoErr(err)
	longest := time.Duration(math.MaxInt64).Truncate(time.Second)
	is.Equal([]time.Duration{s.IdleTimeout, s.AbsoluteTimeout}, []time.Duration{longest, longest})
	is.True(!m.Changed(s))
	s.Data.User = "m"
	is.NoErr(m.Save(t.Context(), s))
	is.Equal(p.call("load", map[string]any{"id": id}).Data.(map[string]any)["user"], "m")
}

func TestPythonTouch_OfASessionThatGoHasDestroyedIsNotFound(t *testing.T) {
	is := is.New(t)
	p := start(t)
	m := manager[cart](p, nil)
	s, err := m.CreateAndSave(t.Context(), cart{})
	is.NoErr(err)
	is.NoErr(m.Destroy(t.Context(), s))
	p.call("touch", map[string]any{"id": s.ID().Secret()}) // of a request that had loaded it before
	_, err = m.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrNotFound)
	fresh, err := m.LoadOrCreate(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.True(fresh.IsNew() && fresh.ID() != s.ID())
}

func TestPythonDict_IsAMap(t *testing.T) {
	is := is.New(t)
	p := start(t)
	m := manager[map[string]any](p, nil)
	id := p.call("create", map[string]any{"raw": `{"é": "ü 😀", "n": 12345678901234567890123, "f": 0.5, "list": [null, true, {}]}`}).ID
	s, err := m.Load(t.Context(), id)
	is.NoErr(err)
	is.Equal(s.Data, map[string]any{
		"é": "ü 😀", "n": json.Number("12345678901234567890123"), "f": 0.5, "list": []any{nil, true, map[string]any{}},
	})
	s.Data["more"] = "x"
	is.NoErr(m.Save(t.Context(), s))
	is.Equal(p.call("load", map[string]any{"id": id}).Data.(map[string]any)["more"], "x")
	empty := p.call("create", map[string]any{"data": map[string]any{}}).ID
	s, err = m.Load(t.Context(), empty)
	is.NoErr(err)
	is.Equal(s.Data, map[string]any{})
}

func TestPythonData_ThatGoCannotHaveIsAClearError(t *testing.T) {
	is := is.New(t)
	p := start(t)
	m := manager[map[string]any](p, nil)
	for _, raw := range []string{`{"s3cret": NaN}`, `{"s3cret": -Infinity}`, `{"s3cret": "\ud83d"}`, `not JSON: s3cret`} {
		id := p.call("create", map[string]any{"raw": raw}).ID
		_, err := m.Load(t.Context(), id)
		wants.Err(t, err, sessions.ErrDecode)
		is.True(!strings.Contains(err.Error(), "s3cret"))
		is.True(!strings.Contains(err.Error(), id))
	}
}

func TestForgedIDs_AskNobody(t *testing.T) {
	p := start(t, "secret-key")
	m := manager[cart](p, nil)
	id := p.call("create", map[string]any{"data": cart{}}).ID
	forged := id[:len(id)-1] + string("AB"[btoi(strings.HasSuffix(id, "A"))])
	_, err := m.Load(t.Context(), forged)
	wants.Err(t, err, sessions.ErrInvalidID)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
