//lint:file-ignore SA5008 the tags are what is tested

package msgpack_test

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/codectest"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/internal/wants"
)

func TestCodec_Kinds(t *testing.T) {
	codectest.RunKinds(t, codectest.Kinds{
		Scalars:     msgpack.Codec[codectest.Scalars]{},
		Blobs:       msgpack.Codec[codectest.Blobs]{},
		Times:       msgpack.Codec[codectest.Times]{},
		Collections: msgpack.Codec[codectest.Collections]{},
		Pointers:    msgpack.Codec[codectest.Pointers]{},
		Node:        msgpack.Codec[codectest.Node]{},
		Embedding:   msgpack.Codec[codectest.Embedding]{},
		Tagged:      msgpack.Codec[codectest.Tagged]{},
		Older:       msgpack.Codec[codectest.Older]{},
		Newer:       msgpack.Codec[codectest.Newer]{},
		Open:        msgpack.Codec[codectest.Open]{},
		Unstorable:  msgpack.Codec[codectest.Unstorable]{},
		Text:        msgpack.Codec[string]{},
		Free:        msgpack.Codec[map[string]any]{},
		Pointer:     msgpack.Codec[*codectest.Inner]{},
	})
}

func decode[T any](b ...byte) (T, error) {
	return msgpack.Codec[T]{}.Decode(codec.Opaque(msgpack.Format, b))
}

func TestCodec_TheBytes(t *testing.T) {
	is := is.New(t)
	type cart struct {
		Items map[string]int `json:"items"`
		Note  string         `json:"-"`
	}
	p, err := msgpack.Codec[cart]{}.Encode(cart{Items: map[string]int{"b": 200, "a": 1}, Note: "x"})
	is.NoErr(err)
	b, err := codec.BytesOf(p, "msgpack")
	is.NoErr(err)
	// {"items": {"a": 1, "b": 200}}.
	is.Equal(hex.EncodeToString(b), "81a56974656d7382a16101a162ccc8")
}

func TestCodec_KeepsWhatJSONCannot(t *testing.T) {
	is := is.New(t)
	c := msgpack.Codec[codectest.Scalars]{}
	p, err := c.Encode(codectest.Scalars{Float64: math.Inf(1), String: "\xff"})
	is.NoErr(err)
	got, err := c.Decode(p)
	is.NoErr(err)
	is.Equal(got, codectest.Scalars{Float64: math.Inf(1), String: "\xff"})
}

func TestCodec_NumbersInInterfaces(t *testing.T) {
	is := is.New(t)
	c := msgpack.Codec[[]any]{}
	p, err := c.Encode([]any{-7, uint8(200), 1.5, float32(0.5)})
	is.NoErr(err)
	got, err := c.Decode(p)
	is.NoErr(err)
	is.Equal(got, []any{int64(-7), uint64(200), 1.5, 0.5})
}

// selfish encodes itself as JSON, and has a field that no other encoder sees.
type selfish struct {
	Seen   string
	unseen string
}

func (s selfish) MarshalJSON() ([]byte, error) { return json.Marshal(s.Seen + s.unseen) }
func (s *selfish) UnmarshalJSON([]byte) error  { return nil }

func TestCodec_RefusesByType(t *testing.T) {
	for want, v := range map[string]interface{ Validate() error }{
		"msgpack: field S: msgpack_test.selfish encodes itself as JSON only: its unexported fields would not be stored": msgpack.Codec[struct{ S selfish }]{},

		"msgpack: field Inner: an embedded pointer that is nil would come back as one that isn't: embed the struct itself, or name the field": msgpack.Codec[struct{ *codectest.Inner }]{},

		`msgpack: field A: its tags json and msgpack disagree on whether it is stored`: msgpack.Codec[struct {
			A string `json:"-" msgpack:"a"`
		}]{},
		`msgpack: field A: the json tag "-," is understood by encoding/json alone`: msgpack.Codec[struct {
			A string `json:"-,"`
		}]{},
		"msgpack: field C: chan int can't be stored": msgpack.Codec[struct{ C chan int }]{},
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			err := v.Validate()
			is.True(err != nil)
			is.Equal(err.Error(), want)
		})
	}
	is.New(t).NoErr(msgpack.Codec[struct{ U url.URL }]{}.Validate()) // has MarshalBinary
}

func TestCodec_DecodeErrorsHoldNoValue(t *testing.T) {
	for _, b := range [][]byte{
		[]byte("\x81\xa4Name\x01"),               // a number where a text belongs
		[]byte("\x81\xa5Count\xa6s3cret"),        // a text where a number belongs
		[]byte("\xa6s3cret"),                     // a text where a struct belongs
		[]byte("\x81\xa6s3cret"),                 // cut
		[]byte("\x80\xa6s3cret"),                 // more follows
		[]byte("\xc0"),                           // nil
		[]byte("\x81\xa5Count\xd6\x07s3cret"),    // an extension
		[]byte("\x81\xa4Name\xc1"),               // never used
		[]byte("\xdf\xff\xff\xff\xff\xa6s3cret"), // a length beyond the end
	} {
		is := is.New(t)
		got, err := decode[codectest.Inner](b...)
		if err == nil {
			t.Fatalf("%q decodes to %+v", b, got)
		}
		is.Equal(got, codectest.Inner{})
		is.True(!strings.Contains(err.Error(), "s3cret"))
		wants.NotErr(t, err, codec.ErrFormat)
	}
}

func FuzzCodec_Decode(f *testing.F) {
	for _, v := range []codectest.Open{{}, {Any: "x", List: []any{1, -1, 1.5}, Map: map[string]any{"a": map[string]any{}}}} {
		p, err := msgpack.Codec[codectest.Open]{}.Encode(v)
		if err != nil {
			f.Fatal(err)
		}
		b, _ := p.Bytes()
		f.Add(b)
	}
	f.Add([]byte{0xdd, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte("\x81\xa3Map\xd7\xff\xdf\xff\xff\xff\xff\xff\xff\xff"))
	f.Add([]byte("\x81\xa4Some\xc6\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = decode[codectest.Collections](b...)
		_, _ = decode[codectest.Blobs](b...)
		_, _ = decode[codectest.Times](b...)
		v, err := decode[codectest.Open](b...)
		if err != nil {
			return
		}
		c := msgpack.Codec[codectest.Open]{}
		p, err := c.Encode(v)
		if err != nil {
			return // a time in an interface, for example
		}
		again, err := c.Decode(p)
		if err != nil {
			t.Fatal(err)
		}
		q, err := c.Encode(again)
		if err != nil || !codec.Equal(p, q) {
			t.Fatalf("another payload after a round trip, %v", err)
		}
	})
}

func BenchmarkCodec(b *testing.B) {
	v := codectest.Scalars{Int: 1, String: "x", Float64: 1.5}
	c := msgpack.Codec[codectest.Scalars]{}
	p, err := c.Encode(v)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Encode(v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Decode(p); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestCodec_ATimeWhereAMapBelongs(t *testing.T) {
	is := is.New(t)
	type before struct{ Map time.Time }
	// Its eight bytes begin like a map of four billion entries.
	moment := time.Unix(0x3ffffffff, 0xdf<<22|0x3fffff)
	p, err := msgpack.Codec[before]{}.Encode(before{moment})
	is.NoErr(err)
	got, err := msgpack.Codec[before]{}.Decode(p)
	is.NoErr(err)
	is.True(got.Map.Equal(moment))

	_, err = msgpack.Codec[codectest.Open]{}.Decode(p)
	is.True(err != nil) // the process has not run out of memory
}
