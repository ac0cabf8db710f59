package codectest

import (
	"bytes"
	"errors"
	"reflect"
	"sync"
	"testing"

	"github.com/dynasession/dynasession/codec"
)

// repeats is how often a value is encoded again, since the order of a map varies.
const repeats = 20

// stable checks that the same value always has the same payload: otherwise every save of an
// unchanged session would cost a write.
func stable[T any](t *testing.T, c codec.Codec[T], v T, p codec.Payload) {
	t.Helper()
	for range repeats {
		if !codec.Equal(p, encode(t, c, v)) {
			t.Fatalf("two payloads of one %T are not equal", v)
		}
	}
	decoded, err := c.Decode(p)
	if err != nil {
		t.Fatal(err)
	}
	if !codec.Equal(p, encode(t, c, decoded)) {
		t.Errorf("a %T that was decoded has another payload than before", v)
	}
}

// unshared checks that a payload doesn't change with the encoded value, nor with a decoded one.
func unshared[T any](t *testing.T, c codec.Codec[T], v T) {
	t.Helper()
	mine, err := c.Decode(encode(t, c, v)) // a copy, since v is the caller's
	if err != nil {
		t.Fatal(err)
	}
	p := encode(t, c, mine)
	before := bytes.Clone(bytesOf(t, p))
	scramble(reflect.ValueOf(&mine).Elem())
	if !bytes.Equal(before, bytesOf(t, p)) {
		t.Errorf("the payload of a %T changes with it", v)
	}
	a, err := c.Decode(p)
	if err != nil {
		t.Fatal(err)
	}
	scramble(reflect.ValueOf(&a).Elem())
	b, err := c.Decode(p)
	if err != nil {
		t.Fatal(err)
	}
	if at, ok := same(reflect.ValueOf(&v).Elem(), reflect.ValueOf(&b).Elem(), ""); !ok {
		t.Errorf("the payload of a %T changes with what was decoded from it, at %q", v, at)
	}
}

// foreign checks that Decode returns ErrFormat for a payload of another format, and for nil.
func foreign[T any](t *testing.T, c codec.Codec[T], p codec.Payload) {
	t.Helper()
	for name, p := range map[string]codec.Payload{
		"another format": codec.Opaque("x-"+p.Format(), bytesOf(t, p)),
		"nil":            nil,
	} {
		if _, err := c.Decode(p); !errors.Is(err, codec.ErrFormat) {
			t.Errorf("Decode of %s: %v, want ErrFormat", name, err)
		}
	}
}

// damaged checks that damaged bytes don't make Decode panic. No codec can promise to find all
// damage, except if there are no bytes at all.
func damaged[T any](t *testing.T, c codec.Codec[T], p codec.Payload) {
	t.Helper()
	b := bytesOf(t, p)
	try := func(b []byte) { _, _ = c.Decode(codec.Opaque(p.Format(), b)) }
	step := max(1, len(b)/200)
	for i := 0; i < len(b); i += step {
		try(b[:i])
		flipped := bytes.Clone(b)
		flipped[i] ^= 1 << (i % 8)
		try(flipped)
		flipped[i] = 0xff
		try(flipped)
	}
	if _, err := c.Decode(codec.Opaque(p.Format(), nil)); err == nil {
		t.Error("Decode of no bytes at all succeeds")
	}
	if _, err := c.Decode(codec.Opaque(p.Format(), append(bytes.Clone(b), b...))); err == nil {
		t.Error("Decode of a payload that comes twice in a row succeeds")
	}
}

// concurrent checks, with the race detector, that goroutines can share a codec.
func concurrent[T any](t *testing.T, c codec.Codec[T], values []T) {
	t.Helper()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, v := range values {
				p, err := c.Encode(v)
				if err != nil {
					t.Errorf("Encode of a %T beside others: %v", v, err)
					return
				}
				if _, err := c.Decode(p); err != nil {
					t.Errorf("Decode of a %T beside others: %v", v, err)
				}
				if _, err := codec.EncodeOver(c, v, p); err != nil {
					t.Errorf("EncodeOver of a %T beside others: %v", v, err)
				}
			}
		})
	}
	wg.Wait()
}
