package codec_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/codec/zstd"
)

type sparse struct {
	Pad [64]string `json:"pad,omitzero"`
	N   int        `json:"n,omitzero"`
}

type nested struct {
	List  []nested          `json:"list,omitempty"`
	Chain *nested           `json:"chain,omitempty"`
	Any   any               `json:"any,omitempty"`
	Rough []sparse          `json:"rough,omitempty"`
	Far   []*sparse         `json:"far,omitempty"`
	ByKey map[string]sparse `json:"byKey,omitempty"`
}

// Decode accepts everything that Encode returns: a session that only Load refuses is lost.
func TestEncode_TakesNothingThatDecodeRefuses(t *testing.T) {
	chain := func(depth int) (v nested) {
		for range depth {
			inner := v
			v = nested{Chain: &inner}
		}
		return v
	}
	lists := func(depth int) (v nested) {
		for range depth {
			v = nested{List: []nested{v}}
		}
		return v
	}
	free := func(depth int) nested {
		var v any = true
		for range depth {
			v = []any{v}
		}
		return nested{Any: v}
	}
	maps := func(depth int) nested {
		var v any = true
		for range depth {
			v = map[string]any{"": v}
		}
		return nested{Any: v}
	}
	byKey := map[string]sparse{}
	var far []*sparse
	var loose []any
	for n := range 12_000 {
		byKey[string(rune('0'+n))] = sparse{}
		far = append(far, &sparse{})
		loose = append(loose, map[string]any{})
	}
	cases := map[string]nested{
		"a list of large elements":   {Rough: make([]sparse, 33_000)},
		"pointers to large elements": {Far: append(append(far, far...), far...)},
		"a map of large elements":    {ByKey: byKey},
		"maps in interfaces":         {Any: loose},
	}
	for _, depth := range []int{15, 31, 4990, 5000, 9990, 10010} {
		for name, v := range map[string]nested{"chain": chain(depth), "lists": lists(depth), "free": free(depth), "maps": maps(depth)} {
			cases[name+", "+strconv.Itoa(depth)+" levels"] = v
		}
	}
	for name, c := range map[string]codec.Codec[nested]{
		"json": codec.JSON[nested]{}, "msgpack": msgpack.Codec[nested]{}, "native": attribute.Codec[nested]{},
		"zstd": codec.Compress(codec.JSON[nested]{}, zstd.New(), 0), "zstd msgpack": codec.Compress(msgpack.Codec[nested]{}, zstd.New(), 0),
	} {
		for what, v := range cases {
			if name == "native" && strings.HasSuffix(what, "0 levels") {
				continue // far beyond the limit, and slow
			}
			if p, err := c.Encode(v); err == nil {
				if _, err := c.Decode(p); err != nil {
					t.Errorf("%s: %s: %v", name, what, err)
				}
			}
		}
	}
}

type raw struct {
	Raw json.RawMessage `json:"raw"`
}

func TestEncode_TakesNoRawJSONThatDecodeRefuses(t *testing.T) {
	for name, c := range map[string]codec.Codec[raw]{"json": codec.JSON[raw]{}, "msgpack": msgpack.Codec[raw]{}, "native": attribute.Codec[raw]{}} {
		for _, text := range []string{`"\ud800"`, `{`, ``, ` `, `null `, `{"a":1,"a":2}`, ` 1e400 `, "\"\xff\"", `[1,]`, "\x00"} {
			if p, err := c.Encode(raw{json.RawMessage(text)}); err == nil {
				if _, err := c.Decode(p); err != nil {
					t.Errorf("%s: %q: %v", name, text, err)
				}
			}
		}
	}
}
