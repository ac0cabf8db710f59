//lint:file-ignore SA5008 the tags are what is tested

package attribute

import (
	"reflect"
	"testing"

	"github.com/matryer/is"
)

func TestFormat_ASetOfBytesIsKnownByItsTag(t *testing.T) {
	is := is.New(t)
	for want, typ := range map[bool]reflect.Type{
		true: reflect.TypeFor[struct {
			A [][]byte `dynamodbav:"a,omitempty,binaryset"`
			B [][]byte `json:",binaryset"`
		}](),
		false: reflect.TypeFor[struct {
			A [][]byte `json:"binaryset"`
			B []map[string][][]byte
		}](),
	} {
		_, err := format.Of(typ)
		is.Equal(err == nil, want)
	}
}
