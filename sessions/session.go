package sessions

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/rosters"
)

// Session is one session: the application's data, and what the library keeps about it. Get one from
// a [Manager], change Data, and the timeouts if necessary, and call [Manager.Save].
//
// A Session is not safe for concurrent use and must not outlive the request that loaded it: load it
// again in the next request. When printed, logged or marshaled it shows its handle and times, but
// neither ID nor data. fmt can still print Data in two cases: %p of a Session value, and a
// mismatched verb such as %d on a struct with an unexported *Session field. It never prints the ID.
type Session[T any] struct {
	// Data is the application's data. Save stores it.
	Data T

	// IdleTimeout and AbsoluteTimeout are the timeouts of this session, in whole seconds, at least
	// one. They default to the Manager's. Save stores them with the session, and they hold for
	// every Manager.
	IdleTimeout     time.Duration
	AbsoluteTimeout time.Duration

	// Persist says that the user chose to stay signed in, so that the browser keeps the session's
	// cookie when it is closed. Save stores it; Renew and Authenticate keep it. Package web sets
	// the cookie accordingly.
	Persist bool

	// Device describes where the session was started. Set it before [Manager.Authenticate], which
	// stores it.
	Device Device

	// Federated identifies the identity provider's session that the login came from, such as the
	// issuer, a space and the sid of an OpenID Connect ID token. Set it before
	// [Manager.Authenticate], which stores it; [Manager.RevokeFederated] ends the sessions that
	// have it. At most 1024 bytes of UTF-8.
	Federated string

	id      ID
	unnamed *unnamed // makes id and rec.Key, which are zero until then; nil: they are set
	// By how much the clock that rec's times are by puts this host's right; for one never saved.
	corrected time.Duration
	// Replaces rec, whose times are by a clock that was put right since; nil: they are right.
	correcting *driver.Record
	rec        driver.Record // as last stored; before the first Save, as far as it is known
	seen       fingerprint   // of Data when it was loaded or saved
	stored     bool          // it was saved
	written    bool          // this process has written rec, so its bytes are this binary's
	gone       bool          // Destroy has ended it
	peeked     bool          // Peek has loaded it: it can't be saved
	// The Revs of writes whose outcome is unknown: the stored Rev may be one of them.
	inDoubt []string
	moving  *exchange // a renewal or login that has begun but not finished
}

// Device describes where a session was started, so that its user recognises it in the list of
// [Manager.Sessions].
type Device = driver.Device

// maxDevice is the length of both texts of a Device, in bytes.
const maxDevice = 256

// maxFederated is the length of the longest Session.Federated, in bytes.
const maxFederated = 1024

var (
	errTimeout        = errors.New("invalid timeout")
	errDevice         = errors.New("invalid device")
	errFederated      = errors.New("invalid federated session")
	errForeignSession = errors.New("not a session that a Manager made")
	errPeeked         = errors.New("the session was loaded by Peek, which is for reading: load it again to change it")
)

// ID returns the session's ID, a bearer secret: see [ID].
func (s *Session[T]) ID() ID {
	id, _ := s.name()
	return id
}

// Handle returns [ID.Handle], which identifies the session in logs and lists. It gives no access to
// the session.
func (s *Session[T]) Handle() string { return s.handle() }

// handle is Handle of a copy. The record's key is the handle already, unless it is the ID itself.
func (s Session[T]) handle() string {
	id, key := s.name()
	if rosters.IsHash(key) {
		return key
	}
	return id.Handle()
}

// Subject returns the user that [Manager.Authenticate] bound the session to; "" if there is none.
func (s *Session[T]) Subject() string { return s.rec.Subject }

// Application returns the Config.Application of the Manager that created the session; "" if it had
// none.
func (s *Session[T]) Application() string { return s.rec.Application }

// CreatedAt returns when the session began, in UTC. For a session with a subject that is the time
// of the login.
func (s *Session[T]) CreatedAt() time.Time { return s.rec.Created }

// AccessedAt returns the last recorded access, in UTC. An access is recorded at most once in
// Config.TouchInterval.
func (s *Session[T]) AccessedAt() time.Time { return s.rec.Accessed }

// ExpiresAt returns when the session expires unless it is accessed before, in UTC and whole
// seconds. It depends on the stored timeouts: changes count once they are saved.
func (s *Session[T]) ExpiresAt() time.Time { return s.rec.ExpiresAt() }

// Deadline returns when the session expires even if it is in use, in UTC and whole seconds. It
// depends on the stored timeouts.
func (s *Session[T]) Deadline() time.Time { return s.rec.Deadline() }

// IsNew reports whether the session has not been saved yet.
func (s *Session[T]) IsNew() bool { return !s.stored }

// Binding returns the session's binding to a device, or nil if it isn't bound: see [Manager.Bind].
func (s *Session[T]) Binding() []byte { return slices.Clone(s.rec.Binding) }

// Format prints the session's handle for every verb. It has a value receiver, so that a copy
// doesn't print its data either.
func (s Session[T]) Format(f fmt.State, _ rune) { io.WriteString(f, "session "+s.handle()) }

// String returns the text that Format prints.
func (s Session[T]) String() string { return fmt.Sprint(s) }

// LogValue returns the session's handle and times.
func (s Session[T]) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("handle", s.handle()),
		slog.Time("created", s.rec.Created),
		slog.Time("accessed", s.rec.Accessed),
		slog.Time("expires", s.rec.ExpiresAt()),
	)
}

// MarshalJSON returns the session's handle and times. It can't be unmarshaled: use Save to store a
// session.
func (s Session[T]) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Handle   string    `json:"handle"`
		Created  time.Time `json:"created"`
		Accessed time.Time `json:"accessed"`
		Expires  time.Time `json:"expires"`
	}{s.handle(), s.rec.Created, s.rec.Accessed, s.rec.ExpiresAt()})
}

// check returns an error that names a field that can't be stored.
func (s *Session[T]) check() error {
	if err := checkTimeout("Session.IdleTimeout", s.IdleTimeout); err != nil {
		return fmt.Errorf("%w: %w", errTimeout, err)
	}
	if err := checkTimeout("Session.AbsoluteTimeout", s.AbsoluteTimeout); err != nil {
		return fmt.Errorf("%w: %w", errTimeout, err)
	}
	switch n := len(s.Device.Name) + len(s.Device.IP); {
	case n > maxDevice:
		return fmt.Errorf("%w: Session.Device has %d bytes, must have at most %d", errDevice, n, maxDevice)
	case !utf8.ValidString(s.Device.Name) || !utf8.ValidString(s.Device.IP):
		return fmt.Errorf("%w: Session.Device must be UTF-8", errDevice)
	case len(s.Federated) > maxFederated:
		return fmt.Errorf("%w: Session.Federated has %d bytes, must have at most %d", errFederated, len(s.Federated), maxFederated)
	case !utf8.ValidString(s.Federated):
		return fmt.Errorf("%w: Session.Federated must be UTF-8", errFederated)
	}
	return nil
}

// usable refuses a session that no Manager made, that Peek loaded, or that Destroy has ended.
func usable[T any](s *Session[T]) error {
	switch {
	case isForeign(s):
		return errForeignSession
	case s.peeked:
		return errPeeked
	case s.gone:
		return ErrNotFound
	}
	return nil
}

// unnamed makes the ID and the key of a new session when they are first needed: most new sessions
// belong to visitors for whom nothing is stored. Copies of a session share it, so that they have
// the same ID.
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

// name returns the session's ID and key. It doesn't change s, since several goroutines may read a
// session.
func (s *Session[T]) name() (ID, string) {
	if s.unnamed != nil {
		return s.unnamed.name()
	}
	return s.id, s.rec.Key
}

// takeName stores the ID and the key in s, before it is saved.
func (s *Session[T]) takeName() {
	if s.unnamed != nil {
		s.id, s.rec.Key = s.unnamed.name()
		s.unnamed = nil
	}
}

// isForeign reports whether s was not made by a Manager.
func isForeign[T any](s *Session[T]) bool {
	return s == nil || s.id == (ID{}) && s.unnamed == nil
}
