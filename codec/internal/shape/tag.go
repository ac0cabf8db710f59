package shape

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"unicode"
)

// fieldTag has what a format's encoder reads in a field's tags.
type fieldTag struct {
	name    string
	skip    bool
	options map[string]string
}

// tagOf reads the tags of f as the format's encoder does: encoding/json reads `json`;
// vmihailenco/msgpack its own, or else `json`; attributevalue its own, and then `json`, which
// overrules.
func (f *Format) tagOf(sf reflect.StructField) fieldTag {
	if sf.Tag == "" {
		return fieldTag{}
	}
	if t, ok := f.tags.Load(sf.Tag); ok {
		return t.(fieldTag)
	}
	tag := sf.Tag.Get("json")
	if own := sf.Tag.Get(f.Tag); f.Tag != "" && own != "" && (f.OwnTagFirst || tag == "") {
		tag = own
	}
	parse := f.ParseTag
	if parse == nil {
		parse = splitTag
	}
	var t fieldTag
	t.name, t.options = parse(tag)
	switch {
	case f.Tag == "":
		t.skip = tag == "-"
	default:
		t.skip = t.name == "-"
	}
	f.tags.Store(sf.Tag, t)
	return t
}

// splitTag reads a tag as encoding/json and attributevalue do.
func splitTag(tag string) (name string, options map[string]string) {
	name, rest, _ := strings.Cut(tag, ",")
	if rest != "" {
		options = map[string]string{}
		for o := range strings.SplitSeq(rest, ",") {
			options[o] = ""
		}
	}
	return name, options
}

func (t fieldTag) nameOr(f reflect.StructField) string {
	if t.name != "" {
		return t.name
	}
	return f.Name
}

func (t fieldTag) has(option string) bool {
	_, ok := t.options[option]
	return ok
}

// validName reports whether encoding/json accepts a name in a tag.
func validName(s string) bool {
	for _, c := range s {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return false
		}
	}
	return true
}

// disputed says what of a `json` tag encoding/json reads in one way until Go 1.26 and in another
// since Go 1.27, "" if it reads all of it alike. Two binaries that differ only in the release that
// built them would write different names or values.
func disputed(tag string) string {
	name, options, _ := strings.Cut(tag, ",")
	if !validName(name) {
		return fmt.Sprintf("name %q is ignored until Go 1.26 and used since Go 1.27: use letters, digits and punctuation without quotes", name)
	}
	for option := range strings.SplitSeq(options, ",") {
		key, _, _ := strings.Cut(option, ":")
		if key == "embed" || key == "case" || key == "format" || strings.ContainsAny(option, "'\"`\\") {
			return fmt.Sprintf("option %q is ignored until Go 1.26 and changes what is stored since Go 1.27: leave it out", option)
		}
	}
	return ""
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

// names is a set of names that can be searched quickly, more so if the names come in order.
type names struct {
	order  []string // as in the plan
	table  [][]int  // indexes into order, by hash
	folded map[string]bool
	rough  [256]bool // hashes of folded names, if all are ASCII
	ascii  bool
}

// hasFolded reports whether a name of n equals this one or differs only in case.
func (n *names) hasFolded(name []byte) bool {
	if n.ascii && len(name) > 0 {
		plain := true
		for _, c := range name {
			plain = plain && c < 0x80
		}
		if plain && !n.rough[roughly(name)] {
			return false
		}
	}
	return n.folded[fold(string(name))]
}

// roughly returns a hash that is the same for ASCII names that differ only in case.
func roughly[S string | []byte](name S) byte {
	return byte(len(name))*7 + (name[0]|0x20)*31 + (name[len(name)-1]|0x20)*5
}

func newNames(order []string) names {
	size := 16
	for size < 4*len(order) {
		size *= 2
	}
	n := names{order: order, table: make([][]int, size), folded: map[string]bool{}, ascii: true}
	for i, name := range order {
		at := n.slot([]byte(name))
		n.table[at] = append(n.table[at], i)
		n.folded[fold(name)] = true
		n.ascii = n.ascii && name != "" && strings.IndexFunc(name, func(r rune) bool { return r >= 0x80 }) < 0
		if name != "" {
			n.rough[roughly(name)] = true
		}
	}
	return n
}

func (n *names) slot(name []byte) int {
	if len(name) == 0 {
		return 0
	}
	h := len(name)*7 + int(name[0])*31 + int(name[len(name)-1])*5 + int(name[len(name)/2])
	return h & (len(n.table) - 1)
}

// at returns the index of the name in order, or -1.
func (n *names) at(name []byte) int {
	for _, i := range n.table[n.slot(name)] {
		if n.order[i] == string(name) {
			return i
		}
	}
	return -1
}

// MayFold reports whether b, the JSON text of a value of the type, may have a name that differs
// from a member's only in case, or an escaped name. It may return true although there is none.
func (p *Plan) MayFold(b []byte) bool {
	n := &p.names
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
		if at := n.at(name); at >= 0 {
			next = at + 1
		} else if bytes.IndexByte(name, '\\') >= 0 || n.hasFolded(name) {
			return true
		}
	}
}
