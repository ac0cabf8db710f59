package codec

import (
	"slices"

	"github.com/dynasession/dynasession/codec/internal/fault"
	"github.com/dynasession/dynasession/codec/internal/shape"
)

// checkJSON returns the text to decode into a value of the plan, which is b with some names cut. It
// prevents three things that encoding/json would do: take the last of two names for one field, drop
// the end of a list that is too long for an array, and allocate any number of elements. Most texts
// can't have any of these, and a quick look shows it.
func checkJSON(b []byte, plan *shape.Plan) ([]byte, error) {
	if !plan.Arrays && !plan.Bigs && fewElements(b, plan) && !plan.MayFold(b) {
		return b, nil
	}
	c := checker{text: text{b: b}, left: DecodeLimit}
	if _, ok := c.value(c.space(0), plan); !ok {
		if c.err != nil {
			return nil, c.err
		}
		return b, nil // invalid: encoding/json says where
	}
	if len(c.cuts) == 0 {
		return b, nil
	}
	slices.SortFunc(c.cuts, func(x, y span) int { return x.from - y.from })
	out := make([]byte, 0, len(b))
	from := 0
	for _, cut := range c.cuts {
		out = append(append(out, b[from:cut.from]...), `""`...) // no field has this name
		from = cut.to
	}
	return append(out, b[from:]...), nil
}

// fewElements reports whether the elements in b can't take more memory than DecodeLimit.
func fewElements(b []byte, plan *shape.Plan) bool {
	return len(b)/2+1 <= DecodeLimit/max(plan.Unit, 1) // no product, which could overflow
}

// checker reads a text once, following a plan.
type checker struct {
	text
	left int    // the rest of DecodeLimit
	cuts []span // names of members that must not be decoded
	err  error
}

type span struct{ from, to int }

// take takes n bytes of memory from the rest, and reports whether there were enough.
func (c *checker) take(n int) bool {
	if c.left -= n; c.left < 0 {
		c.err = errLimit
	}
	return c.left >= 0
}

// value reads the value that begins at i, and returns where it ends.
func (c *checker) value(i int, plan *shape.Plan) (end int, ok bool) {
	if c.depth++; c.depth > maxJSONDepth || i >= len(c.b) {
		return 0, false
	}
	defer func() { c.depth-- }()
	for plan.Kind == shape.Pointer {
		if c.b[i] != 'n' && !c.take(plan.ElementSize()) {
			return 0, false
		}
		plan = plan.Elem
	}
	switch {
	case c.b[i] == '{' && plan.Kind == shape.Struct:
		return c.object(i, plan)
	case c.b[i] == '{' && (plan.Kind == shape.Map || plan.Kind == shape.Any):
		n := 0
		end, ok = c.entries(i, func(_ span, from int) (int, bool) {
			n++
			if plan.Kind == shape.Any {
				return c.value(from, plan)
			}
			if !c.take(plan.ElementSize()) {
				return 0, false
			}
			return c.value(from, plan.Elem)
		})
		return end, ok && (plan.Kind == shape.Map || c.take(shape.AnySize(true, n)))
	case c.b[i] == '[' && (plan.Kind == shape.List || plan.Kind == shape.Array || plan.Kind == shape.Any):
		return c.list(i, plan)
	case plan.Kind == shape.Any && !c.take(shape.AnySize(false, 0)):
		return 0, false
	}
	if end, ok = c.skip(i); ok && plan.Big != nil {
		if err := plan.CheckBig(c.b[i:end]); err != nil {
			c.err = fault.New(nil, "%v", err)
			return 0, false
		}
	}
	return end, ok
}

func (c *checker) list(i int, plan *shape.Plan) (end int, ok bool) {
	elem := plan.Elem
	if plan.Kind == shape.Any {
		if elem = plan; !c.take(shape.AnySize(false, 0)) {
			return 0, false
		}
	}
	if i = c.space(i + 1); i < len(c.b) && c.b[i] == ']' {
		return i + 1, true
	}
	for n := 1; ; n++ {
		if plan.Kind == shape.Array && n > plan.Type.Len() {
			c.err = fault.New(nil, "a list has more elements than a %v has", plan.Type)
			return 0, false
		}
		if plan.Kind == shape.List && !c.take(plan.ElementSize()) {
			return 0, false
		}
		if i, ok = c.value(i, elem); !ok {
			return 0, false
		}
		if i = c.space(i); i >= len(c.b) {
			return 0, false
		}
		switch c.b[i] {
		case ']':
			return i + 1, true
		case ',':
			i = c.space(i + 1)
		default:
			return 0, false
		}
	}
}

// object reads a struct, and cuts names that match a field less well than another.
func (c *checker) object(i int, plan *shape.Plan) (end int, ok bool) {
	var names []string
	var keys []span
	loose, embedded := false, uint64(0)
	end, ok = c.entries(i, func(key span, from int) (int, bool) {
		name, ok := unquote(c.b[key.from:key.to])
		if !ok {
			return 0, false
		}
		field, exact, ok := plan.Find(name)
		if !ok {
			return c.skip(from)
		}
		names, keys = append(names, name), append(keys, key)
		loose = loose || !exact
		if !c.take(plan.Members[field].EmbeddedSize(&embedded)) {
			return 0, false
		}
		return c.value(from, plan.Members[field].Plan)
	})
	if !ok || !loose {
		return end, ok
	}
	for n, field := range plan.Match(names) {
		if field < 0 {
			c.cuts = append(c.cuts, keys[n])
		}
	}
	return end, true
}

// entries reads an object. It calls each with a key and the start of its value; each returns the
// value's end.
func (c *checker) entries(i int, each func(key span, from int) (end int, ok bool)) (end int, ok bool) {
	if i = c.space(i + 1); i < len(c.b) && c.b[i] == '}' {
		return i + 1, true
	}
	for {
		key := span{from: i}
		if i, ok = c.text.text(i); !ok {
			return 0, false
		}
		key.to = i
		if i = c.space(i); i >= len(c.b) || c.b[i] != ':' {
			return 0, false
		}
		if i, ok = each(key, c.space(i+1)); !ok {
			return 0, false
		}
		if i = c.space(i); i >= len(c.b) {
			return 0, false
		}
		switch c.b[i] {
		case '}':
			return i + 1, true
		case ',':
			i = c.space(i + 1)
		default:
			return 0, false
		}
	}
}
