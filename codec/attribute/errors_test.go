package attribute_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/internal/wants"
)

type account struct {
	Name  string
	Age   int8
	Born  moment
	ByDay map[int]string
}

type moment struct{ text string }

func (m moment) MarshalText() ([]byte, error)  { return []byte(m.text), nil }
func (m *moment) UnmarshalText(b []byte) error { return errors.New("wrong: " + string(b)) }

func TestDecodeErrors_HoldNoValue(t *testing.T) {
	for stored, want := range map[string]string{
		`{"M":{"Age":{"N":"7321"}}}`:                "attribute: a number is out of the range of int8",
		`{"M":{"Age":{"S":"s3cret"}}}`:              "attribute: a string is not a int8",
		`{"M":{"Name":{"L":[]}}}`:                   "attribute: a list is not a string",
		`{"M":{"Born":{"S":"s3cret"}}}`:             "attribute: can't be decoded: the error is a *errors.errorString",
		`{"M":{"ByDay":{"M":{"s3cret":{"S":""}}}}}`: "attribute: the key of a map is not a int",
		`{"S":"s3cret"}`:                            "attribute: a string is not a attribute_test.account",
		`{"NULL":true}`:                             "attribute: is NULL, and attribute_test.account can't be",
		`{"M":{"Age":{"N":"s3cret"}}}`:              "attribute: a number that is NaN, infinite or no number can't be stored",
		`{"M":{"Age":{"Z":"s3cret"}}}`:              "attribute: a value of type unknown can't be stored",
		`{"M":"s3cret"}`:                            "attribute: is not DynamoDB JSON",
		`{"M":{}} s3cret`:                           "attribute: is not DynamoDB JSON",
		`{}`:                                        "attribute: is not DynamoDB JSON: there is no value",
		`null`:                                      "attribute: is not DynamoDB JSON: there is no value",
		`"s3cret"`:                                  "attribute: is not DynamoDB JSON",
	} {
		t.Run(stored, func(t *testing.T) {
			is := is.New(t)
			got, err := attribute.Codec[account]{}.Decode(codec.Opaque("dynamodb", []byte(stored)))
			is.True(err != nil)
			is.Equal(got, account{})
			is.True(!strings.Contains(err.Error(), "s3cret"))
			is.Equal(err.Error(), want)
			wants.NotErr(t, err, codec.ErrFormat)
		})
	}
	is := is.New(t)
	_, err := attribute.Codec[account]{}.Decode(codec.Opaque("dynamodb", []byte(`{"M":{"Age":{"S":"x"}}}`)))
	var cause *attributevalue.UnmarshalTypeError
	is.True(errors.As(err, &cause))
}
