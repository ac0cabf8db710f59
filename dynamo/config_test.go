package dynamo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
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
