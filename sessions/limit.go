package sessions

import (
	"errors"
	"fmt"
)

// SubjectLimit is how many sessions one subject may have at a time (OWASP ASVS 7.1.2). It is exact, also for logins at the same time.
// The zero SubjectLimit is none. It needs a store that keeps rosters, a [SubjectStore].
type SubjectLimit struct {
	// Max is how many; 0: any number.
	Max int
	// Evict makes room for a new session by ending that which has not been seen for the longest. Otherwise the new one is refused:
	// Authenticate returns [ErrLimit].
	Evict bool
}

var errNoRosters = errors.New("the store keeps no rosters: it is no sessions.SubjectStore")

func (l SubjectLimit) validate(store Store) error {
	_, rosters := store.(SubjectStore)
	switch {
	case l.Max < 0:
		return fmt.Errorf("Config.SubjectLimit.Max is %d: must be at least 0", l.Max)
	case l.Max > maxEntries:
		return fmt.Errorf("Config.SubjectLimit.Max is %d: must be at most %d", l.Max, maxEntries)
	case l.Evict && l.Max == 0:
		return errors.New("Config.SubjectLimit.Evict: must be with a Max")
	case l.Max > 0 && !rosters:
		return fmt.Errorf("Config.SubjectLimit: %w (%T)", errNoRosters, store)
	}
	return nil
}
