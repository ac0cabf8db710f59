package msgpack

import (
	"bytes"
	"encoding/binary"

	"github.com/dynasession/dynasession/codec/internal/members"
	"github.com/dynasession/dynasession/codec/internal/shape"
)

// carry returns fresh, an encoded value of the plan, with the members of stored that the plan
// doesn't know. It is not ok if there are none, or if stored can't be read.
func carry(plan *shape.Plan, fresh, stored []byte) (all []byte, ok bool) {
	if plan = members.Inner(plan); plan == nil || bytes.Equal(fresh, stored) {
		return nil, false
	}
	if _, all := known(stored, 0, 0, plan); all {
		return nil, false
	}
	if _, _, err := harmless(stored); err != nil {
		return nil, false
	}
	old, _, ok := node(stored, 0, plan)
	if !ok || !old.Unknown {
		return nil, false
	}
	now, _, ok := node(fresh, 0, plan)
	if !ok {
		return nil, false // nil
	}
	return appendNode(make([]byte, 0, len(fresh)+len(stored)), names.Merge(now, old)), true
}

// node reads the map that begins at i of b, a harmless value, and returns its end. ok reports
// whether there is one.
func node(b []byte, i int, plan *shape.Plan) (n *members.Node, end int, ok bool) {
	t, err := read(b[i:])
	if err != nil || !t.isMap {
		return nil, 0, false
	}
	n = &members.Node{Plan: plan, Members: make([]members.Member, 0, len(plan.Members))}
	i += t.head
	for range t.items / 2 {
		var m members.Member
		start := i
		if i, ok = skip(b, i); !ok {
			return nil, 0, false
		}
		m.Key = b[start:i]
		if m.Name, ok = nameOf(m.Key, plan); !ok {
			return nil, 0, false
		}
		if below := members.Below(plan, m.Name); below != nil {
			m.Node, end, ok = node(b, i, below)
		} else {
			ok = false
		}
		if ok {
			i = end
		} else if i, ok = skip(b, i); !ok {
			return nil, 0, false
		}
		m.Raw = b[start:i]
		n.Add(m)
	}
	n.Close()
	return n, i, true
}

// known is a quick check whether the map that begins at i of b has no member unknown to the plan;
// it returns the map's end. Most values have none, and need no node. It may report false although
// there is none.
func known(b []byte, i, depth int, plan *shape.Plan) (end int, all bool) {
	if i > len(b) || depth > quickDepth {
		return 0, false
	}
	t, err := read(b[i:])
	if err != nil || !t.isMap {
		return 0, false
	}
	i += t.head
	likely := 0
	for range t.items / 2 {
		start, ok := i, false
		if i, ok = skip(b, i); !ok {
			return 0, false
		}
		below := plan.Elem // of a map
		if plan.Kind == shape.Struct {
			key := b[start:i]
			name, err := read(key)
			if err != nil || name.isExt || name.items > 0 || !isText(key[0]) {
				return 0, false
			}
			field, ok := plan.Exact(key[name.head:], likely)
			if !ok {
				return 0, false
			}
			below, likely = plan.Members[field].Plan, field+1
		}
		if below = members.Inner(below); below != nil && isMap(b, i) {
			i, ok = known(b, i, depth+1, below)
		} else {
			i, ok = skip(b, i)
		}
		if !ok {
			return 0, false
		}
	}
	return i, true
}

// quickDepth is how deep known reads nested values.
const quickDepth = 100

// isMap reports whether a map begins at i of b.
func isMap(b []byte, i int) bool {
	return i < len(b) && (b[i]&0xf0 == 0x80 || b[i] == 0xde || b[i] == codeMap32)
}

// nameOf returns the name of a key: a text in a struct, any value in a map.
func nameOf(key []byte, plan *shape.Plan) (name string, ok bool) {
	if plan.Kind == shape.Map {
		return string(key), true
	}
	t, err := read(key)
	if err != nil || t.isExt || t.items > 0 || t.head+t.body != len(key) || !isText(key[0]) {
		return "", false
	}
	return plan.NameOf(key[t.head:]), true
}

// isText reports whether the decoder takes a value that begins with c for a name: a text, bytes, or
// nil, which it reads as an empty name.
func isText(c byte) bool {
	return c == codeNil || c&0xe0 == 0xa0 || (c >= 0xd9 && c <= 0xdb) || (c >= 0xc4 && c <= 0xc6)
}

// skip returns the end of the value that begins at i.
func skip(b []byte, i int) (end int, ok bool) {
	for open := 1; open > 0; open-- {
		t, err := read(b[i:])
		if err != nil || i+t.head+t.body > len(b) {
			return 0, false
		}
		i += t.head + t.body
		open += t.items
	}
	return i, true
}

var names = members.Format{
	Key:   text,
	Empty: func(m *shape.Member) []byte { return append(text(m.Name), codeNil) },
}

// text returns s encoded.
func text(s string) []byte {
	var b []byte
	switch n := len(s); {
	case n < 32:
		b = []byte{0xa0 | byte(n)}
	case n < 1<<8:
		b = []byte{0xd9, byte(n)}
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16([]byte{0xda}, uint16(n))
	default:
		b = binary.BigEndian.AppendUint32([]byte{0xdb}, uint32(n))
	}
	return append(b, s...)
}

func appendNode(out []byte, n *members.Node) []byte {
	switch count := len(n.Members); {
	case count < 16:
		out = append(out, 0x80|byte(count))
	case count < 1<<16:
		out = binary.BigEndian.AppendUint16(append(out, 0xde), uint16(count))
	default:
		out = binary.BigEndian.AppendUint32(append(out, codeMap32), uint32(count))
	}
	for _, m := range n.Members {
		if m.Node == nil {
			out = append(out, m.Raw...)
			continue
		}
		out = appendNode(append(out, m.Key...), m.Node)
	}
	return out
}
