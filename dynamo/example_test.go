package dynamo_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/bench/canned"
	"github.com/dynasession/dynasession/sessions"
)

// engine is a stand-in for DynamoDB, so that the examples run anywhere.
var engine = httptest.NewServer(&canned.Service{})

func ExampleOpen() {
	ctx := context.Background()
	// On AWS the zero config suffices: region, credentials and table have defaults.
	store, err := dynamo.Open(ctx, &dynamo.OpenConfig{Table: "app_session", Endpoint: engine.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	type Cart struct{ Items []string }
	m, err := sessions.New[Cart](store, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := m.CreateAndSave(ctx, Cart{Items: []string{"tea"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	again, err := m.Load(ctx, s.ID().Secret())
	fmt.Println(again.Data.Items, err)
	// Output: [tea] <nil>
}

func ExampleNewStore() {
	ctx := context.Background()
	// An application may change the client, here to make more attempts in its own calls.
	client, err := dynamo.NewClient(ctx, &dynamo.OpenConfig{Endpoint: engine.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	client = dynamodb.New(client.Options(), func(o *dynamodb.Options) { o.RetryMaxAttempts = 10 })
	store, err := dynamo.NewStore(client, &dynamo.Config{Table: "sessions", Timeout: time.Second})
	fmt.Println(store, err)
	// Output: dynamo.Store of table sessions <nil>
}

func ExampleHedge() {
	// A read that takes longer than 30 ms is made a second time, at most one in a hundred.
	store, err := dynamo.Open(context.Background(), &dynamo.OpenConfig{
		Endpoint: engine.URL,
		Hedge:    &dynamo.Hedge{After: 30 * time.Millisecond, MaxExtra: 0.01},
	})
	fmt.Println(store, err)
	// Output: dynamo.Store of table app_session <nil>
}

func ExampleReport() {
	// Inspect returns such a report; a deployment prints it.
	r := dynamo.Report{Table: "app_session", Findings: []dynamo.Finding{
		{Check: dynamo.CheckKey, Verdict: dynamo.Fine, Says: "`id`, a string"},
		{Check: dynamo.CheckTTL, Verdict: dynamo.Wrong, Says: "TTL is off, so dead sessions stay for ever: enable it on the attribute `expires`"},
	}}
	fmt.Print(r)
	fmt.Println(r.OK())

	// Output:
	// ok      key                  `id`, a string
	// wrong   TTL                  TTL is off, so dead sessions stay for ever: enable it on the attribute `expires`
	// false
}

func ExampleStore_Clock() {
	store, err := dynamo.Open(context.Background(), &dynamo.OpenConfig{Endpoint: engine.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	// Before the first response it is this host's clock; afterwards it is right even if that one is
	// wrong.
	fmt.Println(time.Until(store.Clock().Now()).Abs() < time.Second)
	// Output: true
}
