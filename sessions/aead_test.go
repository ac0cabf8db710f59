package sessions_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// gcm is an AEAD made of the standard library.
type gcm struct{ cipher.AEAD }

func newGCM(t *testing.T) gcm {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key)
	return gcmOf(t, key)
}

func gcmOf(t *testing.T, key []byte) gcm {
	t.Helper()
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

// newVault returns a world whose Manager encrypts data.
func newVault(t *testing.T, cfg sessions.Config[cart]) world {
	t.Helper()
	if cfg.AEAD == nil {
		cfg.AEAD = newGCM(t)
	}
	return newWorld(t, &cfg)
}

// put stores rec as anyone with write access to the table could.
func (w world) put(t *testing.T, rec driver.Record) {
	t.Helper()
	if _, err := w.mem.End(t.Context(), driver.End{Key: rec.Key}); err != nil {
		t.Fatal(err)
	}
	if err := w.mem.Create(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
}

func TestAEAD_AWholeLife(t *testing.T) {
	is := is.New(t)
	p := newVault(t, sessions.Config[cart]{Codec: msgpack.Codec[cart]{}})
	s, err := p.CreateAndSave(t.Context(), cart{Items: []string{"s3cret"}})
	is.NoErr(err)
	clear := func() bool {
		b, err := p.record(t, s).Payload.Bytes()
		is.NoErr(err)
		return bytes.Contains(b, []byte("s3cret"))
	}
	is.True(!clear())
	is.Equal(p.record(t, s).Payload.Format(), "aead2+msgpack")
	got, err := p.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Items, []string{"s3cret"})
	rev := p.record(t, s).Rev
	is.NoErr(p.other.Save(t.Context(), got)) // unchanged: not written
	is.Equal(p.record(t, s).Rev, rev)
	got.Data.Count = 2
	is.NoErr(p.other.Save(t.Context(), got))
	p.clock.Advance(time.Hour)
	s, err = p.Load(t.Context(), s.ID().Secret()) // touched: that changes no bound field
	is.NoErr(err)
	is.NoErr(p.Renew(t.Context(), s))
	is.NoErr(p.Authenticate(t.Context(), s, "user"))
	s.AbsoluteTimeout *= 2
	is.NoErr(p.Save(t.Context(), s))
	got, err = p.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data, cart{Items: []string{"s3cret"}, Count: 2})
	is.True(!clear())
	is.Equal(p.handles(t, "user"), []string{s.Handle()})
}

// Data that was encrypted before the format and the application were bound to it is still read, and
// never written in that form. An earlier version has made the file.
func TestAEAD_Golden_OldFormIsRead(t *testing.T) {
	is := is.New(t)
	file, err := os.ReadFile("testdata/aead1.json")
	is.NoErr(err)
	var golden []struct {
		ID, Key, Rev, Subject, Format string
		Payload                       []byte
		Created                       int64
		Idle, Absolute                time.Duration
	}
	is.NoErr(json.Unmarshal(file, &golden))
	is.Equal(len(golden), 2)
	for _, g := range golden {
		w := newWorld(t, &sessions.Config[cart]{AEAD: gcmOf(t, []byte("0123456789abcdef0123456789abcdef")), Application: "shop"})
		created := time.UnixMicro(g.Created).UTC()
		rec := driver.Record{
			Key: g.Key, Payload: codec.Opaque(g.Format, g.Payload), Rev: g.Rev, Subject: g.Subject, Created: created, Accessed: created,
			IdleTimeout: g.Idle * time.Second, AbsoluteTimeout: g.Absolute * time.Second,
		}
		is.NoErr(w.mem.Create(t.Context(), rec))
		s, err := w.Load(t.Context(), g.ID)
		is.NoErr(err)
		is.Equal(s.Data, cart{Items: []string{"tea", "cups"}, Count: 7})
		is.Equal(s.Subject(), g.Subject)
		is.NoErr(w.Save(t.Context(), s)) // unchanged
		is.Equal(w.record(t, s).Payload.Format(), "aead+json")
		s.Data.Count++
		is.NoErr(w.Save(t.Context(), s))
		is.Equal(w.record(t, s).Payload.Format(), "aead2+json")
		is.True(w.alive(t, s))

		// It is still bound to the same fields as then.
		for name, alter := range map[string]func(*driver.Record){
			"rev": func(r *driver.Record) { r.Rev += "x" }, "subject": func(r *driver.Record) { r.Subject += "x" },
			"created": func(r *driver.Record) { r.Created = r.Created.Add(time.Second) },
			"format":  func(r *driver.Record) { r.Payload = codec.Opaque("aead2+json", g.Payload) },
		} {
			t.Run(name, func(t *testing.T) {
				moved := rec
				alter(&moved)
				w.put(t, moved)
				_, err := w.Load(t.Context(), g.ID)
				wants.Err(t, err, sessions.ErrDecode)
			})
		}
	}
}

func TestAEAD_WhatIsMovedOrPutBackIsRefused(t *testing.T) {
	p := newVault(t, sessions.Config[cart]{Application: "shop"})
	login := func() *sessions.Session[cart] {
		s := p.Create()
		s.Data.Count = 1
		if err := p.Authenticate(t.Context(), s, "user"); err != nil {
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
			is.New(t).NoErr(p.Save(t.Context(), s))
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
		"another application": func(t *testing.T, s *sessions.Session[cart]) driver.Record {
			rec := p.record(t, s)
			rec.Application = ""
			return rec
		},
		"another federated session": func(t *testing.T, s *sessions.Session[cart]) driver.Record {
			rec := p.record(t, s)
			rec.Federated = "elsewhere"
			return rec
		},
		"another format": func(t *testing.T, s *sessions.Session[cart]) driver.Record {
			rec := p.record(t, s)
			b, err := rec.Payload.Bytes()
			is.New(t).NoErr(err)
			rec.Payload = codec.Opaque("aead2+msgpack", b)
			return rec
		},
		"the form that binds less": func(t *testing.T, s *sessions.Session[cart]) driver.Record {
			rec := p.record(t, s)
			b, err := rec.Payload.Bytes()
			is.New(t).NoErr(err)
			rec.Payload = codec.Opaque("aead+json", b)
			return rec
		},
		"another device's key": func(t *testing.T, s *sessions.Session[cart]) driver.Record {
			rec := p.record(t, s)
			rec.Binding = bytes.Repeat([]byte{1}, 40)
			return rec
		},
		"another rev": func(t *testing.T, s *sessions.Session[cart]) driver.Record {
			rec := p.record(t, s)
			rec.Rev += "x"
			return rec
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := login()
			p.put(t, attack(t, s))
			_, err := p.other.Load(t.Context(), s.ID().Secret())
			wants.Err(t, err, sessions.ErrDecode)
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
	_, err = p.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrDecode)
	wants.Text(t, err, "Config.AllowPlaintext is false")

	moving := p.with(t, sessions.Config[cart]{AEAD: newGCM(t), AllowPlaintext: true})
	got, err := moving.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data, cart{Count: 1})
	got.Data.Count = 2
	is.NoErr(moving.Save(t.Context(), got))
	_, err = before.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrDecode) // the former state can't be put back
	_, err = sessions.New(p.mem, &sessions.Config[cart]{AllowPlaintext: true})
	wants.Text(t, err, "Config.AllowPlaintext: must be with an AEAD")
}

// A read writes nothing, and a save that changes the session encrypts it, with any codec, including
// one whose payloads have a method Equal.
func TestAEAD_PlaintextIsEncryptedWhenItIsChanged(t *testing.T) {
	testEncryptedWhenChanged(t, codec.JSON[string]{}, "s3cret", "s3cret!")
	testEncryptedWhenChanged(t, comparing[string]{}, "s3cret", "s3cret!")
	testEncryptedWhenChanged(t, codec.JSON[[]string]{}, []string{"s3cret"}, nil)
	testEncryptedWhenChanged(t, comparing[[]string]{}, []string{"s3cret"}, nil)
	testEncryptedWhenChanged(t, msgpack.Codec[any]{}, any("s3cret"), any("s3cret!"))
}

// comparing is a codec whose payloads have a method Equal, like native ones.
type comparing[T any] struct{ codec.JSON[T] }

func (c comparing[T]) Encode(v T) (codec.Payload, error) {
	p, err := c.JSON.Encode(v)
	return byBytes{p}, err
}

func (c comparing[T]) EncodeOver(v T, stored codec.Payload) (codec.Payload, error) {
	p, err := c.JSON.EncodeOver(v, stored)
	return byBytes{p}, err
}

type byBytes struct{ codec.Payload }

func (b byBytes) Equal(p codec.Payload) bool {
	x, _ := b.Bytes()
	y, err := p.Bytes()
	return err == nil && bytes.Equal(x, y)
}

func testEncryptedWhenChanged[T any](t *testing.T, c codec.Codec[T], data, changed T) {
	t.Helper()
	is := is.New(t)
	mem := memstore.New(nil)
	before, err := sessions.New(mem, &sessions.Config[T]{Codec: c})
	is.NoErr(err)
	s, err := before.CreateAndSave(t.Context(), data)
	is.NoErr(err)
	stored := func() driver.Record {
		rec, err := mem.Load(t.Context(), s.Handle())
		is.NoErr(err)
		return rec
	}
	rev := stored().Rev
	moving, err := sessions.New(mem, &sessions.Config[T]{Codec: c, AEAD: newGCM(t), AllowPlaintext: true})
	is.NoErr(err)
	got, err := moving.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.True(!moving.Changed(got))
	is.NoErr(moving.Save(t.Context(), got))
	is.Equal(stored().Rev, rev) // unchanged: the other binary can still read it
	got.Data = changed
	is.True(moving.Changed(got))
	is.NoErr(moving.Save(t.Context(), got))
	is.True(strings.HasPrefix(stored().Payload.Format(), "aead2+"))
	rev = stored().Rev
	is.True(!moving.Changed(got))
	got, err = moving.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data, changed)
	is.NoErr(moving.Save(t.Context(), got))
	is.Equal(stored().Rev, rev)
}

// failingAEAD is an AEAD whose KMS can't be reached.
type failingAEAD struct{ gcm }

func (failingAEAD) Encrypt([]byte, []byte) ([]byte, error) { return nil, errors.New("no KMS") }

func TestAEAD_WhoseKeyIsOutOfReach(t *testing.T) {
	is := is.New(t)
	p := newVault(t, sessions.Config[cart]{AEAD: failingAEAD{newGCM(t)}})
	_, err := p.CreateAndSave(t.Context(), cart{})
	wants.Err(t, err, sessions.ErrUnavailable)
	is.Equal(p.mem.Len(), 0)
}

// The payloads that a codec decodes, encrypted or not, don't show the data, however they are
// printed.
func TestAEAD_PrintedShowsNoData(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, nil) // in the clear
	before, err := p.CreateAndSave(t.Context(), cart{Items: []string{"s3cret"}})
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
	is.Equal(fmt.Sprintf("%v %v", given[0], given[1]), "json payload, 30 bytes json payload, 30 bytes")
}

// noting is a codec that passes on the payloads that it decodes.
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
	s, err := p.CreateAndSave(t.Context(), cart{})
	is.NoErr(err)
	p.clock.Advance(time.Second)
	is.NoErr(p.RevokeBefore(t.Context(), p.clock.Now()))
	is.True(!p.alive(t, s))
}

// A key service that is down is an outage: nobody is signed out, and users can still sign out.
func TestAEAD_AKeyServiceThatIsDown(t *testing.T) {
	for name, down := range map[string]error{
		"network":            &net.OpError{Op: "dial", Err: errors.New("connection refused")},
		"deadline":           fmt.Errorf("kms: %w", context.DeadlineExceeded),
		"its own word of it": fmt.Errorf("kms: %w", sessions.ErrUnavailable),
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			aead := &switched{gcm: newGCM(t)}
			w := newVault(t, sessions.Config[cart]{AEAD: aead})
			s := w.Create()
			s.Data.Count = 5
			is.NoErr(w.Authenticate(t.Context(), s, "user"))
			aead.down = down
			for _, load := range []func(context.Context, string) (*sessions.Session[cart], error){w.Load, w.Peek, w.LoadOrCreate} {
				_, err := load(t.Context(), s.ID().Secret())
				wants.Err(t, err, sessions.ErrUnavailable)
				wants.NotErr(t, err, sessions.ErrDecode)
				wants.NotErr(t, err, sessions.ErrNotFound)
			}
			_, err := w.Update(t.Context(), s.ID().Secret(), func(*cart) error { return nil })
			wants.Err(t, err, sessions.ErrUnavailable)
			is.Equal(len(w.handles(t, "user")), 1) // a list needs no data
			aead.down = nil
			got, err := w.Load(t.Context(), s.ID().Secret())
			is.NoErr(err)
			is.Equal(got.Data.Count, 5)
			aead.down = down
			is.NoErr(w.DestroyID(t.Context(), s.ID().Secret()))
			another := w.other.Create()
			aead.down = nil
			is.NoErr(w.other.Authenticate(t.Context(), another, "user"))
			aead.down = down
			is.NoErr(w.Destroy(t.Context(), another))
			aead.down = nil
			is.True(!w.alive(t, s) && !w.alive(t, another))
			_, err = w.RevokeAll(t.Context(), "user")
			is.NoErr(err)
		})
	}
}

// switched is an AEAD whose Decrypt can be switched off.
type switched struct {
	gcm
	down error
}

func (s *switched) Decrypt(sealed, ad []byte) ([]byte, error) {
	if s.down != nil {
		return nil, s.down
	}
	return s.gcm.Decrypt(sealed, ad)
}

// named is a store whose Name returns name.
type named struct {
	driver.Store
	name string
}

func (n named) Name() string { return n.name }

// An item that is copied into another table under the same key signs nobody in there, unless
// FormerTables names the first table; then the next change binds it to the second.
func TestAEAD_AnItemOfAnotherTableIsRefused(t *testing.T) {
	is := is.New(t)
	key := newGCM(t)
	manager := func(mem *memstore.Store, table string, former ...string) *sessions.Manager[cart] {
		m, err := sessions.New(named{mem, table}, &sessions.Config[cart]{AEAD: key, FormerTables: former})
		is.NoErr(err)
		return m
	}
	first, second := memstore.New(nil), memstore.New(nil)
	s, err := manager(first, "eu").CreateAndSave(t.Context(), cart{Count: 1})
	is.NoErr(err)
	id := s.ID().Secret()
	rec, err := first.Load(t.Context(), s.Handle())
	is.NoErr(err)
	is.NoErr(second.Create(t.Context(), rec))
	for _, m := range []*sessions.Manager[cart]{manager(second, "us"), manager(second, ""), manager(second, "us", "e", "u"), manager(second, "eu2")} {
		_, err = m.Load(t.Context(), id)
		wants.Err(t, err, sessions.ErrDecode)
	}

	restored := manager(second, "us", "older", "eu")
	got, err := restored.Load(t.Context(), id)
	is.NoErr(err)
	is.Equal(got.Data.Count, 1)
	got.Data.Count = 2
	is.NoErr(restored.Save(t.Context(), got))
	got, err = manager(second, "us").Load(t.Context(), id)
	is.NoErr(err)
	is.Equal(got.Data.Count, 2)
	_, err = manager(second, "eu").Load(t.Context(), id)
	wants.Err(t, err, sessions.ErrDecode)
}

// asked is an AEAD whose key service fails after the first answer.
type asked struct {
	sessions.AEAD
	calls int
}

func (a *asked) Decrypt(sealed, ad []byte) ([]byte, error) {
	if a.calls++; a.calls > 1 {
		return nil, context.DeadlineExceeded
	}
	return a.AEAD.Decrypt(sealed, ad)
}

// While the key service is down, nobody can know whether a former name fits.
func TestAEAD_AnOutageWhileFormerTablesAreTried(t *testing.T) {
	is := is.New(t)
	mem, key := memstore.New(nil), newGCM(t)
	before, err := sessions.New(named{mem, "before"}, &sessions.Config[cart]{AEAD: key})
	is.NoErr(err)
	s, err := before.CreateAndSave(t.Context(), cart{Count: 1})
	is.NoErr(err)
	now, err := sessions.New(named{mem, "now"}, &sessions.Config[cart]{AEAD: &asked{AEAD: key}, FormerTables: []string{"before"}})
	is.NoErr(err)
	_, err = now.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrUnavailable)
}
