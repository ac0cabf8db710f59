package sessions

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Session is one session: the application's data and what the library knows of it. A [Manager] makes it; change Data,
// and the timeouts if need be, then [Manager.Save] it.
//
// A Session is not safe for concurrent use, and belongs to the request that loaded it: load it again in the next one.
// Printed, logged or marshaled it shows its handle and times, neither ID nor data. Two ways past that are fmt's own: %p of a
// Session that is no pointer, and a verb that does not suit a struct, such as %d, on one that has a *Session in an unexported
// field, print Data. The ID they don't print either.
type Session[T any] struct {
	// Data is the application's own. It is stored by Save.
	Data T

	// IdleTimeout and AbsoluteTimeout are this session's own, whole seconds, at least one. They start as the Manager's, are
	// stored by Save with the session, and judge it on every other Manager too.
	IdleTimeout     time.Duration
	AbsoluteTimeout time.Duration

	// Device is what the application notes of where the session was begun. Set it before [Manager.Authenticate], which stores it.
	Device Device

	id     ID
	rec    Record   // as last known to be stored; before the first Save, what is known already
	base   *T       // the data that rec stores; nil: not known, or not worth keeping
	stored bool     // there is a record of it
	gone   bool     // Destroy has ended it
	unsure []string // the Revs of writes of ours whose outcome is unknown: the stored Rev may be one of them
	target ID       // of a rename whose outcome is unknown: the session may live under it
}

// ID returns the session's ID, a bearer secret: see [ID].
func (s *Session[T]) ID() ID { return s.id }

// Handle returns the name under which the session may be logged and listed, [ID.Loggable]. It lets nobody in.
func (s *Session[T]) Handle() string { return s.id.Loggable() }

// Subject returns whose session it is; "" while nobody has signed in.
func (s *Session[T]) Subject() string { return s.rec.Subject }

// CreatedAt returns when the session began, in UTC.
func (s *Session[T]) CreatedAt() time.Time { return s.rec.Created }

// AccessedAt returns the last recorded access, in UTC. Accesses are recorded once in Config.TouchInterval.
func (s *Session[T]) AccessedAt() time.Time { return s.rec.Accessed }

// ExpiresAt returns the moment from which the session is dead unless it is accessed before, a whole second in UTC. It is
// that of the stored timeouts: changed ones count from Save on.
func (s *Session[T]) ExpiresAt() time.Time { return s.rec.ExpiresAt() }

// IsNew reports whether the session has not been saved yet.
func (s *Session[T]) IsNew() bool { return !s.stored }

// Format writes the session's handle for every verb. It has a value receiver so that a copy hides its data too.
func (s Session[T]) Format(f fmt.State, _ rune) { io.WriteString(f, "session "+s.id.Loggable()) }

// String returns what Format writes.
func (s Session[T]) String() string { return fmt.Sprint(s) }

// LogValue returns the session's handle and times.
func (s Session[T]) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("handle", s.id.Loggable()),
		slog.Time("created", s.rec.Created),
		slog.Time("accessed", s.rec.Accessed),
		slog.Time("expires", s.rec.ExpiresAt()),
	)
}

// MarshalJSON returns the session's handle and times. There is no way back: a session is stored by Save.
func (s Session[T]) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Handle   string    `json:"handle"`
		Created  time.Time `json:"created"`
		Accessed time.Time `json:"accessed"`
		Expires  time.Time `json:"expires"`
	}{s.id.Loggable(), s.rec.Created, s.rec.Accessed, s.rec.ExpiresAt()})
}
