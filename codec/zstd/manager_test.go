package zstd_test

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"strings"
	"testing"

	klauspost "github.com/klauspost/compress/zstd"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/codectest"
	"github.com/dynasession/dynasession/codec/zstd"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// cart has flat fields, and a field that must be encoded to be compared.
type cart struct {
	Note  string
	Items []string
}

func newCart(n int) cart {
	c := cart{Note: "s3cret"}
	for i := range n {
		c.Items = append(c.Items, fmt.Sprint("number ", i*i))
	}
	return c
}

func manager[T any](t *testing.T, store sessions.Store, c codec.Codec[T], aead sessions.AEAD) *sessions.Manager[T] {
	t.Helper()
	m, err := sessions.New(store, &sessions.Config[T]{Codec: c, AEAD: aead})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// gcm is an AEAD made of the standard library.
type gcm struct{ cipher.AEAD }

func (g gcm) Encrypt(plaintext, ad []byte) ([]byte, error) {
	return g.Seal(nil, nil, plaintext, ad), nil
}
func (g gcm) Decrypt(sealed, ad []byte) ([]byte, error) { return g.Open(nil, nil, sealed, ad) }

func newGCM(t *testing.T) sessions.AEAD {
	t.Helper()
	is := is.New(t)
	block, err := aes.NewCipher(make([]byte, 32))
	is.NoErr(err)
	a, err := cipher.NewGCMWithRandomNonce(block)
	is.NoErr(err)
	return gcm{a}
}

func TestManager_WritesUnchangedDataNever(t *testing.T) {
	for format, c := range with[cart]() {
		for prefix, aead := range map[string]sessions.AEAD{"": nil, "aead2+": newGCM(t)} {
			t.Run(prefix+format, func(t *testing.T) {
				is, ctx := is.New(t), t.Context()
				mem := memstore.New(nil)
				m := manager(t, mem, c, aead)
				s, err := m.CreateAndSave(ctx, newCart(200))
				is.NoErr(err)
				first, err := mem.Load(ctx, s.Handle())
				is.NoErr(err)
				is.Equal(first.Payload.Format(), prefix+format)
				is.NoErr(m.Save(ctx, s)) // unchanged since the save
				s, err = m.Load(ctx, s.ID().Secret())
				is.NoErr(err)
				is.NoErr(m.Save(ctx, s)) // unchanged since the load
				rec, err := mem.Load(ctx, s.Handle())
				is.NoErr(err)
				is.Equal(rec.Rev, first.Rev)

				s.Data.Items[7] = "another"
				is.NoErr(m.Save(ctx, s))
				rec, err = mem.Load(ctx, s.Handle())
				is.NoErr(err)
				is.True(rec.Rev != first.Rev)
				s, err = manager(t, mem, c, aead).Load(ctx, s.ID().Secret())
				is.NoErr(err)
				is.Equal(s.Data.Items[7], "another")
			})
		}
	}
}

func TestManager_WritesNothingForAnotherVersionsSake(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	mem := memstore.New(nil)
	m := manager(t, mem, with[cart]()["zstd+json"], nil)
	s, err := m.CreateAndSave(ctx, newCart(200))
	is.NoErr(err)
	rec, err := mem.Load(ctx, s.Handle())
	is.NoErr(err)
	ours, err := rec.Payload.Bytes()
	is.NoErr(err)
	plain, err := zstd.New().Decompress(ours, 1<<20)
	is.NoErr(err)
	e, err := klauspost.NewWriter(nil, klauspost.WithEncoderConcurrency(1), klauspost.WithEncoderLevel(klauspost.SpeedBestCompression))
	is.NoErr(err)
	theirs := e.EncodeAll(plain, nil)
	is.True(string(theirs) != string(ours))
	rec.Payload = codec.Opaque("zstd+json", theirs)
	before := rec.Rev
	rec.Rev = "another"
	is.NoErr(mem.Replace(ctx, rec, before))

	s, err = m.Load(ctx, s.ID().Secret())
	is.NoErr(err)
	is.NoErr(m.Save(ctx, s))
	rec, err = mem.Load(ctx, s.Handle())
	is.NoErr(err)
	b, err := rec.Payload.Bytes()
	is.NoErr(err)
	is.Equal(string(b), string(theirs))
}

func TestManager_FlatDataIsNotEvenEncoded(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	type note struct{ Text string }
	m := manager[note](t, memstore.New(nil), with[note]()["zstd+json"], nil)
	s, err := m.CreateAndSave(ctx, note{strings.Repeat("abcdefgh", 500)})
	is.NoErr(err)
	s, err = m.Load(ctx, s.ID().Secret())
	is.NoErr(err)
	is.True(testing.AllocsPerRun(100, func() {
		if err := m.Save(ctx, s); err != nil {
			t.Error(err)
		}
	}) < 10)
	s.Data.Text += "!"
	is.NoErr(m.Save(ctx, s))
	s, err = m.Load(ctx, s.ID().Secret())
	is.NoErr(err)
	is.True(strings.HasSuffix(s.Data.Text, "h!"))
}

func TestManager_MovesHostByHost(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	mem, plain := memstore.New(nil), codec.JSON[cart]{}
	after := codec.Compress(plain, zstd.New(), 0)
	steps := []*sessions.Manager[cart]{
		manager(t, mem, plain, nil), manager(t, mem, codec.Upgrade(plain, after), nil), manager(t, mem, after, nil),
	}
	for i, writer := range steps {
		s, err := writer.CreateAndSave(ctx, newCart(200))
		is.NoErr(err)
		for j, reader := range steps {
			got, err := reader.Load(ctx, s.ID().Secret())
			if i-j > 1 { // a binary that compresses never runs beside one that can't read it
				wants.Err(t, err, sessions.ErrDecode)
				continue
			}
			is.NoErr(err)
			is.Equal(got.Data, newCart(200))
		}
	}
	s, err := steps[0].CreateAndSave(ctx, newCart(200))
	is.NoErr(err)
	stored := func() string {
		rec, err := mem.Load(ctx, s.Handle())
		is.NoErr(err)
		return rec.Payload.Format()
	}
	s, err = steps[2].Load(ctx, s.ID().Secret())
	is.NoErr(err)
	is.NoErr(steps[2].Save(ctx, s)) // a different stored form is not a change
	is.Equal(stored(), "json")
	s.Data = newCart(201)
	is.NoErr(steps[2].Save(ctx, s)) // a change is stored in the new form
	is.Equal(stored(), "zstd+json")
}

func TestManager_ABombIsAnErrDecode(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	mem := memstore.New(nil)
	m := manager(t, mem, with[cart]()["zstd+json"], nil)
	s, err := m.CreateAndSave(ctx, newCart(200))
	is.NoErr(err)
	rec, err := mem.Load(ctx, s.Handle())
	is.NoErr(err)
	rec.Payload = codec.Opaque("zstd+json", claims(1<<40, block(true, 1, 1, "x")))
	before := rec.Rev
	rec.Rev = "another"
	is.NoErr(mem.Replace(ctx, rec, before))
	_, err = m.Load(ctx, s.ID().Secret())
	wants.Err(t, err, sessions.ErrDecode)
	is.True(strings.Contains(err.Error(), "holds 1099511627776 bytes, and at most 4194304 are read"))
}

func TestManager_RefusesWhatIsNotUsable(t *testing.T) {
	for want, c := range map[string]codec.Codec[cart]{
		"Config.Codec: Compress: by is nil":                           codec.Compress(codec.JSON[cart]{}, nil, 0),
		"Config.Codec: Compress: inner is nil":                        codec.Compress[cart](nil, zstd.New(), 0),
		"Config.Codec: Compress: above is -1: must be at least 0":     codec.Compress(codec.JSON[cart]{}, zstd.New(), -1),
		"Config.Codec: Compress: can't be compressed: zstd: can't be": codec.Compress(codec.JSON[cart]{}, (*zstd.Compressor)(nil), 0),
	} {
		is := is.New(t)
		_, err := sessions.New(memstore.New(nil), &sessions.Config[cart]{Codec: c})
		is.True(err != nil && strings.Contains(err.Error(), want))
	}
	is := is.New(t)
	_, err := sessions.New(memstore.New(nil), &sessions.Config[codectest.Unstorable]{
		Codec: codec.Compress(codec.JSON[codectest.Unstorable]{}, zstd.New(), 0),
	})
	is.True(strings.Contains(err.Error(), "Compress: inner: json: field Chan: chan int can't be stored"))
}
