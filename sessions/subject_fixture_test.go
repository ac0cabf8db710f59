package sessions_test

import (
	"fmt"
	"testing"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// people is a Manager whose store keeps rosters, and another Manager on the same store.
type people struct {
	world
	here, elsewhere *sessions.Manager[cart]
}

func newPeople(t *testing.T, cfg sessions.Config[cart]) people {
	t.Helper()
	w := newWorld(t, nil)
	cfg.Clock = w.clock
	var p people
	p.world = w
	for _, m := range []**sessions.Manager[cart]{&p.here, &p.elsewhere} {
		var err error
		if *m, err = sessions.New(w.mem, &cfg); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// login returns a session that subject has signed in to.
func (p people) login(t *testing.T, subject string) *sessions.Session[cart] {
	t.Helper()
	s := p.here.Create()
	if err := p.here.Authenticate(t.Context(), s, subject); err != nil {
		t.Fatal(err)
	}
	return s
}

// handles returns those of the subject's sessions.
func (p people) handles(t *testing.T, subject string) []string {
	t.Helper()
	infos, err := p.elsewhere.Sessions(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	var handles []string
	for _, i := range infos {
		handles = append(handles, i.Handle)
	}
	return handles
}

// alive returns whether the session is, for the other Manager.
func (p people) alive(t *testing.T, s *sessions.Session[cart]) bool {
	t.Helper()
	_, err := p.elsewhere.Load(t.Context(), s.ID().Secret())
	return err == nil
}

// plain is a store that keeps no rosters.
type plain struct{ sessions.Store }

func plainStore() sessions.Store { return plain{memstore.New(nil)} }

func subjects(n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprint("user-", i))
	}
	return names
}
