//lint:file-ignore SA5008 the tags are what is tested

package attribute

import (
	"reflect"
	"testing"

	"github.com/matryer/is"
)

func TestFormat_RefusesOptionsThatChangeElements(t *testing.T) {
	is := is.New(t)
	_, err := format.Of(reflect.TypeFor[struct {
		A []string `dynamodbav:",omitemptyelem"`
	}]())
	is.Equal(err.Error(), "field A: the option omitemptyelem of its tag would change its elements")
	_, err = format.Of(reflect.TypeFor[struct {
		A map[string]string `json:"a,nullemptyelem"`
	}]())
	is.Equal(err.Error(), "field A: the option nullemptyelem of its tag would change its elements")
}
