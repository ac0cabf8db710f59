package dynamo_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions/driver"
)

// An error that an operator can mend says what to do.
func TestAdvice(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer
		want   string
	}{
		"no table":            {refusedWith(400, "ResourceNotFoundException", ""), "dynamo.CreateTable"},
		"denied":              {refusedWith(400, "AccessDeniedException", ""), "the role must allow dynamodb:GetItem, BatchGetItem, PutItem, UpdateItem and DeleteItem"},
		"unknown credentials": {refusedWith(400, "UnrecognizedClientException", ""), "does not accept the credentials"},
		"expired credentials": {refusedWith(400, "ExpiredTokenException", ""), "does not accept the credentials"},
		"another key": {
			answer{status: 400, body: `{"__type":"com.amazon.coral.validate#ValidationException","message":"The provided key element does not match the schema"}`},
			"the table's partition key must be `id`",
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			store, _ := newStore(t, c.answer)
			_, err := store.Load(t.Context(), "k")
			is.True(errors.Is(err, driver.ErrUnavailable))
			is.True(strings.Contains(err.Error(), c.want))
			is.True(strings.Contains(store.Create(t.Context(), record()).Error(), c.want)) // writes too
		})
	}
}

func TestAdviceWithoutRegionOrCredentials(t *testing.T) {
	is := is.New(t)
	for want, options := range map[string]dynamodb.Options{
		"no AWS region":      {},
		"no AWS credentials": {Region: "us-east-1", Credentials: aws.CredentialsProviderFunc(nobody)},
	} {
		w := &wire{answers: []answer{fine}}
		options.HTTPClient = w.client().Options().HTTPClient
		store, err := dynamo.NewStore(dynamodb.New(options), nil)
		is.NoErr(err)
		_, err = store.Load(t.Context(), "k")
		is.True(errors.Is(err, driver.ErrUnavailable))
		is.True(strings.Contains(err.Error(), want))

		err = store.Create(t.Context(), record())
		check(t, err, driver.ErrUnavailable) // nothing was sent: its outcome is known
		is.True(strings.Contains(err.Error(), want))
		is.Equal(len(w.sent), 0)
	}
}

// nobody has credentials: what a machine without a role says.
func nobody(context.Context) (aws.Credentials, error) {
	return aws.Credentials{}, errors.New("no EC2 IMDS role found")
}
