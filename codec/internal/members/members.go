// Package members carries the members that a type doesn't know from a stored value to a new one. It
// knows names and nesting; a codec reads and writes its format.
package members

import "github.com/dynasession/dynasession/codec/internal/shape"

// Node is a struct, or a map with structs in it, in an encoded value.
type Node struct {
	Plan    *shape.Plan // of kind Struct or Map
	Members []Member
	Unknown bool // it, or a node below it, has a member that the type doesn't know
}

// Member is a member of a Node.
type Member struct {
	Name  string
	Raw   []byte // its name and its value, as they are written
	Key   []byte // its name, as it is written
	Field int    // of Plan.Members; -1: unknown, or an entry of a map
	Node  *Node  // its value, if that is one; nil: the value is taken as it is
}

// Add adds what was read to n. Its names decide later what it is: see Close.
func (n *Node) Add(m Member) { n.Members = append(n.Members, m) }

// Close tells the members that the type knows from those it doesn't, and is called when all are
// there. Members of a member are told apart by the plan of its name, which is [Below].
func (n *Node) Close() {
	if n.Plan.Kind == shape.Map {
		for i := range n.Members {
			m := &n.Members[i]
			m.Field = -1
			n.Unknown = n.Unknown || (m.Node != nil && m.Node.Unknown)
		}
		return
	}
	loose := false
	for i := range n.Members {
		m := &n.Members[i]
		var exact, ok bool
		if m.Field, exact, ok = n.Plan.Find(m.Name); !ok {
			m.Field = -1
		}
		loose = loose || (ok && !exact)
	}
	if loose {
		names := make([]string, len(n.Members))
		for i, m := range n.Members {
			names[i] = m.Name
		}
		for i, field := range n.Plan.Match(names) {
			n.Members[i].Field = field
		}
	}
	for i := range n.Members {
		m := &n.Members[i]
		if m.Field < 0 {
			m.Node = nil // nothing below is known
			n.Unknown = true
		}
		n.Unknown = n.Unknown || (m.Node != nil && m.Node.Unknown)
	}
}

// Below returns the plan of what p's member of that name holds, if that has members that may be
// unknown: of kind Struct or Map. The name may be one that the decoder doesn't take in the end.
func Below(p *shape.Plan, name string) *shape.Plan {
	if p.Kind == shape.Map {
		return Inner(p.Elem)
	}
	i, _, ok := p.Find(name)
	if !ok {
		return nil
	}
	return Inner(p.Members[i].Plan)
}

// Inner returns p, or what it points to, if that has members that may be unknown.
func Inner(p *shape.Plan) *shape.Plan {
	for p.Kind == shape.Pointer {
		p = p.Elem
	}
	if (p.Kind == shape.Struct || p.Kind == shape.Map) && p.Named {
		return p
	}
	return nil
}

// Format writes names as a format does.
type Format struct {
	// Key returns a name as it is written.
	Key func(name string) []byte

	// Empty returns a member of a struct that is empty: null, or what a type encodes itself to.
	Empty func(m *shape.Member) []byte
}

// Merge returns fresh, a value just encoded, with the members of stored that its type doesn't know:
// after those that it does know, in the order in which they were stored. Both have the same plan,
// and stored.Unknown.
func (f Format) Merge(fresh, stored *Node) *Node {
	out := &Node{Plan: fresh.Plan, Members: make([]Member, 0, len(fresh.Members)+len(stored.Members))}
	if fresh.Plan.Kind == shape.Map {
		below := map[string]*Node{}
		for _, m := range stored.Members {
			below[m.Name] = m.Node // of a name that stands there twice the last counts
		}
		for _, m := range fresh.Members {
			if old := below[m.Name]; old != nil && old.Unknown && m.Node != nil {
				m.Node = f.Merge(m.Node, old)
			} else {
				m.Node = nil
			}
			out.Add(m)
		}
		return out
	}
	below, written := map[int]*Node{}, map[int]bool{}
	for _, m := range stored.Members {
		if m.Field >= 0 {
			below[m.Field] = m.Node
		}
	}
	for _, m := range fresh.Members {
		if m.Field >= 0 {
			written[m.Field] = true
		}
		if old := below[m.Field]; m.Field >= 0 && old != nil && old.Unknown && m.Node != nil {
			m.Node = f.Merge(m.Node, old)
		} else {
			m.Node = nil
		}
		out.Add(m)
	}
	for i := range fresh.Plan.Members {
		// A struct that its tag leaves out when it is empty is empty all the same, and nobody has
		// taken it away.
		field := &fresh.Plan.Members[i]
		if old := below[i]; old != nil && old.Unknown && !written[i] && field.Plan.Kind == shape.Struct && !field.Hidden {
			written[i] = true
			out.Add(Member{Name: field.Name, Key: f.Key(field.Name), Node: f.Merge(&Node{Plan: field.Plan}, old)})
		}
	}
	for _, m := range stored.Members {
		if m.Field >= 0 {
			continue
		}
		// The decoder would take it for a field that is left out: that is to be empty.
		if i, _, ok := fresh.Plan.Find(m.Name); ok && !written[i] {
			written[i] = true
			field := &fresh.Plan.Members[i]
			out.Add(Member{Name: field.Name, Raw: f.Empty(field)})
		}
		out.Add(m)
	}
	return out
}
