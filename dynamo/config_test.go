package dynamo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/internal/wants"
)

func TestConfigDefaults(t *testing.T) {
	is := is.New(t)
	for _, cfg := range []*dynamo.Config{nil, {}} {
		w := &wire{answers: []answer{fine}}
		store, err := dynamo.NewStore(w.client(), cfg)
		is.NoErr(err)
		_, err = store.Load(t.Context(), "k")
		is.True(err != nil)
		is.Equal(w.sent[0].body["TableName"], "app_session")
		is.Equal(w.sent[0].body["ConsistentRead"], true)
		is.Equal(store.String(), "dynamo.Store of table app_session")
		is.Equal(store.Name(), "app_session")
	}
}

// Hosts that name a table differently can read each other's sessions.
func TestName_OfATableIsItsARNsToo(t *testing.T) {
	is := is.New(t)
	store, err := dynamo.NewStore((&wire{}).client(), &dynamo.Config{Table: "arn:aws:dynamodb:eu-west-1:123456789012:table/mine"})
	is.NoErr(err)
	is.Equal(store.Name(), "mine")
}

// An ARN must be that of a table in the Region that the client calls: DynamoDB would say only that
// there is no such table.
func TestConfigTable_ARN(t *testing.T) {
	is := is.New(t)
	w := &wire{}
	o := w.client().Options()
	o.BaseEndpoint = nil
	client := dynamodb.New(o)
	for table, want := range map[string]string{
		"arn:aws:dynamodb:us-east-1:123456789012:table/mine": "",
		"arn:aws:dynamodb:eu-west-1:123456789012:table/mine": "dynamo: NewStore: Config.Table: the ARN is of a table in eu-west-1, and the client calls us-east-1: must be the same Region",
		"arn:aws:dynamodb:us-east-1:123456789012:table/":     "Config.Table: must be a table's name or ARN, such as arn:aws:dynamodb:",
		"arn:aws:s3:::bucket":                                "Config.Table: must be a table's name or ARN",
		"arn:aws:dynamodb":                                   "Config.Table: must be a table's name or ARN",
		"arn:aws:dynamodb:::x":                               "Config.Table: must be a table's name or ARN",
	} {
		_, err := dynamo.NewStore(client, &dynamo.Config{Table: table})
		if want == "" {
			is.NoErr(err)
			continue
		}
		wants.Text(t, err, want)
	}
}

func TestConfigIsHeeded(t *testing.T) {
	is := is.New(t)
	w := &wire{answers: []answer{fine}}
	store, err := dynamo.NewStore(w.client(), &dynamo.Config{Table: "mine", EventuallyConsistent: true})
	is.NoErr(err)
	_, err = store.Load(t.Context(), "k")
	is.True(err != nil)
	is.Equal(w.sent[0].body["TableName"], "mine")
	is.Equal(w.sent[0].body["ConsistentRead"], false)
}

func TestConfigErrorsNameFieldAndBound(t *testing.T) {
	is := is.New(t)
	w := &wire{}
	for want, cfg := range map[string]*dynamo.Config{
		"Config.Timeout is -1s: must be at least 10ms": {Timeout: -time.Second},
		"Config.Timeout is 1ms: must be at least 10ms": {Timeout: time.Millisecond},
		"Config.Table has 1025 characters":             {Table: strings.Repeat("t", 1025)},
	} {
		store, err := dynamo.NewStore(w.client(), cfg)
		is.True(err != nil)
		is.True(strings.Contains(err.Error(), want))
		is.True(store == nil)
	}
}
