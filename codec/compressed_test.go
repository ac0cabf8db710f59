package codec_test

import (
	"compress/flate"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"weak"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
)

func TestCompressed_IsEqualHoweverItIsCompressed(t *testing.T) {
	is := is.New(t)
	value := strings.Repeat("abcdefgh", 200) + "ijkl"
	ours := encoded(t, compressing[string](0), value)
	other := kept(t, encoded(t, codec.Compress[string](codec.JSON[string]{}, flat{flate.HuffmanOnly}, 0), value))
	a, _ := ours.Bytes()
	b, _ := other.Bytes()
	is.True(string(a) != string(b))
	is.True(codec.Equal(ours, other))
	is.True(codec.Equal(other, ours))
	is.True(codec.Equal(ours, ours))

	changed := encoded(t, compressing[string](0), value+"m")
	for _, unequal := range []codec.Payload{
		changed, kept(t, changed), encoded[string](t, codec.JSON[string]{}, value), codec.Opaque("flat+json", []byte("damaged")),
		codec.Opaque("flat+json", nil), codec.Opaque("flat+msgpack", a), codec.Opaque("other+json", a),
		broken{"flat+json"},
		nil,
	} {
		is.True(!codec.Equal(ours, unequal))
		is.True(!codec.Equal(unequal, ours))
	}
}

// A store may keep a payload for hours, so it doesn't keep the uncompressed one in memory.
func TestCompressed_DoesNotKeepWhatItWasMadeOf(t *testing.T) {
	is := is.New(t)
	text := []byte(`"` + strings.Repeat("x", 10_000) + `"`)
	gone := weak.Make(&text[0])
	p := encoded(t, codec.Compress[string](encodes{codec.Opaque("json", text)}, flat{9}, 0), "")
	text = nil
	runtime.GC()
	is.True(gone.Value() == nil)
	is.Equal(p.Format(), "flat+json")
}

func TestCompressed_AsksTheInnerPayload(t *testing.T) {
	is := is.New(t)
	text := strings.Repeat("one", 500)
	c := codec.Compress[string](encodes{caseless(strings.ToUpper(text))}, flat{9}, 0)
	lower, err := flat{9}.Compress([]byte(text))
	is.NoErr(err)
	is.True(codec.Equal(encoded(t, c, ""), codec.Opaque("flat+text", lower)))
}

// printing is a codec that remembers the payload it decodes.
type printing struct{ got *codec.Payload }

func (printing) Encode(string) (codec.Payload, error) { return nil, nil }

func (p printing) Decode(got codec.Payload) (string, error) {
	*p.got = got
	return "", nil
}

func TestCompressed_IsNeverPrinted(t *testing.T) {
	is := is.New(t)
	secret := strings.Repeat("s3cret", 200)
	p := encoded(t, compressing[string](0), secret)
	is.Equal(p.Format(), "flat+json")
	var inside codec.Payload
	_, err := codec.Compress[string](printing{&inside}, flat{9}, 0).Decode(kept(t, p))
	is.NoErr(err)
	b, err := p.Bytes()
	is.NoErr(err)

	type record struct{ P codec.Payload }
	for _, p := range []codec.Payload{p, inside} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%c", "%e"} {
			for _, v := range []any{p, &p, record{p}, &record{p}, []codec.Payload{p}, map[string]codec.Payload{"k": p}} {
				got := strings.ToLower(fmt.Sprintf(verb, v))
				for _, leak := range []string{"s3cret", "733363726574", "115 51 99", string(b), fmt.Sprintf("%x", b[:8]), fmt.Sprint(b[:8])} {
					if strings.Contains(got, strings.Trim(leak, "[]")) {
						t.Errorf("%s of %T shows the data: %s", verb, v, got)
					}
				}
			}
		}
	}
	is.Equal(fmt.Sprint(p), fmt.Sprintf("flat+json payload, %d bytes", len(b)))
	is.Equal(fmt.Sprintf("%v %#v", inside, inside), "json payload, compressed json payload, compressed")
}
