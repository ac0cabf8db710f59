package shape

import (
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
