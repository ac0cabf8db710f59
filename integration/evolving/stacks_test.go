package evolving_test

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/matryer/is"
	"pgregory.net/rapid"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/codec/zstd"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// stack is a codec of several layers: a format, and what wraps it, the innermost first.
type stack struct {
	base   string
	layers []string
}

func drawStack(t *rapid.T, name string) stack {
	return stack{
		rapid.SampledFrom([]string{"json", "msgpack", "native"}).Draw(t, name),
		rapid.SliceOfN(rapid.SampledFrom([]string{"v2", "v3", "zstd", "flate"}), 0, 3).Draw(t, name+" in"),
	}
}

var frames = zstd.New()

func codecOf[T any](s stack) codec.Codec[T] {
	c := map[string]codec.Codec[T]{"json": codec.JSON[T]{}, "msgpack": msgpack.Codec[T]{}, "native": attribute.Codec[T]{}}[s.base]
	for _, layer := range s.layers {
		switch layer {
		case "v2":
			c = codec.Version(2, c)
		case "v3":
			c = codec.Version(3, c)
		case "zstd":
			c = codec.Compress(c, frames, 1)
		case "flate":
			c = codec.Compress(c, deflate{}, 200)
		}
	}
	return c
}

type deflate struct{}

func (deflate) Name() string { return "flate" }

func (deflate) Compress(src []byte) ([]byte, error) {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestSpeed)
	w.Write(src)
	err := w.Close()
	return out.Bytes(), err
}

func (deflate) Decompress(src []byte, limit int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(src)), int64(limit)+1))
	if err == nil && len(b) > limit {
		err = errors.New("too long")
	}
	return b, err
}

// narrow and broad are a type before and after a change, which adds Extra, In.Y and Sub.Y.
type (
	narrow struct {
		Name string
		Tags []string
		In   struct{ X int }
		Map  map[string]any
		Sub  *struct{ X string }
	}
	broad struct {
		Extra map[string]string
		Name  string
		Tags  []string
		In    struct {
			Y []byte
			X int
		}
		Map map[string]any
		Sub *struct{ X, Y string }
	}
)

func toBroad(n narrow) (b broad, err error) {
	b.Name, b.Tags, b.In.X, b.Map = n.Name, n.Tags, n.In.X, n.Map
	if n.Sub != nil {
		b.Sub = &struct{ X, Y string }{X: n.Sub.X}
	}
	return b, nil
}

func toNarrow(b broad) (n narrow, err error) {
	n.Name, n.Tags, n.In.X, n.Map = b.Name, b.Tags, b.In.X, b.Map
	if b.Sub != nil {
		n.Sub = &struct{ X string }{b.Sub.X}
	}
	return n, nil
}

// bytesOnly is a store that keeps of a payload only its format and bytes, and counts writes.
type bytesOnly struct {
	writes
	instead codec.Payload // if not nil, Load returns it
}

func (s *bytesOnly) Load(ctx context.Context, key string) (driver.Record, error) {
	rec, err := s.writes.Load(ctx, key)
	if s.instead != nil && err == nil && !driver.Reserved(key) {
		rec.Payload = s.instead
	}
	return rec, err
}

func opaque(rec driver.Record) (driver.Record, error) {
	if rec.Payload == nil {
		return rec, nil
	}
	b, err := rec.Payload.Bytes()
	rec.Payload = codec.Opaque(rec.Payload.Format(), bytes.Clone(b))
	return rec, err
}

func (s *bytesOnly) Create(ctx context.Context, rec driver.Record) error {
	rec, err := opaque(rec)
	if err != nil {
		return err
	}
	return s.writes.Create(ctx, rec)
}

func (s *bytesOnly) Replace(ctx context.Context, rec driver.Record, rev string) error {
	rec, err := opaque(rec)
	if err != nil {
		return err
	}
	return s.writes.Replace(ctx, rec, rev)
}

// service is an AEAD that may be out of reach.
type service struct {
	sessions.AEAD
	down bool
}

var errDown = fmt.Errorf("kms: %w", context.DeadlineExceeded)

func (s *service) Encrypt(plain, ad []byte) ([]byte, error) {
	if s.down {
		return nil, errDown
	}
	return s.AEAD.Encrypt(plain, ad)
}

func (s *service) Decrypt(sealed, ad []byte) ([]byte, error) {
	if s.down {
		return nil, errDown
	}
	return s.AEAD.Decrypt(sealed, ad)
}

// Two binaries with any two stacks of codecs, each of which reads what the other writes, share a
// session: nothing is lost, reads write nothing, and every error says what it is.
func TestStacks(t *testing.T) {
	aead := newAEAD(t)
	rapid.Check(t, func(t *rapid.T) {
		is, ctx := is.New(t), t.Context()
		one, two := drawStack(t, "old"), drawStack(t, "new")
		kms := &service{AEAD: aead}
		var before sessions.Config[narrow]
		var after sessions.Config[broad]
		encrypts := false
		switch rapid.SampledFrom([]string{"plain", "reading", "writing", "always"}).Draw(t, "encryption") {
		case "reading":
			after.AEAD, after.AllowPlaintext, after.WritePlaintext = kms, true, true
		case "writing":
			before.AEAD, before.AllowPlaintext, before.WritePlaintext = kms, true, true
			after.AEAD, after.AllowPlaintext = kms, true
		case "always":
			encrypts = true
			before.AEAD, after.AEAD = kms, kms
		}
		migrates := rapid.Bool().Draw(t, "migrates")
		if migrates {
			two.layers = append(two.layers, "v2")
			one.layers = append(one.layers, "v3")
			before.Codec = codec.Upgrade(codecOf[narrow](one), codec.Migrate(codecOf[broad](two), toNarrow))
			after.Codec = codec.Upgrade(codecOf[broad](two), codec.Migrate(codecOf[narrow](one), toBroad))
		} else {
			before.Codec = codec.Upgrade(codecOf[narrow](one), codecOf[narrow](two))
			after.Codec = codec.Upgrade(codecOf[broad](two), codecOf[broad](one))
		}
		if fmt.Sprint(one) == fmt.Sprint(two) {
			before.Codec, after.Codec = codecOf[narrow](one), codecOf[broad](two)
		}
		store := &bytesOnly{writes: writes{Store: memstore.New(nil)}}
		old, err := sessions.New(store, &before)
		next, err2 := sessions.New(store, &after)
		if err != nil || err2 != nil {
			is.True(err != nil && err2 != nil) // two codecs that read a format differently, for both
			t.Skip(err)
		}
		keeps := !migrates && one.base == two.base // all that is unknown, at every write

		text := rapid.OneOf(rapid.StringN(0, 20, 40), rapid.Custom(func(t *rapid.T) string {
			return strings.Repeat("s3cret"+rapid.StringN(0, 3, 9).Draw(t, "part"), rapid.IntRange(1, 200).Draw(t, "times"))
		}))
		want := broad{Name: "s3cret", Map: map[string]any{}}
		s, err := next.CreateAndSave(ctx, want)
		is.NoErr(err)
		id := s.ID().Secret()
		stored := func() driver.Record {
			rec, err := next.Load(ctx, id)
			is.NoErr(err)
			r, err := store.Load(ctx, rec.Handle())
			is.NoErr(err)
			return r
		}
		check := func() {
			t.Helper()
			writes := store.n.Load()
			n, err := old.Load(ctx, id)
			is.NoErr(err)
			b, err := next.Load(ctx, id)
			is.NoErr(err)
			if !keeps { // what isn't kept is gone
				if b.Data.Extra == nil {
					want.Extra = nil
				}
				if b.Data.In.Y == nil {
					want.In.Y = nil
				}
				if b.Data.Sub != nil && b.Data.Sub.Y == "" {
					want.Sub.Y = ""
				}
			}
			less, _ := toNarrow(want)
			is.Equal(n.Data, less)
			is.Equal(b.Data, want)
			is.NoErr(old.Save(ctx, n))
			is.NoErr(next.Save(ctx, b))
			is.Equal(store.n.Load(), writes)
		}
		changeOld := func(n *narrow) {
			want.Name = text.Draw(t, "name")
			want.In.X++
			n.Name, n.In.X = want.Name, want.In.X
			if want.Sub != nil {
				want.Sub.X = text.Draw(t, "sub")
				n.Sub.X = want.Sub.X
			}
		}
		changeNew := func(b *broad) {
			want.Tags = append(want.Tags[:len(want.Tags):len(want.Tags)], text.Draw(t, "tag"))
			want.Extra = map[string]string{"e" + text.Draw(t, "key"): text.Draw(t, "value")}
			want.In.Y = []byte("y" + text.Draw(t, "y"))
			b.Tags, b.Extra, b.In.Y = want.Tags, want.Extra, want.In.Y
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) { check() },
			"the old changes it": func(*rapid.T) {
				n, err := old.Load(ctx, id)
				is.NoErr(err)
				changeOld(&n.Data)
				is.NoErr(old.Save(ctx, n))
			},
			"the new changes it": func(*rapid.T) {
				_, err := next.Update(ctx, id, func(b *broad) error { changeNew(b); return nil })
				is.NoErr(err)
			},
			"the new points to something": func(*rapid.T) {
				_, err := next.Update(ctx, id, func(b *broad) error {
					want.Sub = &struct{ X, Y string }{"x", "y" + text.Draw(t, "y")}
					b.Sub = &struct{ X, Y string }{want.Sub.X, want.Sub.Y}
					return nil
				})
				is.NoErr(err)
			},
			"the old adds to the map": func(*rapid.T) {
				n, err := old.Load(ctx, id)
				is.NoErr(err)
				k, v := "k"+text.Draw(t, "key"), text.Draw(t, "value")
				want.Map[k] = v
				if n.Data.Map == nil {
					n.Data.Map = map[string]any{}
				}
				n.Data.Map[k] = v
				is.NoErr(old.Save(ctx, n))
			},
			"both at once": func(*rapid.T) {
				n, err := old.Load(ctx, id)
				is.NoErr(err)
				b, err := next.Load(ctx, id)
				is.NoErr(err)
				if keeps {
					changeNew(&b.Data)
				} else { // what the old one loses would be a change too
					want.Tags = append(want.Tags[:len(want.Tags):len(want.Tags)], "both")
					b.Data.Tags = want.Tags
				}
				changeOld(&n.Data)
				if rapid.Bool().Draw(t, "old first") {
					is.NoErr(old.Save(ctx, n))
					is.NoErr(next.Save(ctx, b))
				} else {
					is.NoErr(next.Save(ctx, b))
					is.NoErr(old.Save(ctx, n))
				}
			},
			"it is renewed": func(*rapid.T) {
				if rapid.Bool().Draw(t, "by the old") {
					n, err := old.Load(ctx, id)
					is.NoErr(err)
					is.NoErr(old.Renew(ctx, n))
					id = n.ID().Secret()
					return
				}
				b, err := next.Load(ctx, id)
				is.NoErr(err)
				is.NoErr(next.Renew(ctx, b))
				id = b.ID().Secret()
			},
			"the key service is down": func(*rapid.T) {
				rec := stored()
				kms.down = true
				_, err := old.Load(ctx, id)
				_, err2 := next.Load(ctx, id)
				kms.down = false
				encrypted := strings.HasPrefix(rec.Payload.Format(), "aead")
				for _, err := range []error{err, err2} {
					if errors.Is(err, sessions.ErrUnavailable) != encrypted || errors.Is(err, sessions.ErrDecode) || (err != nil) != encrypted {
						t.Fatalf("the error is %v", err)
					}
				}
			},
			"the stored bytes are damaged": func(*rapid.T) {
				rec := stored()
				b, err := rec.Payload.Bytes()
				is.NoErr(err)
				if encrypts {
					is.True(!bytes.Contains(b, []byte("s3cret")))
				}
				bad := bytes.Clone(b)
				switch rapid.SampledFrom([]string{"cut", "flip", "random"}).Draw(t, "damage") {
				case "cut":
					bad = bad[:rapid.IntRange(0, len(bad)-1).Draw(t, "at")]
				case "flip":
					bad[rapid.IntRange(0, len(bad)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
				case "random":
					bad = rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "bytes")
				}
				if bytes.Equal(bad, b) {
					return
				}
				store.instead = codec.Opaque(rec.Payload.Format(), bad)
				_, err = old.Load(ctx, id)
				_, err2 := next.Load(ctx, id)
				store.instead = nil
				for _, err := range []error{err, err2} {
					if err == nil && !strings.HasPrefix(rec.Payload.Format(), "aead") {
						continue // the damage is in a text
					}
					if !errors.Is(err, sessions.ErrDecode) || errors.Is(err, sessions.ErrUnavailable) {
						t.Fatalf("the error is %v", err)
					}
				}
			},
		})
	})
}
