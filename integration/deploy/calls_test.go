package deploy_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/pysession"
)

type data struct {
	Count int `json:"count"`
}

// A life makes all the calls of a process in one role. It returns the first error.
type life func(t *testing.T, seen *recorder, table string) error

// serviceLife makes the calls of a service without users: all that a Manager does to a session, in
// a table of its own and in one shared with Python.
func serviceLife(t *testing.T, seen *recorder, table string) error {
	t.Helper()
	store := engine.Store(t, table, seen.on)
	now := clock.NewFake(time.Now())
	for _, cfg := range []*sessions.Config[data]{{}, {Application: "shop", RevocationCheck: time.Minute}, pysession.Config[data](pysession.Options{})} {
		cfg.Clock = now
		m, err := sessions.New(store, cfg)
		if err != nil {
			return err
		}
		s, err := m.CreateAndSave(t.Context(), data{Count: 1})
		if err != nil {
			return err
		}
		now.Advance(time.Hour) // makes the next Load record the access
		if s, err = m.Load(t.Context(), s.ID().Secret()); err != nil {
			return err
		}
		s.Data.Count++
		if err := m.Save(t.Context(), s); err != nil {
			return err
		}
		if _, err := m.Update(t.Context(), s.ID().Secret(), func(d *data) error { d.Count++; return nil }); err != nil {
			return err
		}
		if s, err = m.Load(t.Context(), s.ID().Secret()); err != nil {
			return err
		}
		if err := m.Renew(t.Context(), s); err != nil {
			return err
		}
		if err := m.Destroy(t.Context(), s); err != nil {
			return err
		}
		if err := m.DestroyID(t.Context(), s.ID().Secret()); err != nil {
			return err
		}
	}
	return nil
}

// subjectsLife makes the calls of a service that signs users in.
func subjectsLife(t *testing.T, seen *recorder, table string) error {
	t.Helper()
	if err := serviceLife(t, seen, table); err != nil {
		return err
	}
	now := clock.NewFake(time.Now())
	m, err := sessions.New(engine.Store(t, table, seen.on), &sessions.Config[data]{
		Clock: now, SubjectLimit: sessions.SubjectLimit{Max: 3, Evict: true}, RevocationCheck: time.Minute,
	})
	if err != nil {
		return err
	}
	var s *sessions.Session[data]
	for i := range 5 { // two beyond the limit
		s = m.Create()
		s.Device.Name = strconv.Itoa(i)
		if err := m.Authenticate(t.Context(), s, "user-7"); err != nil {
			return err
		}
		now.Advance(time.Minute)
	}
	infos, err := m.Sessions(t.Context(), "user-7")
	if err != nil {
		return err
	}
	other := slices.IndexFunc(infos, func(i sessions.Info) bool { return i.Handle != s.Handle() })
	if err := m.Revoke(t.Context(), "user-7", infos[other].Handle); err != nil {
		return err
	}
	s.Data.Count++
	for _, step := range []func() error{
		func() error { return m.Renew(t.Context(), s) },
		func() error { return m.Destroy(t.Context(), s) },
		func() error { _, err := m.RevokeAll(t.Context(), "user-7"); return err },
		func() error { return m.RevokeBefore(t.Context(), now.Now()) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// deploymentLife makes the calls of a deployment pipeline.
func deploymentLife(t *testing.T, seen *recorder, _ string) error {
	t.Helper()
	client, table := engine.Client(t, seen.on), engine.Table(t)
	for range 2 { // without a table, then with it
		if err := dynamo.CreateTable(t.Context(), client, table); err != nil {
			return err
		}
	}
	return dynamo.CheckTable(t.Context(), client, table)
}

var lives = map[string]life{"service": serviceLife, "subjects": subjectsLife, "deployment": deploymentLife, "operator": operatorLife}

// A policy grants exactly the calls that its role makes.
func TestPolicies_GrantWhatIsCalled(t *testing.T) {
	for role, live := range lives {
		t.Run(role, func(t *testing.T) {
			is := is.New(t)
			seen := &recorder{}
			is.NoErr(live(t, seen, engine.NewTable(t)))
			tooMuch, tooLittle := differences(readPolicy(t, role).actions(), seen.actions())
			is.Equal(tooMuch, nil)   // granted, but never called
			is.Equal(tooLittle, nil) // called, but not granted

			conditional := len(readPolicy(t, role).Statement[0].Condition) > 0
			is.Equal(conditional, role == "service")
			is.Equal(seen.lists, role == "subjects" || role == "operator") // who accesses the lists
		})
	}
}

// A role's policy is sufficient. If any one action is removed from it, a call of the role is
// denied, as by IAM. A service with users is also denied a call if it has only the policy of a
// service without users.
func TestPolicies_AreEnoughAndNoMore(t *testing.T) {
	for role, live := range lives {
		t.Run(role, func(t *testing.T) {
			is := is.New(t)
			granted := readPolicy(t, role)
			seen := &recorder{policy: &granted}
			is.NoErr(live(t, seen, engine.NewTable(t)))
			is.Equal(seen.denied, nil)
		})
		for i, without := range readPolicy(t, role).Statement[0].Action {
			t.Run(role+" without "+without, func(t *testing.T) {
				is := is.New(t)
				less := readPolicy(t, role)
				less.Statement[0].Action = slices.Delete(less.Statement[0].Action, i, i+1)
				seen := &recorder{policy: &less}
				_ = live(t, seen, engine.NewTable(t)) // a denied touch is not an error
				is.True(len(seen.denied) > 0)
			})
		}
	}
	t.Run("subjects with the policy service", func(t *testing.T) {
		is := is.New(t)
		service := readPolicy(t, "service")
		seen := &recorder{policy: &service}
		is.True(subjectsLife(t, seen, engine.NewTable(t)) != nil)
		is.True(len(seen.denied) > 0)
	})
}
