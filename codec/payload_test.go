package codec_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
)

// broken is a payload whose Bytes fails.
type broken struct{ format string }

func (b broken) Format() string       { return b.format }
func (broken) Bytes() ([]byte, error) { return nil, errors.New("no bytes") }

// caseless has its own method Equal.
type caseless string

func (caseless) Format() string           { return "text" }
func (c caseless) Bytes() ([]byte, error) { return []byte(c), nil }
func (c caseless) Equal(p codec.Payload) bool {
	b, err := codec.BytesOf(p, "text")
	return err == nil && strings.EqualFold(string(b), string(c))
}

func TestOpaque(t *testing.T) {
	is := is.New(t)
	p := codec.Opaque("json", []byte("s3cret"))
	is.Equal(p.Format(), "json")
	b, err := p.Bytes()
	is.NoErr(err)
	is.Equal(string(b), "s3cret")
}

func TestOpaque_IsNeverPrinted(t *testing.T) {
	p := codec.Opaque("json", []byte("s3cret"))
	type record struct{ P codec.Payload }
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%c", "%e"} {
		for _, v := range []any{p, &p, record{p}, &record{p}, []codec.Payload{p}, map[string]codec.Payload{"k": p}} {
			got := fmt.Sprintf(verb, v)
			for _, leak := range []string{"s3cret", "733363726574", "115 51 99"} {
				if strings.Contains(strings.ToLower(got), leak) {
					t.Errorf("%s of %T shows the data: %s", verb, v, got)
				}
			}
		}
	}
	is := is.New(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		is.Equal(fmt.Sprintf(verb, p), "json payload, 6 bytes")
	}
	b, err := json.Marshal(record{p})
	is.NoErr(err)
	is.Equal(string(b), `{"P":"json payload, 6 bytes"}`)
}

func TestBytesOf(t *testing.T) {
	is := is.New(t)
	b, err := codec.BytesOf(codec.Opaque("json", []byte("1")), "json")
	is.NoErr(err)
	is.Equal(string(b), "1")

	_, err = codec.BytesOf(codec.Opaque("json", []byte("1")), "msgpack")
	wants.Err(t, err, codec.ErrFormat)
	is.Equal(err.Error(), `codec: payload is of another format: have "json", want "msgpack"`)

	_, err = codec.BytesOf(nil, "json")
	wants.Err(t, err, codec.ErrFormat)
	is.Equal(err.Error(), `codec: payload is of another format: have none, want "json"`)

	_, err = codec.BytesOf(broken{"json"}, "json")
	is.True(err != nil && !errors.Is(err, codec.ErrFormat))
}

func TestEqual(t *testing.T) {
	one := codec.Opaque("text", []byte("One"))
	for _, c := range []struct {
		name string
		a, b codec.Payload
		want bool
	}{
		{"same bytes", one, codec.Opaque("text", []byte("One")), true},
		{"other bytes", one, codec.Opaque("text", []byte("one")), false},
		{"other format", one, codec.Opaque("json", []byte("One")), false},
		{"both nil", nil, nil, true},
		{"one nil", one, nil, false},
		{"no bytes", broken{"text"}, broken{"text"}, false},
		{"no bytes on one side", one, broken{"text"}, false},
		{"an Equal of its own", caseless("ONE"), one, true},
		{"an Equal that differs", caseless("TWO"), one, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			is.Equal(codec.Equal(c.a, c.b), c.want)
			is.Equal(codec.Equal(c.b, c.a), c.want) // whichever side has the method
		})
	}
}
