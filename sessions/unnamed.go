package sessions

import "sync"

// unnamed makes the ID of a new session, and its key, once they are needed: most new sessions are
// those of visitors for whom nothing is stored, and are thrown away. Copies of a session share it,
// so that they have the same ID.
type unnamed struct {
	ids  IDScheme
	once sync.Once
	id   ID
	key  string
}

func (u *unnamed) name() (ID, string) {
	u.once.Do(func() {
		u.id = u.ids.New()
		u.key = u.ids.Key(u.id)
	})
	return u.id, u.key
}

// name returns the session's ID and key. It changes nothing of s: several goroutines may read a
// session at a time.
func (s *Session[T]) name() (ID, string) {
	if s.unnamed != nil {
		return s.unnamed.name()
	}
	return s.id, s.rec.Key
}

// takeName makes s have its ID and key itself, as what stores it wants.
func (s *Session[T]) takeName() {
	if s.unnamed != nil {
		s.id, s.rec.Key = s.unnamed.name()
		s.unnamed = nil
	}
}

// isForeign reports whether no Manager has made s.
func isForeign[T any](s *Session[T]) bool {
	return s == nil || s.id == (ID{}) && s.unnamed == nil
}
