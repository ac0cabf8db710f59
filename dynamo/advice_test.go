package dynamo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

// throttledBecause is a refusal for these reasons.
func throttledBecause(code string, reasons ...string) answer {
	var list []string
	for _, r := range reasons {
		list = append(list, fmt.Sprintf(`{"reason":%q,"resource":"arn:aws:dynamodb:eu-west-1:123456789012:table/app_session"}`, r))
	}
	member := "ThrottlingReasons"
	if code == "ThrottlingException" {
		member = "throttlingReasons"
	}
	return answer{status: 400, body: fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"Throughput exceeds the current capacity","%s":[%s]}`,
		code, member, strings.Join(list, ","))}
}

// An error that an operator can fix says what to do.
func TestAdvice(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer
		want   string
	}{
		"no table":            {refusedWith(400, "ResourceNotFoundException", ""), "dynamo.CreateTable"},
		"denied":              {refusedWith(400, "AccessDeniedException", ""), "the role must allow dynamodb:GetItem, BatchGetItem, PutItem, UpdateItem and DeleteItem"},
		"unknown credentials": {refusedWith(400, "UnrecognizedClientException", ""), "does not accept the credentials"},
		"expired credentials": {refusedWith(400, "ExpiredTokenException", ""), "does not accept the credentials"},
		"a clock that is wrong": {
			answer{status: 400, body: `{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"Signature expired: 20260301T090000Z is now earlier than 20260301T091500Z"}`},
			"clock is more than 5 minutes off: set it by NTP",
		},
		"a wrong secret": {
			answer{status: 400, body: `{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"The request signature we calculated does not match the signature you provided."}`},
			"does not accept the credentials",
		},
		"no credentials in the request": {refusedWith(400, "MissingAuthenticationTokenException", ""), "does not accept the credentials"},
		"a key that can't be used": {
			answer{status: 400, body: `{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not authorized to perform: kms:Decrypt on the resource"}`},
			"can't use the table's KMS key",
		},
		"another region": {refusedWith(400, "ResourceNotFoundException", ""), `table "app_session" does not exist in this account and http://dynamodb.test: name the right table or set the right region`},
		"a hot partition": {
			throttledBecause("ThrottlingException", "TableWriteKeyRangeThroughputExceeded"), "one partition of the table is overloaded",
		},
		"a maximum": {
			throttledBecause("ThrottlingException", "TableReadMaxOnDemandThroughputExceeded"), "maximum on-demand throughput is reached: raise it",
		},
		"a quota": {
			throttledBecause("RequestLimitExceeded", "TableReadAccountLimitExceeded"), "the account's quota for the throughput of a table is reached",
		},
		"too little capacity": {
			throttledBecause("ProvisionedThroughputExceededException", "NewReasonOfTomorrow", "TableReadProvisionedThroughputExceeded"),
			"the table's provisioned capacity is used up",
		},
		"another key": {
			answer{status: 400, body: `{"__type":"com.amazon.coral.validate#ValidationException","message":"The provided key element does not match the schema"}`},
			"the table's partition key must be `id`",
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			store, _ := newStore(t, c.answer)
			_, err := store.Load(t.Context(), "k")
			wants.Err(t, err, driver.ErrUnavailable)
			is.True(strings.Contains(err.Error(), c.want))
			// Writes too.
			is.True(strings.Contains(store.Create(t.Context(), record()).Error(), c.want))
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
		wants.Err(t, err, driver.ErrUnavailable)
		is.True(strings.Contains(err.Error(), want))

		err = store.Create(t.Context(), record())
		check(t, err, driver.ErrUnavailable) // nothing was sent, so the outcome is known
		is.True(strings.Contains(err.Error(), want))
		is.Equal(len(w.sent), 0)
	}
}

// A client that is not the SDK's own does not say which region it calls.
func TestAdvice_WhereIsUnknown(t *testing.T) {
	is := is.New(t)
	w := &wire{answers: []answer{refusedWith(400, "ResourceNotFoundException", "")}}
	store, err := dynamo.NewStore(struct{ dynamo.API }{w.client()}, nil)
	is.NoErr(err)
	_, err = store.Load(t.Context(), "k")
	wants.Text(t, err, `does not exist in this account and region: name the right table`)
}

// nobody is a credentials provider like that of a machine without a role.
func nobody(context.Context) (aws.Credentials, error) {
	return aws.Credentials{}, errors.New("no EC2 IMDS role found")
}

// A store warns once about a table without TTL, after its first write of any kind.
func TestAdvice_NoTTL(t *testing.T) {
	const off, on, elsewhere = `{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}`,
		`{"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"expires"}}`,
		`{"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"ttl"}}`
	for name, c := range map[string]struct {
		answer answer
		want   string
	}{
		"off":       {ok(off), "TTL is off, so dead sessions stay for ever: enable it"},
		"elsewhere": {ok(elsewhere), "TTL is on the attribute `ttl`, must be on `expires`"},
		"on":        {ok(on), ""},
		"denied":    {refusedWith(400, "AccessDeniedException", ""), ""},
		"lost":      {cut, ""},
	} {
		for op, write := range writes {
			t.Run(name+" "+op, func(t *testing.T) {
				is := is.New(t)
				var log bytes.Buffer
				w := &wire{answers: []answer{fine, fine, c.answer, fine}}
				store, err := dynamo.NewStore(w.client(), &dynamo.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
				is.NoErr(err)
				_, err = store.Load(t.Context(), "k")
				check(t, err, driver.ErrNotFound)
				for range 3 {
					_ = write(t.Context(), store)
				}
				is.Equal(len(w.sent), 5) // a read, three writes, and one question
				is.Equal(w.sent[2].operation, "DescribeTimeToLive")
				is.True(strings.Contains(log.String(), c.want))
				is.Equal(strings.Count(log.String(), "\n") == 1, c.want != "")
			})
		}
	}
}
