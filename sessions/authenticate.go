package sessions

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"
)

// maxSubject is the length of the longest subject, in bytes.
const maxSubject = 1024

var errSubject = errors.New("invalid subject")

// Authenticate binds the session to subject, the user who has just signed in, again or for the first time: it gets a new ID and a
// new lifetime, from now, in one atomic step. The old ID is dead when it returns, so that who planted or knew it gains
// nothing (session fixation; OWASP ASVS 7.2.4). One transaction of two writes; one write for a session that was never saved.
//
// The data in hand goes along: an application that must not carry it over, because another user was signed in before, say,
// clears it first. Subject is the application's name for the user: 1 to 1024 bytes of UTF-8; it is stored in clear.
//
// Once begun, Authenticate goes through even if ctx is cancelled meanwhile. The error is that of [Manager.Renew]; on
// [ErrNotFound] take the session of [Manager.LoadOrCreate] and authenticate that.
func (m *Manager[T]) Authenticate(ctx context.Context, s *Session[T], subject string) error {
	ctx, w := m.watch(ctx, "authenticate")
	err := checkSubject(subject)
	if err == nil {
		err = m.rename(ctx, s, change{rename: true, subject: subject})
	}
	if err != nil {
		return w.done(eventOf(w, "", s), err)
	}
	return w.done(eventOf(w, EventAuthenticated, s), nil)
}

func checkSubject(subject string) error {
	switch {
	case subject == "" || len(subject) > maxSubject:
		return fmt.Errorf("%w: has %d bytes, must have at least 1 and at most %d", errSubject, len(subject), maxSubject)
	case !utf8.ValidString(subject):
		return fmt.Errorf("%w: is not UTF-8", errSubject)
	}
	return nil
}
