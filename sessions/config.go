package sessions

import (
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/event"
)

// Config configures a [Manager]. Every field may be left zero; a nil Config is the zero one.
type Config[T any] struct {
	// Codec turns T into what is stored. Defaults to [codec.JSON].
	Codec codec.Codec[T]

	// IdleTimeout is how long a session may go unused before it expires; whole seconds, at least
	// one. A session may have its own, see [Session]. OWASP advises 2 to 5 minutes for high-value
	// applications and 15 to 30 for low-risk ones. Defaults to 2 hours.
	IdleTimeout time.Duration

	// AbsoluteTimeout is how long a session may last, however busy it is; whole seconds, at least
	// one. A session may have its own. Defaults to 12 hours.
	AbsoluteTimeout time.Duration

	// TouchInterval is how old the recorded last access must be for a Load to record a new one,
	// which costs a write. A session may therefore expire up to TouchInterval early, but never
	// late. Must be shorter than IdleTimeout. A session with a shorter idle timeout of its own has
	// a proportionally shorter interval. Negative: every access is recorded. Defaults to a
	// twentieth of IdleTimeout.
	TouchInterval time.Duration

	// IDs makes and recognises session IDs. Defaults to [RandomIDs] of 32 bytes.
	IDs IDScheme

	// Merge resolves a lost race. It gets the data as it was loaded (base), as this request changed
	// it (ours) and as another request has stored it since (theirs), and returns what Save, Renew
	// and Authenticate store instead. It may be called several times for one call, and must not
	// keep or change its arguments. If it returns an error, the call returns that error. Defaults
	// to [MergeFields]; with [NoMerge] a lost race is always [ErrConflict].
	Merge func(base, ours, theirs T) (T, error)

	// DropUnknown makes writes drop the stored fields that T doesn't have. Defaults to false: they
	// are kept, so that during a deploy an older binary doesn't erase what a newer one has stored.
	// A codec that is not a codec.Keeper always drops them.
	DropUnknown bool

	// Application names one of several applications that share a table: none of them sees the
	// sessions, subjects and revocations of another. At most 256 bytes of UTF-8. A session that was
	// stored without an Application is accepted by all; a Manager without one accepts no other. See
	// docs/operations.md for how to move a live table.
	Application string

	// AEAD encrypts the data before it is stored. Defaults to nil: data is stored as the codec
	// encodes it.
	AEAD AEAD

	// AllowPlaintext lets a Manager with an AEAD read data that was stored before it had one; the
	// next save that changes it encrypts it. Switch it off when the absolute timeout has passed:
	// while it is on, anyone with write access to the table can inject unencrypted data.
	AllowPlaintext bool

	// WritePlaintext stores data unencrypted although there is an AEAD, which then only decrypts.
	// It requires AllowPlaintext. Use it as the first step of a rolling switch to encryption, so
	// that no host gets data it can't read, and to roll back: see docs/evolving.md.
	WritePlaintext bool

	// FormerTables lists tables whose encrypted sessions this Manager also reads, after a restore,
	// copy or rename. Encrypted data is bound to its table's name, so an item that is copied into
	// another table signs nobody in there. The next save that changes such a session binds it to
	// the present table. It requires AEAD.
	FormerTables []string

	// SubjectLimit caps a subject's concurrent sessions and decides what happens at the cap.
	// Defaults to no cap.
	SubjectLimit SubjectLimit

	// RevocationCheck is how often Load checks for a [Manager.RevokeBefore], and so the longest a
	// Manager takes to notice one. At least 1 s; each check is one more read. Defaults to never;
	// RevokeBefore then returns an error.
	RevocationCheck time.Duration

	// PeekFor lets [Manager.Peek] answer from this process's memory if the Manager has read the
	// session within that time: for pages that ask many times a second. Peek then notices a logout
	// or a change by another process up to PeekFor late. At least 1ms, at most 1m and at most
	// IdleTimeout. Defaults to 0: every Peek asks the store.
	PeekFor time.Duration

	// PeekBytes is the most memory, in bytes, that PeekFor may use; the least recently used
	// sessions make room. A session takes its size and about 1 KB. It requires PeekFor, and must be
	// at least 65536. Defaults to [DefaultPeekBytes], 16 MB.
	PeekBytes int

	// Observer receives an event per operation: see [event.Log], and package otelsessions. Defaults
	// to none.
	Observer event.Observer

	// ObserveCapacity asks the store for the capacity that each call consumes, for [event.Event].
	ObserveCapacity bool

	// Clock tells the time by which sessions expire. Defaults to the store's clock, which for
	// package dynamo is right even if this host's clock is not.
	Clock clock.Clock
}

// AEAD encrypts a session's data before a store sees it. It is the interface of Tink's primitive
// (github.com/tink-crypto/tink-go), so a Tink keyset, local or in a KMS, needs no adapter; Tink
// also rotates keys and decrypts with older ones. It must be safe for concurrent use. It may
// overwrite the plaintext and the ciphertext that it gets, and must not keep them, nor what it
// returns. Decrypt must fail if the associated data differ from those at encryption.
//
// The associated data are the store's name and the record's key, Rev, subject, application,
// federated session, format, creation time, timeouts and the fixed part of its device binding. So
// nobody with access to the table can move data to another session, subject or table, restore an
// older save, or extend a session's life. All of these except the store's name are stored
// unencrypted, as are the device and the last access, since the store needs them.
//
// If Decrypt fails because a service can't be reached, its error must wrap [ErrUnavailable], a
// context's error or a [net.Error]: then Load returns ErrUnavailable, and the session stays alive.
// Any other error means that the data was tampered with or damaged: Load returns [ErrDecode].
type AEAD interface {
	Encrypt(plaintext, associatedData []byte) ([]byte, error)
	Decrypt(ciphertext, associatedData []byte) ([]byte, error)
}

// validator is a part of a [Config] that can check itself.
type validator interface{ Validate() error }

// touchesPerIdle is how many default TouchIntervals an idle timeout has.
const touchesPerIdle = 20

// DefaultPeekBytes is Config.PeekBytes by default: room for some ten thousand sessions of 1 KB, a
// small part of the memory of a server that has so many concurrent sessions.
const DefaultPeekBytes = 16 << 20

// The bounds of Config.PeekFor and PeekBytes. A page's requests come within a second or two; an
// application that can wait longer than a minute to notice a logout can keep the session itself.
const (
	minPeekFor   = time.Millisecond
	maxPeekFor   = time.Minute
	minPeekBytes = 64 << 10
)

// withDefaults returns c with each field set.
func (c *Config[T]) withDefaults(store Store) Config[T] {
	var out Config[T]
	if c != nil {
		out = *c
	}
	if out.Codec == nil {
		out.Codec = codec.JSON[T]{}
	}
	if out.IdleTimeout == 0 {
		out.IdleTimeout = DefaultIdleTimeout
	}
	if out.AbsoluteTimeout == 0 {
		out.AbsoluteTimeout = DefaultAbsoluteTimeout
	}
	if out.TouchInterval == 0 {
		out.TouchInterval = out.IdleTimeout / touchesPerIdle
	}
	if out.Merge == nil {
		out.Merge = MergeFields[T]
	}
	if out.IDs == nil {
		out.IDs = RandomIDs(defaultIDBytes)
	}
	if out.PeekFor != 0 && out.PeekBytes == 0 {
		out.PeekBytes = DefaultPeekBytes
	}
	if out.Clock == nil {
		out.Clock = store.Clock()
	}
	return out
}

// maxApplication is the length of the longest Config.Application, in bytes.
const maxApplication = 256

// validate returns an error that names the field and the bound it breaks.
func (c *Config[T]) validate() error {
	if err := c.validateParts(); err != nil {
		return err
	}
	if v, ok := c.Codec.(validator); ok {
		if err := v.Validate(); err != nil {
			return fmt.Errorf("Config.Codec: %w", err)
		}
	}
	if err := checkTimeout("Config.IdleTimeout", c.IdleTimeout); err != nil {
		return err
	}
	if err := checkTimeout("Config.AbsoluteTimeout", c.AbsoluteTimeout); err != nil {
		return err
	}
	switch n := len(c.Application); {
	case c.TouchInterval >= c.IdleTimeout:
		return fmt.Errorf("Config.TouchInterval is %v: must be shorter than IdleTimeout, %v", c.TouchInterval, c.IdleTimeout)
	case n > maxApplication:
		return fmt.Errorf("Config.Application has %d bytes: must have at most %d", n, maxApplication)
	case !utf8.ValidString(c.Application):
		return errors.New("Config.Application: must be UTF-8")
	case c.AllowPlaintext && c.AEAD == nil:
		return errors.New("Config.AllowPlaintext: must be with an AEAD")
	case c.WritePlaintext && !c.AllowPlaintext:
		return errors.New("Config.WritePlaintext: must be with AllowPlaintext")
	case len(c.FormerTables) > 0 && c.AEAD == nil:
		return errors.New("Config.FormerTables: requires an AEAD")
	case slices.Contains(c.FormerTables, ""):
		return errors.New("Config.FormerTables: must not have an empty name")
	case c.RevocationCheck != 0 && c.RevocationCheck < time.Second:
		return fmt.Errorf("Config.RevocationCheck is %v: must be at least 1s", c.RevocationCheck)
	}
	if err := validateIDs(c.IDs); err != nil {
		return fmt.Errorf("Config.IDs: %w", err)
	}
	if err := c.validatePeek(); err != nil {
		return err
	}
	return c.SubjectLimit.validate()
}

var errNil = errors.New("is nil")

// validateParts refuses nil pointers in the interfaces, which look set and panic at the first call.
func (c *Config[T]) validateParts() error {
	switch {
	case c.Clock == nil:
		return errors.New("Config.Clock: must be set, as the store has none")
	case isNil(c.Clock):
		return fmt.Errorf("Config.Clock: %w", errNil)
	case isNil(c.Codec):
		return fmt.Errorf("Config.Codec: %w", errNil)
	case c.AEAD != nil && isNil(c.AEAD):
		return fmt.Errorf("Config.AEAD: %w", errNil)
	case c.Observer != nil && isNil(c.Observer):
		return fmt.Errorf("Config.Observer: %w", errNil)
	}
	return nil
}

// validatePeek checks PeekFor and PeekBytes.
func (c *Config[T]) validatePeek() error {
	switch {
	case c.PeekFor == 0 && c.PeekBytes != 0:
		return errors.New("Config.PeekBytes: must be with PeekFor")
	case c.PeekFor == 0:
		return nil
	case c.PeekFor < minPeekFor:
		return fmt.Errorf("Config.PeekFor is %v: must be at least %v, or 0", c.PeekFor, minPeekFor)
	case c.PeekFor > maxPeekFor:
		return fmt.Errorf("Config.PeekFor is %v: must be at most %v", c.PeekFor, maxPeekFor)
	case c.PeekFor > c.IdleTimeout:
		return fmt.Errorf("Config.PeekFor is %v: must be at most IdleTimeout, %v", c.PeekFor, c.IdleTimeout)
	case c.PeekBytes < minPeekBytes:
		return fmt.Errorf("Config.PeekBytes is %d: must be at least %d", c.PeekBytes, minPeekBytes)
	}
	return nil
}

// checkTimeout refuses timeouts that are not whole seconds, or not positive.
func checkTimeout(field string, d time.Duration) error {
	if d < time.Second || d%time.Second != 0 {
		return fmt.Errorf("%s is %v: must be whole seconds, at least 1s", field, d)
	}
	return nil
}
