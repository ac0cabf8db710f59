package dynamo

import (
	"context"
	"reflect"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
)

// endpoints is a resolver that remembers where the last call went. The calls of a store go to one place, and the SDK works it out anew for
// each, by rules that take a microsecond. What is remembered holds for the same parameters and for the
// SDK's own rules only: a resolver of the application's is asked each time, since it may answer differently. It is safe for concurrent use.
type endpoints struct {
	rules dynamodb.EndpointResolverV2 // the SDK's
	last  atomic.Pointer[place]
}

func newEndpoints() *endpoints { return &endpoints{rules: dynamodb.NewDefaultEndpointResolverV2()} }

type place struct {
	asked    question
	endpoint smithyendpoints.Endpoint // shared, and read only: the SDK copies what it changes
}

// question is what the SDK's rules decide by. A parameter that isn't given differs from one that is empty.
type question struct {
	region, endpoint, account, mode, table optional[string]
	dualStack, fips, search                optional[bool]
}

type optional[T comparable] struct {
	value T
	given bool
}

func optionally[T comparable](p *T) optional[T] {
	if p == nil {
		return optional[T]{}
	}
	return optional[T]{*p, true}
}

// questionOf returns what params ask, and whether that is all of it.
func questionOf(params *dynamodb.EndpointParameters) (q question, whole bool) {
	return question{
		region: optionally(params.Region), endpoint: optionally(params.Endpoint), account: optionally(params.AccountId),
		mode: optionally(params.AccountIdEndpointMode), table: optionally(params.ResourceArn),
		dualStack: optionally(params.UseDualStack), fips: optionally(params.UseFIPS), search: optionally(params.IsSearchOperation),
	}, knownParameters && params.ResourceArnList == nil
}

// knownParameters is false if the SDK that the application links decides by more than this package knows of. Then nothing is remembered.
var knownParameters = reflect.TypeFor[dynamodb.EndpointParameters]().NumField() == reflect.TypeFor[question]().NumField()+1

// remember puts e in the place of the client's resolver, if that is the SDK's, whose type has no name.
func (e *endpoints) remember(o *dynamodb.Options) {
	if reflect.TypeOf(o.EndpointResolverV2) == reflect.TypeOf(e.rules) {
		o.EndpointResolverV2 = e
	}
}

// ResolveEndpoint is what the SDK asks at each attempt. Transactions name several tables, and are not remembered.
func (e *endpoints) ResolveEndpoint(ctx context.Context, params dynamodb.EndpointParameters) (smithyendpoints.Endpoint, error) {
	q, whole := questionOf(&params)
	if !whole {
		return e.rules.ResolveEndpoint(ctx, params)
	}
	if last := e.last.Load(); last != nil && last.asked == q {
		return last.endpoint, nil
	}
	endpoint, err := e.rules.ResolveEndpoint(ctx, params)
	if err == nil {
		e.last.Store(&place{q, endpoint})
	}
	return endpoint, err
}
