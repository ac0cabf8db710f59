package codectest

import (
	"reflect"
	"testing"

	"github.com/dynasession/dynasession/codec"
)

// Run checks c against the contract of [codec.Codec] with each of values: it decodes to the same
// value, from the payload and from its bytes alone; the same value encodes to the same payload;
// payloads and decoded values share no memory; another format is ErrFormat; damaged bytes don't
// panic; and a [codec.Keeper] preserves no field that T has (see [RunKeeper] for those that it must
// preserve). No two of values may be equal.
//
// Values are compared by their exported fields, except those tagged `json:"-"`. A nil slice or map
// differs from an empty one, and times are compared by time.Time.Equal.
func Run[T any](t *testing.T, c codec.Codec[T], values ...T) {
	t.Helper()
	if len(values) == 0 {
		t.Fatal("codectest: no values to run with")
	}
	var payloads []codec.Payload
	for _, v := range values {
		p := encode(t, c, v)
		roundTrip(t, c, v, p)
		stable(t, c, v, p)
		unshared(t, c, v)
		foreign(t, c, p)
		damaged(t, c, p)
		for i, other := range payloads {
			if codec.Equal(p, other) {
				t.Errorf("values %d and %d are different, and their payloads equal", i, len(payloads))
			}
		}
		payloads = append(payloads, p)
	}
	over(t, c, values)
	concurrent(t, c, values)
}

// Keeps checks that Decode returns v unchanged, or that Encode refuses it.
func Keeps[T any](t *testing.T, c codec.Codec[T], v T) {
	t.Helper()
	p, err := c.Encode(v)
	if err != nil {
		return
	}
	roundTrip(t, c, v, p)
}

// Refuses checks that Encode refuses v, with an error that is not [codec.ErrFormat].
func Refuses[T any](t *testing.T, c codec.Codec[T], v T) {
	t.Helper()
	if p, err := c.Encode(v); err == nil {
		t.Errorf("Encode of a %T gives a payload of format %q, want an error", v, p.Format())
	}
}

func encode[T any](t *testing.T, c codec.Codec[T], v T) codec.Payload {
	t.Helper()
	p, err := c.Encode(v)
	if err != nil {
		t.Fatalf("Encode of a %T: %v", v, err)
	}
	if p == nil || p.Format() == "" {
		t.Fatalf("Encode of a %T gives no payload, or one without a format", v)
	}
	return p
}

func bytesOf(t *testing.T, p codec.Payload) []byte {
	t.Helper()
	b, err := p.Bytes()
	if err != nil {
		t.Fatalf("Bytes: %v", err)
	}
	return b
}

// roundTrip checks that v comes back from p, and from what a store keeps of it.
func roundTrip[T any](t *testing.T, c codec.Codec[T], v T, p codec.Payload) {
	t.Helper()
	kept := codec.Opaque(p.Format(), append([]byte(nil), bytesOf(t, p)...))
	for name, p := range map[string]codec.Payload{"payload": p, "bytes": kept} {
		got, err := c.Decode(p)
		if err != nil {
			t.Fatalf("Decode of the %s of a %T: %v", name, v, err)
		}
		if at, ok := same(reflect.ValueOf(&v).Elem(), reflect.ValueOf(&got).Elem(), ""); !ok {
			t.Errorf("%T, decoded from its %s, differs at %q", v, name, at)
		}
	}
	if !codec.Equal(p, kept) {
		t.Errorf("the payload of a %T doesn't equal what a store keeps of it", v)
	}
}
