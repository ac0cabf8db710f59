package threeway

import (
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"sync"
)

// A plan says how values of one type are merged.
type plan struct {
	// The type's own method, or nil.
	merger func(base, ours, theirs reflect.Value) (reflect.Value, error)
	// One value, whatever its kind.
	whole bool
	// Of a struct: the exported ones.
	fields []field
	// Of a struct: the indexes of the other fields.
	hidden [][]int
	// Of a struct: an unexported field refers to memory.
	shares bool
}

// A field is an exported field of a struct, or of a struct that is embedded in it under an
// unexported name: encoders treat that one as a field of the outer struct.
type field struct {
	index []int
	name  string
}

var plans sync.Map // reflect.Type to *plan

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{merger: mergerOf(t), whole: EncodesItself(t)}
	switch t.Kind() {
	case reflect.Struct:
		p.addFields(t, nil)
	case reflect.Pointer:
		p.whole = p.whole && mergerOf(t.Elem()) == nil
	}
	found, _ := plans.LoadOrStore(t, p)
	return found.(*plan)
}

func (p *plan) addFields(t reflect.Type, at []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(slices.Clone(at), i)
		switch {
		case f.Name == "_":
		case f.IsExported():
			p.fields = append(p.fields, field{index, f.Name})
		case f.Anonymous && f.Type.Kind() == reflect.Struct && !EncodesItself(f.Type) && mergerOf(f.Type) == nil:
			p.addFields(f.Type, index)
		default:
			p.hidden = append(p.hidden, index)
			p.shares = p.shares || refers(f.Type)
		}
	}
}

var (
	jsonMarshaler   = reflect.TypeFor[json.Marshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	binaryMarshaler = reflect.TypeFor[encoding.BinaryMarshaler]()
	errorType       = reflect.TypeFor[error]()
)

// EncodesItself reports whether t has a method by which it chooses its own form in one of the
// encoders that codecs use.
func EncodesItself(t reflect.Type) bool {
	if t.Kind() == reflect.Interface {
		return false
	}
	if t.Kind() != reflect.Pointer {
		t = reflect.PointerTo(t) // the method set of *t includes that of t
	}
	if t.Implements(jsonMarshaler) || t.Implements(textMarshaler) || t.Implements(binaryMarshaler) {
		return true
	}
	// The names are constants, so that the linker can still drop methods that nobody calls.
	return encodes(t.MethodByName("EncodeMsgpack")) ||
		encodes(t.MethodByName("MarshalMsgpack")) ||
		encodes(t.MethodByName("MarshalDynamoDBAttributeValue")) ||
		encodes(t.MethodByName("GobEncode")) ||
		encodes(t.MethodByName("MarshalJSONTo")) ||
		encodes(t.MethodByName("MarshalCBOR")) ||
		isValuer(t.MethodByName("Value"))
}

// encodes reports whether a method ends with an error, as the methods of encoders do.
func encodes(method reflect.Method, ok bool) bool {
	if !ok {
		return false
	}
	n := method.Type.NumOut()
	return n > 0 && method.Type.Out(n-1) == errorType
}

// isValuer reports whether a method is the Value of a database/sql/driver.Valuer, such as
// sql.NullString, whose fields have a meaning only together.
func isValuer(method reflect.Method, ok bool) bool {
	if !ok {
		return false
	}
	t := method.Type
	return t.NumIn() == 1 && t.NumOut() == 2 && t.Out(1) == errorType &&
		t.Out(0).Kind() == reflect.Interface && t.Out(0).NumMethod() == 0
}

// mergerOf returns the method Merge of t or *t as a function of three values of t, or nil if there
// is none of the right form. The method takes two values of t, or two pointers to t, and returns
// one, with or without an error.
func mergerOf(t reflect.Type) func(base, ours, theirs reflect.Value) (reflect.Value, error) {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return nil
	}
	pointer := reflect.PointerTo(t)
	method, ok := pointer.MethodByName("Merge")
	if !ok || method.Type.IsVariadic() || method.Type.NumIn() != 3 {
		return nil
	}
	x := method.Type.In(1)
	outs := method.Type.NumOut()
	if (x != t && x != pointer) || method.Type.In(2) != x || outs < 1 || outs > 2 || method.Type.Out(0) != x ||
		outs == 2 && method.Type.Out(1) != errorType {
		return nil
	}
	return func(base, ours, theirs reflect.Value) (reflect.Value, error) {
		args := []reflect.Value{pointerTo(ours), base, theirs}
		if x == pointer {
			args[1], args[2] = pointerTo(base), pointerTo(theirs)
		}
		results := method.Func.Call(args)
		if outs == 2 && !results[1].IsNil() {
			return reflect.Value{}, results[1].Interface().(error)
		}
		v := results[0]
		if x == pointer {
			if v.IsNil() {
				return reflect.Value{}, errNilMerge
			}
			v = v.Elem()
		}
		return v, nil
	}
}

var errNilMerge = errors.New("its method Merge returned nil")

// pointerTo returns a pointer to a copy of v.
func pointerTo(v reflect.Value) reflect.Value {
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p
}
