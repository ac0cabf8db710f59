package sessions

import (
	"cmp"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/internal/rosters"
)

// SubjectLimit caps the concurrent sessions of one subject (OWASP ASVS 7.1.2). It is exact even for
// concurrent logins. The zero SubjectLimit is no cap.
type SubjectLimit struct {
	// Max is the most sessions that a subject may have; 0 means no cap.
	Max int
	// Evict makes room for a new session by ending the least recently used session. Without Evict
	// the login fails: Authenticate returns [ErrLimit].
	Evict bool
}

func (l SubjectLimit) validate() error {
	switch {
	case l.Max < 0:
		return fmt.Errorf("Config.SubjectLimit.Max is %d: must be at least 0", l.Max)
	case l.Evict && l.Max == 0:
		return errors.New("Config.SubjectLimit.Evict: must be with a Max")
	}
	return nil
}

// maxSubject is the length of the longest subject, in bytes.
const maxSubject = 1024

var errSubject = errors.New("invalid subject")

func checkSubject(subject string) error {
	switch {
	case subject == "" || len(subject) > maxSubject:
		return fmt.Errorf("%w: has %d bytes, must have at least 1 and at most %d", errSubject, len(subject), maxSubject)
	case !utf8.ValidString(subject):
		return fmt.Errorf("%w: must be UTF-8", errSubject)
	}
	return nil
}

// Info describes one of a subject's sessions, for a list that its user sees: it has no ID and no
// data.
type Info struct {
	Handle    string    // identifies it, for [Manager.Revoke]; gives no access
	Created   time.Time // when the subject signed in
	Accessed  time.Time // when it was last used, to within Config.TouchInterval
	ExpiresAt time.Time // when it expires unless it is used before
	Device    Device    // where it was started, if the application has set it
	Bound     bool      // whether it is bound to a device
	Current   bool      // whether it is the session of the current request; set by package web
}

// subjectKey returns the key of a subject's list. It has a colon, unlike a session's key, and
// doesn't reveal the subject's name.
func subjectKey(application, subject string) string { return listKey("subject:", application, subject) }

// federatedKey returns the key of a federated session's list.
func federatedKey(application, federated string) string {
	return listKey("federated:", application, federated)
}

// listKey hashes the application's length, the application and the name, so that no two pairs have
// the same key.
func listKey(prefix, application, name string) string {
	if application != "" {
		name = fmt.Sprintf("%d:%s:%s", len(application), application, name)
	}
	sum := sha512.Sum512([]byte(name))
	if application != "" {
		prefix += "app:"
	}
	return prefix + hex.EncodeToString(sum[:])
}

// lists returns the keys of a subject's or federated session's lists that this Manager reads: the
// application's own, and the one of sessions without an application.
func (m *Manager[T]) lists(key func(application, name string) string, name string) []string {
	if m.application == "" {
		return []string{key("", name)}
	}
	return []string{key(m.application, name), key("", name)}
}

// leaveLists drops an ended session from the lists that its record names, except the given one. If
// that fails, its entries stay until they are pruned.
func (m *Manager[T]) leaveLists(ctx context.Context, rec driver.Record, except string) {
	if own := subjectKey(rec.Application, rec.Subject); rec.Subject != "" && own != except {
		_ = m.rosters.Leave(ctx, own, rec.Page, rec.Key)
	}
	if own := federatedKey(rec.Application, rec.Federated); rec.Federated != "" && own != except {
		_ = m.rosters.Leave(ctx, own, rec.FederatedPage, rec.Key)
	}
}

// leaveRenewed is leaveLists for a session that was renewed to next. If next is in another part of
// a list, old stays listed until it is pruned. Otherwise a reader, which reads parts one after
// another, could read next's part before next enters it, and old's part after old has left, and
// find neither.
func (m *Manager[T]) leaveRenewed(ctx context.Context, old, next driver.Record) {
	if old.Application == next.Application {
		if old.Subject == next.Subject && old.Page != next.Page {
			old.Subject = ""
		}
		if old.Federated == next.Federated && old.FederatedPage != next.FederatedPage {
			old.Federated = ""
		}
	}
	m.leaveLists(ctx, old, "")
}

// Sessions returns the live sessions of a subject, the most recently used first (OWASP ASVS 7.5.2).
// It is strongly consistent: it includes every login that has returned, and no session that has
// been logged out. It reads a hundred sessions in one call: 12 calls for a thousand.
// [Manager.SessionsPage] reads a part of them.
func (m *Manager[T]) Sessions(ctx context.Context, subject string) ([]Info, error) {
	ctx, o := m.observe(ctx, "sessions")
	infos, _, err := m.sessionsOf(ctx, subject, "", 0)
	if err := o.done(event.Event{Kind: event.Listed, Subject: subject}, err); err != nil {
		return nil, err
	}
	slices.SortFunc(infos, func(a, b Info) int { return b.Accessed.Compare(a.Accessed) })
	return infos, nil
}

// SessionsPage returns up to most of a subject's live sessions, ordered by handle, starting after
// the handle after; "" starts at the beginning. Pass next as after to continue; it is "" at the
// end. A page before the end may have fewer sessions, or none. most must be at least 1.
func (m *Manager[T]) SessionsPage(ctx context.Context, subject, after string, most int) (infos []Info, next string, err error) {
	ctx, o := m.observe(ctx, "sessions")
	if most < 1 {
		err = fmt.Errorf("%w: most is %d, must be at least 1", errPage, most)
	} else {
		infos, next, err = m.sessionsOf(ctx, subject, after, most)
	}
	return infos, next, o.done(event.Event{Kind: event.Listed, Subject: subject}, err)
}

var errPage = errors.New("invalid page")

// sessionsOf returns a subject's live sessions among the next most listed ones after a handle; most
// 0 means all.
func (m *Manager[T]) sessionsOf(ctx context.Context, subject, after string, most int) (infos []Info, next string, err error) {
	if err := checkSubject(subject); err != nil {
		return nil, "", err
	}
	var parts []driver.Roster
	for _, list := range m.lists(subjectKey, subject) {
		all, err := m.rosters.All(ctx, list)
		if err != nil {
			return nil, "", err
		}
		parts = append(parts, all...)
	}
	keys := rosters.Keys(parts)
	if most > 0 {
		slices.SortFunc(keys, func(a, b string) int { return cmp.Compare(handleOf(a), handleOf(b)) })
		keys = slices.DeleteFunc(keys, func(key string) bool { return handleOf(key) <= after })
		if len(keys) > most {
			keys = keys[:most]
			next = handleOf(keys[most-1])
		}
	}
	loaded, err := m.rosters.LoadAll(ctx, keys)
	if err == nil && most == 0 {
		loaded, err = m.followRenewed(ctx, keys, loaded)
	}
	if err != nil {
		return nil, "", err
	}
	for _, found := range loaded {
		rec := found.Record
		if found.Err != nil || rec.Subject != subject {
			continue // it has ended, or this binary can't read it
		}
		if alive, err := m.isAlive(ctx, rec); err != nil {
			return nil, "", err
		} else if alive {
			infos = append(infos, Info{
				Handle: handleOf(rec.Key), Created: rec.Created, Accessed: rec.Accessed, ExpiresAt: rec.ExpiresAt(),
				Device: rec.Device, Bound: len(rec.Binding) > driver.FixedBinding,
			})
		}
	}
	return infos, next, nil
}

// followRenewed also loads the next records of sessions that were renewed since the list was read.
func (m *Manager[T]) followRenewed(ctx context.Context, keys []string, loaded []driver.Loaded) ([]driver.Loaded, error) {
	seen := map[string]bool{}
	for _, key := range keys {
		seen[key] = true
	}
	for last := loaded; ; {
		var next []string
		for _, found := range last {
			var ended *driver.EndedError
			if errors.As(found.Err, &ended) && ended.Marker.Next != "" && !seen[ended.Marker.Next] {
				seen[ended.Marker.Next] = true
				next = append(next, ended.Marker.Next)
			}
		}
		if len(next) == 0 {
			return loaded, nil
		}
		var err error
		if last, err = m.rosters.LoadAll(ctx, next); err != nil {
			return nil, err
		}
		loaded = append(loaded, last...)
	}
}

// Revoke ends one session of a subject, by the handle that [Manager.Sessions] returned (OWASP ASVS
// 7.5.2), even if it was renewed since. The error is [ErrNotFound] if the subject has no session
// with that handle. Once started, it completes even if ctx is cancelled.
func (m *Manager[T]) Revoke(ctx context.Context, subject, handle string) error {
	ctx, o := m.observe(ctx, "revoke")
	if !rosters.IsHash(handle) { // not a handle; the error doesn't repeat the text
		return o.done(event.Event{Subject: subject}, ErrNotFound)
	}
	return o.done(event.Event{Kind: event.Revoked, Handle: handle, Subject: subject}, m.revoke(ctx, subject, handle))
}

func (m *Manager[T]) revoke(ctx context.Context, subject, handle string) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	if err := checkSubject(subject); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	key, err := m.keyOf(ctx, subject, handle)
	if err != nil {
		return err
	}
	missing := ErrNotFound
	for range mostRenewals {
		found, err := m.store.LoadAll(ctx, []string{key}) // LoadAll doesn't decrypt
		if err != nil {
			return err
		}
		rec := found[0].Record
		var ended *driver.EndedError
		switch {
		case errors.As(found[0].Err, &ended) && ended.Marker.Next != "":
			key, missing = ended.Marker.Next, ErrRenewed // the key after the renewal
			continue
		case found[0].Err != nil:
			return found[0].Err
		case !m.owns(rec):
			return ErrNotFound
		case rec.Subject != subject:
			return missing
		}
		// If it is renewed right now, look whose it is then: another user may have signed in.
		next, err := m.endOne(ctx, rec, driver.Revoked)
		if err != nil || next == "" {
			return err
		}
		key, missing = next, ErrRenewed
	}
	return missing
}

// keyOf returns the key of the subject's session that has the handle. The key is the handle, except
// on a table that Python reads.
func (m *Manager[T]) keyOf(ctx context.Context, subject, handle string) (string, error) {
	if rosters.IsHash(m.ids.Key(m.ids.New())) {
		if _, migrating := m.ids.(migrateIDs); !migrating {
			return handle, nil
		}
	}
	for _, list := range m.lists(subjectKey, subject) {
		parts, err := m.rosters.All(ctx, list)
		if err != nil {
			return "", err
		}
		for _, key := range rosters.Keys(parts) {
			if handleOf(key) == handle {
				return key, nil
			}
		}
	}
	return handle, nil
}

// RevokeAll ends all sessions of a subject except those with the given handles (OWASP ASVS 7.4.2,
// 7.4.3, 7.4.5). It returns how many it has ended, including those that had idled out but were
// still stored. When it has returned nil, no session of the subject that began before the call is
// alive for any Manager: a concurrent login is revoked or gets [ErrRevoked], a concurrent renewal
// is revoked or gets [ErrNotFound].
//
// Once started, RevokeAll ignores cancellation and retries failed calls. It makes one write per
// session, which takes a few minutes for ten thousand. On error, n sessions were ended and others
// may still be live; call it again.
func (m *Manager[T]) RevokeAll(ctx context.Context, subject string, except ...string) (int, error) {
	ctx, o := m.observe(ctx, "revoke all")
	n, err := 0, checkSubject(subject)
	if err == nil {
		n, err = m.revokeLists(ctx, m.lists(subjectKey, subject), except)
		if m.recent != nil {
			m.recent.Ended(m.application, subject) // also under former IDs of these sessions
			m.recent.Ended("", subject)
		}
	}
	return n, o.done(event.Event{Kind: event.Revoked, Subject: subject, Ended: n}, err)
}

// RevokeFederated ends all sessions that came from one session of an identity provider, those whose
// [Session.Federated] was federated at the login, as [Manager.RevokeAll] does. Use it for OpenID
// Connect's back-channel logout by sid.
func (m *Manager[T]) RevokeFederated(ctx context.Context, federated string) (int, error) {
	ctx, o := m.observe(ctx, "revoke federated")
	n, err := 0, error(nil)
	switch {
	case federated == "" || len(federated) > maxFederated:
		err = fmt.Errorf("%w: has %d bytes, must have at least 1 and at most %d", errFederated, len(federated), maxFederated)
	case !utf8.ValidString(federated):
		err = fmt.Errorf("%w: must be UTF-8", errFederated)
	default:
		n, err = m.revokeLists(ctx, m.lists(federatedKey, federated), nil)
	}
	return n, o.done(event.Event{Kind: event.Revoked, Ended: n}, err)
}

// revokeFailures bounds how many calls in a row may fail before a revocation gives up.
const revokeFailures = 8

// revokePasses bounds how often a revocation reads a list. Once is enough, unless sessions are
// renewed from one page into another at the same time.
const revokePasses = 64

func (m *Manager[T]) revokeLists(ctx context.Context, lists, except []string) (ended int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, unavailable(err)
	}
	ctx = context.WithoutCancel(ctx)
	spare, err := m.spared(ctx, except)
	if err != nil {
		return 0, err
	}
	for _, list := range lists {
		// Logins under way have read the former epoch, and fail.
		if err := m.persist(ctx, func() error { _, err := m.rosters.Bump(ctx, list); return err }); err != nil {
			return ended, err
		}
		n, err := m.revokeList(ctx, list, spare)
		ended += n
		if err != nil {
			return ended, err
		}
	}
	return ended, nil
}

// spared returns the handles of the sessions that a revocation leaves alive: the given ones, and
// those that they were renewed to.
func (m *Manager[T]) spared(ctx context.Context, handles []string) ([]string, error) {
	spare := slices.Clone(handles)
	keys := slices.DeleteFunc(slices.Clone(handles), func(h string) bool { return !rosters.IsHash(h) })
	slices.Sort(keys)
	for keys = slices.Compact(keys); len(keys) > 0; {
		var loaded []driver.Loaded
		if err := m.persist(ctx, func() (err error) { loaded, err = m.rosters.LoadAll(ctx, keys); return err }); err != nil {
			return nil, err
		}
		keys = nil
		for _, found := range loaded {
			var ended *driver.EndedError
			if errors.As(found.Err, &ended) && ended.Marker.Next != "" && !slices.Contains(spare, ended.Marker.Next) {
				keys = append(keys, ended.Marker.Next)
				spare = append(spare, ended.Marker.Next)
			}
		}
	}
	return spare, nil
}

// spares reports whether a revocation leaves the session of a key alive: it is one of spare, or
// about to replace one.
func spares(spare []string, key string, found driver.Loaded) bool {
	return slices.ContainsFunc(spare, func(handle string) bool {
		return handleOf(key) == handle || found.Err == nil && rosters.ComesFrom(found.Record.Rev, handle)
	})
}

// revokeList ends the listed sessions, and reads the list again until it finds no others.
func (m *Manager[T]) revokeList(ctx context.Context, list string, spare []string) (ended int, err error) {
	done := map[string]bool{}
	for range revokePasses {
		var parts []driver.Roster
		if err := m.persist(ctx, func() (err error) { parts, err = m.rosters.All(ctx, list); return err }); err != nil {
			return ended, err
		}
		some := false
		for _, part := range parts {
			keys := slices.DeleteFunc(rosters.Keys([]driver.Roster{part}), func(key string) bool { return done[key] })
			if len(keys) == 0 {
				continue
			}
			some = true
			n, err := m.revokePart(ctx, list, part.Key, keys, spare)
			ended += n
			if err != nil {
				return ended, err
			}
			for _, key := range keys {
				done[key] = true
			}
		}
		if !some {
			return ended, nil // every live session is listed, so none is left
		}
	}
	return ended, ErrConflict
}

// revokePart ends the sessions of some keys in a part of a list, and then drops the keys.
func (m *Manager[T]) revokePart(ctx context.Context, list, part string, keys []string, spare []string) (ended int, err error) {
	loaded := make([]driver.Loaded, len(keys))
	if len(spare) > 0 {
		if loaded, spare, err = m.loadSparing(ctx, keys, spare); err != nil {
			return 0, err
		}
	}
	var left []string
	for i, key := range keys {
		was, spared, err := m.revokeUnspared(ctx, key, loaded[i], spare)
		if err != nil {
			return ended, err
		}
		if spared {
			continue
		}
		if was.Key != "" {
			ended++
			m.leaveLists(ctx, was, list)
		}
		left = append(left, key)
	}
	for some := range slices.Chunk(left, driver.MaxLeave) {
		// If the entries can't be dropped, that does no harm: their sessions have ended.
		_, _ = m.store.ChangeRoster(ctx, driver.RosterChange{Key: part, Rev: newRev(), Leave: some})
	}
	return ended, nil
}

// loadSparing loads the records of some keys, and then what the spared sessions were renewed to: a
// record that has replaced one of them is recognised by its Rev, or, if it was saved since, by the
// marker that it left.
func (m *Manager[T]) loadSparing(ctx context.Context, keys, spare []string) (loaded []driver.Loaded, next []string, err error) {
	if err := m.persist(ctx, func() (err error) { loaded, err = m.rosters.LoadAll(ctx, keys); return err }); err != nil {
		return nil, nil, err
	}
	for i, key := range keys {
		if !spares(spare, key, loaded[i]) {
			next, err = m.spared(ctx, spare)
			return loaded, next, err
		}
	}
	return loaded, spare, nil
}

// revokeUnspared ends the session of a key, which was found as given, unless it is spared. If there
// was none, but another call stores it in between, revokeUnspared looks again.
func (m *Manager[T]) revokeUnspared(ctx context.Context, key string, found driver.Loaded, spare []string) (was driver.Record, spared bool, err error) {
	for attempt := 0; ; attempt++ {
		if spares(spare, key, found) {
			return was, true, nil
		}
		var state *driver.State // any
		var ended *driver.EndedError
		if errors.Is(found.Err, ErrNotFound) && !errors.As(found.Err, &ended) && attempt < mergeAttempts {
			state = &driver.State{Absent: true}
		}
		err = m.persist(ctx, func() (err error) { was, err = m.rosters.End(ctx, key, driver.Revoked, state); return err })
		switch {
		case err == nil, errors.Is(err, ErrNotFound):
			return was, false, nil
		case state == nil || !errors.Is(err, ErrConflict):
			return was, false, err
		}
		var loaded []driver.Loaded
		if loaded, spare, err = m.loadSparing(ctx, []string{key}, spare); err != nil {
			return was, false, err
		}
		found = loaded[0]
	}
}

// persist repeats a call until it succeeds, or has failed revokeFailures times.
func (m *Manager[T]) persist(ctx context.Context, call func() error) error {
	for attempt := 0; ; attempt++ {
		err := call()
		if err == nil || !errors.Is(err, ErrUnavailable) || attempt == revokeFailures-1 {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}
