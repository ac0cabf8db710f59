package codec_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/codectest"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/codec/zstd"
	"github.com/dynasession/dynasession/internal/wants"
)

type personV1 struct {
	Name string `json:"name"`
	Age  string `json:"age"`
}

type personV2 struct {
	First, Last string
	Age         int `json:"age"`
}

func toV2(p personV1) (personV2, error) {
	if p.Age == "panic" {
		panic("s3cret " + p.Name)
	}
	var v personV2
	v.First, v.Last, _ = strings.Cut(p.Name, " ")
	if _, err := fmt.Sscan(p.Age, &v.Age); err != nil {
		return v, fmt.Errorf("the age %q of %s: %w", p.Age, p.Name, errAge)
	}
	return v, nil
}

var errAge = errors.New("s3cret")

func payload(t *testing.T, p codec.Payload, err error) (format, data string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return p.Format(), string(b)
}

func TestMigrate(t *testing.T) {
	is := is.New(t)
	v1 := codec.JSON[personV1]{}
	c := codec.Upgrade(codec.Version(2, codec.Codec[personV2](codec.JSON[personV2]{})), codec.Migrate(codec.Codec[personV1](v1), toV2))
	is.NoErr(c.(interface{ Validate() error }).Validate())

	old, err := v1.Encode(personV1{"Ada Lovelace", "36"})
	is.NoErr(err)
	v, err := c.Decode(old)
	is.NoErr(err)
	is.Equal(v, personV2{"Ada", "Lovelace", 36})

	format, data := payload(t, must(codec.EncodeOver(c, v, old)), nil)
	is.Equal(format, "v2+json")
	is.Equal(data, `{"First":"Ada","Last":"Lovelace","age":36}`) // without members of the former value

	codectest.Run(t, c, personV2{}, personV2{"a", "b", 3})

	t.Run("both directions, while a deploy rolls", func(t *testing.T) {
		is := is.New(t)
		back := codec.Upgrade(codec.Codec[personV1](v1), codec.Migrate(codec.Version(2, codec.Codec[personV2](codec.JSON[personV2]{})),
			func(p personV2) (personV1, error) { return personV1{p.First + " " + p.Last, fmt.Sprint(p.Age)}, nil }))
		is.NoErr(back.(interface{ Validate() error }).Validate())
		got, err := back.Decode(must(c.Encode(v)))
		is.NoErr(err)
		is.Equal(got, personV1{"Ada Lovelace", "36"})
	})
	t.Run("in a chain", func(t *testing.T) {
		is := is.New(t)
		type v3 struct{ Initials string }
		c := codec.Migrate(codec.Migrate(codec.Codec[personV1](v1), toV2), func(p personV2) (v3, error) { return v3{p.First[:1] + p.Last[:1]}, nil })
		got, err := c.Decode(old)
		is.NoErr(err)
		is.Equal(got, v3{"AL"})
	})
	t.Run("what f says of the data stays out", func(t *testing.T) {
		is := is.New(t)
		for age, want := range map[string]string{
			"x":     "Migrate: f failed: the error is a *errors.errorString",
			"panic": "Migrate: f: panicked with a string",
		} {
			_, err := c.Decode(must(v1.Encode(personV1{"s3cret", age})))
			is.True(err != nil)
			is.Equal(err.Error(), want)
			wants.NotErr(t, err, codec.ErrFormat)
			is.Equal(errors.Is(err, errAge), age == "x")
			is.True(!strings.Contains(fmt.Sprintf("%v %+v %#v %d %s", err, err, err, err, err), "s3cret"))
		}
	})
	t.Run("an ErrFormat of f's is not the payload's", func(t *testing.T) {
		is := is.New(t)
		_, err := codec.Migrate(codec.Codec[personV1](v1), func(personV1) (int, error) { return 0, codec.ErrFormat }).Decode(old)
		is.True(err != nil)
		wants.NotErr(t, err, codec.ErrFormat)
	})
	t.Run("writes nothing", func(t *testing.T) {
		is := is.New(t)
		_, err := codec.Migrate(codec.Codec[personV1](v1), toV2).Encode(personV2{})
		is.Equal(err.Error(), "Migrate: only reads: give it to Upgrade, after the codec that writes")
	})
}

func must(p codec.Payload, err error) codec.Payload {
	if err != nil {
		panic(err)
	}
	return p
}

func TestVersion(t *testing.T) {
	for format, inner := range map[string]codec.Codec[account]{
		"v2+json":          codec.JSON[account]{},
		"v2+msgpack":       msgpack.Codec[account]{},
		"v2+dynamodb":      attribute.Codec[account]{},
		"v2+zstd+json":     codec.Compress(codec.Codec[account](codec.JSON[account]{}), zstd.New(), 1),
		"v2+zstd+dynamodb": codec.Compress(codec.Codec[account](attribute.Codec[account]{}), zstd.New(), 1),
	} {
		t.Run(format, func(t *testing.T) {
			is := is.New(t)
			c := codec.Version(2, inner)
			v := account{Name: strings.Repeat("long ", 100), Other: &address{Street: "s"}}
			codectest.Run(t, c, v)
			p, err := c.Encode(v)
			is.NoErr(err)
			is.Equal(p.Format(), format)
			_, isValue := p.(attribute.Value)
			is.Equal(isValue, format == "v2+dynamodb")
			_, err = inner.Decode(p)
			wants.Err(t, err, codec.ErrFormat)
			_, err = c.Decode(must(inner.Encode(v)))
			wants.Err(t, err, codec.ErrFormat)
			_, err = codec.Version(22, inner).Decode(p)
			wants.Err(t, err, codec.ErrFormat)
		})
	}
}

func TestSplitVersion(t *testing.T) {
	is := is.New(t)
	for in, want := range map[string]string{
		"v2+json": "2 json", "v10+zstd+json": "10 zstd+json", "json": "0 json", "zstd+v2+json": "0 zstd+v2+json", "v+json": "0 v+json",
		"v0+json": "0 v0+json", "v02+json": "0 v02+json", "v+2+json": "0 v+2+json", "v2": "0 v2", "": "0 ",
	} {
		n, of := codec.SplitVersion(in)
		is.Equal(fmt.Sprint(n, " ", of), want)
	}
}

func TestNew_NamesThePlaceOfWhatIsWrong(t *testing.T) {
	type codecs = codec.Codec[personV2]
	json, old := codecs(codec.JSON[personV2]{}), codec.Codec[personV1](codec.JSON[personV1]{})
	by := zstd.New()
	same := func(p personV2) (personV2, error) { return p, nil }
	for want, c := range map[string]codecs{
		"Version: n is 0: must be at least 1": codec.Version(0, json),
		"Version: c is nil":                   codec.Version[personV2](1, nil),
		"Migrate: old is nil":                 codec.Migrate[personV1](nil, toV2),
		"Migrate: f is nil":                   codec.Migrate[personV1, personV2](old, nil),
		"Migrate: only reads: give it to Upgrade, after the codec that writes":                                                codec.Migrate(old, toV2),
		"Upgrade: to: Migrate: only reads: give it to Upgrade, after the codec that writes":                                   codec.Upgrade(codec.Migrate(old, toV2), json),
		"Compress: inner: Migrate: only reads: give it to Upgrade, after the codec that writes":                               codec.Compress(codec.Migrate(old, toV2), by, 0),
		"Upgrade: from[0]: Migrate: old: Version: n is -1: must be at least 1":                                                codec.Upgrade(json, codec.Migrate(codec.Version(-1, old), toV2)),
		"Upgrade: from[1]: Version: c is nil":                                                                                 codec.Upgrade(json, msgpack.Codec[personV2]{}, codec.Version[personV2](1, nil)),
		"Upgrade: from[0] reads the same formats as to, and would never be asked":                                             codec.Upgrade(json, json),
		"Upgrade: from[1] reads the same formats as from[0], and would never be asked":                                        codec.Upgrade(json, msgpack.Codec[personV2]{}, msgpack.Codec[personV2]{}),
		`Upgrade: from[0] reads the format "json", which to reads in another way: tell them apart by Version`:                 codec.Upgrade(json, codec.Migrate(old, toV2)),
		`Upgrade: from[1] reads the format "json", which from[0] reads in another way: tell them apart by Version`:            codec.Upgrade(codec.Version(3, json), codec.Migrate(old, toV2), json),
		`Upgrade: from[0] reads the format "v2+json", which to reads in another way: tell them apart by Version`:              codec.Upgrade(codec.Version(2, json), codec.Migrate(codec.Version(2, old), toV2)),
		`Upgrade: from[0] reads the format "json", which to reads in another way: tell them apart by Version` + " (Compress)": codec.Upgrade(codec.Compress(json, by, 0), codec.Migrate(old, toV2)),
		`Upgrade: from[0] reads the format "json", which to reads in another way: tell them apart by Version` + " (one type)": codec.Upgrade(codec.Compress(json, by, 0), codec.Migrate(json, same)),
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			err := c.(interface{ Validate() error }).Validate()
			is.True(err != nil)
			text, _, _ := strings.Cut(want, " (")
			is.Equal(err.Error(), text)
		})
	}
	for _, c := range []codecs{
		codec.Upgrade(json, codec.Compress(json, by, 0)),
		codec.Upgrade(codec.Compress(json, by, 0), json),
		codec.Upgrade(codec.Version(2, json), codec.Compress(codec.Migrate(old, toV2), by, 0)),
		codec.Upgrade(codec.Version(2, json), codec.Migrate(codec.Compress(old, by, 0), toV2)),
		codec.Upgrade(codec.Upgrade(json, msgpack.Codec[personV2]{}), attribute.Codec[personV2]{}),
	} {
		is.New(t).NoErr(c.(interface{ Validate() error }).Validate())
	}
}

// sealed is the payload of a codec that reads no other.
type sealed string

func (s sealed) Format() string         { return "sealed" }
func (s sealed) Bytes() ([]byte, error) { return []byte(s), nil }

type sealer struct{}

func (sealer) Encode(v string) (codec.Payload, error) { return sealed(v), nil }

func (sealer) Decode(p codec.Payload) (string, error) {
	s, ok := p.(sealed)
	if !ok {
		return "", codec.ErrFormat
	}
	return string(s), nil
}

func TestVersion_GivesACodecItsOwnPayload(t *testing.T) {
	is := is.New(t)
	c := codec.Version(3, codec.Version(2, codec.Codec[string](sealer{})))
	p, err := c.Encode("x")
	is.NoErr(err)
	is.Equal(p.Format(), "v3+v2+sealed")
	got, err := c.Decode(p)
	is.NoErr(err)
	is.Equal(got, "x")
}
