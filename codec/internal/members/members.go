// Package members copies the members that a type doesn't know from a stored value to a new one. It
// works on names and nesting; a codec reads and writes the format.
package members

import "github.com/dynasession/dynasession/codec/internal/shape"

// Node is a struct, or a map with structs in it, in an encoded value.
type Node struct {
	Plan    *shape.Plan // of kind Struct or Map
	Members []Member
	Unknown bool // the node, or one below it, has an unknown member
}

// Member is a member of a Node.
type Member struct {
	Name  string
	Raw   []byte // its encoded name and value
	Key   []byte // its encoded name
	Field int    // of Plan.Members; -1: unknown, or an entry of a map
	Node  *Node  // its value, if that is a Node; nil: the value is copied whole
}

// Add adds a member to n. Close decides later whether the type knows it.
func (n *Node) Add(m Member) { n.Members = append(n.Members, m) }

// Close finds out which members the type knows. Call it when all are added. The members of a
// member's value were read with the plan that [Below] returns for its name.
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
			m.Node = nil // no member below it is known
			n.Unknown = true
		}
		n.Unknown = n.Unknown || (m.Node != nil && m.Node.Unknown)
	}
}

// Below returns the plan of the value of p's member with that name, if it is of kind Struct or Map,
// whose members may be unknown. The decoder may still prefer another name for the member.
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

// Inner returns p, or the plan that it points to, if that is of kind Struct or Map.
func Inner(p *shape.Plan) *shape.Plan {
	for p.Kind == shape.Pointer {
		p = p.Elem
	}
	if (p.Kind == shape.Struct || p.Kind == shape.Map) && p.Named {
		return p
	}
	return nil
}

// Format writes names in a codec's format.
type Format struct {
	// Key returns an encoded name.
	Key func(name string) []byte

	// Empty returns an encoded member of a struct that is empty: null, or what its type encodes
	// itself to.
	Empty func(m *shape.Member) []byte
}

// Merge returns fresh, a value that was just encoded, followed by the members of stored that its
// type doesn't know, in their stored order. Both must have the same plan, and stored.Unknown must
// be true.
func (f Format) Merge(fresh, stored *Node) *Node {
	out := &Node{Plan: fresh.Plan, Members: make([]Member, 0, len(fresh.Members)+len(stored.Members))}
	if fresh.Plan.Kind == shape.Map {
		below := map[string]*Node{}
		for _, m := range stored.Members {
			below[m.Name] = m.Node // of two equal names the last counts
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
		// A struct that the encoder omits because of its tag is empty, not removed: its unknown
		// members stay.
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
		// The decoder would take it for an omitted field, which must stay empty.
		if i, _, ok := fresh.Plan.Find(m.Name); ok && !written[i] {
			written[i] = true
			field := &fresh.Plan.Members[i]
			out.Add(Member{Name: field.Name, Raw: f.Empty(field)})
		}
		out.Add(m)
	}
	return out
}
