package dynamo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
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
		"a proxy":             {proxyRefuses, "look at HTTPS_PROXY, NO_PROXY and the proxy's rules"},
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
		"another region": {refusedWith(400, "ResourceNotFoundException", ""), `table "app_session" does not exist in this account and http://dynamodb.test, or is not ready yet: name the right table or set the right region`},
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

// A failure of whatever issues the credentials is told as such, and not as DynamoDB's: nothing was
// sent, so the outcome of a write is known.
func TestAdvice_CredentialsThatAreNotIssued(t *testing.T) {
	refused := func(service string, status int, err error) error {
		return &smithy.OperationError{ServiceID: service, OperationName: "AssumeRole", Err: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err,
		}}
	}
	for want, err := range map[string]error{
		"no AWS credentials: STS did not issue them":             refused("STS", 500, errors.New("down")),
		"no AWS credentials: SSO did not issue them":             refused("SSO", 400, &types.ResourceNotFoundException{}),
		"no AWS credentials: SSO OIDC did not issue them":        refused("SSO OIDC", 400, &smithy.GenericAPIError{Code: "AccessDeniedException"}),
		"no AWS credentials: signin did not issue them":          refused("signin", 0, io.ErrUnexpectedEOF),
		"no AWS credentials: set AWS_ACCESS_KEY_ID":              refused("ec2imds", 404, errors.New("no role")),
		"no AWS credentials: sign in by `aws sso login`":         errors.New("the SSO session has expired or is invalid"),
		"the AWS credentials did not come in time: look at what": context.DeadlineExceeded,
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			w := &wire{answers: []answer{fine}}
			o := w.client().Options()
			o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, err })
			store, openErr := dynamo.NewStore(dynamodb.New(o), nil)
			is.NoErr(openErr)
			store.WithoutPauses()
			_, got := store.Load(t.Context(), "k")
			check(t, got, driver.ErrUnavailable)
			wants.Text(t, got, want)
			got = store.Create(t.Context(), record())
			check(t, got, driver.ErrUnavailable)
			wants.Text(t, got, want)
			is.Equal(len(w.sent), 0)
		})
	}
}

// A call whose time is up says why its attempts before have failed.
func TestAdvice_WhyTheTimeWasUp(t *testing.T) {
	is := is.New(t)
	w := &wire{answers: []answer{throttledBecause("ThrottlingException", "TableWriteKeyRangeThroughputExceeded"), {hang: true}}}
	store, err := dynamo.NewStore(w.client(), &dynamo.Config{Timeout: 50 * time.Millisecond})
	is.NoErr(err)
	store.WithoutPauses()
	_, err = store.Load(t.Context(), "k")
	check(t, err, driver.ErrUnavailable)
	wants.Err(t, err, context.DeadlineExceeded)
	wants.Text(t, err, "one partition of the table is overloaded")
	wants.Text(t, err, "ThrottlingException")

	w.sent = nil
	err = store.Create(t.Context(), record())
	check(t, err, driver.ErrOutcomeUnknown)
	wants.Text(t, err, "ThrottlingException")
}

// A client that is not the SDK's own does not say which region it calls.
func TestAdvice_WhereIsUnknown(t *testing.T) {
	is := is.New(t)
	w := &wire{answers: []answer{refusedWith(400, "ResourceNotFoundException", "")}}
	store, err := dynamo.NewStore(struct{ dynamo.API }{w.client()}, nil)
	is.NoErr(err)
	_, err = store.Load(t.Context(), "k")
	wants.Text(t, err, `does not exist in this account and region, or is not ready yet: name the right table`)
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
