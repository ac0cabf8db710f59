package sessions

import "github.com/dynasession/dynasession/clock"

// Clock returns the clock by which the Manager judges.
func (m *Manager[T]) Clock() clock.Clock { return m.clock }

// Changed reports whether Save would write: whether the session was never saved, or its data or timeouts differ from what is stored
// as far as is known. It asks no store. Data that can't be encoded has changed.
func (m *Manager[T]) Changed(s *Session[T]) bool {
	if usable(s) != nil {
		return false
	}
	if !s.stored || len(s.unsure) > 0 {
		return true
	}
	if s.same() {
		return false
	}
	p, err := m.encode(s.Data)
	return err != nil || !s.unchanged(p)
}
