package msgpack

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// canonical returns b, one whole value, with the entries of every map in the order of their keys.
// The encoder sorts only some types of maps, and an unchanged session whose bytes change would be
// written again at every save. Its time is proportional to the length of b, however deep maps are
// nested.
func canonical(b []byte) ([]byte, error) {
	s := sorter{b: b, nests: make([]nest, 0, 8), entries: make([]entry, 0, 32)}
	end, unsorted, err := s.read(0, 0)
	if err != nil {
		return nil, err
	}
	if end != len(b) {
		return nil, errors.New("msgpack: more follows the value")
	}
	if !unsorted {
		return b, nil
	}
	s.out = make([]byte, 0, len(b))
	s.write(0, 0)
	return s.out, nil
}

// sorter reads a value, and then writes it with sorted maps.
type sorter struct {
	b       []byte
	nests   []nest
	entries []entry
	out     []byte
}

// nest is a map or an array. Nests are numbered in the order in which they begin.
type nest struct {
	end, next    int  // where it ends, and the number of the first nest after it
	first, count int  // its entries, sorted; an array has none
	unsorted     bool // the nest, or one in it, was unsorted
}

type entry struct {
	key, value, end int
	nest            int // the number of the value, if it is a nest
}

// read reads the value that begins at i, and returns its end and whether it has an unsorted map. If
// the value is a nest, it gets the next number.
func (s *sorter) read(i, depth int) (end int, unsorted bool, err error) {
	if i < len(s.b) && s.b[i] <= 0x7f { // a small number
		return i + 1, false, nil
	}
	t, err := read(s.b[i:])
	if err != nil {
		return 0, false, err
	}
	at := i + t.head + t.body
	switch {
	case at > len(s.b) || t.items > len(s.b)-at:
		return 0, false, errCut
	case t.items == 0:
		return at, false, nil
	case depth == maxDepth:
		return 0, false, fmt.Errorf("msgpack: is nested deeper than %d levels", maxDepth)
	}
	number, first := len(s.nests), len(s.entries)
	s.nests = append(s.nests, nest{})
	if !t.isMap {
		for range t.items {
			var inner bool
			if at, inner, err = s.read(at, depth+1); err != nil {
				return 0, false, err
			}
			unsorted = unsorted || inner
		}
		s.nests[number] = nest{at, len(s.nests), first, 0, unsorted}
		return at, unsorted, nil
	}
	count := t.items / 2
	s.entries = append(s.entries, make([]entry, count)...)
	for n := range count {
		e := entry{key: at}
		if e.value, _, err = s.read(at, depth+1); err != nil {
			return 0, false, err
		}
		e.nest = len(s.nests)
		var inner bool
		if at, inner, err = s.read(e.value, depth+1); err != nil {
			return 0, false, err
		}
		unsorted = unsorted || inner
		e.end = at
		s.entries[first+n] = e
	}
	if entries := s.entries[first : first+count]; !slices.IsSortedFunc(entries, s.order) {
		slices.SortStableFunc(entries, s.order)
		unsorted = true
	}
	s.nests[number] = nest{at, len(s.nests), first, count, unsorted}
	return at, unsorted, nil
}

func (s *sorter) order(x, y entry) int { return bytes.Compare(s.b[x.key:x.value], s.b[y.key:y.value]) }

// write writes the value that begins at i, and returns its end and the number of the next nest. If
// the value is a nest, it has the given number.
func (s *sorter) write(i, number int) (end, next int) {
	t, err := read(s.b[i:])
	if err != nil || t.items == 0 {
		end = i + t.head + t.body
		s.out = append(s.out, s.b[i:end]...)
		return end, number
	}
	n := s.nests[number]
	if !n.unsorted {
		s.out = append(s.out, s.b[i:n.end]...)
		return n.end, n.next
	}
	s.out = append(s.out, s.b[i:i+t.head]...)
	if !t.isMap {
		at, number := i+t.head, number+1
		for range t.items {
			at, number = s.write(at, number)
		}
		return n.end, n.next
	}
	for _, e := range s.entries[n.first : n.first+n.count] {
		s.out = append(s.out, s.b[e.key:e.value]...)
		s.write(e.value, e.nest)
	}
	return n.end, n.next
}
