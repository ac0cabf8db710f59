package codectest

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/dynasession/dynasession/codec"
)

// RunKeeper checks that old, a codec of a type that lacks fields of New, preserves them, as
// [codec.Keeper] requires: it encodes each of values with new, decodes it with old, encodes that
// over the first payload, and compares what new decodes then. Set fields that Old doesn't have only
// where a Keeper preserves them, so not in the elements of slices.
//
// Both codecs must have the same format.
func RunKeeper[Old, New any](t *testing.T, old codec.Codec[Old], new codec.Codec[New], values ...New) {
	t.Helper()
	if len(values) == 0 {
		t.Fatal("codectest: no values to run with")
	}
	if _, ok := old.(codec.Keeper[Old]); !ok {
		t.Fatalf("codectest: %T is not a codec.Keeper", old)
	}
	for _, v := range values {
		stored := encode(t, new, v)
		before := bytes.Clone(bytesOf(t, stored))
		for name, stored := range map[string]codec.Payload{"payload": stored, "bytes": codec.Opaque(stored.Format(), bytes.Clone(before))} {
			known, err := old.Decode(stored)
			if err != nil {
				t.Fatalf("Decode of a %T as a %T: %v", v, known, err)
			}
			p := encodeOver(t, old, known, stored)
			got, err := new.Decode(p)
			if err != nil {
				t.Fatalf("Decode of a %T after EncodeOver of a %T over its %s: %v", v, known, name, err)
			}
			if at, ok := same(reflect.ValueOf(&v).Elem(), reflect.ValueOf(&got).Elem(), ""); !ok {
				t.Errorf("a %T, stored again by a codec that doesn't know it all, differs at %q", v, at)
			}
			again, err := old.Decode(p)
			if err != nil {
				t.Fatal(err)
			}
			if at, ok := same(reflect.ValueOf(&known).Elem(), reflect.ValueOf(&again).Elem(), ""); !ok {
				t.Errorf("EncodeOver changes what a %T knows, at %q", known, at)
			}
			if !codec.Equal(p, encodeOver(t, old, again, p)) {
				t.Errorf("EncodeOver of an unchanged %T over what it has made makes something else", known)
			}
		}
		if !bytes.Equal(before, bytesOf(t, stored)) {
			t.Errorf("EncodeOver changes what it encodes over")
		}
	}
}

// over checks EncodeOver with values of one type, which have no unknown members: the result must
// have nothing of the stored value.
func over[T any](t *testing.T, c codec.Codec[T], values []T) {
	t.Helper()
	k, ok := c.(codec.Keeper[T])
	if !ok {
		return
	}
	for _, v := range values {
		p := encode(t, c, v)
		for name, stored := range map[string]codec.Payload{
			"nil":              nil,
			"another format":   codec.Opaque("x-"+p.Format(), bytesOf(t, p)),
			"what can't be":    codec.Opaque(p.Format(), []byte("\xff{damaged")),
			"no bytes":         codec.Opaque(p.Format(), nil),
			"half of the same": codec.Opaque(p.Format(), bytesOf(t, p)[:len(bytesOf(t, p))/2]),
			"the same":         p,
		} {
			if got, err := k.EncodeOver(v, stored); err != nil || !codec.Equal(p, got) {
				t.Errorf("EncodeOver of a %T over %s is not Encode of it: %v", v, name, err)
			}
		}
		for _, other := range values {
			stored := encode(t, c, other)
			before := bytes.Clone(bytesOf(t, stored))
			q := encodeOver(t, c, v, stored)
			got, err := c.Decode(q)
			if err != nil {
				t.Fatalf("Decode of a %T that was encoded over another one: %v", v, err)
			}
			if at, ok := same(reflect.ValueOf(&v).Elem(), reflect.ValueOf(&got).Elem(), ""); !ok {
				t.Errorf("a %T that was encoded over another one differs at %q", v, at)
			}
			if !bytes.Equal(before, bytesOf(t, stored)) {
				t.Errorf("EncodeOver of a %T changes what it encodes over", v)
			}
		}
	}
}

func encodeOver[T any](t *testing.T, c codec.Codec[T], v T, stored codec.Payload) codec.Payload {
	t.Helper()
	p, err := codec.EncodeOver(c, v, stored)
	if err != nil {
		t.Fatalf("EncodeOver of a %T: %v", v, err)
	}
	if p == nil || p.Format() == "" {
		t.Fatalf("EncodeOver of a %T gives no payload, or one without a format", v)
	}
	return p
}
