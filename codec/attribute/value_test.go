package attribute_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/internal/wants"
)

func TestValue(t *testing.T) {
	is := is.New(t)
	av := &types.AttributeValueMemberS{Value: "x"}
	v := attribute.NewValue(av)
	is.Equal(v.Format(), "dynamodb")
	is.Equal(v.AttributeValue(), types.AttributeValue(av))
	b, err := v.Bytes()
	is.NoErr(err)
	is.Equal(string(b), `{"S":"x"}`)

	same, err := attribute.ValueOf(v)
	is.NoErr(err)
	is.Equal(same.AttributeValue(), types.AttributeValue(av))
	read, err := attribute.ValueOf(codec.Opaque("dynamodb", b))
	is.NoErr(err)
	is.True(codec.Equal(read, v))
}

func TestValue_OfNothing(t *testing.T) {
	is := is.New(t)
	var zero attribute.Value
	_, err := attribute.ValueOf(zero)
	is.True(err != nil)
	_, err = zero.Bytes()
	is.True(err != nil)
	is.True(!codec.Equal(zero, zero))
	is.Equal(fmt.Sprint(zero), "dynamodb payload of type unknown")

	_, err = attribute.ValueOf(nil)
	wants.Err(t, err, codec.ErrFormat)
	_, err = attribute.ValueOf(codec.Opaque("json", []byte("{}")))
	wants.Err(t, err, codec.ErrFormat)
}

func TestValue_IsNeverPrinted(t *testing.T) {
	v := attribute.NewValue(&types.AttributeValueMemberS{Value: "s3cret"})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t", "%p", "%c"} {
		for _, printed := range []any{v, &v, []attribute.Value{v}, struct{ P codec.Payload }{v}, &struct{ P codec.Payload }{v}} {
			got := strings.ToLower(fmt.Sprintf(verb, printed))
			if strings.Contains(got, "s3cret") || strings.Contains(got, "733363726574") {
				t.Errorf("%s of %T: %s", verb, printed, got)
			}
		}
	}
}
