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
	"github.com/dynasession/dynasession/sessions/sessionweb"
)

type data struct {
	Count int `json:"count"`
}

// A life is what a process does in one role. It returns the first error.
type life func(t *testing.T, seen *recorder, table string) error

// serviceLife is that of a service without users: all that a Manager does to a session, in a table of its own and in one that Python shares.
func serviceLife(t *testing.T, seen *recorder, table string) error {
	t.Helper()
	store := engine.Store(t, table, seen.on)
	now := clock.NewFake(time.Now())
	for _, cfg := range []*sessions.Config[data]{{}, sessionweb.Config[data](sessionweb.Options{})} {
		cfg.Clock = now
		m, err := sessions.New(store, cfg)
		if err != nil {
			return err
		}
		s, err := m.CreateAndSave(t.Context(), data{Count: 1})
		if err != nil {
			return err
		}
		now.Advance(time.Hour) // the next load records the access
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

// subjectsLife is that of a service that signs users in.
func subjectsLife(t *testing.T, seen *recorder, table string) error {
	t.Helper()
	if err := serviceLife(t, seen, table); err != nil {
		return err
	}
	now := clock.NewFake(time.Now())
	m, err := sessions.New(engine.Store(t, table, seen.on), &sessions.Config[data]{
		Clock: now, SubjectLimit: sessions.SubjectLimit{Max: 3, Evict: true}, IncidentCheck: time.Minute,
	})
	if err != nil {
		return err
	}
	var s *sessions.Session[data]
	for i := range 5 { // two more than the limit
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
		func() error { return m.RevokeEverything(t.Context()) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// deploymentLife is that of a pipeline.
func deploymentLife(t *testing.T, seen *recorder, _ string) error {
	t.Helper()
	client, table := engine.Client(t, seen.on), engine.Table(t)
	for range 2 { // when there is none yet, and when there is one
		if err := dynamo.CreateTable(t.Context(), client, table); err != nil {
			return err
		}
	}
	return dynamo.CheckTable(t.Context(), client, table)
}

var lives = map[string]life{"service": serviceLife, "subjects": subjectsLife, "deployment": deploymentLife}

// A policy grants what its role was seen to call: one call more fails, and one less.
func TestPolicies_GrantWhatIsCalled(t *testing.T) {
	for role, live := range lives {
		t.Run(role, func(t *testing.T) {
			is := is.New(t)
			seen := &recorder{}
			is.NoErr(live(t, seen, engine.NewTable(t)))
			tooMuch, tooLittle := differences(readPolicy(t, role).actions(), seen.actions())
			is.Equal(tooMuch, nil)   // what the policy grants and nobody calls
			is.Equal(tooLittle, nil) // what is called and the policy doesn't grant
		})
	}
}

// With each action but one, the role fails: so IAM would have it.
func TestPolicies_OneActionLessIsDenied(t *testing.T) {
	for role, live := range lives {
		for _, without := range readPolicy(t, role).actions() {
			t.Run(role+" without "+without, func(t *testing.T) {
				is := is.New(t)
				grants := slices.DeleteFunc(readPolicy(t, role).actions(), func(a string) bool { return a == without })
				seen := &recorder{grants: grants}
				err := live(t, seen, engine.NewTable(t))
				is.True(err != nil || len(seen.denied) > 0) // denied, and noticed
			})
		}
	}
}
