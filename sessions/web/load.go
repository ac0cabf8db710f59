package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/dynasession/dynasession/sessions"
)

// maxCandidates is how many IDs of one request are looked up. A browser sends one; more come from who has planted others beside it.
const maxCandidates = 4

// load returns the session, and loads it if that has not happened yet.
func (v *visit[T]) load(ctx context.Context) (*sessions.Session[T], error) {
	if v.session != nil || v.err != nil {
		return v.session, v.err
	}
	v.asked = true
	var found *sessions.Session[T]
	several, looked := false, 0
	for _, id := range v.ids() {
		if looked == maxCandidates {
			break
		}
		s, err := v.loadProven(ctx, id)
		if errors.Is(err, sessions.ErrInvalidID) {
			continue // no session's, and asked of nobody
		}
		switch looked++; {
		case err == nil && found == nil:
			found = s
		case err == nil:
			several = true
		case errors.Is(err, sessions.ErrNotBound):
			v.proof.missing = err
		case errors.Is(err, sessions.ErrDecode):
			logf(v.request, "%v", err) // of a type that was changed without codec.Upgrade, say: as good as none
		case !errors.Is(err, sessions.ErrNotFound):
			v.err = err
			return nil, err
		}
	}
	if several { // one of them was planted, and nothing tells which
		logf(v.request, "several live sessions in one request: none is taken")
		found = nil
	}
	v.dead = found == nil && v.sent > 0 && !several && !v.unproven()
	if found == nil {
		found = v.middleware.manager.Create()
	} else {
		v.known = knownOf(found)
		v.modernise(ctx, found)
	}
	v.session = found
	return found, nil
}

// ids returns what the client has sent in the place where IDs are sent, each once.
func (v *visit[T]) ids() []string {
	var ids []string
	if name := v.middleware.config.Header; name != "" {
		for _, value := range v.request.Header.Values(name) {
			if isAuthorization(name) {
				scheme, id, ok := strings.Cut(value, " ")
				if !ok || !strings.EqualFold(scheme, "Bearer") && !(strings.EqualFold(scheme, dpop) && v.middleware.config.Bound > 0) {
					continue // another way to say who one is
				}
				value = id
			}
			ids = append(ids, value)
		}
	} else {
		for _, c := range v.request.CookiesNamed(v.middleware.config.Cookie.Name) {
			if c.Quoted {
				c.Value = `"` + c.Value + `"` // no ID has quotes
			}
			ids = append(ids, c.Value)
		}
	}
	v.sent = len(ids)
	if len(ids) > 1 {
		slices.Sort(ids)
		ids = slices.Compact(ids)
	}
	return ids
}

func isAuthorization(header string) bool { return http.CanonicalHeaderKey(header) == "Authorization" }

// modernise renews a session whose ID is of a scheme that is being left, at its first use. Of several requests at the same time one does;
// what the others have loaded they may use, and the client hears of the new ID from that one: therefore a dead ID of the old scheme
// is not cleared.
func (v *visit[T]) modernise(ctx context.Context, s *sessions.Session[T]) {
	m := v.middleware.manager
	if v.committed || !m.NeedsRenewal(s) {
		return
	}
	if err := m.Renew(ctx, s); err != nil && !errors.Is(err, sessions.ErrNotFound) && !errors.Is(err, sessions.ErrConflict) {
		logf(v.request, "%v", err) // the next request will
	}
}
