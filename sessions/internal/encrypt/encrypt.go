// Package encrypt stands between a Manager and its store: what goes down is encrypted, what comes
// up is decrypted.
package encrypt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
)

// AEAD is sessions.AEAD.
type AEAD interface {
	Encrypt(plaintext, associatedData []byte) ([]byte, error)
	Decrypt(ciphertext, associatedData []byte) ([]byte, error)
}

// The prefixes of the format of data that is encrypted, before that of the codec. The first was
// written before the format, the application and the store's name were bound to the data, and is
// only read.
const (
	unboundPrefix = "aead+"
	prefix        = "aead2+"
)

var errPlaintext = errors.New("data is stored unencrypted, and Config.AllowPlaintext is false")

// Options say what else is read than what is encrypted for the store, and what is written.
type Options struct {
	AllowPlaintext, WritePlaintext bool
	FormerNames                    []string // of stores whose data is read too
}

// New returns store with its payloads encrypted.
func New(store driver.Store, aead AEAD, options Options) *Store {
	return &Store{store, aead, options}
}

// Store is a [driver.Store] whose payloads are encrypted.
type Store struct {
	driver.Store
	aead    AEAD
	options Options
}

// associated returns what is bound to a record's data: so data can't be put into another record or
// another store, nor an older save's into this one, nor be given to another subject, application or
// life, nor be read by another codec.
func associated(rec driver.Record, format, store string) []byte {
	fixed := rec.Binding[:min(len(rec.Binding), driver.FixedBinding)]
	return associate("dynasession 2", rec, rec.Key, rec.Rev, rec.Subject, format, rec.Application, rec.Federated, string(fixed), store)
}

// unbound returns what was bound to data of the first prefix.
func unbound(rec driver.Record) []byte {
	return associate("dynasession 1", rec, rec.Key, rec.Rev, rec.Subject)
}

func associate(what string, rec driver.Record, texts ...string) []byte {
	ad := []byte(what)
	for _, text := range texts {
		ad = binary.BigEndian.AppendUint64(ad, uint64(len(text)))
		ad = append(ad, text...)
	}
	for _, n := range []int64{rec.Created.UnixMicro(), int64(rec.IdleTimeout), int64(rec.AbsoluteTimeout)} {
		ad = binary.BigEndian.AppendUint64(ad, uint64(n))
	}
	return ad
}

func (s *Store) encrypted(rec driver.Record) (driver.Record, error) {
	if s.options.WritePlaintext || driver.Reserved(rec.Key) {
		return rec, nil
	}
	format := rec.Payload.Format()
	plain, err := rec.Payload.Bytes()
	if err != nil {
		return rec, fmt.Errorf("encode: %w", err)
	}
	b, err := s.aead.Encrypt(plain, associated(rec, format, s.Name()))
	if err != nil {
		return rec, fmt.Errorf("%w: encrypt: %w", driver.ErrUnavailable, err)
	}
	rec.Payload = codec.Opaque(prefix+format, b)
	return rec, nil
}

// Decrypted returns rec, as the store below keeps it, with its payload decrypted. If the payload is not what was encrypted, rec
// has one that says so when it is read; an error means that it could not be decrypted now.
func (s *Store) Decrypted(rec driver.Record) (driver.Record, error) {
	stored := rec.Payload.Format()
	var ads [][]byte // one of them was bound to the data
	format, ok := strings.CutPrefix(stored, prefix)
	if ok {
		ads = append(ads, associated(rec, format, s.Name()))
		for _, name := range s.options.FormerNames {
			ads = append(ads, associated(rec, format, name))
		}
	} else if format, ok = strings.CutPrefix(stored, unboundPrefix); ok {
		ads = append(ads, unbound(rec))
	} else {
		if !s.options.AllowPlaintext {
			rec.Payload = unreadable{stored, errPlaintext}
		}
		return rec, nil
	}
	b, err := rec.Payload.Bytes()
	if err != nil {
		rec.Payload = unreadable{format, err}
		return rec, nil
	}
	var plain []byte
	for _, ad := range ads {
		if plain, err = s.aead.Decrypt(b, ad); err == nil || isOutage(err) {
			break
		}
	}
	switch {
	case err == nil:
		rec.Payload = codec.Opaque(format, plain)
	case isOutage(err):
		return rec, fmt.Errorf("%w: decrypt: %w", driver.ErrUnavailable, err)
	default:
		rec.Payload = unreadable{format, fmt.Errorf("decrypt: %w", err)}
	}
	return rec, nil
}

// isOutage reports whether a Decrypt failed for want of what it needs, such as a key service, and
// not because of what it was given.
func isOutage(err error) bool {
	var network net.Error
	return errors.Is(err, driver.ErrUnavailable) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &network)
}

// unreadable is the payload of data that can't be had.
type unreadable struct {
	format string
	err    error
}

func (p unreadable) Format() string         { return p.format }
func (p unreadable) Bytes() ([]byte, error) { return nil, p.err }

// String shows the format.
func (p unreadable) String() string { return p.format + " payload, unreadable" }

func (s *Store) Create(ctx context.Context, rec driver.Record) error {
	rec, err := s.encrypted(rec)
	if err != nil {
		return err
	}
	return s.Store.Create(ctx, rec)
}

// Load decrypts. LoadAll doesn't: nobody reads the data of many.
func (s *Store) Load(ctx context.Context, key string) (driver.Record, error) {
	rec, err := s.Store.Load(ctx, key)
	if err != nil || driver.Reserved(key) {
		return rec, err
	}
	return s.Decrypted(rec)
}

func (s *Store) Replace(ctx context.Context, rec driver.Record, rev string) error {
	rec, err := s.encrypted(rec)
	if err != nil {
		return err
	}
	return s.Store.Replace(ctx, rec, rev)
}
