package proof

import (
	"context"
	"strings"

	"github.com/dynasession/dynasession/sessions"
)

// Ledger is the data of the sessions: what was done, in its order.
type Ledger struct {
	Marks []string `json:"marks"`
}

// Merge puts what a request has added on top of what others have stored.
func Merge(base, ours, theirs Ledger) (Ledger, error) {
	return Ledger{append(theirs.Marks, ours.Marks[len(base.Marks):]...)}, nil
}

func (l Ledger) String() string { return strings.Join(l.Marks, " ") }

// Request is what a client asks a host for.
type Request struct {
	Kind    Kind
	ID      string // as the client has it
	Subject string
	Mark    string
}

// Answer is what a host answers.
type Answer struct {
	Outcome Outcome
	ID      string   // that the client gets
	Handle  string   // of that ID
	Base    string   // the data that was changed
	Data    string   // that it has then
	Handles []string // of a list
	Why     string   // the error's text
}

// Host serves requests.
type Host interface {
	// Do serves one. An answer that never comes is an Unknown.
	Do(ctx context.Context, r Request) Answer
	// Merges reports whether what others have stored is merged.
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
			return doubt{err} // some may have ended
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

// Login signs a session in that was never saved.
func Login(ctx context.Context, m *sessions.Manager[Ledger], s *sessions.Session[Ledger], subject string) Outcome {
	return outcomeOf(resolve(func() error { return m.Authenticate(ctx, s, subject) }))
}
