package encrypt_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/internal/encrypt"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// vowels is an AEAD that hides nothing: it writes the associated data beside the text, so that
// tests see both.
type vowels struct{ down error }

func (v *vowels) Encrypt(plaintext, ad []byte) ([]byte, error) {
	if v.down != nil {
		return nil, v.down
	}
	return fmt.Appendf(nil, "%d:%s%s", len(ad), ad, plaintext), nil
}

func (v *vowels) Decrypt(sealed, ad []byte) ([]byte, error) {
	if v.down != nil {
		return nil, v.down
	}
	plain, ok := strings.CutPrefix(string(sealed), fmt.Sprintf("%d:%s", len(ad), ad))
	if !ok {
		return nil, errors.New("it is not what was encrypted")
	}
	return []byte(plain), nil
}

func record() driver.Record {
	at := time.Date(2026, 3, 1, 9, 0, 0, 123456000, time.UTC)
	return driver.Record{
		Key: "key", Payload: codec.Opaque("json", []byte(`"tea"`)), Rev: "rev", Subject: "ada", Application: "shop", Federated: "idp 1",
		Device: driver.Device{Name: "d"}, Persist: true, Binding: []byte(strings.Repeat("b", driver.FixedBinding) + "+"),
		Created: at, Accessed: at, IdleTimeout: time.Hour, AbsoluteTimeout: 2 * time.Hour,
	}
}

func TestEncrypt_WhatIsWrittenIsReadAgain(t *testing.T) {
	is := is.New(t)
	below := cued.New(memstore.New(nil))
	s := encrypt.New(below, &vowels{}, encrypt.Options{})
	rec := record()
	is.NoErr(s.Create(t.Context(), rec))
	stored, err := below.Load(t.Context(), "key")
	is.NoErr(err)
	is.Equal(stored.Payload.Format(), "aead2+json")
	got, err := s.Load(t.Context(), "key")
	is.NoErr(err)
	is.True(codec.Equal(got.Payload, rec.Payload))
	is.Equal(got.Payload.Format(), "json")
	got.Payload, rec.Payload = nil, nil
	is.Equal(got, rec)

	next := record()
	next.Rev, next.Payload = "rev 2", codec.Opaque("msgpack", []byte("\x01"))
	is.NoErr(s.Replace(t.Context(), next, "rev"))
	stored, err = below.Load(t.Context(), "key")
	is.NoErr(err)
	is.Equal(stored.Payload.Format(), "aead2+msgpack")
	got, err = s.Load(t.Context(), "key")
	is.NoErr(err)
	is.True(codec.Equal(got.Payload, next.Payload))
}

// Data can't be decrypted after a bound field of its record was changed; other fields may change.
func TestEncrypt_WhatIsBound(t *testing.T) {
	for name, c := range map[string]struct {
		alter func(*driver.Record)
		bound bool
	}{
		"Rev":             {func(r *driver.Record) { r.Rev = "other" }, true},
		"Subject":         {func(r *driver.Record) { r.Subject = "bob" }, true},
		"Application":     {func(r *driver.Record) { r.Application = "" }, true},
		"Federated":       {func(r *driver.Record) { r.Federated = "" }, true},
		"Created":         {func(r *driver.Record) { r.Created = r.Created.Add(time.Microsecond) }, true},
		"IdleTimeout":     {func(r *driver.Record) { r.IdleTimeout += time.Second }, true},
		"AbsoluteTimeout": {func(r *driver.Record) { r.AbsoluteTimeout += time.Second }, true},
		"Binding, fixed":  {func(r *driver.Record) { r.Binding[0] = 'x' }, true},
		"no Binding":      {func(r *driver.Record) { r.Binding = nil }, true},
		"the format": {func(r *driver.Record) {
			b, _ := r.Payload.Bytes()
			r.Payload = codec.Opaque("aead2+msgpack", b)
		}, true},
		"the form that binds less": {func(r *driver.Record) {
			b, _ := r.Payload.Bytes()
			r.Payload = codec.Opaque("aead+json", b)
		}, true},
		// Adjacent texts have a boundary.
		"Rev and Subject":         {func(r *driver.Record) { r.Rev, r.Subject = "reva", "da" }, true},
		"Application, Federated":  {func(r *driver.Record) { r.Application, r.Federated = "shopidp", " 1" }, true},
		"Accessed":                {func(r *driver.Record) { r.Accessed = r.Accessed.Add(time.Minute) }, false},
		"Device":                  {func(r *driver.Record) { r.Device.Name = "x" }, false},
		"Persist":                 {func(r *driver.Record) { r.Persist = false }, false},
		"Page":                    {func(r *driver.Record) { r.Page, r.FederatedPage = 3, 4 }, false},
		"Binding, after its head": {func(r *driver.Record) { r.Binding = append(r.Binding, '+') }, false},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			below := cued.New(memstore.New(nil))
			s := encrypt.New(below, &vowels{}, encrypt.Options{AllowPlaintext: true, FormerNames: []string{"elsewhere"}})
			is.NoErr(s.Create(t.Context(), record()))
			below.On("Load", func(call *cued.Call) error {
				err := call.Do()
				c.alter(&call.Record)
				return err
			})
			got, err := s.Load(t.Context(), "key")
			is.NoErr(err)
			_, err = got.Payload.Bytes()
			is.Equal(err != nil, c.bound)
		})
	}
}

// A key service that is down is an outage; it doesn't mean that stored data is wrong.
func TestEncrypt_OutagesAreToldFromWrongData(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		outage bool
	}{
		"its own word for it": {fmt.Errorf("kms: %w", driver.ErrUnavailable), true},
		"a deadline":          {fmt.Errorf("kms: %w", context.DeadlineExceeded), true},
		"a cancellation":      {context.Canceled, true},
		"a network error":     {&net.OpError{Op: "dial", Err: errors.New("connection refused")}, true},
		"a name that is not resolved": {
			fmt.Errorf("kms: %w", &net.DNSError{Err: "no such host", Name: "kms.example"}), true,
		},
		"anything else": {errors.New("cipher: message authentication failed"), false},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			aead := &vowels{}
			s := encrypt.New(memstore.New(nil), aead, encrypt.Options{})
			is.NoErr(s.Create(t.Context(), record()))
			aead.down = c.err
			got, err := s.Load(t.Context(), "key")
			if c.outage {
				wants.Err(t, err, driver.ErrUnavailable)
				wants.Err(t, err, c.err)
				wants.NotErr(t, err, driver.ErrDecode)
			} else {
				is.NoErr(err)
				_, err = got.Payload.Bytes()
				wants.Err(t, err, c.err)
			}
			// Encrypting fails too, for the same reason.
			next := record()
			next.Rev = "rev 2"
			wants.Err(t, s.Replace(t.Context(), next, "rev"), driver.ErrUnavailable)
			next.Key = "another"
			wants.Err(t, s.Create(t.Context(), next), driver.ErrUnavailable)
		})
	}
}

// Only what reads data decrypts: a session can be listed, touched and ended while the key service
// is down.
// once is an AEAD that is down for one Decrypt.
type once struct {
	vowels
	down error
}

func (o *once) Decrypt(sealed, ad []byte) ([]byte, error) {
	if err := o.down; err != nil {
		o.down = nil
		return nil, err
	}
	return o.vowels.Decrypt(sealed, ad)
}

// With former names there is more than one try. An outage of the first isn't hidden by the next,
// which can't succeed.
func TestEncrypt_AnOutageOfOneTryIsAnOutage(t *testing.T) {
	is := is.New(t)
	below := memstore.New(nil)
	is.NoErr(encrypt.New(below, &vowels{}, encrypt.Options{}).Create(t.Context(), record()))
	s := encrypt.New(below, &once{down: context.DeadlineExceeded}, encrypt.Options{FormerNames: []string{"elsewhere", "nowhere"}})
	_, err := s.Load(t.Context(), "key")
	wants.Err(t, err, driver.ErrUnavailable)
	got, err := s.Load(t.Context(), "key")
	is.NoErr(err)
	is.True(codec.Equal(got.Payload, record().Payload))
}

func TestEncrypt_NothingElseNeedsTheKey(t *testing.T) {
	is := is.New(t)
	aead := &vowels{}
	s := encrypt.New(memstore.New(nil), aead, encrypt.Options{})
	is.NoErr(s.Create(t.Context(), record()))
	aead.down = errors.New("down")
	all, err := s.LoadAll(t.Context(), []string{"key"})
	is.NoErr(err)
	is.NoErr(all[0].Err)
	is.Equal(all[0].Record.Subject, "ada")
	at := record().Accessed.Add(time.Minute)
	is.NoErr(s.Touch(t.Context(), "key", at, at.Add(time.Hour)))
	_, err = s.End(t.Context(), driver.End{Key: "key", Marker: driver.Marker{Why: driver.Destroyed, Rev: "m", At: at, Until: at.Add(time.Hour)}})
	is.NoErr(err)
	_, err = s.Load(t.Context(), "key")
	wants.Err(t, err, driver.ErrEnded)
}

// Records under reserved keys, which a Manager keeps for all sessions, stay unencrypted: hosts with
// and without a key read them.
func TestEncrypt_ReservedKeysStayAsTheyAre(t *testing.T) {
	is := is.New(t)
	mem := memstore.New(nil)
	s := encrypt.New(mem, &vowels{down: errors.New("down")}, encrypt.Options{})
	rec := record()
	rec.Key = "incident:not-before"
	is.NoErr(s.Create(t.Context(), rec))
	next := rec
	next.Rev = "rev 2"
	is.NoErr(s.Replace(t.Context(), next, "rev"))
	got, err := s.Load(t.Context(), rec.Key)
	is.NoErr(err)
	is.Equal(got.Payload.Format(), "json")
}

func TestEncrypt_PlaintextIsReadOnlyIfThatIsAllowed(t *testing.T) {
	is := is.New(t)
	mem := memstore.New(nil)
	is.NoErr(mem.Create(t.Context(), record()))
	got, err := encrypt.New(mem, &vowels{}, encrypt.Options{AllowPlaintext: true}).Load(t.Context(), "key")
	is.NoErr(err)
	is.True(codec.Equal(got.Payload, record().Payload))
	got, err = encrypt.New(mem, &vowels{}, encrypt.Options{}).Load(t.Context(), "key")
	is.NoErr(err)
	_, err = got.Payload.Bytes()
	wants.Text(t, err, "stored unencrypted", "Config.AllowPlaintext is false")
	is.Equal(fmt.Sprint(got.Payload), "json payload, unreadable")
}

// inPlace is an AEAD that overwrites its arguments, as cipher.AEAD does if dst overlaps them.
type inPlace struct{ cipher.AEAD }

func (a inPlace) Encrypt(plaintext, ad []byte) ([]byte, error) {
	nonce := make([]byte, a.NonceSize())
	rand.Read(nonce)
	return append(nonce, a.Seal(plaintext[:0], nonce, plaintext, ad)...), nil
}

func (a inPlace) Decrypt(sealed, ad []byte) ([]byte, error) {
	nonce, sealed := sealed[:a.NonceSize()], sealed[a.NonceSize():]
	return a.Open(sealed[:0], nonce, sealed, ad)
}

func TestEncrypt_AnAEADMayOverwriteItsArguments(t *testing.T) {
	is := is.New(t)
	block, err := aes.NewCipher(make([]byte, 16))
	is.NoErr(err)
	gcm, err := cipher.NewGCM(block)
	is.NoErr(err)
	below := memstore.New(nil)
	rec := record()
	rec.Payload = codec.Opaque("json", append(make([]byte, 0, 100), `"tea"`...)) // with room for the tag
	is.NoErr(encrypt.New(named{below, "former"}, inPlace{gcm}, encrypt.Options{}).Create(t.Context(), rec))
	is.True(codec.Equal(rec.Payload, record().Payload))
	s := encrypt.New(named{below, "present"}, inPlace{gcm}, encrypt.Options{FormerNames: []string{"former"}})
	for range 2 {
		got, err := s.Load(t.Context(), "key")
		is.NoErr(err)
		is.True(codec.Equal(got.Payload, record().Payload))
	}
}

// named is a store with another name.
type named struct {
	driver.Store
	name string
}

func (n named) Name() string { return n.name }
