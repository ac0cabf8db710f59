package dynamo

import (
	"context"
	"sync/atomic"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
)

// endpoints resolves endpoints as the SDK does, and remembers the last one. All calls of a store go
// to the same endpoint, but the SDK's rules work it out for each attempt, which takes a twentieth
// of the time that a call takes. It is safe for concurrent use.
type endpoints struct {
	rules dynamodb.EndpointResolverV2 // the SDK's
	last  atomic.Pointer[resolved]
}

// newEndpoints takes the rules of a client that has been given none.
func newEndpoints() *endpoints {
	return &endpoints{rules: dynamodb.New(dynamodb.Options{}).Options().EndpointResolverV2}
}

// remember replaces the client's rules, if they are the SDK's. Those are a pointer to an empty
// struct, the same for all clients. If that changes, no client's rules are equal to them and the
// endpoint is resolved for each attempt. An application's own resolver always is asked.
func (e *endpoints) remember(o *dynamodb.Options) {
	if o.EndpointResolverV2 == e.rules {
		o.EndpointResolverV2 = e
	}
}

// ResolveEndpoint implements [dynamodb.EndpointResolverV2].
func (e *endpoints) ResolveEndpoint(ctx context.Context, p dynamodb.EndpointParameters) (smithyendpoints.Endpoint, error) {
	asked := parameters{
		valueOf(p.Region), valueOf(p.Endpoint), valueOf(p.AccountId), valueOf(p.AccountIdEndpointMode), valueOf(p.ResourceArn),
		valueOf(p.UseDualStack), valueOf(p.UseFIPS), valueOf(p.IsSearchOperation),
	}
	if last := e.last.Load(); last != nil && last.asked == asked && p.ResourceArnList == nil {
		return last.endpoint, nil
	}
	endpoint, err := e.rules.ResolveEndpoint(ctx, p)
	if err == nil && p.ResourceArnList == nil && allParameters {
		e.last.Store(&resolved{asked, endpoint})
	}
	return endpoint, err
}

// resolved is an endpoint, which the SDK only reads, and the parameters that it was resolved by.
type resolved struct {
	asked    parameters
	endpoint smithyendpoints.Endpoint
}

// parameters are what [dynamodb.EndpointParameters] point to, without ResourceArnList.
type parameters struct {
	region, endpoint, accountID, accountIDMode, resourceARN optional[string]
	dualStack, fips, search                                 optional[bool]
}

// allParameters reports whether parameters has all there are: 8 pointers and a slice. The SDK that
// an application links may be newer, and resolve by more; then no endpoint is remembered.
const allParameters = unsafe.Sizeof(dynamodb.EndpointParameters{}) == 8*unsafe.Sizeof(uintptr(0))+unsafe.Sizeof([]string{})

type optional[T comparable] struct {
	value T
	given bool
}

func valueOf[T comparable](p *T) optional[T] {
	if p == nil {
		return optional[T]{}
	}
	return optional[T]{*p, true}
}
