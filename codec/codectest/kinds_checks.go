package codectest

import (
	"reflect"
	"strings"
	"testing"
)

// texts checks that every text comes back byte for byte, or is refused.
func texts(t *testing.T, k Kinds) {
	t.Helper()
	Run(t, k.Text, "", "x", "null", "ünï→😀", "\x00\x01\n\t\"\\", "<a href='x'>&amp;</a>", "\ufffd", `\ufffd`, "\u2028", strings.Repeat("long ", 20000))
	for _, s := range []string{"\xff", "a\xc3", "\xed\xa0\x80"} {
		Keeps(t, k.Text, s)
		Keeps(t, k.Free, map[string]any{s: "x"})
		Keeps(t, k.Free, map[string]any{"x": []any{s}})
	}
}

// pointers checks that nil and zero stay different, and that a cycle is an error.
func pointers(t *testing.T, k Kinds) {
	t.Helper()
	zero, some := 0, 7
	double := &some
	Run(t, k.Pointers, Pointers{}, Pointers{
		Zero: &zero, Some: &some, Struct: &Inner{"in", 1}, Double: &double, List: &Node{"a", &Node{"b", nil}},
	})
	var none *int
	Keeps(t, k.Pointers, Pointers{Double: &none})
	Run(t, k.Pointer, &Inner{}, &Inner{Name: "x"}, nil)

	cycle := &Node{Value: "round"}
	cycle.Next = cycle
	Refuses(t, k.Pointers, Pointers{List: cycle})
	Refuses(t, k.Node, *cycle)

	var deep Node
	for range 100000 {
		next := deep
		deep = Node{"down", &next}
	}
	Keeps(t, k.Node, deep)
}

// tags checks that a field marked json:"-" is not stored, whatever the codec.
func tags(t *testing.T, k Kinds) {
	t.Helper()
	Run(t, k.Tagged, Tagged{}, Tagged{Renamed: "r", Omitted: "o"})
	p := encode(t, k.Tagged, Tagged{Renamed: "r", Skipped: "not-to-be-stored"})
	if strings.Contains(string(bytesOf(t, p)), "not-to-be-stored") {
		t.Error(`a field tagged json:"-" is stored`)
	}
	if got, err := k.Tagged.Decode(p); err != nil || got != (Tagged{Renamed: "r"}) {
		t.Errorf("Decode: %+v, %v", got, err)
	}
}

// versions checks that a field which the type doesn't have is ignored, and one which the payload
// doesn't have is zero.
func versions(t *testing.T, k Kinds) {
	t.Helper()
	newer, err := k.Newer.Decode(encode(t, k.Older, Older{"kept", "dropped"}))
	if err != nil || newer != (Newer{Kept: "kept"}) {
		t.Errorf("Decode of the older: %+v, %v", newer, err)
	}
	older, err := k.Older.Decode(encode(t, k.Newer, Newer{"kept", 3}))
	if err != nil || older != (Older{Kept: "kept"}) {
		t.Errorf("Decode of the newer: %+v, %v", older, err)
	}
}

// interfaces checks that values in interfaces come back: numbers with the same value, others
// unchanged.
func interfaces(t *testing.T, k Kinds) {
	t.Helper()
	Run(t, k.Open, Open{}, Open{
		Any:  "text",
		List: []any{nil, true, 1.5, "", []any{}, map[string]any{}},
		Map:  map[string]any{"a": nil, "b": map[string]any{"c": []any{"d"}}, "e": false},
	})
	Run(t, k.Free, nil, map[string]any{}, map[string]any{"k": "v"})
	for _, n := range []any{int64(1<<53 + 1), uint64(1<<64 - 1), int64(-1 << 63), int(7), uint8(3), 0.1} {
		p := encode(t, k.Open, Open{Any: n})
		got, err := k.Open.Decode(p)
		if err != nil || !sameNumber(n, got.Any) {
			t.Errorf("%T(%v) in an interface comes back as %T(%v), %v", n, n, got.Any, got.Any, err)
		}
	}
}

// sameNumber reports whether two numbers, of any types, have the same text.
func sameNumber(a, b any) bool {
	if v := reflect.ValueOf(b); v.IsValid() && v.CanFloat() && v.Float() == float64(int64(v.Float())) {
		b = int64(v.Float())
	}
	return text(a) == text(b)
}
