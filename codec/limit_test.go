package codec_test

import (
	"bytes"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/codec/zstd"
)

type wide struct {
	Name string `json:"n"`
	Pad  [63]int64
}

type holder struct {
	Wide    []wide          `json:"w"`
	ByName  map[string]wide `json:"m"`
	Behind  []*wide         `json:"p"`
	Anyhow  any             `json:"a"`
	Texts   []string        `json:"t"`
	Strange [][][]int       `json:"s"`
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestDecode_BoundsTheMemoryOfElements decodes small payloads that stand for many elements. None of
// them allocates more than a few times DecodeLimit.
func TestDecode_BoundsTheMemoryOfElements(t *testing.T) {
	const n = 390_000
	times := func(s, sep string, n int) string { return strings.TrimSuffix(strings.Repeat(s+sep, n), sep) }
	keys := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	array := func(elem string, n int) string {
		return "\xdd" + string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + strings.Repeat(elem, n)
	}
	small := func(format, data string) codec.Payload {
		b, err := zstd.New().Compress([]byte(data))
		if err != nil {
			t.Fatal(err)
		}
		if len(b) > 2000 {
			t.Fatalf("%d bytes", len(b))
		}
		return codec.Opaque("zstd+"+format, b)
	}
	by := zstd.New()
	json, pack, native := codec.Codec[holder](codec.JSON[holder]{}), codec.Codec[holder](msgpack.Codec[holder]{}), codec.Codec[holder](attribute.Codec[holder]{})
	for name, c := range map[string]struct {
		codec codec.Codec[holder]
		p     codec.Payload
	}{
		"json, slice":          {json, codec.Opaque("json", []byte(`{"w":[`+times("{}", ",", n/3)+`]}`))},
		"json, pointers":       {json, codec.Opaque("json", []byte(`{"p":[`+times("{}", ",", n/3)+`]}`))},
		"json, map":            {json, codec.Opaque("json", []byte(`{"m":{`+keys(`"%d":{},`, n/12)+`}}`))},
		"json, any":            {json, codec.Opaque("json", []byte(`{"a":[`+times(`{"":1}`, ",", n/3)+`]}`))},
		"msgpack, slice":       {pack, codec.Opaque("msgpack", []byte("\x81\xa1w"+array("\x80", n)))},
		"msgpack, pointers":    {pack, codec.Opaque("msgpack", []byte("\x81\xa1p"+array("\x80", n)))},
		"msgpack, any":         {pack, codec.Opaque("msgpack", []byte("\x81\xa1a"+array("\x81\xa0\xc0", n/3)))},
		"zstd, msgpack, slice": {codec.Compress(pack, by, 0), small("msgpack", "\x81\xa1w"+array("\x80", 4_000_000))},
		"zstd, json, slice":    {codec.Compress(json, by, 0), small("json", `{"w":[`+times("{}", ",", 1_300_000)+`]}`)},
		"native, slice":        {native, codec.Opaque("dynamodb", []byte(`{"M":{"w":{"L":[`+times(`{"M":{}}`, ",", 100_000)+`]}}}`))},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			var err error
			made := allocated(func() { _, err = c.codec.Decode(c.p) })
			is.True(err != nil)
			is.True(strings.Contains(err.Error(), fmt.Sprint(codec.DecodeLimit)))
			// The native form is read from JSON first.
			if !strings.HasPrefix(name, "native") && made > 3*codec.DecodeLimit {
				t.Errorf("%d bytes of memory", made)
			}
		})
	}
	t.Run("2^32 bytes, which an int of 32 bits doesn't hold", func(t *testing.T) {
		type pages struct {
			Pages [][8 << 10]int64 `json:"p"`
		}
		const n = 1 << 16
		_, err := msgpack.Codec[pages]{}.Decode(codec.Opaque("msgpack", []byte("\x81\xa1p"+array("\x90", n))))
		wantText(t, err, fmt.Sprint(codec.DecodeLimit))
		_, err = attribute.Codec[pages]{}.Decode(codec.Opaque("dynamodb", []byte(`{"M":{"p":{"L":[`+times(`{"L":[]}`, ",", n)+`]}}}`)))
		wantText(t, err, fmt.Sprint(codec.DecodeLimit))
	})
	t.Run("what is large and harmless is read", func(t *testing.T) {
		is := is.New(t)
		v := holder{}
		for i := range 20_000 {
			v.Texts = append(v.Texts, fmt.Sprint("text ", i))
		}
		for _, c := range []codec.Codec[holder]{json, pack, native} {
			got, err := c.Decode(must(c.Encode(v)))
			is.NoErr(err)
			is.Equal(len(got.Texts), len(v.Texts))
		}
	})
}

type Shell struct {
	N   int         `json:"n"`
	Pad [1000]int64 `json:"pad,omitzero"`
	*Kernel
}

type Kernel struct {
	M   int         `json:"m"`
	Pad [1000]int64 `json:"kernel_pad,omitzero"`
}

// What an embedded pointer points to is made when one of its fields is read, and has no text of its
// own.
func TestDecode_BoundsTheMemoryOfEmbeddedPointers(t *testing.T) {
	type embedding struct{ *Shell }
	type list struct {
		List []embedding          `json:"list"`
		Map  map[string]embedding `json:"map"`
	}
	of := func(elem, sep string, n int) string { return strings.TrimSuffix(strings.Repeat(elem+sep, n), sep) }
	for name, c := range map[string]struct {
		codec codec.Codec[list]
		p     func(elem string, n int) codec.Payload
		elem  string
	}{
		"json": {codec.JSON[list]{}, func(elem string, n int) codec.Payload {
			return codec.Opaque("json", []byte(`{"list":[`+of(elem, ",", n)+`]}`))
		}, `{"m":1}`},
		"native": {attribute.Codec[list]{}, func(elem string, n int) codec.Payload {
			return codec.Opaque("dynamodb", []byte(`{"M":{"list":{"L":[`+of(elem, ",", n)+`]}}}`))
		}, `{"M":{"m":{"N":"1"}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			var err error
			made := allocated(func() { _, err = c.codec.Decode(c.p(c.elem, 5000)) })
			is.True(err != nil)
			is.True(strings.Contains(err.Error(), fmt.Sprint(codec.DecodeLimit)))
			is.True(made < codec.DecodeLimit)
			got, err := c.codec.Decode(c.p(c.elem, 1000))
			is.NoErr(err)
			is.Equal(got.List[999].M, 1)
			got, err = c.codec.Decode(c.p(strings.NewReplacer(`"m":1`, "", `"m":{"N":"1"}`, "").Replace(c.elem), 20_000)) // nil, all of them
			is.NoErr(err)
			is.Equal(got.List[999].Shell, nil)
			large := list{}
			for range 5000 {
				large.List = append(large.List, embedding{&Shell{}})
			}
			_, err = c.codec.Encode(large)
			is.True(err != nil) // nothing is encoded that is not decoded again
		})
	}
}

type growing struct {
	Numbers []int64                      `dynamodbav:",numberset"`
	Texts   []string                     `dynamodbav:",stringset"`
	Blobs   [][]byte                     `dynamodbav:",binaryset"`
	List    []string                     `json:"list"`
	Map     map[string]string            `json:"map"`
	Structs map[string]wide              `json:"structs"`
	Free    map[string]any               `json:"free"`
	Chain   *chain                       `json:"chain"`
	Deep    map[string]map[string]string `json:"deep"`
}

type chain struct {
	Next *chain         `json:"next"`
	Z, A map[string]int // a map, so that msgpack sorts
}

// TestCodecs_TakeTimeInProportion makes values of each kind eight times as large. The time may grow
// in proportion, with a margin for other work on this machine.
func TestCodecs_TakeTimeInProportion(t *testing.T) {
	fields := map[string]func(v *growing, n int){
		"numbers": func(v *growing, n int) {
			for i := range n {
				v.Numbers = append(v.Numbers, int64(i))
			}
		},
		"texts": func(v *growing, n int) {
			for i := range n {
				v.Texts = append(v.Texts, fmt.Sprint(i))
			}
		},
		"blobs": func(v *growing, n int) {
			for i := range n {
				v.Blobs = append(v.Blobs, fmt.Append(nil, i))
			}
		},
		"list": func(v *growing, n int) { v.List = make([]string, n) },
		"maps": func(v *growing, n int) {
			v.Map, v.Free, v.Deep = map[string]string{}, map[string]any{}, map[string]map[string]string{}
			for i := range n / 4 {
				k := fmt.Sprint("key", i)
				v.Map[k], v.Free[k], v.Deep[k] = k, k, map[string]string{k: k}
			}
		},
		"chain": func(v *growing, n int) {
			for range min(n/4, 4000) {
				v.Chain = &chain{Next: v.Chain}
			}
		},
	}
	for name, c := range map[string]codec.Codec[growing]{"json": codec.JSON[growing]{}, "msgpack": msgpack.Codec[growing]{}, "attribute": attribute.Codec[growing]{}} {
		for field, fill := range fields {
			if name == "attribute" && field == "chain" {
				continue // 31 levels at most
			}
			t.Run(name+" "+field, func(t *testing.T) {
				inProportion(t, 1000, func(n int) func() {
					var v growing
					fill(&v, n)
					return func() {
						p := must(c.Encode(v))
						got, err := c.Decode(p)
						if err != nil {
							t.Fatal(err)
						}
						if q := must(codec.EncodeOver(c, got, p)); !codec.Equal(p, q) {
							t.Fatal("not equal")
						}
					}
				})
			})
		}
	}
}

// inProportion checks that work(8n) takes at most 3 times as long as 8 times work(n); quadratic
// work takes 8 times as long. It compares the shortest of many times, which other work on the
// machine has not lengthened.
func inProportion(t *testing.T, n int, work func(n int) func()) {
	t.Helper()
	few, many := work(n), work(8*n)
	small, large := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
	for round := range 20 {
		small = min(small, worked(func() {
			for range 8 {
				few()
			}
		}))
		large = min(large, worked(many))
		if tick := 10 * time.Millisecond; round >= 2 && large <= 3*small+tick {
			return
		}
	}
	t.Errorf("%v for 8 times %d, %v for %d", small, n, large, 8*n)
}

func TestEncodeOver_TakesTimeInProportion(t *testing.T) {
	is := is.New(t)
	type link struct {
		Next *link `json:"next,omitempty"`
	}
	for name, c := range map[string]codec.Codec[link]{"json": codec.JSON[link]{}, "msgpack": msgpack.Codec[link]{}} {
		t.Run(name, func(t *testing.T) {
			inProportion(t, 600, func(n int) func() {
				stored := codec.Opaque("json", []byte(strings.Repeat(`{"next":`, n)+`{"unknown":1}`+strings.Repeat("}", n)))
				if name == "msgpack" {
					stored = codec.Opaque("msgpack", append(bytes.Repeat([]byte("\x81\xa4next"), n), "\x81\xa7unknown\x01"...))
				}
				v, err := c.Decode(stored)
				is.NoErr(err)
				return func() {
					b, _ := must(codec.EncodeOver(c, v, stored)).Bytes()
					is.True(len(b) > 5*n)
				}
			})
		})
	}
}

// Users write texts of backslashes, and each is an escape in JSON.
func TestJSON_TakesTimeInProportionToTheEscapesOfAText(t *testing.T) {
	is := is.New(t)
	type note struct {
		Text string
		Pair [2]int // an array, so that Decode looks at everything
	}
	c := codec.JSON[note]{}
	for name, text := range map[string]string{"backslashes": `\`, "quotes": `"`, "both": `\"`, "backslashes and letters": `\x`} {
		t.Run(name, func(t *testing.T) {
			inProportion(t, 8000, func(n int) func() {
				v := note{Text: strings.Repeat(text, n)}
				b, _ := must(c.Encode(v)).Bytes()
				stored := codec.Opaque("json", append(b[:len(b)-1:len(b)-1], `,"unknown":1}`...))
				return func() {
					got, err := c.Decode(stored)
					is.NoErr(err)
					is.Equal(got, v)
					q := must(codec.EncodeOver(c, v, stored))
					is.True(codec.Equal(q, stored))
				}
			})
		})
	}
}
