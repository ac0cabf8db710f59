package torture_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/dynasession/dynasession/integration/faults"
	"github.com/dynasession/dynasession/integration/torture"
	"github.com/dynasession/dynasession/sessions"
)

// current returns the session in a slot's cookie, and its ID. If there is none, it begins a
// session.
func (w *worker) current(ctx context.Context, m *sessions.Manager[ledger], at *slot) (*torture.Life, string, int) {
	at.mu.Lock()
	defer at.mu.Unlock()
	if at.life == nil || at.dead > 300 {
		w.begin(ctx, m, at)
	}
	return at.life, at.id, at.num
}

// begin starts a new session for a slot, unless the store fails. The caller must hold the slot's
// lock.
func (w *worker) begin(ctx context.Context, m *sessions.Manager[ledger], at *slot) {
	s := m.Create()
	s.IdleTimeout = []time.Duration{10 * time.Second, time.Minute, time.Hour}[w.random.IntN(3)]
	s.AbsoluteTimeout = []time.Duration{2 * time.Minute, 12 * time.Hour}[w.random.IntN(2)]
	w.mu.Lock()
	life := &torture.Life{Name: fmt.Sprint("session ", len(w.lives)), App: at.app, Idle: s.IdleTimeout, Absolute: s.AbsoluteTimeout, PeekFor: peekFor}
	num := life.NewID(s.ID().Secret()) // before any other event
	w.lives = append(w.lives, life)
	w.mu.Unlock()
	at.life, at.lives = nil, append(at.lives, life)
	ctx = context.WithoutCancel(ctx)
	err := w.did(m, life, torture.Create, num, "", func() ([]string, error) { return nil, resolve(func() error { return m.Save(ctx, s) }) })
	if err != nil {
		w.end(ctx, m, &held{s, at, life, num})
		return
	}
	at.life, at.id, at.num, at.dead = life, s.ID().Secret(), num, 0
}

// missing records that a slot's session was not found. The slot gets a new session if that one has
// expired or ended, or was missing too often.
func (at *slot) missing(life *torture.Life, num int, err error) {
	at.mu.Lock()
	defer at.mu.Unlock()
	if at.life != life || at.num != num || !errors.Is(err, sessions.ErrNotFound) {
		return
	}
	if at.dead++; errors.Is(err, sessions.ErrExpired) || life.Ended(num) || life.Revoked() {
		at.life = nil
	}
}

func (w *worker) load(ctx context.Context, m *sessions.Manager[ledger], at *slot) *held {
	life, id, num := w.current(ctx, m, at)
	if life == nil {
		return nil
	}
	var s *sessions.Session[ledger]
	err := w.did(m, life, torture.Load, num, "", func() (seen []string, err error) {
		if s, err = m.Load(ctx, id); err == nil {
			seen = s.Data.Marks
		}
		return seen, err
	})
	if err != nil {
		at.missing(life, num, err)
		return nil
	}
	at.mu.Lock()
	at.dead = 0
	at.mu.Unlock()
	return &held{s, at, life, num}
}

// look peeks, often enough for the host to remember the session.
func (w *worker) look(ctx context.Context, m *sessions.Manager[ledger], at *slot) {
	life, id, num := w.current(ctx, m, at)
	if life == nil {
		return
	}
	for range 1 + w.random.IntN(8) {
		err := w.did(m, life, torture.Peek, num, "", func() ([]string, error) {
			s, err := w.peek(m, ctx, id)
			if err != nil {
				return nil, err
			}
			return s.Data.Marks, nil
		})
		if err != nil {
			at.missing(life, num, err)
			return
		}
	}
}

// exhume loads or peeks at a session by one of its earlier IDs.
func (w *worker) exhume(ctx context.Context) {
	w.mu.Lock()
	if len(w.lives) == 0 {
		w.mu.Unlock()
		return
	}
	life := w.lives[len(w.lives)-1-w.random.IntN(min(len(w.lives), 30))]
	w.mu.Unlock()
	ids := life.IDs()
	num := w.random.IntN(len(ids))
	if num == len(ids)-1 && !life.Ended(num) {
		return // it may not have been stored yet
	}
	m := w.manager(life.App)
	kind, look := torture.Load, m.Load
	if w.random.IntN(2) == 0 {
		kind, look = torture.Peek, func(ctx context.Context, id string) (*sessions.Session[ledger], error) { return w.peek(m, ctx, id) }
	}
	_ = w.did(m, life, kind, num, "", func() ([]string, error) {
		s, err := look(ctx, ids[num])
		if err != nil {
			return nil, err
		}
		return s.Data.Marks, nil
	})
}

// trespass uses a session's ID in the other application, to load or even to end the session.
func (w *worker) trespass(ctx context.Context, at *slot) {
	m := w.manager(1 - at.app)
	life, id, num := w.current(ctx, w.manager(at.app), at)
	if life == nil {
		return
	}
	if w.random.IntN(4) == 0 {
		_ = m.DestroyID(ctx, id) // must have no effect
		return
	}
	_ = w.did(m, life, torture.Trespass, num, "", func() ([]string, error) {
		_, err := m.Load(ctx, id)
		return nil, err
	})
}

// join signs the slot's visitor in on another device. The device makes no further requests.
func (w *worker) join(ctx context.Context, at *slot) {
	host := at.app + 2*w.random.IntN(len(w.managers)/2)
	m := w.managers[host]
	at.mu.Lock()
	full := at.others >= crowd
	at.others++
	at.mu.Unlock()
	if full {
		return
	}
	device := &slot{subject: at.subject, app: at.app}
	regrets := w.random.IntN(3) == 0
	if regrets { // the session's Create arrives after its end
		w.transports[host].Plan("PutItem", faults.Late, faults.Late)
	}
	w.begin(ctx, m, device)
	h := w.load(ctx, m, device) // begins a second session if the first has failed
	at.mu.Lock()
	at.lives = append(at.lives, device.lives...) // before the login: from then on revocations apply
	at.mu.Unlock()
	switch {
	case h == nil:
	case regrets:
		w.end(ctx, m, h)
	default:
		w.authenticate(ctx, m, h)
	}
}

func (w *worker) save(ctx context.Context, m *sessions.Manager[ledger], h *held) {
	mark := w.mark()
	h.Data.Marks = append(h.Data.Marks, mark)
	_ = w.did(m, h.life, torture.Save, h.num, mark, func() ([]string, error) {
		err := resolve(func() error { return m.Save(ctx, h.Session) })
		return h.Data.Marks, err
	})
}

func (w *worker) update(ctx context.Context, m *sessions.Manager[ledger], at *slot) {
	life, id, num := w.current(ctx, m, at)
	if life == nil {
		return
	}
	mark := w.mark()
	err := w.did(m, life, torture.Update, num, mark, func() ([]string, error) {
		s, err := m.Update(ctx, id, func(l *ledger) error {
			if len(l.Marks) >= 80 {
				return errFull
			}
			l.Marks = append(l.Marks, mark)
			return nil
		})
		if err != nil {
			return nil, err
		}
		return s.Data.Marks, nil
	})
	at.missing(life, num, err)
}

var errFull = errors.New("enough")

// rename renews or authenticates a session.
func (w *worker) rename(ctx context.Context, m *sessions.Manager[ledger], h *held) {
	if w.random.IntN(3) == 0 {
		w.authenticate(ctx, m, h)
		return
	}
	w.move(ctx, m, h, torture.Renew, func(ctx context.Context) error { return m.Renew(ctx, h.Session) })
}

func (w *worker) authenticate(ctx context.Context, m *sessions.Manager[ledger], h *held) {
	w.move(ctx, m, h, torture.Authenticate, func(ctx context.Context) error { return m.Authenticate(ctx, h.Session, h.slot.subject) })
}

// move changes a session and makes a call that gives it a new ID.
func (w *worker) move(ctx context.Context, m *sessions.Manager[ledger], h *held, kind torture.Kind, call func(context.Context) error) {
	mark := w.mark()
	h.Data.Marks = append(h.Data.Marks, mark)
	ctx = context.WithoutCancel(ctx) // a retry needs a context that is not canceled
	old := h.num
	err := w.did(m, h.life, kind, old, mark, func() ([]string, error) {
		err := resolve(func() error { return call(ctx) })
		return h.Data.Marks, err
	})
	if outcome(err) == torture.Unknown {
		w.end(ctx, m, h) // end it under any ID
	}
	if err != nil {
		return
	}
	id := h.ID().Secret()
	h.num = h.life.NewID(id)
	h.slot.mu.Lock()
	defer h.slot.mu.Unlock()
	if h.slot.life == h.life && h.slot.num == old {
		h.slot.id, h.slot.num, h.slot.dead = id, h.num, 0
	}
}

func (w *worker) destroy(ctx context.Context, m *sessions.Manager[ledger], h *held) {
	w.end(ctx, m, h)
	h.slot.mu.Lock()
	defer h.slot.mu.Unlock()
	if h.slot.life == h.life && h.slot.num == h.num {
		h.slot.life = nil
	}
}

// end destroys a session, whatever ID it has by now, and repeats that until it succeeds.
func (w *worker) end(ctx context.Context, m *sessions.Manager[ledger], h *held) {
	_ = w.did(m, h.life, torture.Destroy, h.num, "", func() ([]string, error) {
		err := m.Destroy(ctx, h.Session)
		for n := 0; err != nil && n < 1000; n++ {
			err = m.Destroy(ctx, h.Session)
		}
		return nil, err
	})
}

// revoke ends all sessions of a slot's subject.
func (w *worker) revoke(ctx context.Context, m *sessions.Manager[ledger], at *slot) {
	e := torture.Event{Kind: torture.Revoke, Host: w.host(m), ID: -1, Begin: w.ticks.Add(1), Before: w.clock.Now()}
	_, err := m.RevokeAll(ctx, at.subject)
	e.After, e.End = w.clock.Now(), w.ticks.Add(1)
	if err != nil {
		e.Outcome = torture.Unknown // some may have ended
	}
	at.mu.Lock()
	defer at.mu.Unlock()
	at.others = 0
	for _, life := range at.lives {
		life.Add(e)
	}
}

// farewell begins a session in each slot and signs it in, without faults, and then revokes the
// sessions of every other subject.
func (w *worker) farewell(t *testing.T) {
	t.Helper()
	for i, at := range w.slots {
		m := w.manager(at.app)
		at.mu.Lock()
		w.begin(t.Context(), m, at)
		at.mu.Unlock()
		h := w.load(t.Context(), m, at)
		if h == nil {
			t.Fatal("no session, without any fault")
		}
		w.authenticate(t.Context(), m, h)
		if i%4 < 2 { // in both applications
			w.revoke(t.Context(), m, at)
		}
	}
}
