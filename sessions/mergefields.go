package sessions

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/dynasession/dynasession/sessions/internal/threeway"
)

// A Merger is a type that merges its own values when [MergeFields] meets one, such as a counter
// that adds up what both sides have counted.
//
// MergeFields calls Merge on our value if both sides have changed it, even if to the same value.
// base is what both sides began with, the zero value if there was none. Merge must not change its
// arguments, and may be called several times for one save. Its error ends the merge; let it wrap
// [ErrConflict] if the two changes exclude each other.
//
// The method may be one of T or of *T, may take and return *T in place of T, and may do without the
// error.
type Merger[T any] interface {
	Merge(base, theirs T) (T, error)
}

// MergeFields merges two changes of one value: ours and theirs, both made to base. It is how a
// [Manager] resolves a lost race unless [Config].Merge says otherwise: two requests that change
// different fields of a session both succeed.
//
// It goes member by member through structs, what pointers point at, and maps. Of each member that
// one side left as it was, the result has the other side's value. A member that both changed to the
// same value has that value. If both changed it to different values, or one side changed an entry
// of a map that the other deleted, the error wraps [ErrConflict] and names the member by its path,
// such as "Cart.Items". No error shows a value, or the key of a map.
//
// These rules say what a member is:
//
//   - A type that implements [Merger] decides for itself.
//   - A slice or array is one value: if both sides append to it, that is a conflict. Keep such
//     items in a map, or give the slice's type a method Merge.
//   - A type with a form of its own is one value: one that has the method of a json.Marshaler,
//     encoding.TextMarshaler or encoding.BinaryMarshaler, of a marshaler of MessagePack or DynamoDB
//     attributes, or of a driver.Valuer. So are time.Time, url.URL, big.Int and sql.NullString.
//   - The unexported fields of a struct are one value together. The codecs of this module don't
//     store them, so with these codecs they stay ours.
//   - What an interface holds is one value, except that a map[string]any is merged by key.
//   - A pointer or an entry of a map that both sides added is merged as if both had changed a zero
//     value. So both may allocate a struct and set different fields of it.
//   - A nil map has no entries, as an empty one has none.
//
// Values are compared in depth. NaN equals itself. Where both sides changed a member, or the other
// side changed something else about it, instants are the same in any time zone, as are nil and
// empty, 0 and -0, and, in an interface, numbers of different types.
//
// MergeFields changes none of its arguments. The result shares no memory with base. It shares with
// ours what it took from there, and is ours itself if theirs changed nothing. What it took from
// theirs is a copy, except for what a type hides in unexported fields, as big.Int does: that is
// shared. A value that contains itself, which no codec stores, is an error if both sides have it.
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

// NoMerge refuses to merge: its error is always [ErrConflict]. As [Config].Merge it makes every
// lost race a conflict for the caller.
func NoMerge[T any](_, _, _ T) (T, error) {
	var none T
	return none, ErrConflict
}
