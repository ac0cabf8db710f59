// Package encrypt is a store between a Manager and its store. It encrypts what the Manager writes
// and decrypts what it reads.
package encrypt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
)

// AEAD is sessions.AEAD. It gets copies, since it may work in place.
type AEAD interface {
	Encrypt(plaintext, associatedData []byte) ([]byte, error)
	Decrypt(ciphertext, associatedData []byte) ([]byte, error)
}

// The format of encrypted data is one of these prefixes and the codec's format. unboundPrefix was
// written before the format, the application and the store's name were bound to the data; it is
// only read.
const (
	unboundPrefix = "aead+"
	prefix        = "aead2+"
)

var errPlaintext = errors.New("data is stored unencrypted, and Config.AllowPlaintext is false")

// Options say what the store reads besides data that is encrypted for it, and whether it encrypts
// what it writes.
type Options struct {
	AllowPlaintext, WritePlaintext bool
	FormerNames                    []string // of other stores, whose data is read too
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

// associated returns the associated data of a record. It binds the data to the record, its Rev, the
// store, the subject, the application, the federated session, the device, the lifetime and the
// codec's format: nobody can move the data to another record, put back an older save's, or have
// another codec read it.
func associated(rec driver.Record, format, store string) []byte {
	fixed := rec.Binding[:min(len(rec.Binding), driver.FixedBinding)]
	return associate("dynasession 2", rec, rec.Key, rec.Rev, rec.Subject, format, rec.Application, rec.Federated, string(fixed), store)
}

// unbound returns the associated data of unboundPrefix.
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
	b, err := s.aead.Encrypt(bytes.Clone(plain), associated(rec, format, s.Name()))
	if err != nil {
		return rec, fmt.Errorf("%w: encrypt: %w", driver.ErrUnavailable, err)
	}
	rec.Payload = codec.Opaque(prefix+format, b)
	return rec, nil
}

// Decrypted returns rec, a record of the store below, with its payload decrypted. If the payload
// was tampered with or damaged, the record gets one whose Bytes returns an error. An error of
// Decrypted means that the payload can't be decrypted now.
func (s *Store) Decrypted(rec driver.Record) (driver.Record, error) {
	stored := rec.Payload.Format()
	var ads [][]byte // it was encrypted with one of them
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
		if plain, err = s.aead.Decrypt(bytes.Clone(b), ad); err == nil || isOutage(err) {
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

// isOutage reports whether Decrypt failed because it lacked something, such as a key service, and
// not because of its arguments.
func isOutage(err error) bool {
	var network net.Error
	return errors.Is(err, driver.ErrUnavailable) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &network)
}

// unreadable is the payload of data that can't be decrypted.
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

// Load decrypts the payload. LoadAll doesn't: nobody reads the data of the records that it returns.
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
