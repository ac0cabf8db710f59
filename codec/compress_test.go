package codec_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/codectest"
	"github.com/dynasession/dynasession/internal/wants"
)

// flat is a compressor made of the standard library. Different levels stand for different versions.
type flat struct{ level int }

func (flat) Name() string { return "flat" }

func (f flat) Compress(src []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, f.level)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(src); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

func (flat) Decompress(src []byte, limit int) ([]byte, error) {
	in := bytes.NewReader(src)
	b, err := io.ReadAll(io.LimitReader(flate.NewReader(in), int64(limit)+1))
	if err == nil && (in.Len() > 0 || len(b) > limit) {
		err = errors.New("s3cret")
	}
	return b, err
}

func compressing[T any](above int) codec.Codec[T] {
	return codec.Compress[T](codec.JSON[T]{}, flat{9}, above)
}

func long(n int) codectest.Inner {
	return codectest.Inner{Name: strings.Repeat("abcdefgh", n), Count: n}
}

func encoded[T any](t *testing.T, c codec.Codec[T], v T) codec.Payload {
	t.Helper()
	p, err := c.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// kept returns p as a store would return it.
func kept(t *testing.T, p codec.Payload) codec.Payload {
	t.Helper()
	b, err := p.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return codec.Opaque(p.Format(), bytes.Clone(b))
}

func TestCompress_IsACodec(t *testing.T) {
	codectest.Run(t, compressing[codectest.Inner](0), codectest.Inner{}, long(1), long(100), long(1000))
	codectest.Run(t, compressing[codectest.Inner](1), codectest.Inner{}, long(1), long(100), long(1000))
	codectest.Refuses(t, codec.Compress[codectest.Unstorable](codec.JSON[codectest.Unstorable]{}, flat{9}, 0), codectest.Unstorable{})
}

func TestCompress_OnlyWhatIsWorthIt(t *testing.T) {
	is := is.New(t)
	text := strings.Repeat("x", codec.DefaultCompressAbove-2) // two quotes are added
	for _, c := range []struct {
		name  string
		above int
		value string
		want  string
	}{
		{"at the default", 0, text, "flat+json"},
		{"a byte below it", 0, text[1:], "json"},
		{"at a size given", 102, strings.Repeat("x", 100), "flat+json"},
		{"below it", 103, strings.Repeat("x", 100), "json"},
		{"what gets smaller by less than its format takes", 1, strings.Repeat("x", 12), "json"},
		{"what doesn't get smaller", 1, "x", "json"},
		{"as much as is ever encoded", 0, strings.Repeat("x", codec.EncodeLimit-2), "flat+json"},
	} {
		p := encoded(t, compressing[string](c.above), c.value)
		if p.Format() != c.want {
			t.Errorf("%s: %s, want %s", c.name, p.Format(), c.want)
		}
		others := []int{0, 1, 1 << 30} // any other size
		if len(c.value) > 1<<20 {
			others = others[:1] // the others are slow
		}
		for _, other := range others {
			got, err := compressing[string](other).Decode(kept(t, p))
			is.NoErr(err)
			is.True(got == c.value)
		}
	}
}

// even is a compressor that doesn't make anything smaller.
type even struct{ flat }

func (even) Compress(src []byte) ([]byte, error) { return bytes.Clone(src), nil }

func TestCompress_WhatDoesNotGetSmallerStays(t *testing.T) {
	is := is.New(t)
	p := encoded(t, codec.Compress[string](codec.JSON[string]{}, even{}, 1), strings.Repeat("x", 1000))
	is.Equal(p.Format(), "json")
}

func TestCompress_WhatStaysIsTheInnerPayloadItself(t *testing.T) {
	is := is.New(t)
	c := codec.Compress[string](encodes{caseless("ONE")}, flat{9}, 0)
	_, same := encoded(t, c, "").(caseless)
	is.True(same) // so that a store recognises its type
}

// sized is a payload whose stored size differs from the length of its bytes.
type sized struct {
	codec.Payload
	size int
}

func (s sized) Size() int { return s.size }

// The stored size counts, which a payload may tell by a method Size.
func TestCompress_GoesByThePayloadsOwnSize(t *testing.T) {
	is := is.New(t)
	inner := codec.Opaque("json", []byte(strings.Repeat("x", 1000))) // some 20 bytes compressed
	for size, want := range map[int]string{599: "json", 600: "flat+json", 1 << 30: "flat+json"} {
		p := encoded(t, codec.Compress[string](encodes{sized{inner, size}}, flat{9}, 0), "")
		is.Equal(p.Format(), want)
	}
	p := encoded(t, codec.Compress[string](encodes{sized{inner, 8}}, flat{9}, 1), "")
	is.Equal(p.Format(), "json") // smaller than its bytes, but not than its stored size
}

// encodes is a codec that always returns its payload.
type encodes struct{ codec.Payload }

func (e encodes) Encode(string) (codec.Payload, error) { return e.Payload, nil }
func (e encodes) Decode(codec.Payload) (string, error) { return "", nil }

func TestCompress_WhatInnerMakesWrong(t *testing.T) {
	is := is.New(t)
	p, err := codec.Compress[string](encodes{nil}, flat{9}, 0).Encode("")
	is.NoErr(err)
	is.Equal(p, nil) // a Manager refuses it
	p, err = codec.Compress[string](encodes{codec.Opaque("", make([]byte, 1000))}, flat{9}, 0).Encode("")
	is.NoErr(err)
	is.Equal(p.Format(), "") // likewise
	_, err = codec.Compress[string](encodes{broken{"json"}}, flat{9}, 0).Encode("")
	is.Equal(err.Error(), "no bytes")
}

func TestCompress_MovesALiveTable(t *testing.T) {
	is := is.New(t)
	v := long(200)
	before := codec.JSON[codectest.Inner]{}
	after := compressing[codectest.Inner](0)
	between := codec.Upgrade[codectest.Inner](before, after)
	is.Equal(encoded(t, between, v).Format(), "json")
	is.Equal(encoded(t, after, v).Format(), "flat+json")
	for _, writer := range []codec.Codec[codectest.Inner]{before, between, after} {
		for _, reader := range []codec.Codec[codectest.Inner]{between, after} {
			got, err := reader.Decode(kept(t, encoded(t, writer, v)))
			is.NoErr(err)
			is.Equal(got, v)
		}
	}
	_, err := before.Decode(kept(t, encoded(t, after, v)))
	wants.Err(t, err, codec.ErrFormat) // hence the intermediate step
	is.True(!codec.Equal(encoded(t, after, v), encoded(t, before, v)))
}

func TestCompress_Composes(t *testing.T) {
	is := is.New(t)
	v := long(200)
	upgraded := codec.Compress(codec.Upgrade[codectest.Inner](named[codectest.Inner]{"new"}, codec.JSON[codectest.Inner]{}), flat{9}, 0)
	twice := codec.Compress(compressing[codectest.Inner](0), flat{9}, 0)
	is.Equal(encoded(t, upgraded, v).Format(), "flat+new")
	for _, reader := range []codec.Codec[codectest.Inner]{upgraded, twice} {
		got, err := reader.Decode(kept(t, encoded(t, compressing[codectest.Inner](0), v)))
		is.NoErr(err)
		is.Equal(got, v)
		codectest.Run(t, reader, codectest.Inner{}, v)
	}
}

func TestCompress_OtherFormatsAreNotDecompressed(t *testing.T) {
	is := is.New(t)
	c := codec.Compress[string](codec.JSON[string]{}, failing{errors.New("s3cret")}, 0)
	for _, format := range []string{"gob", "failing+msgpack", "failing+", "+json", "flat+json", "failing+failing+json", ""} {
		_, err := c.Decode(codec.Opaque(format, []byte(`"x"`)))
		wants.Err(t, err, codec.ErrFormat)
	}
	_, err := c.Decode(codec.Opaque("failing+json", nil))
	is.True(err != nil && !errors.Is(err, codec.ErrFormat))
	_, err = c.Decode(broken{"failing+json"})
	is.Equal(err.Error(), "no bytes")
	_, err = c.Decode(nil)
	wants.Err(t, err, codec.ErrFormat)
}

func TestCompress_Validate(t *testing.T) {
	type validator interface{ Validate() error }
	for want, c := range map[string]codec.Codec[string]{
		"Compress: inner is nil":                                     codec.Compress[string](nil, flat{9}, 0),
		"Compress: by is nil":                                        codec.Compress[string](codec.JSON[string]{}, nil, 0),
		"Compress: above is -1: must be at least 0":                  codec.Compress[string](codec.JSON[string]{}, flat{9}, -1),
		"Upgrade: from[0]: Compress: by is nil":                      codec.Upgrade[string](named[string]{"a"}, codec.Compress[string](codec.JSON[string]{}, nil, 0)),
		"Compress: inner: Upgrade: to is nil":                        codec.Compress(codec.Upgrade[string](nil), flat{9}, 0),
		"Compress: inner: Compress: above is -7: must be at least 0": codec.Compress(compressing[string](-7), flat{9}, 0),
	} {
		is := is.New(t)
		is.Equal(c.(validator).Validate().Error(), want)
		_, err := c.Decode(codec.Opaque("unknown", nil))
		is.True(err != nil) // an error, no panic
		_, _ = c.Encode("x")
	}
	is.New(t).NoErr(compressing[string](0).(validator).Validate())
}

func FuzzCompress_Decode(f *testing.F) {
	c := compressing[codectest.Open](1)
	for _, v := range []codectest.Open{{}, {Any: strings.Repeat("x", 1000)}, {List: []any{1.0, nil, "a"}}} {
		p, err := c.Encode(v)
		if err != nil {
			f.Fatal(err)
		}
		b, err := p.Bytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p.Format(), b)
	}
	f.Fuzz(func(t *testing.T, format string, b []byte) {
		v, err := c.Decode(codec.Opaque(format, b))
		if err != nil {
			return
		}
		p, err := c.Encode(v)
		if err != nil {
			t.Fatalf("what was decoded can't be encoded: %v", err)
		}
		again, err := c.Decode(kept(t, p))
		if err != nil {
			t.Fatal(err)
		}
		q, err := c.Encode(again)
		if err != nil || !codec.Equal(p, q) {
			t.Fatalf("another payload after a round trip, %v", err)
		}
	})
}
