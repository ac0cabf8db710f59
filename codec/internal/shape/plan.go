package shape

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Kind says how a codec encodes a type.
type Kind int

// The kinds.
const (
	Opaque  Kind = iota // one value: a scalar, bytes, or a type that encodes itself
	Any                 // an interface: any value, with all its members
	Struct              // members whose names the type knows
	Map                 // members whose names the application chose
	List                // a slice
	Array               // a list of a fixed length
	Pointer             // the value that it points to, or null
)

// Plan says how a format encodes a type: the members of a value, and their types. It never changes.
type Plan struct {
	Kind    Kind
	Type    reflect.Type
	Members []Member     // of a Struct, in order of the fields
	Elem    *Plan        // of a Map, List, Array and Pointer
	Key     reflect.Type // of a Map
	KeyPlan *Plan        // of a Map
	Scalar  bool         // of an Opaque: a number, text or boolean that encodes as such

	// Named reports whether the type is, or leads through pointers and maps to, a struct that may
	// hold unknown members. A struct that is written without names may not.
	Named bool

	// Unit is the most memory that one element anywhere in the value takes by itself, in bytes.
	Unit int

	// Arrays reports whether there is an array anywhere in the value, which may be shorter than the
	// encoded list.
	Arrays bool

	// ByteLists reports whether there is a [][]byte anywhere in the value.
	ByteLists bool

	// Big is big.Int or big.Rat if the type is one of them, and otherwise nil; see [Plan.CheckBig].
	Big reflect.Type

	// Bigs reports whether there is one anywhere in the value.
	Bigs bool

	// Low and High are the lowest and highest whole numbers that every number in the value can
	// hold. Low is at most 0, and High at least 0.
	Low  int64
	High uint64

	exact, folded map[string]int
	names         names // of the plan and all below it
}

// Custom reports whether p's type encodes itself. Of the types that every format knows none does.
func (p *Plan) Custom() bool {
	return p.Kind == Opaque && !p.Scalar && p.Type != reflect.TypeFor[time.Time]() && p.Type != reflect.TypeFor[json.Number]()
}

// Member is a field of a struct, or of a struct that is embedded in it.
type Member struct {
	Name   string
	Field  reflect.StructField
	Plan   *Plan
	Hidden bool // read under this name, but not written
	tag    fieldTag

	// Of a member of a struct that is embedded by a pointer: which one, and what it takes.
	embedded, embeddedSize int
}

// EmbeddedSize returns how many bytes of memory the member takes before its own value is read: what
// the pointer points to through which its struct is embedded, unless seen says that another member
// has led there before. seen begins as zero for each struct.
func (m *Member) EmbeddedSize(seen *uint64) int {
	bit := uint64(1) << (m.embedded % 64)
	if m.embedded == 0 || *seen&bit != 0 {
		return 0
	}
	*seen |= bit
	return m.embeddedSize
}

// Has reports whether the tag that the encoder reads has an option.
func (m *Member) Has(option string) bool { return m.tag.has(option) }

// plan returns the plan of t. The format must be able to keep t.
func (f *Format) plan(t reflect.Type) *Plan {
	b := builder{format: f, made: map[reflect.Type]*Plan{}}
	root := *b.plan(t) // a copy, since inner plans are shared
	var all []string
	root.Low, root.High = math.MinInt64, math.MaxUint64
	list := root.below(map[*Plan]bool{}, nil)
	name(list)
	for _, p := range list {
		low, high := p.holds()
		root.Low, root.High = max(root.Low, low), min(root.High, high)
		root.Unit = max(root.Unit, p.unit())
		root.Bigs = root.Bigs || p.Big != nil
		root.Arrays = root.Arrays || p.Kind == Array
		root.ByteLists = root.ByteLists || p.Type == reflect.TypeFor[[][]byte]()
		for _, m := range p.Members {
			all = append(all, m.Name)
		}
	}
	root.names = newNames(all)
	return &root
}

// name sets Named of the pointers and maps in list that lead to a Named plan. Types may contain
// themselves, so it begins again until nothing changes.
func name(list []*Plan) {
	for changed := true; changed; {
		changed = false
		for _, p := range list {
			if (p.Kind == Pointer || p.Kind == Map) && !p.Named && p.Elem.Named {
				p.Named, changed = true, true
			}
		}
	}
}

// below appends p and all plans below it to list, those of members in order.
func (p *Plan) below(seen map[*Plan]bool, list []*Plan) []*Plan {
	if p == nil || seen[p] {
		return list
	}
	seen[p] = true
	list = p.KeyPlan.below(seen, p.Elem.below(seen, append(list, p)))
	for _, m := range p.Members {
		list = m.Plan.below(seen, list)
	}
	return list
}

// holds returns the range of whole numbers that p itself can hold: all, if it is not a number.
func (p *Plan) holds() (low int64, high uint64) {
	if p.Scalar {
		switch bits := p.Type.Size() * 8; p.Type.Kind() {
		case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
			return -1 << (bits - 1), 1<<(bits-1) - 1
		case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
			return 0, 1<<bits - 1
		case reflect.Float32:
			return -1 << 24, 1 << 24
		case reflect.Float64:
			return -1 << 53, 1 << 53
		}
	}
	return math.MinInt64, math.MaxUint64
}

type builder struct {
	format   *Format
	made     map[reflect.Type]*Plan
	embedded int // how many pointers embed structs
}

func (b *builder) plan(t reflect.Type) *Plan {
	if p, ok := b.made[t]; ok {
		return p
	}
	p := &Plan{Type: t}
	b.made[t] = p
	if b.opaque(t) {
		p.Big = bigOf(t)
		return p
	}
	switch t.Kind() {
	default:
		p.Scalar = true
	case reflect.Interface:
		p.Kind = Any
	case reflect.Pointer:
		p.Kind, p.Elem = Pointer, b.plan(t.Elem())
	case reflect.Map:
		p.Kind, p.Elem, p.Key, p.KeyPlan = Map, b.plan(t.Elem()), t.Key(), b.plan(t.Key())
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			p.Kind, p.Elem = List, b.plan(t.Elem())
		}
	case reflect.Array:
		p.Kind, p.Elem = Array, b.plan(t.Elem())
	case reflect.Struct:
		p.Kind, p.Named = Struct, !b.asArray(t)
		p.Members = b.members(t, map[reflect.Type]bool{})
		p.exact = make(map[string]int, len(p.Members))
		p.folded = make(map[string]int, len(p.Members))
		for i, m := range p.Members {
			if _, ok := p.exact[m.Name]; !ok {
				p.exact[m.Name] = i
			}
			if f := fold(m.Name); b.format.Folds && !m.Hidden {
				if _, ok := p.folded[f]; !ok {
					p.folded[f] = i
				}
			}
		}
	}
	return p
}

// opaque reports whether the encoder writes t as one value.
func (b *builder) opaque(t reflect.Type) bool {
	if t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[json.Number]() || t == reflect.TypeFor[json.RawMessage]() {
		return true
	}
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return false
	}
	if b.format.Leaf != nil && b.format.Leaf(t) {
		return true
	}
	return b.format.encodesItself(t) || b.format.decodesItself(t)
}

// asArray reports whether the msgpack encoder writes the struct t without names.
func (b *builder) asArray(t reflect.Type) bool {
	f, ok := t.FieldByName("_msgpack")
	if !ok || b.format.Tag != "msgpack" {
		return false
	}
	options := strings.Split(f.Tag.Get("msgpack"), ",")[1:]
	return slices.Contains(options, "as_array") || slices.Contains(options, "asArray")
}

func (b *builder) members(t reflect.Type, open map[reflect.Type]bool) []Member {
	if open[t] {
		return nil
	}
	open[t] = true
	defer delete(open, t)
	var list []Member
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() && !f.Anonymous {
			continue
		}
		tag := b.format.tagOf(f)
		if tag.skip {
			continue
		}
		if embedded, ok := b.inlined(f, tag); ok {
			inner := b.members(embedded, open)
			if f.Type.Kind() == reflect.Pointer {
				b.embedded++
				for i := range inner {
					if inner[i].embedded == 0 {
						inner[i].embedded = b.embedded
					}
					inner[i].embeddedSize += int(embedded.Size())
				}
			}
			if b.format.Tag != "msgpack" || !overlap(list, inner) {
				list = append(list, inner...)
				if b.format.Tag == "msgpack" { // it also reads that name
					list = append(list, Member{Name: tag.nameOr(f), Field: f, Plan: b.plan(reflect.TypeFor[struct{}]()), Hidden: true})
				}
				continue
			}
		}
		if !f.IsExported() {
			continue
		}
		p := b.plan(f.Type)
		list = append(list, Member{Name: tag.nameOr(f), Field: f, Plan: p, tag: tag})
		if alias, ok := tag.options["alias"]; ok && b.format.Tag == "msgpack" {
			list = append(list, Member{Name: alias, Field: f, Plan: p, Hidden: true})
		}
	}
	return list
}

func overlap(a, b []Member) bool {
	return slices.ContainsFunc(a, func(x Member) bool {
		return slices.ContainsFunc(b, func(y Member) bool { return x.Name == y.Name })
	})
}

// inlined returns the type of f if f is an embedded struct, whose fields are stored among those of
// the outer struct.
func (b *builder) inlined(f reflect.StructField, tag fieldTag) (reflect.Type, bool) {
	t, ok := b.format.inlined(f, tag)
	return t, ok && (b.format.Tag != "msgpack" || !b.opaque(t))
}

// unit returns the memory of one more value below p, in bytes: an element or the target of a
// pointer, with everything that pointers in it lead to.
func (p *Plan) unit() int {
	switch p.Kind {
	case List, Map, Pointer:
		size := p.ElementSize()
		e := p.Elem
		for ; e.Kind == Pointer && e.Elem != e && size < 1<<30; e = e.Elem {
			size += e.ElementSize()
		}
		return size + e.embeddedSize()
	case Struct:
		return p.embeddedSize()
	case Any:
		return anyUnit
	}
	return 0
}

// embeddedSize returns how many bytes of memory a struct takes by what it embeds by pointers.
func (p *Plan) embeddedSize() int {
	seen, size := uint64(0), 0
	for i := range p.Members {
		size += p.Members[i].EmbeddedSize(&seen)
	}
	return size
}

// The most memory that a value in an interface takes: an element, or a map with one entry, which
// has room for eight.
const (
	anyElement = 32
	anyMap     = 48 + 8 + 8*(16+16)
	anyUnit    = anyElement + anyMap
)

// ElementSize returns how many bytes of memory one more element of p takes: an element of a list,
// an entry of a map, or the target of a pointer. It doesn't include what the element points to.
func (p *Plan) ElementSize() int {
	switch p.Kind {
	case List, Pointer:
		return int(p.Elem.Type.Size())
	case Map: // in a half-full table, and once more while it is read
		return 3*int(p.Key.Size()+p.Elem.Type.Size()) + 16
	}
	return 0
}

// AnySize returns how many bytes of memory a value in an interface takes: a map of n entries, or
// else a list or scalar, without the list's elements and the scalar's text.
func AnySize(isMap bool, n int) int {
	switch {
	case !isMap || n == 0:
		return anyElement + 48
	case n <= 8:
		return anyElement + anyMap
	}
	return anyElement + anyMap + (n-8)*3*(16+16)
}

// Find returns the member that the decoder reads under this name: the one with exactly this name or
// else, if the format folds names, the first one that differs only in case.
func (p *Plan) Find(name string) (i int, exact, ok bool) {
	if i, ok := p.exact[name]; ok {
		return i, true, true
	}
	if len(p.folded) == 0 {
		return 0, false, false
	}
	i, ok = p.folded[fold(name)]
	return i, false, ok
}

// NameOf returns b as a string. It doesn't allocate if a member of p has this name.
func (p *Plan) NameOf(b []byte) string {
	if i, ok := p.exact[string(b)]; ok {
		return p.Members[i].Name
	}
	return string(b)
}

// Exact returns the member with exactly this name. It tries the index likely first, since most
// values are written in the order of their fields.
func (p *Plan) Exact(name []byte, likely int) (i int, ok bool) {
	if likely < len(p.Members) && !p.Members[likely].Hidden && p.Members[likely].Name == string(name) {
		return likely, true
	}
	i, ok = p.exact[string(name)]
	return i, ok
}

// Match returns, for each name in a stored struct, the index of the member of p that it belongs to,
// or -1. If several names fit one member, the exact one belongs to it, or else the first in byte
// order. A name that occurs twice belongs to its member both times.
func (p *Plan) Match(names []string) []int {
	match := make([]int, len(names))
	loose := false
	for i, name := range names {
		m, exact, ok := p.Find(name)
		switch {
		case !ok:
			m = -1
		case !exact:
			loose = true
		}
		match[i] = m
	}
	if !loose {
		return match
	}
	best := map[int]string{}
	for i, name := range names {
		m := match[i]
		if m < 0 {
			continue
		}
		have, ok := best[m]
		if exact := p.Members[m].Name; name == exact || !ok || (have != exact && name < have) {
			best[m] = name
		}
	}
	for i, name := range names {
		if m := match[i]; m >= 0 && best[m] != name {
			match[i] = -1
		}
	}
	return match
}
