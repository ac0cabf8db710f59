package codec

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"

	"github.com/dynasession/dynasession/codec/internal/members"
	"github.com/dynasession/dynasession/codec/internal/shape"
)

// text is JSON text that is read for its members. It doesn't check that values are valid: nothing
// of an invalid text is kept.
type text struct {
	b     []byte
	depth int
}

// maxJSONDepth is how deep encoding/json reads nested values.
const maxJSONDepth = 10000

// node reads the object that begins at i, and returns its end. ok reports whether there is one.
func (t *text) node(i int, plan *shape.Plan) (n *members.Node, end int, ok bool) {
	if t.depth++; t.depth > maxJSONDepth {
		return nil, 0, false
	}
	defer func() { t.depth-- }()
	if i = t.space(i); i >= len(t.b) || t.b[i] != '{' {
		return nil, 0, false
	}
	n = &members.Node{Plan: plan, Members: make([]members.Member, 0, len(plan.Members))}
	if i = t.space(i + 1); i < len(t.b) && t.b[i] == '}' {
		n.Close()
		return n, i + 1, true
	}
	for {
		var m members.Member
		start := i
		if i, ok = t.text(i); !ok {
			return nil, 0, false
		}
		m.Key = t.b[start:i]
		if bytes.IndexByte(m.Key, '\\') < 0 {
			m.Name = plan.NameOf(m.Key[1 : len(m.Key)-1])
		} else if m.Name, ok = unquote(m.Key); !ok {
			return nil, 0, false
		}
		if i = t.space(i); i >= len(t.b) || t.b[i] != ':' {
			return nil, 0, false
		}
		i = t.space(i + 1)
		if below := members.Below(plan, m.Name); below != nil && i < len(t.b) && t.b[i] == '{' {
			m.Node, i, ok = t.node(i, below)
		} else {
			i, ok = t.skip(i)
		}
		if !ok {
			return nil, 0, false
		}
		m.Raw = t.b[start:i]
		n.Add(m)
		if i = t.space(i); i >= len(t.b) {
			return nil, 0, false
		}
		switch t.b[i] {
		case '}':
			n.Close()
			return n, i + 1, true
		case ',':
			i = t.space(i + 1)
		default:
			return nil, 0, false
		}
	}
}

// known is a quick check whether the object that begins at i has no member unknown to the plan; it
// returns the object's end. Most values have none, and need no node. It may report false although
// there is none.
func (t *text) known(i int, plan *shape.Plan) (end int, known bool) {
	if t.depth++; t.depth > maxJSONDepth {
		return 0, false
	}
	defer func() { t.depth-- }()
	if i = t.space(i); i >= len(t.b) || t.b[i] != '{' {
		return 0, false
	}
	if i = t.space(i + 1); i < len(t.b) && t.b[i] == '}' {
		return i + 1, true
	}
	var below *shape.Plan
	for likely := 0; ; {
		start, ok := i, false
		if i, ok = t.text(i); !ok {
			return 0, false
		}
		if plan.Kind == shape.Map {
			below = members.Inner(plan.Elem)
		} else {
			field, ok := plan.Exact(t.b[start+1:i-1], likely) // the names of fields have no escapes
			if !ok {
				return 0, false
			}
			below, likely = members.Inner(plan.Members[field].Plan), field+1
		}
		if i = t.space(i); i >= len(t.b) || t.b[i] != ':' {
			return 0, false
		}
		i = t.space(i + 1)
		if below != nil && i < len(t.b) && t.b[i] == '{' {
			i, ok = t.known(i, below)
		} else {
			i, ok = t.skip(i)
		}
		if !ok {
			return 0, false
		}
		if i = t.space(i); i >= len(t.b) {
			return 0, false
		}
		switch t.b[i] {
		case '}':
			return i + 1, true
		case ',':
			i = t.space(i + 1)
		default:
			return 0, false
		}
	}
}

func (t *text) space(i int) int {
	for i < len(t.b) && (t.b[i] == ' ' || t.b[i] == '\n' || t.b[i] == '\t' || t.b[i] == '\r') {
		i++
	}
	return i
}

// text returns the end of the quoted text that begins at i.
func (t *text) text(i int) (end int, ok bool) {
	if i >= len(t.b) || t.b[i] != '"' {
		return 0, false
	}
	quote := -1 // the next one, if it isn't behind i
	for i++; i < len(t.b); {
		if quote < i {
			n := bytes.IndexByte(t.b[i:], '"')
			if n < 0 {
				return 0, false
			}
			quote = i + n
		}
		escape := bytes.IndexByte(t.b[i:quote], '\\')
		if escape < 0 {
			return quote + 1, true
		}
		i += escape + 2
	}
	return 0, false
}

// skip returns the end of the value that begins at i.
func (t *text) skip(i int) (end int, ok bool) {
	open := 0
	for i < len(t.b) {
		switch t.b[i] {
		case '{', '[':
			open++
			i++
		case '}', ']':
			if open == 0 {
				return 0, false
			}
			open--
			i++
		case '"':
			if i, ok = t.text(i); !ok {
				return 0, false
			}
		case ',', ':', ' ', '\n', '\t', '\r':
			if open == 0 {
				return 0, false
			}
			i++
		default:
			for i++; i < len(t.b) && strings.IndexByte(",:]}[{\" \n\t\r", t.b[i]) < 0; i++ {
			}
		}
		if open == 0 {
			return i, true
		}
	}
	return 0, false
}

// unquote returns the text of q, without quotes and escapes.
func unquote(q []byte) (s string, ok bool) {
	if bytes.IndexByte(q, '\\') < 0 {
		return string(q[1 : len(q)-1]), true
	}
	err := json.Unmarshal(q, &s)
	return s, err == nil
}

var jsonMembers = members.Format{
	Key: quote,
	Empty: func(m *shape.Member) []byte {
		return append(append(quote(m.Name), ':'), emptyJSON(m.Plan)...)
	},
}

// emptyJSON returns the text of an empty value. A type that decodes itself may refuse null.
func emptyJSON(plan *shape.Plan) []byte {
	if plan.Custom() {
		if text, err := marshalJSON(reflect.New(plan.Type).Interface()); err == nil {
			return text
		}
	}
	return []byte("null")
}

// quote returns s as the encoder writes it, in quotes.
func quote(s string) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return nil // can't happen
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

func appendJSON(out []byte, n *members.Node) []byte {
	out = append(out, '{')
	for i, m := range n.Members {
		if i > 0 {
			out = append(out, ',')
		}
		if m.Node == nil {
			out = append(out, m.Raw...)
			continue
		}
		out = append(append(out, m.Key...), ':')
		out = appendJSON(out, m.Node)
	}
	return append(out, '}')
}

// carryJSON returns fresh, an encoded value of the plan, with the members of stored that the plan
// doesn't know. It is not ok if there are none, or if stored can't be read.
func carryJSON(plan *shape.Plan, fresh, stored []byte) (all []byte, ok bool) {
	if plan = members.Inner(plan); plan == nil || bytes.Equal(fresh, stored) {
		return nil, false
	}
	if _, known := (&text{b: stored}).known(0, plan); known {
		return nil, false
	}
	old, _, ok := (&text{b: stored}).node(0, plan)
	if !ok || !old.Unknown || !json.Valid(stored) {
		return nil, false
	}
	now, _, ok := (&text{b: fresh}).node(0, plan)
	if !ok {
		return nil, false // null
	}
	return appendJSON(make([]byte, 0, len(fresh)+len(stored)), jsonMembers.Merge(now, old)), true
}
