package msgpack

import (
	"bytes"
	"slices"
)

// canonical returns b, one whole value, with the entries of every map in the order of their keys. The encoder sorts only some types
// of maps, and an unchanged session whose bytes change would be written again at every save.
func canonical(b []byte) ([]byte, error) {
	if _, err := harmless(b); err != nil {
		return nil, err
	}
	out, _, err := appendSorted(make([]byte, 0, len(b)), b)
	return out, err
}

// appendSorted appends the value that b begins with, sorted, to out, and returns what of b is left.
func appendSorted(out, b []byte) (sorted, rest []byte, err error) {
	t, err := read(b)
	if err != nil {
		return nil, nil, err
	}
	out, b = append(out, b[:t.head+t.body]...), b[t.head+t.body:]
	if t.isMap {
		return appendMap(out, b, t.items/2)
	}
	for range t.items {
		if out, b, err = appendSorted(out, b); err != nil {
			return nil, nil, err
		}
	}
	return out, b, nil
}

// appendMap appends the n entries that b begins with, sorted by their keys' bytes.
func appendMap(out, b []byte, n int) (sorted, rest []byte, err error) {
	start := len(out)
	type entry struct{ from, key, to int } // of out
	entries := make([]entry, n)
	for i := range entries {
		e := entry{from: len(out)}
		if out, b, err = appendSorted(out, b); err != nil {
			return nil, nil, err
		}
		e.key = len(out)
		if out, b, err = appendSorted(out, b); err != nil {
			return nil, nil, err
		}
		e.to = len(out)
		entries[i] = e
	}
	order := func(x, y entry) int { return bytes.Compare(out[x.from:x.key], out[y.from:y.key]) }
	if slices.IsSortedFunc(entries, order) {
		return out, b, nil
	}
	slices.SortStableFunc(entries, order)
	moved := make([]byte, 0, len(out)-start)
	for _, e := range entries {
		moved = append(moved, out[e.from:e.to]...)
	}
	return append(out[:start], moved...), b, nil
}
