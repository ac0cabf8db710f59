package web

import (
	"crypto/sha256"
	"sync"
	"time"
)

// recentLogins has this process's logins of the last minute, which a second click on the login
// button joins. Their keys are what the browser sent: an ID or its form's secret. If another
// process serves the second click, it replaces the first one's session if the visitor had a session
// before. Otherwise the session of one of the two stays in the user's list until it idles out.
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
	mostRecent = 1024 // above it all are forgotten
)

// put notes a login. If there is one from this browser already, it returns that one's ID instead.
func (l *recentLogins) put(secrets []string, id string, now time.Time) (first string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if first = l.find(secrets, now); first == "" {
		l.note(secrets, id, now)
	}
	return first
}

// replace notes a login, and replaces an earlier one from this browser.
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

// get returns the ID of the browser's last login, "" if there is none.
func (l *recentLogins) get(secrets []string, now time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.find(secrets, now)
}

func (l *recentLogins) find(secrets []string, now time.Time) string {
	for _, secret := range secrets {
		last := secret
		for range mostRecent { // a later login may have ended the one that was found
			r, ok := l.bySecret[sha256.Sum256([]byte(last))]
			if !ok || now.Sub(r.at) >= recently || now.Before(r.at) {
				break
			}
			last = r.id
		}
		if last != secret {
			return last
		}
	}
	return ""
}
