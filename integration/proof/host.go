package proof

import (
	"context"
	"strings"

	"github.com/dynasession/dynasession/sessions"
)

// Ledger is the data of the sessions: the marks of all changes, in order.
type Ledger struct {
	Marks []string `json:"marks"`
}

// Merge appends what a request has added to what others have stored.
func Merge(base, ours, theirs Ledger) (Ledger, error) {
	return Ledger{append(theirs.Marks, ours.Marks[len(base.Marks):]...)}, nil
}

func (l Ledger) String() string { return strings.Join(l.Marks, " ") }

// Request is a client's request to a host.
type Request struct {
	Kind    Kind
	ID      string // the ID that the client has
	Subject string
	Mark    string
}

// Answer is a host's response.
type Answer struct {
	Outcome Outcome
	ID      string   // the ID that the client gets
	Handle  string   // the handle of ID
	Base    string   // the data before the change
	Data    string   // the data after the change
	Handles []string // the handles in a list
	Why     string   // the error's text
}

// Host serves requests.
type Host interface {
	// Do serves a request. If there is no answer, the outcome is Unknown.
	Do(ctx context.Context, r Request) Answer
	// Merges reports whether the host merges a change with those of others.
	Merges() bool
}

// Local is a host in this process.
type Local struct {
	Manager *sessions.Manager[Ledger]
	Merging bool
}

// Merges implements [Host].
func (l Local) Merges() bool { return l.Merging }

// Do implements [Host].
func (l Local) Do(ctx context.Context, r Request) Answer {
	var a Answer
	err := l.serve(ctx, r, &a)
	if a.Outcome = outcomeOf(err); err != nil {
		a.Why = err.Error()
	}
	return a
}

func (l Local) serve(ctx context.Context, r Request, a *Answer) error {
	m := l.Manager
	switch r.Kind {
	case Create:
		s := m.Create()
		a.ID, a.Handle = s.ID().Secret(), s.Handle()
		return resolve(func() error { return m.Save(ctx, s) })
	case Destroy:
		return resolve(func() error { return m.DestroyID(ctx, r.ID) })
	case Revoke:
		_, err := m.RevokeAll(ctx, r.Subject)
		if err != nil {
			return doubt{err} // some sessions may have ended
		}
		return nil
	case List:
		infos, err := m.Sessions(ctx, r.Subject)
		for _, i := range infos {
			a.Handles = append(a.Handles, i.Handle)
		}
		return err
	case Update:
		s, err := m.Update(ctx, r.ID, func(l *Ledger) error {
			l.Marks = append(l.Marks, r.Mark)
			return nil
		})
		if err == nil {
			a.Data = s.Data.String()
		}
		return err
	}
	s, err := m.Load(ctx, r.ID)
	if err != nil {
		return err
	}
	a.Base = s.Data.String()
	if r.Mark != "" {
		s.Data.Marks = append(s.Data.Marks, r.Mark)
	}
	switch r.Kind {
	case Save:
		err = resolve(func() error { return m.Save(ctx, s) })
	case Renew:
		err = resolve(func() error { return m.Renew(ctx, s) })
	case Authenticate:
		err = resolve(func() error { return m.Authenticate(ctx, s, r.Subject) })
	}
	a.ID, a.Handle, a.Data = s.ID().Secret(), s.Handle(), s.Data.String()
	return err
}

// Login signs in a session that was never saved.
func Login(ctx context.Context, m *sessions.Manager[Ledger], s *sessions.Session[Ledger], subject string) Outcome {
	return outcomeOf(resolve(func() error { return m.Authenticate(ctx, s, subject) }))
}
