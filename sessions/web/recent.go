package web

import (
	"crypto/sha256"
	"sync"
	"time"
)

// recentLogins are the logins of the last moments, by what the browser that they came from has
// sent, an ID or the secret of its form: what a second click on the login's button joins. They are
// this process's only. Where the second click is served elsewhere, it takes the first one's place if
// the visitor had a session, and if not, the session of one of the two is left in the user's list
// until it idles out.
type recentLogins struct {
	mu       sync.Mutex
	bySecret map[[sha256.Size]byte]recentLogin
}

type recentLogin struct {
	id string
	at time.Time
}

const (
	recently   = time.Minute
	mostRecent = 1024 // beyond that all are forgotten
)

// put notes a login, if there is none from this browser already, whose ID it returns.
func (l *recentLogins) put(secrets []string, id string, now time.Time) (first string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if first = l.find(secrets, now); first == "" {
		l.note(secrets, id, now)
	}
	return first
}

// replace notes a login in the place of any that there is from this browser.
func (l *recentLogins) replace(secrets []string, id string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(secrets, id, now)
}

func (l *recentLogins) note(secrets []string, id string, now time.Time) {
	if l.bySecret == nil || len(l.bySecret) >= mostRecent {
		l.bySecret = map[[sha256.Size]byte]recentLogin{}
	}
	for _, secret := range secrets {
		l.bySecret[sha256.Sum256([]byte(secret))] = recentLogin{id, now}
	}
}

// get returns the ID of the last login, "" if there was none.
func (l *recentLogins) get(secrets []string, now time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.find(secrets, now)
}

func (l *recentLogins) find(secrets []string, now time.Time) string {
	for _, secret := range secrets {
		if r, ok := l.bySecret[sha256.Sum256([]byte(secret))]; ok && now.Sub(r.at) < recently && !now.Before(r.at) {
			return r.id
		}
	}
	return ""
}
