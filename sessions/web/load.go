package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/dynasession/dynasession/sessions"
)

// standing says how a request relates to the cookie that the browser holds.
type standing struct {
	kept     error    // why the cookie must not be replaced; nil: it may be
	withheld bool     // because the browser has withheld it
	beside   []string // the IDs of the browser's other sessions, which a login ends
	unproven []string // the IDs of sessions whose device the request has not proved
	detached bool     // Verify has put the session aside
}

// load returns the session, and loads it if that has not happened yet. The caller has the turn.
func (v *visit[T]) load(ctx context.Context) (*sessions.Session[T], error) {
	if s, err, ok := v.have(ctx); ok {
		return s, err
	}
	if err := timedOut(ctx); err != nil {
		return nil, err
	}
	s, st, err := v.find(ctx, v.loadProven)
	if err != nil {
		v.mu.Lock()
		v.err = err
		v.mu.Unlock()
		return nil, err
	}
	if s == nil {
		s = v.middleware.create()
		v.mu.Lock()
		v.session, v.standing = s, st
		v.mu.Unlock()
		return s, nil
	}
	v.wasNil = makeMap(&s.Data)
	v.mu.Lock()
	v.session, v.standing = s, st
	if v.told.id == (sessions.ID{}) {
		v.known = s.ID()
	}
	v.told = v.middleware.stateOf(s)
	v.mu.Unlock()
	v.exchangeID(ctx, s)
	return s, nil
}

// find looks up the IDs that the client has sent. If there is no session, the error is the store's
// failure, or nil.
func (v *visit[T]) find(
	ctx context.Context, load func(context.Context, string) (*sessions.Session[T], error),
) (found *sessions.Session[T], st standing, err error) {
	sent := v.whatWasSent()
	if sent.both {
		return nil, st, ErrTwoIDs
	}
	ctx, cancel := v.outlive(ctx)
	defer cancel()
	for _, id := range sent.invalid {
		_, _ = load(ctx, id) // for its event
	}
	first := ""
	var live, renewed []string // live ones, except the first
	var unreadable, unproven error
	for _, id := range sent.ids {
		s, err := load(ctx, id)
		switch {
		case err == nil && found == nil && live == nil:
			found, first = s, id
		case err == nil:
			found, live = nil, append(live, id)
		case errors.Is(err, sessions.ErrRenewed):
			renewed = append(renewed, id)
		case errors.Is(err, sessions.ErrNotFound):
		case errors.Is(err, sessions.ErrNotBound):
			unproven = err
			st.unproven = append(st.unproven, id)
		case errors.Is(err, sessions.ErrDecode):
			unreadable = err
			v.middleware.log(ctx, v.request, err)
		default:
			if !errors.Is(err, context.DeadlineExceeded) || timedOut(ctx) == nil {
				v.middleware.log(ctx, v.request, err)
			}
			return nil, st, err
		}
	}
	if sent.more > 0 {
		v.middleware.logAttrs(ctx, slog.LevelWarn, "web: a request carries more IDs than are looked up",
			append(aboutRequest(v.request), slog.Int("more", sent.more)))
	}
	switch {
	case found != nil:
		// The other IDs are dead, and a renewed one may have led to this session.
		return found, st, nil
	case len(live) > 0:
		st.kept = fmt.Errorf("%w: several live sessions in one request, none of which is taken", ErrCookieKept)
		st.beside = slices.Concat([]string{first}, live, renewed)
		if sent.more == 0 {
			v.middleware.log(ctx, v.request, st.kept)
		}
	case unproven != nil:
		st.kept, st.beside = fmt.Errorf("%w: %w", ErrCookieKept, unproven), renewed
	case unreadable != nil:
		st.kept, st.beside = fmt.Errorf("%w: %w", ErrCookieKept, unreadable), renewed
	case len(renewed) > 0:
		st.kept, st.beside = fmt.Errorf("%w: %w", ErrCookieKept, sessions.ErrRenewed), renewed
	case len(sent.ids)+len(sent.invalid) == 0 && !sent.byHeader && isWithheld(v.request, v.middleware.config.Cookie.SameSite):
		st.kept, st.withheld = fmt.Errorf("%w: the browser has withheld it from a request of another site", ErrCookieKept), true
	case v.isReplaced(ctx, sent.ids):
		st.kept = fmt.Errorf("%w: another user has just signed in with this browser", ErrCookieKept)
	}
	return nil, st, nil
}

// isReplaced reports whether a recent login has ended the sessions with these IDs, as one of
// another user does, and lasts. The browser has its ID or is about to receive it.
func (v *visit[T]) isReplaced(ctx context.Context, ids []string) bool {
	m := v.middleware
	id := m.recent.get(ids, m.manager.Clock().Now())
	if id == "" {
		return false
	}
	_, err := m.manager.Peek(ctx, id)
	return err == nil
}

// whatWasSent reads the IDs that the client has sent, once. After an exchange it is the ID that the
// client has or gets.
func (v *visit[T]) whatWasSent() sent {
	v.mu.Lock()
	asked, s, told := v.asked, v.sent, v.told
	v.mu.Unlock()
	if !asked {
		s = v.readSent()
		v.mu.Lock()
		v.asked, v.sent = true, s
		v.mu.Unlock()
	}
	if told.id != (sessions.ID{}) {
		s.ids = []string{told.id.Secret()}
		s.invalid, s.more = nil, 0
	}
	return s
}

// exchangeID renews a session whose ID belongs to a scheme that is being left, at its first use. It
// does so only for a browser's pages: of the requests that a page or an API client sends
// concurrently, later ones would find their ID renewed.
func (v *visit[T]) exchangeID(ctx context.Context, s *sessions.Session[T]) {
	m := v.middleware.manager
	v.mu.Lock()
	byHeader := v.sent.byHeader
	v.mu.Unlock()
	if !m.NeedsRenewal(s) || byHeader || v.isSealed() {
		return
	}
	if mode := v.request.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		return
	}
	if ctx.Err() != nil {
		return // the client has hung up, and wouldn't get the new ID
	}
	work, cancel := v.outlive(ctx)
	defer cancel()
	err := m.Renew(work, s)
	switch {
	case err == nil:
		// The handler may be writing to the header, beside a goroutine that asks for the session.
		state := v.middleware.stateOf(s)
		v.mu.Lock()
		v.told, v.untold = state, true
		v.mu.Unlock()
	case !errors.Is(err, sessions.ErrNotFound) && !errors.Is(err, sessions.ErrConflict):
		v.middleware.log(ctx, v.request, err) // the next request will
	}
}

func (v *visit[T]) isSealed() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sealed
}
