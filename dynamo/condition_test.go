package dynamo

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"
)

func TestRefusal(t *testing.T) {
	is := is.New(t)
	it, ok := refusal(fmt.Errorf("wrapped: %w", &types.ConditionalCheckFailedException{Item: item{attrRev: text("r")}}))
	is.True(ok)
	is.True(wrote(it, "r"))
	it, ok = refusal(&types.ConditionalCheckFailedException{})
	is.True(ok && it == nil) // there was no item
	_, ok = refusal(errors.New("another"))
	is.True(!ok)
}

func TestWroteNeedsARev(t *testing.T) {
	is := is.New(t)
	is.True(wrote(item{attrRev: text("r")}, "r"))
	is.True(!wrote(item{attrRev: text("other")}, "r"))
	is.True(!wrote(item{attrRev: text("")}, "")) // no rev names no write
	is.True(!wrote(item{}, ""))
	is.True(!wrote(nil, "r"))
	is.True(!wrote(item{attrRev: number("1")}, "1")) // mangled
}
