package explore

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/dynasession/dynasession/sessions"
)

// Op is an operation of a client.
type Op struct {
	Name  string
	At    time.Time     // the time by its process's clock; zero: the usual time
	Touch time.Duration // TouchInterval of its Manager

	line      string // the name of its session
	exchanges bool   // it gives the session a new ID
	destroys  bool   // it ends its session
	logsIn    bool
	revokes   string // the list whose sessions it ends

	prepare func(w *World, i int) error
	run     func(ctx context.Context, w *World, i int) error
}

// listKey returns the key of a list of sessions.
func listKey(kind, name string) string {
	sum := sha512.Sum512([]byte(name))
	return kind + hex.EncodeToString(sum[:])
}

// repeats is how often a client makes a call while its outcome is unknown.
const repeats = 3

// repeat makes a call again while its outcome is unknown. The operation counts as begun when the
// last call begins.
func (w *World) repeat(i int, call func() error) error {
	var err error
	for range repeats {
		w.states[i].touched = map[string]int{}
		if err = call(); !errors.Is(err, sessions.ErrUnavailable) {
			break
		}
	}
	return err
}

// loaded returns an operation on a session that was loaded before any operation began.
func loaded(op Op, do func(ctx context.Context, w *World, i int, s *sessions.Session[Data]) error) Op {
	op.prepare = func(w *World, i int) error {
		s, err := w.managers[i].Load(context.Background(), w.line(op.line).last().id)
		w.hold(i, s)
		return err
	}
	op.run = func(ctx context.Context, w *World, i int) error { return do(ctx, w, i, w.held[i]) }
	return op
}

func (w *World) hold(i int, s *sessions.Session[Data]) {
	if w.held == nil {
		w.held = map[int]*sessions.Session[Data]{}
	}
	w.held[i] = s
}

func markOf(i int) string { return fmt.Sprintf("operation %d", i+1) }

// Save changes and saves a session.
func Save(name string) Op {
	return loaded(Op{Name: "save " + name, line: name}, func(ctx context.Context, w *World, i int, s *sessions.Session[Data]) error {
		s.Data.mark(markOf(i))
		err := w.repeat(i, func() error { return w.managers[i].Save(ctx, s) })
		if err == nil {
			w.line(name).marks = append(w.line(name).marks, markOf(i))
		}
		return err
	})
}

// Update changes a session by its ID.
func Update(name string) Op {
	op := Op{Name: "update " + name, line: name}
	op.run = func(ctx context.Context, w *World, i int) error {
		_, err := w.managers[i].Update(ctx, w.line(name).told[0].id, func(d *Data) error { d.mark(markOf(i)); return nil })
		if err == nil {
			w.line(name).marks = append(w.line(name).marks, markOf(i))
		}
		return err
	}
	return op
}

// Touch loads a session and records the access.
func Touch(name string) Op {
	op := Op{Name: "touch " + name, line: name, Touch: -1}
	op.run = func(ctx context.Context, w *World, i int) error {
		s, err := w.managers[i].Load(ctx, w.line(name).told[0].id)
		if err == nil && s.ExpiresAt().After(w.latest()) {
			w.line(name).kept = w.ops[i].Name
		}
		return err
	}
	return op
}

// Renew changes a session and gives it a new ID.
func Renew(name string) Op {
	op := Op{Name: "renew " + name, line: name, exchanges: true}
	return loaded(op, func(ctx context.Context, w *World, i int, s *sessions.Session[Data]) error {
		s.Data.mark(markOf(i))
		err := w.repeat(i, func() error { return w.managers[i].Renew(ctx, s) })
		if err == nil {
			w.exchanged(name, s, -2, markOf(i))
		}
		return err
	})
}

// exchanged records the new ID that a renewal or login returned. If origin is -2, the new ID has
// the origin of the old one.
func (w *World) exchanged(name string, s *sessions.Session[Data], origin int, mark string) {
	l := w.line(name)
	if origin == -2 {
		origin = l.last().origin
	}
	l.tell(s, origin)
	l.marks = append(l.marks, mark)
}

// Login signs a subject in to a stored session.
func Login(name, subject string) Op { return login(name, subject, "") }

// LoginFederated signs in through an identity provider.
func LoginFederated(name, subject, federated string) Op { return login(name, subject, federated) }

func login(name, subject, federated string) Op {
	op := Op{Name: "login of " + subject + " over " + name, line: name, exchanges: true, logsIn: true}
	return loaded(op, func(ctx context.Context, w *World, i int, s *sessions.Session[Data]) error {
		s.Data.mark(markOf(i))
		s.Federated = federated
		err := w.repeat(i, func() error { return w.managers[i].Authenticate(ctx, s, subject) })
		if err == nil {
			w.exchanged(name, s, i, markOf(i))
		}
		return err
	})
}

// LoginFresh signs a subject in to a new session.
func LoginFresh(subject string) Op { return loginFresh(subject, "") }

// LoginFreshFederated is LoginFresh through an identity provider.
func LoginFreshFederated(subject, federated string) Op { return loginFresh(subject, federated) }

func loginFresh(subject, federated string) Op {
	op := Op{Name: "login of " + subject, logsIn: true}
	op.run = func(ctx context.Context, w *World, i int) error {
		s := w.managers[i].Create()
		s.Federated = federated
		s.Data.mark(markOf(i))
		err := w.repeat(i, func() error { return w.managers[i].Authenticate(ctx, s, subject) })
		if err == nil {
			l := &line{name: fmt.Sprintf("session of operation %d", i+1), marks: []string{markOf(i)}}
			l.tell(s, i)
			w.lines = append(w.lines, l)
		}
		return err
	}
	return op
}

// Create stores a new session.
func Create() Op {
	op := Op{Name: "create"}
	op.run = func(ctx context.Context, w *World, i int) error {
		s := w.managers[i].Create()
		s.Data.mark(markOf(i))
		err := w.repeat(i, func() error { return w.managers[i].Save(ctx, s) })
		if err == nil {
			l := &line{name: fmt.Sprintf("session of operation %d", i+1), marks: []string{markOf(i)}}
			l.tell(s, -1)
			w.lines = append(w.lines, l)
		}
		return err
	}
	return op
}

// Destroy ends a session.
func Destroy(name string) Op {
	op := Op{Name: "destroy " + name, line: name, destroys: true}
	return loaded(op, func(ctx context.Context, w *World, i int, s *sessions.Session[Data]) error {
		return w.ends(name, i, w.repeat(i, func() error { return w.managers[i].Destroy(ctx, s) }))
	})
}

// DestroyID ends a session by its ID.
func DestroyID(name string) Op {
	op := Op{Name: "destroy by ID " + name, line: name, destroys: true}
	op.run = func(ctx context.Context, w *World, i int) error {
		id := w.line(name).told[0].id
		return w.ends(name, i, w.repeat(i, func() error { return w.managers[i].DestroyID(ctx, id) }))
	}
	return op
}

// ends records that a session must have ended, if err is nil.
func (w *World) ends(name string, i int, err error) error {
	if err == nil {
		w.line(name).ended = w.ops[i].Name
	}
	return err
}

// Revoke ends a subject's session by its handle.
func Revoke(name, subject string) Op {
	op := Op{Name: "revoke " + name, line: name, destroys: true}
	op.run = func(ctx context.Context, w *World, i int) error {
		handle := w.line(name).told[0].key
		return w.ends(name, i, w.repeat(i, func() error { return w.managers[i].Revoke(ctx, subject, handle) }))
	}
	return op
}

// RevokeAll ends all sessions of a subject.
func RevokeAll(subject string) Op {
	op := Op{Name: "revoke all of " + subject, revokes: listKey("subject:", subject)}
	op.run = func(ctx context.Context, w *World, i int) error {
		return w.repeat(i, func() error { _, err := w.managers[i].RevokeAll(ctx, subject); return err })
	}
	return op
}

// RevokeFederated ends all sessions that come from an identity provider's session.
func RevokeFederated(federated string) Op {
	op := Op{Name: "revoke federated " + federated, revokes: listKey("federated:", federated)}
	op.run = func(ctx context.Context, w *World, i int) error {
		return w.repeat(i, func() error { _, err := w.managers[i].RevokeFederated(ctx, federated); return err })
	}
	return op
}

// ThenDestroy returns operations whose client ends the session afterwards, even if they fail.
func ThenDestroy(name, subject string) []Op {
	then := func(what string, first func(context.Context, *sessions.Manager[Data], *sessions.Session[Data]) error) Op {
		op := Op{Name: what + " " + name + ", then destroy it", line: name, destroys: true, exchanges: what != "save", logsIn: what == "sign in to"}
		return loaded(op, func(ctx context.Context, w *World, i int, s *sessions.Session[Data]) error {
			s.Data.mark(markOf(i))
			_ = first(ctx, w.managers[i], s)
			return w.ends(name, i, w.repeat(i, func() error { return w.managers[i].Destroy(ctx, s) }))
		})
	}
	return []Op{
		then("save", func(ctx context.Context, m *sessions.Manager[Data], s *sessions.Session[Data]) error {
			return m.Save(ctx, s)
		}),
		then("renew", func(ctx context.Context, m *sessions.Manager[Data], s *sessions.Session[Data]) error {
			return m.Renew(ctx, s)
		}),
		then("sign in to", func(ctx context.Context, m *sessions.Manager[Data], s *sessions.Session[Data]) error {
			return m.Authenticate(ctx, s, subject)
		}),
	}
}

// CreateThenDestroy saves or signs in to a new session, and then ends it.
func CreateThenDestroy(subject string) Op {
	op := Op{Name: "create and destroy", logsIn: subject != ""}
	op.run = func(ctx context.Context, w *World, i int) error {
		s := w.managers[i].Create()
		if subject == "" {
			_ = w.managers[i].Save(ctx, s)
		} else {
			_ = w.managers[i].Authenticate(ctx, s, subject)
		}
		l := &line{name: fmt.Sprintf("session of operation %d", i+1)}
		l.tell(s, i)
		err := w.repeat(i, func() error { return w.managers[i].Destroy(ctx, s) })
		if err == nil {
			l.ended = w.ops[i].Name
			w.lines = append(w.lines, l)
		}
		return err
	}
	return op
}

// AtTime returns o for a process whose clock shows at.
func (o Op) AtTime(at time.Time) Op {
	o.At = at
	return o
}
