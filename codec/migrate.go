package codec

import (
	"errors"

	"github.com/dynasession/dynasession/codec/internal/fault"
)

// Migrate returns a codec that reads what old wrote, as a New that f makes of it. It writes
// nothing: its Encode is an error. So a type may change while sessions of the old one are stored,
// as one of the codecs that an [Upgrade] reads:
//
//	codec.Upgrade(codec.Version(2, codec.JSON[V2]{}), codec.Migrate(codec.JSON[V1]{}, toV2))
//
// f returns the New for an Old. It is called at each Load of a session that is still stored as an
// Old, by several goroutines at the same time: it gives the same answer each time, and keeps what
// it doesn't understand out of the New by an error. An error or a panic of f is an error of Decode,
// which a Manager returns as ErrDecode; its text tells the type of f's error and nothing that it
// says, and errors.Is and errors.As find it.
//
// Migrations chain: Migrate(Migrate(JSON[V1]{}, toV2), toV3) reads a V1 as a V3.
//
// A nil old or f, and a Migrate in the place of a codec that writes, are an error of the New of a
// Manager, and of Decode.
func Migrate[Old, New any](old Codec[Old], f func(Old) (New, error)) Codec[New] {
	return &migrate[Old, New]{old, f}
}

type migrate[Old, New any] struct {
	old Codec[Old]
	f   func(Old) (New, error)
}

var errReads = errors.New("Migrate: only reads: give it to Upgrade, after the codec that writes")

// Validate returns an error: it is called on codecs that are to write.
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

// open has nothing: what an Old doesn't know may be what a New has made of something else.
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

// unformatted returns err without its cause if that is ErrFormat: the payload is of the right
// format, whatever f has tried.
func unformatted(err error) error {
	if errors.Is(err, ErrFormat) {
		return fault.New(nil, "%v", err)
	}
	return err
}
