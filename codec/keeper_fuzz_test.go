package codec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
)

// overStored decodes stored, encodes the value over it, and checks that the members that T knows
// are unchanged, and that a second time changes nothing. It returns the encoded payload, or nil if
// stored can't be read.
func overStored(t *testing.T, c codec.Codec[account], stored codec.Payload) codec.Payload {
	t.Helper()
	v, err := c.Decode(stored)
	if err != nil {
		return nil
	}
	p, err := codec.EncodeOver(c, v, stored)
	if err != nil {
		if _, err := c.Encode(v); err == nil {
			t.Fatal("EncodeOver fails, and Encode does not")
		}
		return nil // the value that was read can't be written
	}
	again, err := c.Decode(p)
	if err != nil {
		t.Fatalf("what was encoded over something isn't decoded: %v", err)
	}
	if !codec.Equal(must(c.Encode(v)), must(c.Encode(again))) {
		t.Fatalf("%+v became %+v", v, again)
	}
	if q := must(codec.EncodeOver(c, again, p)); !codec.Equal(p, q) {
		a, _ := p.Bytes()
		b, _ := q.Bytes()
		t.Fatalf("not the same a second time:\n%q\n%q", a, b)
	}
	return p
}

// isKnown reports whether account has a field that JSON and attributevalue read under that name.
func isKnown(name string) bool {
	for _, n := range []string{"name", "role", "home", "work", "other", "book", "links", "past", "free", "street", "zip"} {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func FuzzJSON_EncodeOver(f *testing.F) {
	for _, s := range []string{
		`{"name":"n","x":{"a" : [1]},"home":{"new":1}}`, `{"role":"r","Role":"x","ROLE":1}`, `{"work":{"u":{}},"other":{"u":1}}`, `null`, `{"\u006eame":"n","a":1,"a":2}`,
		`{"book":{"a":{"u":1},"a":{"v":2}},"links":{"a":null}}`, ` { "past" : [ { "u" : 1 } ] , "u" : "\ud83d\ude00" } `,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p := overStored(t, codec.JSON[account]{}, codec.Opaque("json", b))
		if p == nil {
			return
		}
		var before, after map[string]json.RawMessage
		now, _ := p.Bytes()
		if json.Unmarshal(b, &before) != nil || json.Unmarshal(now, &after) != nil {
			t.Fatalf("no object: %q", now)
		}
		for name, raw := range before {
			if !isKnown(name) && !bytes.Equal(raw, after[name]) {
				t.Fatalf("%q: %q is lost in %q", name, raw, now)
			}
		}
	})
}

func FuzzMsgpack_EncodeOver(f *testing.F) {
	for _, v := range newAccounts() {
		b, _ := must(msgpack.Codec[newAccount]{}.Encode(v)).Bytes()
		f.Add(b)
	}
	f.Add([]byte("\x82\xa1u\x81\x01\x02\xa4home\x81\xa1u\xc0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := overStored(t, msgpack.Codec[account]{}, codec.Opaque("msgpack", b))
		if p == nil {
			return
		}
		free := msgpack.Codec[map[string]any]{}
		before, err := free.Decode(codec.Opaque("msgpack", b))
		if err != nil {
			return // keys other than strings, for example
		}
		after, err := free.Decode(p)
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range before {
			if isKnown(name) || name == "address" {
				continue
			}
			// NaN differs from itself.
			if w, ok := after[name]; !ok || fmt.Sprint(v) != fmt.Sprint(w) {
				t.Fatalf("%q: %v is lost", name, v)
			}
		}
	})
}

func FuzzAttribute_EncodeOver(f *testing.F) {
	for _, v := range newAccounts() {
		b, _ := must(attribute.Codec[newAccount]{}.Encode(v)).Bytes()
		f.Add(b)
	}
	f.Add([]byte(`{"M":{"role":{"S":"r"},"Role":{"S":"x"},"ROLE":{"N":"1"},"u":{"NS":["1"]},"work":{"M":{"u":{"BOOL":true}}}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		stored := codec.Opaque("dynamodb", b)
		p := overStored(t, attribute.Codec[account]{}, stored)
		if p == nil {
			return
		}
		old, err := attribute.ValueOf(stored)
		if err != nil {
			t.Fatal(err)
		}
		before := old.AttributeValue().(*types.AttributeValueMemberM).Value
		after := p.(attribute.Value).AttributeValue().(*types.AttributeValueMemberM).Value
		for name, v := range before {
			if w, ok := after[name]; !isKnown(name) && (!ok || !codec.Equal(attribute.NewValue(v), attribute.NewValue(w))) {
				t.Fatalf("%q is lost", name)
			}
		}
	})
}
