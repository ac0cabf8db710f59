package sessions

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/dynasession/dynasession/sessions/internal/threeway"
)

// A Merger is a type that merges its own values in [MergeFields], such as a counter that adds what
// both sides have counted.
//
// MergeFields calls Merge on our value if both sides have changed it, even if to the same value.
// base is the value that both sides started from, the zero value if there was none. Merge must not
// change its arguments, and may be called several times for one save. Its error ends the merge; it
// should wrap [ErrConflict] if the two changes are incompatible.
//
// The method may have receiver T or *T, may take and return *T instead of T, and may omit the
// error.
type Merger[T any] interface {
	Merge(base, theirs T) (T, error)
}

// MergeFields merges ours and theirs, two changed versions of base. A [Manager] resolves lost races
// with it unless [Config].Merge is set: two requests that change different fields of a session both
// succeed.
//
// It merges structs, maps and the targets of pointers member by member. If one side didn't change a
// member, the result has the other side's value. If both changed it to the same value, the result
// has that value. If both changed it to different values, or one changed a map entry that the other
// deleted, the error wraps [ErrConflict] and names the member by its path, such as "Cart.Items".
// Errors don't show values or map keys.
//
// These rules say what a member is:
//
//   - A type that implements [Merger] decides for itself.
//   - A slice or array is one value: if both sides append to it, that is a conflict. Keep such
//     items in a map, or give the slice's type a method Merge.
//   - A type that encodes itself is one value: one that implements json.Marshaler,
//     encoding.TextMarshaler, encoding.BinaryMarshaler, a marshaler of MessagePack or DynamoDB
//     attributes, or driver.Valuer. So are time.Time, url.URL, big.Int and sql.NullString.
//   - The unexported fields of a struct together are one value. The codecs of this module don't
//     store them, so with these codecs the result has ours.
//   - The value in an interface is one value, except that a map[string]any is merged by key.
//   - A pointer or map entry that both sides added is merged as if both had changed a zero value.
//     So both may allocate a struct and set different fields of it.
//   - A nil map is treated as an empty one.
//
// Values are compared deeply. NaN equals itself. Where both sides changed a member, or the other
// side changed part of it, times are compared as instants, and nil equals empty, 0 equals -0, and
// in an interface numbers of different types can be equal.
//
// MergeFields changes none of its arguments. The result shares no memory with base. It may share
// memory with ours, and is ours itself if theirs changed nothing. Values from theirs are copied,
// except what a type such as big.Int keeps in unexported fields, which is shared. If both sides
// have a value that contains itself, which no codec can store, it returns an error.
func MergeFields[T any](base, ours, theirs T) (T, error) {
	var merged, none T
	v, err := threeway.Merge(reflect.ValueOf(&base).Elem(), reflect.ValueOf(&ours).Elem(), reflect.ValueOf(&theirs).Elem())
	if err != nil {
		if conflict, ok := errors.AsType[*threeway.Conflict](err); ok {
			err = fmt.Errorf("%w: %w", ErrConflict, conflict)
		}
		return none, err
	}
	reflect.ValueOf(&merged).Elem().Set(v)
	return merged, nil
}

// NoMerge doesn't merge: it always returns [ErrConflict]. As [Config].Merge it makes every lost
// race an ErrConflict.
func NoMerge[T any](_, _, _ T) (T, error) {
	var none T
	return none, ErrConflict
}
