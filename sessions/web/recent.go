package web

import (
	"crypto/sha256"
	"sync"
	"time"
)

// recentLogins are the logins of the last moments, by the form secret of the browser that they came
// from: what a second click on the login's button takes the place of, where the visitor had no
// session that says so. They are this process's only. Where the second click is served elsewhere,
// the first click's session is left in the user's list until it idles out; a visitor who has a
// session already leaves none.
type recentLogins struct {
	mu     sync.Mutex
	byForm map[[sha256.Size]byte]recentLogin
}

type recentLogin struct {
	id string
	at time.Time
}

const (
	recently   = time.Minute
	mostRecent = 1024 // beyond that all are forgotten
)

// put notes a login, and returns the ID of the one before it, "" if there was none.
func (l *recentLogins) put(secrets []string, id string, now time.Time) (before string) {
	if len(secrets) == 0 {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	before = l.find(secrets, now)
	if l.byForm == nil || len(l.byForm) >= mostRecent {
		l.byForm = map[[sha256.Size]byte]recentLogin{}
	}
	for _, secret := range secrets {
		l.byForm[sha256.Sum256([]byte(secret))] = recentLogin{id, now}
	}
	return before
}

// get returns the ID of the last login, "" if there was none.
func (l *recentLogins) get(secrets []string, now time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.find(secrets, now)
}

func (l *recentLogins) find(secrets []string, now time.Time) string {
	for _, secret := range secrets {
		if r, ok := l.byForm[sha256.Sum256([]byte(secret))]; ok && now.Sub(r.at) < recently && !now.Before(r.at) {
			return r.id
		}
	}
	return ""
}
