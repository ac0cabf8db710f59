package shape

import (
	"bytes"
	"strings"
	"unicode"
)

// names is a set of names.
type names struct {
	order  []string // as in the plan
	index  map[string]int
	folded map[string]bool
}

func newNames(order []string) names {
	n := names{order: order, index: map[string]int{}, folded: map[string]bool{}}
	for i, name := range order {
		n.index[name] = i
		n.folded[fold(name)] = true
	}
	return n
}

// fold returns the same text for all texts that differ only in case, as strings.EqualFold and
// encoding/json compare them.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		for {
			next := unicode.SimpleFold(r)
			if next <= r {
				return next
			}
			r = next
		}
	}, s)
}

// MayFold reports whether b, the JSON text of a value of the type, may have a name that differs
// from a member's only in case, or an escaped name. It may return true although there is none.
func (p *Plan) MayFold(b []byte) bool {
	n := p.names
	next := 0 // the index of the expected name
	for from := 0; ; {
		i := bytes.IndexByte(b[from:], ':')
		if i < 0 {
			return false
		}
		end := from + i - 1
		from += i + 1
		for end >= 0 && (b[end] == ' ' || b[end] == '\n' || b[end] == '\t' || b[end] == '\r') {
			end--
		}
		if end < 1 || b[end] != '"' {
			continue // a colon in a text
		}
		if next < len(n.order) {
			if name := n.order[next]; end > len(name) && b[end-len(name)-1] == '"' && string(b[end-len(name):end]) == name {
				next++
				continue
			}
		}
		start := end
		for start > 0 && b[start-1] != '"' {
			start--
		}
		name := b[start:end]
		if at, ok := n.index[string(name)]; ok {
			next = at + 1
		} else if bytes.IndexByte(name, '\\') >= 0 || n.folded[fold(string(name))] {
			return true
		}
	}
}
