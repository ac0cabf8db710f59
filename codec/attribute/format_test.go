//lint:file-ignore SA5008 the tags are what is tested

package attribute

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
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

type (
	level   string // encodes itself
	instant time.Time
	packed  string // encodes itself as bytes
	native  string // encodes itself as an attribute
)

func (p packed) MarshalBinary() ([]byte, error)  { return []byte("packed " + p), nil }
func (p *packed) UnmarshalBinary(b []byte) error { *p = packed(b); return nil }

func (n native) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	return &types.AttributeValueMemberS{Value: "native " + string(n)}, nil
}
func (*native) UnmarshalDynamoDBAttributeValue(types.AttributeValue) error { return nil }

func (l level) MarshalText() ([]byte, error) { return []byte("level " + l), nil }
func (l *level) UnmarshalText(b []byte) error {
	*l = level(bytes.TrimPrefix(b, []byte("level ")))
	return nil
}

func TestFormat_RefusesOptionsThatChangeValues(t *testing.T) {
	for name, refused := range map[string]reflect.Type{
		"field A: attribute.level encodes itself, and in a set it is not decoded: take the option stringset from the tag": reflect.TypeFor[struct {
			A []level `dynamodbav:",stringset"`
		}](),
		"field A: attribute.packed encodes itself, and in a set it is not decoded: take the option binaryset from the tag": reflect.TypeFor[struct {
			A []packed `dynamodbav:",binaryset"`
		}](),
		"field A: attribute.native encodes itself, and in a set it is not decoded: take the option stringset from the tag": reflect.TypeFor[struct {
			A []native `dynamodbav:",stringset"`
		}](),
		"field A: *attribute.level encodes itself, and in a set it is not decoded: take the option stringset from the tag": reflect.TypeFor[struct {
			A *[2]*level `json:"a,stringset"`
		}](),
		"field A: the option unixtime of its tag would cut the time to whole seconds: take it from the tag": reflect.TypeFor[struct {
			A *instant `dynamodbav:",unixtime"`
		}](),
		"field A: the option string of its tag is for numbers, and changes values of attribute.instant: take it from the tag": reflect.TypeFor[struct {
			A instant `json:"a,string"`
		}](),
		"field A: the option string of its tag is for numbers, and changes values of interface {}: take it from the tag": reflect.TypeFor[struct {
			A any `dynamodbav:",string"`
		}](),
	} {
		_, err := format.Of(refused)
		is.New(t).Equal(fmt.Sprint(err), name)
	}
}

func TestFormat_TakesTheSameOptionsElsewhere(t *testing.T) {
	is := is.New(t)
	type data struct {
		Names   []string      `json:",stringset"`
		Times   []time.Time   `json:",stringset"`
		Instant []instant     `json:",stringset"`
		Numbers []json.Number `json:",numberset"`
		Time    time.Time     `dynamodbav:",unixtime"`
		Pointer *int          `json:",omitempty"`
	}
	now := time.Unix(1, 2).UTC()
	v := data{[]string{"a"}, []time.Time{now}, []instant{instant(now)}, []json.Number{"7"}, now, new(int)}
	_, av, err := encode(&v)
	is.NoErr(err)
	var got data
	is.NoErr(decode(av, &got))
	is.Equal(got, v)
}
