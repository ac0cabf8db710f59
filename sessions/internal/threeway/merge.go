package threeway

import (
	"errors"
	"reflect"
	"strings"
)

// A Conflict means that both sides changed the same member to different values.
type Conflict struct {
	// Member is the path of the member, such as "Cart.Items". It leaves out map keys, since they
	// are data: "Prefs[...].Color". It is empty if the member is the whole value.
	Member string
}

// Error names the member.
func (c *Conflict) Error() string { return "both sides changed " + place(c.Member) }

// place returns the name of the member with this path in an error text.
func place(path string) string {
	if path == "" || strings.HasPrefix(path, entry) {
		return "the data" + path
	}
	return path
}

// entry stands for any key of a map in a path.
const entry = "[...]"

// maxDepth is how deep values may be nested. encoding/json has the same bound for decoding.
const maxDepth = 10000

// Merge returns ours with the changes that theirs made to base. The three must have the same type
// and must not come from unexported fields. It changes none of them.
//
// The result shares memory with ours; if theirs has changed nothing, it is ours itself. Values from
// theirs are copied, see clone. The error is a [*Conflict], the error of a type's own method Merge,
// or means that the values contain themselves or are nested too deeply.
func Merge(base, ours, theirs reflect.Value) (reflect.Value, error) {
	m := merging{done: make(map[triple]*outcome)}
	v, _, err := m.value(base, ours, theirs)
	return v, err
}

// merging is one merge under way.
type merging struct {
	path  []string
	depth int
	done  map[triple]*outcome
}

// A triple identifies what three pointers or maps of one type refer to. It is merged once, however
// many references lead to it.
type triple struct {
	t                  reflect.Type
	base, ours, theirs uintptr
}

// An outcome is the result of merging a triple; nil while the merge is under way.
type outcome struct {
	v    reflect.Value
	kept bool
}

// value merges one member. The base is the zero [reflect.Value] if there was none. kept reports
// that the result is ours, without any change of theirs.
func (m *merging) value(base, ours, theirs reflect.Value) (v reflect.Value, kept bool, err error) {
	p := planOf(ours.Type())
	switch {
	case p.merger != nil:
		return m.own(p, base, ours, theirs)
	case p.whole:
		return m.leaf(base, ours, theirs)
	}
	switch ours.Kind() {
	case reflect.Struct:
		return m.members(p, base, ours, theirs)
	case reflect.Map, reflect.Pointer:
		return m.once(base, ours, theirs)
	case reflect.Interface:
		return m.inside(base, ours, theirs)
	}
	return m.leaf(base, ours, theirs)
}

// at is value for the member with this name.
func (m *merging) at(name string, base, ours, theirs reflect.Value) (reflect.Value, bool, error) {
	m.path = append(m.path, name)
	v, kept, err := m.value(base, ours, theirs)
	m.path = m.path[:len(m.path)-1]
	return v, kept, err
}

func (m *merging) where() string {
	var b strings.Builder
	for _, name := range m.path {
		if name != entry && b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(name)
	}
	return b.String()
}

func (m *merging) conflict() error { return &Conflict{Member: m.where()} }

// A side says which value wins a merge without looking at its members, if one does.
type side int

const (
	neither side = iota
	isOurs
	isTheirs
)

// unchanged returns the side whose value wins because the other side has not changed base.
func unchanged(base, ours, theirs reflect.Value) side {
	if !base.IsValid() {
		return neither
	}
	for _, how := range []likeness{exactly, inMeaning} {
		switch {
		case same(theirs, base, how):
			return isOurs
		case same(ours, base, how):
			return isTheirs
		}
	}
	return neither
}

// leaf merges a member that is one value.
func (m *merging) leaf(base, ours, theirs reflect.Value) (reflect.Value, bool, error) {
	switch unchanged(base, ours, theirs) {
	case isOurs:
		return ours, true, nil
	case isTheirs:
		return clone(theirs), false, nil
	}
	if same(ours, theirs, inMeaning) {
		return ours, true, nil
	}
	return reflect.Value{}, false, m.conflict()
}

// own merges values of a type that has its own method Merge.
func (m *merging) own(p *plan, base, ours, theirs reflect.Value) (reflect.Value, bool, error) {
	switch unchanged(base, ours, theirs) {
	case isOurs:
		return ours, true, nil
	case isTheirs:
		return clone(theirs), false, nil
	}
	if !base.IsValid() {
		base = reflect.Zero(ours.Type())
	}
	v, err := p.merger(clone(base), ours, clone(theirs)) // the result may share memory with them
	if err != nil {
		return reflect.Value{}, false, &methodError{member: m.where(), err: err}
	}
	return v, false, nil
}

// methodError is the error of a type's own method, with the member's path.
type methodError struct {
	member string
	err    error
}

func (e *methodError) Error() string { return place(e.member) + ": " + e.err.Error() }
func (e *methodError) Unwrap() error { return e.err }

// members merges structs: each exported field by itself, and the unexported fields together as one
// value.
func (m *merging) members(p *plan, base, ours, theirs reflect.Value) (reflect.Value, bool, error) {
	if !base.IsValid() {
		base = reflect.Zero(ours.Type())
	}
	out := reflect.New(ours.Type()).Elem()
	kept := true
	switch m.hidden(p, base, ours, theirs) {
	case isOurs:
		out.Set(ours)
	case isTheirs:
		out.Set(theirs)
		kept = false
	default:
		return reflect.Value{}, false, m.conflict()
	}
	for _, f := range p.fields {
		o := ours.FieldByIndex(f.index)
		v, k, err := m.at(f.name, base.FieldByIndex(f.index), o, theirs.FieldByIndex(f.index))
		if err != nil {
			return reflect.Value{}, false, err
		}
		out.FieldByIndex(f.index).Set(v)
		kept = kept && k
	}
	if kept {
		return ours, true, nil
	}
	return out, false, nil
}

// hidden returns the side whose unexported fields a merged struct gets.
func (m *merging) hidden(p *plan, base, ours, theirs reflect.Value) side {
	alike := func(a, b reflect.Value, how likeness) bool {
		for _, index := range p.hidden {
			if !same(a.FieldByIndex(index), b.FieldByIndex(index), how) {
				return false
			}
		}
		return true
	}
	switch {
	case alike(theirs, base, exactly):
		return isOurs
	case alike(ours, base, exactly):
		return isTheirs
	case alike(ours, theirs, inMeaning):
		return isOurs
	}
	return neither
}

// inside merges the values in interfaces: a map[string]any by key, anything else as one value.
func (m *merging) inside(base, ours, theirs reflect.Value) (reflect.Value, bool, error) {
	o, t, b := ours.Elem(), theirs.Elem(), base
	if b.IsValid() {
		b = b.Elem()
	}
	if isAnyMap(o) && isAnyMap(t) && (!b.IsValid() || isAnyMap(b)) {
		v, kept, err := m.value(b, o, t)
		if kept {
			v = ours
		}
		return v, kept, err
	}
	return m.leaf(base, ours, theirs)
}

func isAnyMap(v reflect.Value) bool {
	return v.IsValid() && v.Type() == reflect.TypeFor[map[string]any]()
}

// once merges the targets of pointers, or maps.
func (m *merging) once(base, ours, theirs reflect.Value) (reflect.Value, bool, error) {
	key := triple{t: ours.Type(), ours: ours.Pointer(), theirs: theirs.Pointer()}
	if base.IsValid() {
		key.base = base.Pointer()
	}
	if key.base != 0 && key.theirs == key.base {
		return ours, true, nil
	}
	if ours.Kind() == reflect.Pointer && (ours.IsNil() || theirs.IsNil()) {
		return m.leaf(base, ours, theirs)
	}
	if found, ok := m.done[key]; ok {
		if found == nil {
			return reflect.Value{}, false, errors.New(place(m.where()) + " contains itself")
		}
		return found.v, found.kept, nil
	}
	if m.depth > maxDepth {
		return reflect.Value{}, false, errors.New("the data is nested too deeply to be merged")
	}
	m.done[key] = nil
	m.depth++
	defer func() { m.depth-- }()
	merge := m.pointee
	if ours.Kind() == reflect.Map {
		merge = m.entries
	}
	v, kept, err := merge(base, ours, theirs)
	m.done[key] = &outcome{v, kept}
	return v, kept, err
}

// pointee merges the targets of two pointers, neither of which is nil.
func (m *merging) pointee(base, ours, theirs reflect.Value) (reflect.Value, bool, error) {
	if base.IsValid() {
		base = base.Elem() // the zero reflect.Value if it is nil
	}
	v, kept, err := m.value(base, ours.Elem(), theirs.Elem())
	if err != nil || kept {
		return ours, kept, err
	}
	p := reflect.New(ours.Type().Elem())
	p.Elem().Set(v)
	return p, false, nil
}

// entries merges maps, key by key.
func (m *merging) entries(base, ours, theirs reflect.Value) (reflect.Value, bool, error) {
	if !base.IsValid() {
		base = reflect.Zero(ours.Type())
	}
	if elusive(base) || elusive(ours) || elusive(theirs) {
		return m.leaf(base, ours, theirs)
	}
	out, kept := reflect.MakeMapWithSize(ours.Type(), ours.Len()), true
	for i := ours.MapRange(); i.Next(); {
		o, b, t := i.Value(), base.MapIndex(i.Key()), theirs.MapIndex(i.Key())
		switch {
		case t.IsValid():
			v, k, err := m.at(entry, b, o, t)
			if err != nil {
				return reflect.Value{}, false, err
			}
			out.SetMapIndex(i.Key(), v)
			kept = kept && k
		case !b.IsValid(): // ours is new
			out.SetMapIndex(i.Key(), o)
		case same(o, b, inMeaning): // theirs has deleted it
			kept = false
		default:
			return reflect.Value{}, false, m.conflictAt(entry)
		}
	}
	for i := theirs.MapRange(); i.Next(); {
		if ours.MapIndex(i.Key()).IsValid() {
			continue
		}
		t, b := i.Value(), base.MapIndex(i.Key())
		switch {
		case !b.IsValid(): // theirs is new
			out.SetMapIndex(i.Key(), clone(t))
			kept = false
		case !same(t, b, inMeaning): // ours has deleted what theirs has changed
			return reflect.Value{}, false, m.conflictAt(entry)
		}
	}
	// Either side may also have changed whether an empty map is nil.
	isNil := ours.IsNil()
	if isNil == base.IsNil() {
		isNil = theirs.IsNil()
	}
	switch isNil = isNil && out.Len() == 0; {
	case kept && isNil == ours.IsNil():
		return ours, true, nil
	case isNil:
		return reflect.Zero(ours.Type()), false, nil
	}
	return out, false, nil
}

func (m *merging) conflictAt(name string) error {
	m.path = append(m.path, name)
	defer func() { m.path = m.path[:len(m.path)-1] }()
	return m.conflict()
}
