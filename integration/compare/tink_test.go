package compare

import (
	"bytes"
	"testing"
	"time"

	"github.com/matryer/is"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// A Tink keyset can be used as Config.AEAD without an adapter, and rotating its keys ends no
// session.
func TestTink(t *testing.T) {
	is := is.New(t)
	keys := keyset.NewManager()
	first, err := keys.Add(aead.AES256GCMKeyTemplate())
	is.NoErr(err)
	is.NoErr(keys.SetPrimary(first))
	store, now := memstore.New(nil), clock.NewFake(time.Now())
	manager := func() *sessions.Manager[profile] {
		handle, err := keys.Handle()
		is.NoErr(err)
		primitive, err := aead.New(handle)
		is.NoErr(err)
		m, err := sessions.New(store, &sessions.Config[profile]{AEAD: primitive, Clock: now})
		is.NoErr(err)
		return m
	}
	before := manager()
	s, err := before.CreateAndSave(t.Context(), profile{Name: "s3cret"})
	is.NoErr(err)
	stored := func() []byte {
		rec, err := store.Load(t.Context(), s.Handle())
		is.NoErr(err)
		b, err := rec.Payload.Bytes()
		is.NoErr(err)
		return b
	}
	is.True(!bytes.Contains(stored(), []byte("s3cret")))

	second, err := keys.Add(aead.AES256GCMKeyTemplate())
	is.NoErr(err)
	is.NoErr(keys.SetPrimary(second))
	after := manager()
	s, err = after.Load(t.Context(), s.ID().Secret()) // with the first key
	is.NoErr(err)
	is.Equal(s.Data.Name, "s3cret")
	old := stored()
	s.Data.Visits++
	is.NoErr(after.Save(t.Context(), s))         // with the second key
	is.True(!bytes.Equal(old[:5], stored()[:5])) // Tink's prefix identifies the key
	got, err := after.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Visits, 1)
	_, err = before.Load(t.Context(), s.ID().Secret()) // a host that does not have the new key yet
	is.True(err != nil)
}
