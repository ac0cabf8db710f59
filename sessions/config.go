package sessions

import (
	"errors"
	"fmt"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
)

// The defaults of a [Config].
const (
	DefaultIdleTimeout     = 2 * time.Hour
	DefaultAbsoluteTimeout = 12 * time.Hour
)

// touchesPerIdle is how many touches fit into an idle timeout by default.
const touchesPerIdle = 20

// Config sets up a [Manager]. Every field may be left zero; a nil Config is the zero one.
type Config[T any] struct {
	// Codec turns T into what is stored. Defaults to [codec.JSON].
	Codec codec.Codec[T]

	// IdleTimeout ends a session so long after its last access; whole seconds, at least one. A session may have one of its
	// own, see [Session]. OWASP advises 2 to 5 minutes where much is at stake and 15 to 30 where little is. Defaults to 2 hours.
	IdleTimeout time.Duration

	// AbsoluteTimeout ends a session so long after its creation, however busy it is; whole seconds, at least one.
	// A session may have one of its own. Defaults to 12 hours.
	AbsoluteTimeout time.Duration

	// TouchInterval is how old the recorded last access must be for a Load to record a new one, which costs a write.
	// A session may therefore end by so much too early, and never too late. Must be shorter than IdleTimeout. A session
	// with a shorter idle timeout of its own gets an interval that is shorter in proportion. Negative: every access is
	// recorded. Defaults to a twentieth of IdleTimeout.
	TouchInterval time.Duration

	// IDs makes and recognises session IDs. Defaults to [RandomIDs] of 32 bytes.
	IDs IDScheme

	// Merge resolves a lost race: from what a session held when it was loaded, what this request made of it, and what another
	// has stored meanwhile, it returns what Save, Renew and Authenticate store instead. It may be called several times for one
	// of these, and must not keep or change what it is given. Its error ends the call. Defaults to nil: a lost race is
	// [ErrConflict].
	Merge func(base, ours, theirs T) (T, error)

	// AEAD encrypts the data before it is stored. Defaults to nil: data is stored as the codec makes it.
	AEAD AEAD

	// AcceptClear lets a Manager with an AEAD read data that was stored before it had one; it is encrypted at the next save, changed or not. Switch
	// it off when the absolute timeout has passed: as long as it is on, who can write to the table can put in data of his own.
	AcceptClear bool

	// SubjectLimit is how many sessions one subject may have, and what becomes of one more. Defaults to any number.
	SubjectLimit SubjectLimit

	// IncidentCheck makes Load ask, at most once in so long, whether everybody's sessions have been ended by [Manager.RevokeEverything]:
	// so much later, at most, a Manager notices. At least 1 s; one more read each time. Defaults to never, and then
	// RevokeEverything is refused.
	IncidentCheck time.Duration

	// Observer is told what happens: see [LogObserver], and package otelsessions. Defaults to nobody.
	Observer Observer

	// ObserveCapacity asks the store for the capacity that each call consumes, for [Event]. DynamoDB tells it with the answer.
	ObserveCapacity bool

	// Clock tells the time by which sessions expire. Defaults to [clock.System].
	Clock clock.Clock
}

// withDefaults returns c with each field set.
func (c *Config[T]) withDefaults() Config[T] {
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
	if out.IDs == nil {
		out.IDs = RandomIDs(defaultIDBytes)
	}
	if out.Clock == nil {
		out.Clock = clock.System()
	}
	return out
}

// validate returns an error that names the field and the bound it breaks.
func (c *Config[T]) validate() error {
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
	if c.TouchInterval >= c.IdleTimeout {
		return fmt.Errorf("Config.TouchInterval is %v: must be shorter than IdleTimeout, %v", c.TouchInterval, c.IdleTimeout)
	}
	if c.AcceptClear && c.AEAD == nil {
		return errors.New("Config.AcceptClear: must be with an AEAD")
	}
	if c.IncidentCheck != 0 && c.IncidentCheck < time.Second {
		return fmt.Errorf("Config.IncidentCheck is %v: must be at least 1s", c.IncidentCheck)
	}
	if v, ok := c.IDs.(validator); ok {
		if err := v.Validate(); err != nil {
			return fmt.Errorf("Config.IDs: %w", err)
		}
	}
	return nil
}

// checkTimeout refuses what can't be stored as whole seconds, or would end a session before it began.
func checkTimeout(field string, d time.Duration) error {
	if d < time.Second || d%time.Second != 0 {
		return fmt.Errorf("%s is %v: must be whole seconds, at least 1s", field, d)
	}
	return nil
}
