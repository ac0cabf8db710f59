package attribute

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/internal/fault"
	"github.com/dynasession/dynasession/codec/internal/shape"
)

// check returns the value to decode into a value of the plan, which is av with some names cut. It
// prevents five things that the decoder would do: take any of two names for one field, drop the end
// of a list that is too long for an array, allocate any number of elements, refuse the largest
// float32, and put slices of other types than []any into interfaces.
func check(av types.AttributeValue, plan *shape.Plan) (types.AttributeValue, error) {
	c := checker{left: codec.DecodeLimit}
	return c.value(av, plan)
}

type checker struct{ left int }

// take takes n elements of this size from the rest. It forms no product that could overflow.
func (c *checker) take(n, size int) error {
	if size > 0 && n > c.left/size {
		return fault.New(nil, "attribute: its elements would take more than %d bytes of memory", codec.DecodeLimit)
	}
	c.left -= n * size
	return nil
}

// value returns av, or the value to decode instead. It doesn't change av.
func (c *checker) value(av types.AttributeValue, plan *shape.Plan) (types.AttributeValue, error) {
	if _, null := av.(*types.AttributeValueMemberNULL); null || opaque(plan) {
		return av, nil
	}
	if plan.Kind == shape.Any {
		av = listOf(av)
	}
	for plan.Kind == shape.Pointer {
		if err := c.take(1, plan.ElementSize()); err != nil {
			return nil, err
		}
		plan = plan.Elem
	}
	if plan.Big != nil {
		return av, checkBig(av, plan)
	}
	if isFloat32(plan) {
		return float32Value(av), nil
	}
	switch av := av.(type) {
	case *types.AttributeValueMemberM:
		return c.members(av, plan)
	case *types.AttributeValueMemberL:
		if err := c.list(len(av.Value), plan); err != nil {
			return nil, err
		}
		elem := plan.Elem
		switch plan.Kind {
		case shape.Any:
			elem = plan
		case shape.List, shape.Array:
		default:
			return av, nil // the decoder says what is wrong
		}
		if opaque(elem) {
			return av, nil
		}
		var changed []types.AttributeValue
		for i, v := range av.Value {
			w, err := c.value(v, elem)
			if err != nil {
				return nil, err
			}
			if w != v && changed == nil {
				changed = append(changed, av.Value...)
			}
			if changed != nil {
				changed[i] = w
			}
		}
		if changed != nil {
			return &types.AttributeValueMemberL{Value: changed}, nil
		}
	case *types.AttributeValueMemberSS:
		return av, c.list(len(av.Value), plan)
	case *types.AttributeValueMemberNS:
		if (plan.Kind == shape.List || plan.Kind == shape.Array) && isFloat32(plan.Elem) {
			all := slices.Clone(av.Value)
			for i, n := range all {
				all[i] = asFloat32(n)
			}
			av = &types.AttributeValueMemberNS{Value: all}
		}
		return av, c.list(len(av.Value), plan)
	case *types.AttributeValueMemberBS:
		return av, c.list(len(av.Value), plan)
	case *types.AttributeValueMemberB:
		if plan.Kind == shape.Array && len(av.Value) != plan.Type.Len() {
			return nil, fault.New(nil, "attribute: bytes are more or fewer than a %v has", plan.Type)
		}
	}
	if plan.Kind == shape.Any {
		return av, c.take(1, shape.AnySize(false, 0))
	}
	return av, nil
}

// listOf returns a set as a list, as which it is decoded into an interface.
func listOf(av types.AttributeValue) types.AttributeValue {
	var list []types.AttributeValue
	switch av := av.(type) {
	case *types.AttributeValueMemberSS:
		for _, s := range av.Value {
			list = append(list, &types.AttributeValueMemberS{Value: s})
		}
	case *types.AttributeValueMemberNS:
		for _, n := range av.Value {
			list = append(list, &types.AttributeValueMemberN{Value: n})
		}
	case *types.AttributeValueMemberBS:
		for _, b := range av.Value {
			list = append(list, &types.AttributeValueMemberB{Value: b})
		}
	default:
		return av
	}
	return &types.AttributeValueMemberL{Value: list}
}

// opaque reports whether a value of the plan needs no check.
func opaque(plan *shape.Plan) bool {
	return plan.Kind == shape.Opaque && plan.Big == nil && !isFloat32(plan)
}

func isFloat32(plan *shape.Plan) bool { return plan.Scalar && plan.Type.Kind() == reflect.Float32 }

// float32Value returns the value to decode into a float32. It is a text if the field has the option
// string.
func float32Value(av types.AttributeValue) types.AttributeValue {
	switch v := av.(type) {
	case *types.AttributeValueMemberN:
		if long := asFloat32(v.Value); long != v.Value {
			return &types.AttributeValueMemberN{Value: long}
		}
	case *types.AttributeValueMemberS:
		if long := asFloat32(v.Value); long != v.Value {
			return &types.AttributeValueMemberS{Value: long}
		}
	}
	return av
}

// asFloat32 returns n, the text of a float32. The shortest text of the largest one, 3.4028235e+38,
// is a float64 that the decoder thinks too large: it gets all its digits.
func asFloat32(n string) string {
	if x, err := strconv.ParseFloat(n, 64); err != nil || math.Abs(x) <= math.MaxFloat32 {
		return n
	}
	x, err := strconv.ParseFloat(n, 32)
	if err != nil {
		return n // the decoder says what is wrong
	}
	return strconv.FormatFloat(x, 'e', -1, 64)
}

func checkBig(av types.AttributeValue, plan *shape.Plan) error {
	var text []byte
	switch av := av.(type) {
	case *types.AttributeValueMemberS:
		text = []byte(av.Value)
	case *types.AttributeValueMemberN:
		text = []byte(av.Value)
	case *types.AttributeValueMemberB:
		text = av.Value
	}
	if err := plan.CheckBig(text); err != nil {
		return fault.New(nil, "attribute: %v", err)
	}
	return nil
}

// list counts the elements of a list or set.
func (c *checker) list(n int, plan *shape.Plan) error {
	switch {
	case plan.Kind == shape.Array && n > plan.Type.Len():
		return fault.New(nil, "attribute: a list has more elements than a %v has", plan.Type)
	case plan.Kind == shape.List:
		return c.take(n, plan.ElementSize())
	case plan.Kind == shape.Any:
		return c.take(n+1, shape.AnySize(false, 0))
	}
	return nil
}

func (c *checker) members(av *types.AttributeValueMemberM, plan *shape.Plan) (types.AttributeValue, error) {
	var err error
	switch plan.Kind {
	case shape.Map:
		err = c.take(len(av.Value), plan.ElementSize())
	case shape.Any:
		err = c.take(1, shape.AnySize(true, len(av.Value)))
	case shape.Struct:
	default:
		return av, nil // the decoder says what is wrong
	}
	if err != nil {
		return nil, err
	}
	var changed map[string]types.AttributeValue
	change := func(key string, v types.AttributeValue) {
		if changed == nil {
			changed = maps.Clone(av.Value)
		}
		changed[key] = v
	}
	below := func(key string, v types.AttributeValue, plan *shape.Plan) error {
		if opaque(plan) {
			return nil
		}
		w, err := c.value(v, plan)
		if err == nil && w != v {
			change(key, w)
		}
		return err
	}
	if plan.Kind != shape.Struct {
		elem := plan.Elem
		if plan.Kind == shape.Any {
			elem = plan
		}
		if !opaque(elem) {
			for key, v := range av.Value {
				if err := below(key, v, elem); err != nil {
					return nil, err
				}
			}
		}
	} else {
		known, embedded := 0, uint64(0)
		for i := range plan.Members {
			m := &plan.Members[i]
			if v, ok := av.Value[m.Name]; ok {
				known++
				if err := c.take(1, m.EmbeddedSize(&embedded)); err != nil {
					return nil, err
				}
				if err := below(m.Name, v, m.Plan); err != nil {
					return nil, err
				}
			}
		}
		if known < len(av.Value) {
			names := keys(av.Value)
			for n, i := range plan.Match(names) {
				name := names[n]
				switch {
				case i < 0:
					if _, _, ok := plan.Find(name); ok {
						change(name, nil)
						delete(changed, name)
					}
				case name != plan.Members[i].Name:
					if err := c.take(1, plan.Members[i].EmbeddedSize(&embedded)); err != nil {
						return nil, err
					}
					if err := below(name, av.Value[name], plan.Members[i].Plan); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	if changed != nil {
		return &types.AttributeValueMemberM{Value: changed}, nil
	}
	return av, nil
}
