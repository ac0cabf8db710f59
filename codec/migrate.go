package codec

import (
	"errors"

	"github.com/dynasession/dynasession/codec/internal/fault"
)

// Migrate returns a codec that reads what old wrote and converts it to a New with f. It only reads:
// Encode returns an error. Use it as one of the codecs that an [Upgrade] reads, to change a type
// while sessions of the old one are stored:
//
//	codec.Upgrade(codec.Version(2, codec.JSON[V2]{}), codec.Migrate(codec.JSON[V1]{}, toV2))
//
// f returns the New for an Old. It is called at each Load of a session that is still stored as an
// Old, also concurrently. It must return the same New for the same Old, and an error for an Old
// that it can't convert. If f returns an error or panics, Decode returns an error, and a Manager
// returns ErrDecode. Its text has the type of f's error but not its message; errors.Is and
// errors.As find the error itself.
//
// Migrations chain: Migrate(Migrate(JSON[V1]{}, toV2), toV3) reads a V1 as a V3.
//
// If old or f is nil, or a Migrate is used as the codec that writes, sessions.New returns an error.
func Migrate[Old, New any](old Codec[Old], f func(Old) (New, error)) Codec[New] {
	return &migrate[Old, New]{old, f}
}

type migrate[Old, New any] struct {
	old Codec[Old]
	f   func(Old) (New, error)
}

var errReads = errors.New("Migrate: only reads: give it to Upgrade, after the codec that writes")

// Validate returns an error, since it is called for codecs that write.
func (m *migrate[Old, New]) Validate() error { return m.validate(false) }

func (m *migrate[Old, New]) validate(reading bool) error {
	if err := m.usable(); err != nil {
		return err
	}
	if !reading {
		return errReads
	}
	if err := validate(m.old, true); err != nil {
		return fault.New(err, "Migrate: old: %v", err)
	}
	return nil
}

func (m *migrate[Old, New]) usable() error {
	switch {
	case m.old == nil:
		return errors.New("Migrate: old is nil")
	case m.f == nil:
		return errors.New("Migrate: f is nil")
	}
	return nil
}

func (m *migrate[Old, New]) forms() []form {
	forms := formsOf(m.old)
	for i := range forms {
		forms[i].by = m
	}
	return forms
}

// open is never ok: a member that Old doesn't know may be one that f makes from others.
func (m *migrate[Old, New]) open(Payload) (Payload, bool) { return nil, false }

func (m *migrate[Old, New]) Encode(New) (Payload, error) { return nil, errReads }

func (m *migrate[Old, New]) Decode(p Payload) (New, error) {
	var zero New
	if err := m.usable(); err != nil {
		return zero, err
	}
	old, err := m.old.Decode(p)
	if err != nil {
		return zero, err
	}
	v, err := m.call(old)
	if err != nil {
		return zero, err
	}
	return v, nil
}

func (m *migrate[Old, New]) call(old Old) (v New, err error) {
	defer func() {
		if p := fault.Panicked(recover(), "Migrate: f"); p != nil {
			err = unformatted(p)
		}
	}()
	if v, err = m.f(old); err != nil {
		return v, unformatted(fault.Custom(err, "Migrate: f failed"))
	}
	return v, nil
}

// unformatted hides the cause of err if that is ErrFormat: the payload has the right format, and
// only f failed with it.
func unformatted(err error) error {
	if errors.Is(err, ErrFormat) {
		return fault.New(nil, "%v", err)
	}
	return err
}
