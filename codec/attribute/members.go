package attribute

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec/internal/members"
	"github.com/dynasession/dynasession/codec/internal/shape"
)

// carry adds the members of stored that the plan doesn't know to fresh, a value of the plan that
// was just encoded. They are shared, not copied.
func carry(fresh, stored types.AttributeValue, plan *shape.Plan) {
	plan = members.Inner(plan)
	now, ok := fresh.(*types.AttributeValueMemberM)
	old, ok2 := stored.(*types.AttributeValueMemberM)
	if plan == nil || !ok || !ok2 {
		return
	}
	if plan.Kind == shape.Map {
		for key, v := range now.Value {
			if oldV, ok := old.Value[key]; ok {
				carry(v, oldV, plan.Elem)
			}
		}
		return
	}
	var loose []string
	for key, v := range old.Value {
		i, exact, ok := plan.Find(key)
		switch {
		case !ok:
			now.Value[key] = v
		case !exact:
			loose = append(loose, key)
		default:
			carryField(now, v, &plan.Members[i])
		}
	}
	if loose == nil {
		return
	}
	names := keys(old.Value)
	var lost []string
	for n, i := range plan.Match(names) {
		at, exact, ok := plan.Find(names[n])
		switch {
		case !ok || exact:
		case i >= 0:
			carryField(now, old.Value[names[n]], &plan.Members[i])
		default:
			lost = append(lost, names[n])
			// The decoder would take it for an omitted field, which must stay empty.
			if exact := plan.Members[at].Name; now.Value[exact] == nil {
				now.Value[exact] = empty(plan.Members[at].Plan)
			}
		}
	}
	for _, name := range lost {
		now.Value[name] = old.Value[name]
	}
}

// empty returns an empty value. A type that decodes itself may refuse NULL.
func empty(plan *shape.Plan) types.AttributeValue {
	if plan.Custom() {
		if av, err := marshal(reflect.New(plan.Type).Interface()); err == nil && av != nil {
			return av
		}
	}
	return &types.AttributeValueMemberNULL{Value: true}
}

// carryField does the same for the stored value of one field. A struct that the encoder omits
// because of its tag is empty, not removed: its unknown members stay.
func carryField(now *types.AttributeValueMemberM, stored types.AttributeValue, m *shape.Member) {
	fresh, ok := now.Value[m.Name]
	if !ok && m.Plan.Kind == shape.Struct {
		empty := &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{}}
		if carry(empty, stored, m.Plan); len(empty.Value) > 0 {
			now.Value[m.Name] = empty
		}
		return
	}
	carry(fresh, stored, m.Plan)
}

func keys(m map[string]types.AttributeValue) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	return names
}

// listed returns av, a value of the plan that was just encoded, with lists instead of the sets that
// the encoder makes of each [][]byte, unless the field is tagged binaryset: a set has no order, and
// neither duplicate nor empty members.
func listed(av types.AttributeValue, plan *shape.Plan) types.AttributeValue {
	for plan.Kind == shape.Pointer {
		plan = plan.Elem
	}
	switch av := av.(type) {
	case *types.AttributeValueMemberBS:
		list := make([]types.AttributeValue, len(av.Value))
		for i, b := range av.Value {
			list[i] = &types.AttributeValueMemberB{Value: b}
		}
		return &types.AttributeValueMemberL{Value: list}
	case *types.AttributeValueMemberL:
		if plan.Kind == shape.List || plan.Kind == shape.Array {
			for i, v := range av.Value {
				av.Value[i] = listed(v, plan.Elem)
			}
		}
	case *types.AttributeValueMemberM:
		switch plan.Kind {
		case shape.Map:
			for key, v := range av.Value {
				av.Value[key] = listed(v, plan.Elem)
			}
		case shape.Struct:
			for i := range plan.Members {
				m := &plan.Members[i]
				if v, ok := av.Value[m.Name]; ok && !m.Has("binaryset") {
					av.Value[m.Name] = listed(v, m.Plan)
				}
			}
		}
	}
	return av
}
