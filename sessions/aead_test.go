package sessions_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// gcm is an AEAD of the standard library's parts.
type gcm struct{ cipher.AEAD }

func newGCM(t *testing.T) gcm {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	a, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return gcm{a}
}

func (g gcm) Encrypt(plaintext, ad []byte) ([]byte, error) {
	return g.Seal(nil, nil, plaintext, ad), nil
}
func (g gcm) Decrypt(sealed, ad []byte) ([]byte, error) { return g.Open(nil, nil, sealed, ad) }

// vault is a Manager whose data is encrypted, over a store that the test sees.
func newVault(t *testing.T, cfg sessions.Config[cart]) people {
	t.Helper()
	if cfg.AEAD == nil {
		cfg.AEAD = newGCM(t)
	}
	return newPeople(t, cfg)
}

func (p people) record(t *testing.T, s *sessions.Session[cart]) driver.Record {
	t.Helper()
	rec, err := p.mem.Load(t.Context(), s.Handle())
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// put stores rec as who can write to the table could.
func (p people) put(t *testing.T, rec driver.Record) {
	t.Helper()
	if err := p.mem.Delete(t.Context(), rec.Key); err != nil {
		t.Fatal(err)
	}
	if err := p.mem.Create(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
}

func TestAEAD_AWholeLife(t *testing.T) {
	is := is.New(t)
	p := newVault(t, sessions.Config[cart]{Codec: msgpack.Codec[cart]{}})
	s, err := p.here.CreateAndSave(t.Context(), cart{Items: []string{"s3cret"}})
	is.NoErr(err)
	clear := func() bool {
		b, err := p.record(t, s).Payload.Bytes()
		is.NoErr(err)
		return bytes.Contains(b, []byte("s3cret"))
	}
	is.True(!clear())
	is.Equal(p.record(t, s).Payload.Format(), "aead+msgpack")
	got, err := p.elsewhere.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Items, []string{"s3cret"})
	rev := p.record(t, s).Rev
	is.NoErr(p.elsewhere.Save(t.Context(), got)) // unchanged: not written
	is.Equal(p.record(t, s).Rev, rev)
	got.Data.Count = 2
	is.NoErr(p.elsewhere.Save(t.Context(), got))
	p.clock.Advance(time.Hour)
	s, err = p.here.Load(t.Context(), s.ID().Secret()) // touched: that changes nothing that is bound
	is.NoErr(err)
	is.NoErr(p.here.Renew(t.Context(), s))
	is.NoErr(p.here.Authenticate(t.Context(), s, "user"))
	s.AbsoluteTimeout *= 2
	is.NoErr(p.here.Save(t.Context(), s))
	got, err = p.elsewhere.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data, cart{Items: []string{"s3cret"}, Count: 2})
	is.True(!clear())
	is.Equal(p.handles(t, "user"), []string{s.Handle()})
}

func TestAEAD_WhatIsMovedOrPutBackIsRefused(t *testing.T) {
	p := newVault(t, sessions.Config[cart]{})
	login := func() *sessions.Session[cart] {
		s := p.here.Create()
		s.Data.Count = 1
		if err := p.here.Authenticate(t.Context(), s, "user"); err != nil {
			t.Fatal(err)
		}
		return s
	}
	for name, attack := range map[string]func(t *testing.T, s *sessions.Session[cart]) driver.Record{
		"data of another session": func(t *testing.T, s *sessions.Session[cart]) driver.Record {
			rec := p.record(t, s)
			rec.Payload = p.record(t, login()).Payload
			return rec
		},
		"data of an older save": func(t *testing.T, s *sessions.Session[cart]) driver.Record {
			old := p.record(t, s)
			s.Data.Count = 2
			is.New(t).NoErr(p.here.Save(t.Context(), s))
			rec := p.record(t, s)
			rec.Payload = old.Payload
			return rec
		},
		"another subject": func(t *testing.T, s *sessions.Session[cart]) driver.Record {
			rec := p.record(t, s)
			rec.Subject = "admin"
			return rec
		},
		"a longer timeout": func(t *testing.T, s *sessions.Session[cart]) driver.Record {
			rec := p.record(t, s)
			rec.AbsoluteTimeout *= 10
			return rec
		},
		"a later creation": func(t *testing.T, s *sessions.Session[cart]) driver.Record {
			rec := p.record(t, s)
			rec.Created = rec.Created.Add(time.Minute)
			return rec
		},
		"another rev": func(t *testing.T, s *sessions.Session[cart]) driver.Record {
			rec := p.record(t, s)
			rec.Rev += "x"
			return rec
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := login()
			p.put(t, attack(t, s))
			_, err := p.elsewhere.Load(t.Context(), s.ID().Secret())
			is.True(errors.Is(err, sessions.ErrDecode))
		})
	}
}

func TestAEAD_ClearDataIsReadOnlyIfThatIsSaid(t *testing.T) {
	is := is.New(t)
	p := newVault(t, sessions.Config[cart]{})
	before, err := sessions.New(p.mem, &sessions.Config[cart]{Clock: p.clock})
	is.NoErr(err)
	s, err := before.CreateAndSave(t.Context(), cart{Count: 1})
	is.NoErr(err)
	_, err = p.here.Load(t.Context(), s.ID().Secret())
	is.True(errors.Is(err, sessions.ErrDecode))
	is.True(strings.Contains(err.Error(), "Config.AllowPlaintext is false"))

	moving, err := sessions.New(p.mem, &sessions.Config[cart]{Clock: p.clock, AEAD: newGCM(t), AllowPlaintext: true})
	is.NoErr(err)
	got, err := moving.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.True(moving.Changed(got))
	is.NoErr(moving.Save(t.Context(), got))                // unchanged as it is
	is.Equal(p.record(t, s).Payload.Format(), "aead+json") // there is no way back
	rev := p.record(t, s).Rev
	got, err = moving.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data, cart{Count: 1})
	is.NoErr(moving.Save(t.Context(), got))
	is.Equal(p.record(t, s).Rev, rev) // once is enough
	_, err = before.Load(t.Context(), s.ID().Secret())
	is.True(errors.Is(err, sessions.ErrDecode))
	_, err = sessions.New(p.mem, &sessions.Config[cart]{AllowPlaintext: true})
	is.True(strings.Contains(err.Error(), "Config.AllowPlaintext: must be with an AEAD"))
}

// With whatever codec, and of data that is compared without encoding it too.
func TestAEAD_DataInTheClearIsEncryptedAtTheNextSave(t *testing.T) {
	testEncryptedAtTheNextSave(t, codec.JSON[string]{}, "s3cret")
	testEncryptedAtTheNextSave(t, comparing[string]{}, "s3cret")
	testEncryptedAtTheNextSave(t, codec.JSON[[]string]{}, []string{"s3cret"})
	testEncryptedAtTheNextSave(t, comparing[[]string]{}, []string{"s3cret"})
}

// comparing is a codec whose payloads compare in a way of their own, as the native ones do.
type comparing[T any] struct{ codec.JSON[T] }

func (c comparing[T]) Encode(v T) (codec.Payload, error) {
	p, err := c.JSON.Encode(v)
	return byBytes{p}, err
}

type byBytes struct{ codec.Payload }

func (b byBytes) Equal(p codec.Payload) bool {
	x, _ := b.Bytes()
	y, err := p.Bytes()
	return err == nil && bytes.Equal(x, y)
}

func testEncryptedAtTheNextSave[T any](t *testing.T, c codec.Codec[T], data T) {
	t.Helper()
	is := is.New(t)
	mem := memstore.New(nil)
	before, err := sessions.New(mem, &sessions.Config[T]{Codec: c})
	is.NoErr(err)
	s, err := before.CreateAndSave(t.Context(), data)
	is.NoErr(err)
	moving, err := sessions.New(mem, &sessions.Config[T]{Codec: c, AEAD: newGCM(t), AllowPlaintext: true})
	is.NoErr(err)
	got, err := moving.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.True(moving.Changed(got))
	is.NoErr(moving.Save(t.Context(), got))
	rec, err := mem.Load(t.Context(), s.Handle())
	is.NoErr(err)
	is.True(strings.HasPrefix(rec.Payload.Format(), "aead+"))
	is.True(!moving.Changed(got))
	got, err = moving.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data, data)
	is.NoErr(moving.Save(t.Context(), got))
	again, err := mem.Load(t.Context(), s.Handle())
	is.NoErr(err)
	is.Equal(again.Rev, rec.Rev) // once is enough
}

// failing is an AEAD whose KMS is out of reach.
type failingAEAD struct{ gcm }

func (failingAEAD) Encrypt([]byte, []byte) ([]byte, error) { return nil, errors.New("no KMS") }

func TestAEAD_WhoseKeyIsOutOfReach(t *testing.T) {
	is := is.New(t)
	p := newVault(t, sessions.Config[cart]{AEAD: failingAEAD{newGCM(t)}})
	_, err := p.here.CreateAndSave(t.Context(), cart{})
	is.True(errors.Is(err, sessions.ErrUnavailable))
	is.Equal(p.mem.Len(), 0)
}

// What a codec is given to decode, encrypted before or to be encrypted, shows nothing of the data however it is printed.
func TestAEAD_PrintedShowsNoData(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{}) // in the clear
	before, err := p.here.CreateAndSave(t.Context(), cart{Items: []string{"s3cret"}})
	is.NoErr(err)
	var given []codec.Payload
	c := noting{noted: func(p codec.Payload) { given = append(given, p) }}
	m, err := sessions.New(p.mem, &sessions.Config[cart]{Codec: c, Clock: p.clock, AEAD: newGCM(t), AllowPlaintext: true})
	is.NoErr(err)
	after, err := m.CreateAndSave(t.Context(), cart{Items: []string{"s3cret"}})
	is.NoErr(err)
	given = nil
	for _, s := range []*sessions.Session[cart]{before, after} {
		got, err := m.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		is.Equal(got.Data.Items, []string{"s3cret"})
	}
	is.Equal(len(given), 2)
	type holder struct{ P codec.Payload }
	for _, p := range given {
		for _, v := range []any{p, holder{p}, &holder{p}, []codec.Payload{p}} {
			for _, verb := range verbs {
				shows(t, "s3cret", fmt.Sprintf(verb, v), "a %T printed with %s", p, verb)
			}
			out, err := json.Marshal(v)
			is.NoErr(err)
			shows(t, "s3cret", string(out), "a %T as JSON", p)
			for _, log := range logs(v) {
				shows(t, "s3cret", log, "a %T logged", p)
			}
		}
	}
	is.Equal(fmt.Sprintf("%v %v", given[0], given[1]), "json payload, to be encrypted json payload, encrypted")
}

// noting is a codec that tells what it decodes.
type noting struct {
	codec.JSON[cart]
	noted func(codec.Payload)
}

func (n noting) Decode(p codec.Payload) (cart, error) {
	n.noted(p)
	return n.JSON.Decode(p)
}

func TestAEAD_AnIncidentIsKnownToAll(t *testing.T) {
	is := is.New(t)
	p := newVault(t, sessions.Config[cart]{RevocationCheck: time.Second})
	s, err := p.here.CreateAndSave(t.Context(), cart{})
	is.NoErr(err)
	p.clock.Advance(time.Second)
	is.NoErr(p.here.RevokeBefore(t.Context()))
	is.True(!p.alive(t, s))
}
