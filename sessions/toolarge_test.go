package sessions_test

import (
	"errors"
	"runtime"
	"slices"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/codec/zstd"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

// huge is 400 MB as it would be stored, and little in memory.
func huge() []string {
	text := string(make([]byte, codec.EncodeLimit/10))
	return slices.Repeat([]string{text}, 1000)
}

func TestTooLarge_IsRefusedBeforeTheWork(t *testing.T) {
	plain := map[string]codec.Codec[cart]{"json": codec.JSON[cart]{}, "msgpack": msgpack.Codec[cart]{}, "native": attribute.Codec[cart]{}}
	huge := huge()
	for name, c := range plain {
		for around, cfg := range map[string]sessions.Config[cart]{
			"plain":     {Codec: c},
			"encrypted": {Codec: codec.Upgrade(codec.Compress(codec.Version(2, c), zstd.New(), 0), c), AEAD: newGCM(t)},
		} {
			t.Run(name+", "+around, func(t *testing.T) {
				is := is.New(t)
				w := newWorld(t, &cfg)
				ctx := t.Context()
				before := w.saved(t, cart{Count: 1})
				loaded := func() *sessions.Session[cart] {
					s, err := w.Load(ctx, before.ID().Secret())
					is.NoErr(err)
					s.Data.Items = huge
					return s
				}
				fresh := w.Create()
				fresh.Data.Items = huge
				for call, f := range map[string]func() error{
					"CreateAndSave": func() error { _, err := w.CreateAndSave(ctx, cart{Items: huge}); return err },
					"Save, new":     func() error { return w.Save(ctx, fresh) },
					"Save":          func() error { return w.Save(ctx, loaded()) },
					"Update": func() error {
						_, err := w.Update(ctx, before.ID().Secret(), func(c *cart) error { c.Items = huge; return nil })
						return err
					},
					"Renew":             func() error { return w.Renew(ctx, loaded()) },
					"Authenticate":      func() error { return w.Authenticate(ctx, loaded(), "ada") },
					"Authenticate, new": func() error { return w.Authenticate(ctx, fresh, "ada") },
					"Changed": func() error {
						is.True(w.Changed(loaded()))
						return sessions.ErrTooLarge
					},
				} {
					var err error
					made := allocated(func() { err = f() })
					wants.Err(t, err, sessions.ErrTooLarge)
					var large *sessions.TooLargeError
					if call != "Changed" {
						is.True(errors.As(err, &large))
						wants.Text(t, err, "at least", "4194304")
					}
					if made > 256<<10 {
						t.Errorf("%s: %d bytes of memory", call, made)
					}
					for _, name := range w.store.Took() {
						is.True(name == "Load" || name == "LoadRosters") // nothing was written
					}
				}
				is.True(w.alive(t, before))
			})
		}
	}
}

func TestTooLarge_WhatCompressesIsStored(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{Codec: codec.Compress[cart](codec.JSON[cart]{}, zstd.New(), 0), AEAD: newGCM(t)})
	items := huge()[:1]
	s := w.saved(t, cart{Items: items})
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Items, items)
	b, err := w.record(t, s).Payload.Bytes()
	is.NoErr(err)
	is.True(len(b) < codec.EncodeLimit/100)
}

// allocated returns how many bytes of memory f makes.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
