package sessions

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/dynasession/dynasession/codec"
)

// AEAD encrypts a session's data before a store sees it. It is the interface of Tink's primitive (github.com/tink-crypto/tink-go), so that
// a Tink keyset, local or behind a KMS, fits as it is; Tink also rotates keys, and still reads what older keys have encrypted. It must be
// safe for concurrent use, and refuse what was encrypted with other associated data.
//
// The associated data are the record's key, Rev, subject, creation and timeouts: what is stored under one session can't be put into
// another, nor put back from an older save, nor be given to another subject or a longer life. What a store needs is in the clear: those
// fields, the device and the last access.
type AEAD interface {
	Encrypt(plaintext, associatedData []byte) ([]byte, error)
	Decrypt(ciphertext, associatedData []byte) ([]byte, error)
}

// sealedPrefix begins the format of data that is encrypted; that of the codec follows.
const sealedPrefix = "aead+"

var errInClear = errors.New("data is stored in the clear, and Config.AcceptClear is false")

// sealer stands between a Manager and its store: what goes down is encrypted, what comes up is decrypted.
type sealer struct {
	Store
	aead        AEAD
	acceptClear bool
}

// rosterSealer is a sealer on a store that keeps rosters.
type rosterSealer struct {
	sealer
	rosters SubjectStore
}

// sealing returns store, or a sealer on it if the Config has an AEAD.
func sealing[T any](store Store, c Config[T]) Store {
	if c.AEAD == nil {
		return store
	}
	s := sealer{store, c.AEAD, c.AcceptClear}
	if rosters, ok := store.(SubjectStore); ok {
		return &rosterSealer{s, rosters}
	}
	return &s
}

// associated returns what is bound to a record's data.
func associated(rec Record) []byte {
	ad := []byte("dynasession 1")
	for _, text := range []string{rec.Key, rec.Rev, rec.Subject} {
		ad = binary.BigEndian.AppendUint64(ad, uint64(len(text)))
		ad = append(ad, text...)
	}
	for _, n := range []int64{rec.Created.UnixMicro(), int64(rec.IdleTimeout), int64(rec.AbsoluteTimeout)} {
		ad = binary.BigEndian.AppendUint64(ad, uint64(n))
	}
	return ad
}

func (s *sealer) seal(rec Record) (Record, error) {
	b, err := rec.Payload.Bytes()
	if err != nil {
		return rec, fmt.Errorf("%w: %w", errEncode, err)
	}
	sealed, err := s.aead.Encrypt(b, associated(rec))
	if err != nil {
		return rec, fmt.Errorf("%w: encrypt: %w", ErrUnavailable, err)
	}
	rec.Payload = codec.Opaque(sealedPrefix+rec.Payload.Format(), sealed)
	return rec, nil
}

// open returns rec with a payload that is decrypted when it is read.
func (s *sealer) open(rec Record) Record {
	format, sealed := strings.CutPrefix(rec.Payload.Format(), sealedPrefix)
	if !sealed && s.acceptClear {
		rec.Payload = clearPayload{rec.Payload}
	} else {
		stored := rec
		rec.Payload = &sealedPayload{format: format, open: func() ([]byte, error) {
			if !sealed {
				return nil, errInClear
			}
			b, err := stored.Payload.Bytes()
			if err != nil {
				return nil, err
			}
			return s.aead.Decrypt(b, associated(stored))
		}}
	}
	return rec
}

// clearPayload is data that was stored in the clear, and is to be encrypted.
type clearPayload struct{ codec.Payload }

// inClear reports whether the next save is to write rec, changed or not.
func (r Record) inClear() bool {
	_, clear := r.Payload.(clearPayload)
	return clear
}

// String shows the format, and nothing of the data.
func (p clearPayload) String() string { return p.Format() + " payload, to be encrypted" }

// GoString is String.
func (p clearPayload) GoString() string { return p.String() }

// sealedPayload is data as a store has kept it, which is decrypted once, when it is asked for.
type sealedPayload struct {
	format string
	open   func() ([]byte, error)
	opened bool
	data   func() []byte // a function, which no verb of fmt looks into
	err    error
}

func (p *sealedPayload) Format() string { return p.format }

func (p *sealedPayload) Bytes() ([]byte, error) {
	if !p.opened {
		data, err := p.open()
		p.opened, p.data, p.err = true, func() []byte { return data }, err
	}
	return p.data(), p.err
}

// String shows the format, and nothing of the data.
func (p *sealedPayload) String() string { return p.format + " payload, encrypted" }

func (s *sealer) Create(ctx context.Context, rec Record) error {
	rec, err := s.seal(rec)
	if err != nil {
		return err
	}
	return s.Store.Create(ctx, rec)
}

func (s *sealer) Load(ctx context.Context, key string) (Record, error) {
	rec, err := s.Store.Load(ctx, key)
	if err != nil || key == incidentKey {
		return rec, err
	}
	return s.open(rec), nil
}

func (s *sealer) Replace(ctx context.Context, rec Record, rev string) error {
	rec, err := s.seal(rec)
	if err != nil {
		return err
	}
	return s.Store.Replace(ctx, rec, rev)
}

func (s *sealer) Rename(ctx context.Context, from string, rec Record, rev string) error {
	rec, err := s.seal(rec)
	if err != nil {
		return err
	}
	return s.Store.Rename(ctx, from, rec, rev)
}

func (s *rosterSealer) LoadRoster(ctx context.Context, key string) (Roster, error) {
	return s.rosters.LoadRoster(ctx, key)
}

func (s *rosterSealer) Transact(ctx context.Context, t Transaction) error {
	if t.Create != nil {
		rec, err := s.seal(*t.Create)
		if err != nil {
			return err
		}
		t.Create = &rec
	}
	if t.Replace != nil {
		rec, err := s.seal(t.Replace.Record)
		if err != nil {
			return err
		}
		t.Replace = &Replace{rec, t.Replace.Rev}
	}
	return s.rosters.Transact(ctx, t)
}
