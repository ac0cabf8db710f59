package shape

import (
	"reflect"
	"strings"
	"unicode"
)

// fieldTag is what the encoder of a format reads in a field's tags.
type fieldTag struct {
	name    string
	skip    bool
	options []string
}

// tagOf reads the tags of f as the format's encoder does: encoding/json reads `json`; vmihailenco/msgpack its own, or else `json`;
// attributevalue its own, and then `json`, which overrules.
func (f *Format) tagOf(sf reflect.StructField) fieldTag {
	tag := sf.Tag.Get("json")
	if own := sf.Tag.Get(f.Tag); f.Tag != "" && own != "" && (f.OwnTagFirst || tag == "") {
		tag = own
	}
	name, rest, _ := strings.Cut(tag, ",")
	t := fieldTag{name: name}
	if rest != "" {
		t.options = strings.Split(rest, ",")
	}
	switch {
	case f.Tag == "":
		t.skip = tag == "-"
		if !validName(name) {
			t.name = ""
		}
	default:
		t.skip = name == "-"
	}
	return t
}

func (t fieldTag) nameOr(f reflect.StructField) string {
	if t.name != "" {
		return t.name
	}
	return f.Name
}

// option returns what follows the prefix in an option that begins with it.
func (t fieldTag) option(prefix string) (rest string, ok bool) {
	for _, o := range t.options {
		if rest, ok := strings.CutPrefix(o, prefix); ok {
			return rest, true
		}
	}
	return "", false
}

func (t fieldTag) has(option string) bool {
	rest, ok := t.option(option)
	return ok && rest == ""
}

// validName reports whether encoding/json takes a name from a tag.
func validName(s string) bool {
	for _, c := range s {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return false
		}
	}
	return true
}

// fold returns what all texts have in common that differ in case only: as strings.EqualFold and encoding/json judge.
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

// names is a set of names that is quick to ask with the bytes of one.
type names struct {
	table  [][]string
	folded map[string]bool
}

func newNames(all []string) names {
	size := 16
	for size < 4*len(all) {
		size *= 2
	}
	n := names{table: make([][]string, size), folded: map[string]bool{}}
	for _, name := range all {
		at := n.slot([]byte(name))
		n.table[at] = append(n.table[at], name)
		n.folded[fold(name)] = true
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

func (n *names) has(name []byte) bool {
	for _, s := range n.table[n.slot(name)] {
		if s == string(name) {
			return true
		}
	}
	return false
}

func (n *names) hasFolded(name []byte) bool { return n.folded[fold(string(name))] }
