package msgpack

import (
	"bytes"
	"slices"
)

// canonical returns b, one whole value, with the entries of every map in the order of their keys. The encoder sorts only some types
// of maps, and an unchanged session whose bytes change would be written again at every save.
func canonical(b []byte) ([]byte, error) {
	if _, _, err := harmless(b); err != nil {
		return nil, err
	}
	s := sorter{b: b}
	s.measure()
	if s.sorted() {
		return b, nil
	}
	s.out = make([]byte, 0, len(b))
	s.value(0, 0)
	return s.out, nil
}

// sorter writes a value anew. It knows where each map and array ends before it begins: so it takes time in proportion to their number,
// however deep they are nested.
type sorter struct {
	b    []byte
	nest []nest // the maps and arrays, in the order in which they begin
	out  []byte
}

type nest struct {
	end  int // where it ends
	next int // of nest: the first one that begins after it
}

// measure fills in nest.
func (s *sorter) measure() {
	type level struct{ of, left int }
	var open []level
	at := 0
	for {
		t, err := read(s.b[at:])
		if err != nil {
			return // can't be: it is harmless
		}
		at += t.head + t.body
		if t.items > 0 {
			open = append(open, level{len(s.nest), t.items})
			s.nest = append(s.nest, nest{})
			continue
		}
		for {
			if len(open) == 0 {
				return
			}
			last := &open[len(open)-1]
			if last.left--; last.left > 0 {
				break
			}
			s.nest[last.of] = nest{at, len(s.nest)}
			open = open[:len(open)-1]
		}
	}
}

// end returns where the value that begins at i ends, and which nest is the next after it, of which the given one is the next from i on.
func (s *sorter) end(i, n int) (end, next int) {
	t, err := read(s.b[i:])
	if err != nil {
		return len(s.b), n
	}
	if t.items > 0 {
		return s.nest[n].end, s.nest[n].next
	}
	return i + t.head + t.body, n
}

type entry struct{ key, keyNest, value, valueNest, end int }

// entries returns those of the map that begins at i.
func (s *sorter) entries(i, n int) (head int, entries []entry, isSorted bool) {
	t, err := read(s.b[i:])
	if err != nil {
		return 0, nil, true
	}
	entries = make([]entry, t.items/2)
	at, n := i+t.head, n+1
	for k := range entries {
		e := entry{key: at, keyNest: n}
		e.value, e.valueNest = s.end(at, n)
		e.end, n = s.end(e.value, e.valueNest)
		at = e.end
		entries[k] = e
	}
	return t.head, entries, slices.IsSortedFunc(entries, s.order)
}

func (s *sorter) order(x, y entry) int { return bytes.Compare(s.b[x.key:x.value], s.b[y.key:y.value]) }

// sorted reports whether nothing is to be done.
func (s *sorter) sorted() bool {
	at, n := 0, 0
	for at < len(s.b) {
		t, err := read(s.b[at:])
		if err != nil {
			return true
		}
		if t.items > 0 {
			if t.isMap {
				if _, _, ok := s.entries(at, n); !ok {
					return false
				}
			}
			n++
		}
		at += t.head + t.body
	}
	return true
}

// value writes the value that begins at i, of which the nest n is the next from i on, and returns where it ends, and the next nest there.
func (s *sorter) value(i, n int) (end, next int) {
	t, err := read(s.b[i:])
	if err != nil {
		return len(s.b), n
	}
	if t.items == 0 {
		end = i + t.head + t.body
		s.out = append(s.out, s.b[i:end]...)
		return end, n
	}
	end, next = s.end(i, n)
	s.out = append(s.out, s.b[i:i+t.head]...)
	if !t.isMap {
		at, n := i+t.head, n+1
		for range t.items {
			at, n = s.value(at, n)
		}
		return end, next
	}
	_, entries, isSorted := s.entries(i, n)
	if !isSorted {
		slices.SortStableFunc(entries, s.order)
	}
	for _, e := range entries {
		s.value(e.key, e.keyNest)
		s.value(e.value, e.valueNest)
	}
	return end, next
}
