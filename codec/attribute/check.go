package attribute

import (
	"maps"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/internal/fault"
	"github.com/dynasession/dynasession/codec/internal/shape"
)

// check returns the value to decode into a value of the plan, which is av with some names cut. It
// prevents three things that the decoder would do: take any of two names for one field, drop the
// end of a list that is too long for an array, and allocate any number of elements.
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
	for plan.Kind == shape.Pointer {
		if err := c.take(1, plan.ElementSize()); err != nil {
			return nil, err
		}
		plan = plan.Elem
	}
	if plan.Big != nil {
		return av, checkBig(av, plan)
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

// opaque reports whether a value of the plan needs no check.
func opaque(plan *shape.Plan) bool { return plan.Kind == shape.Opaque && plan.Big == nil }

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
