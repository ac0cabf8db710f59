package dynamo

import (
	"context"
	"errors"
	"net/url"
	"reflect"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	"github.com/matryer/is"
)

// counted are rules that count their calls and return an endpoint with the region's name.
type counted struct {
	mu  sync.Mutex
	n   int
	err error
}

func (c *counted) ResolveEndpoint(_ context.Context, p dynamodb.EndpointParameters) (smithyendpoints.Endpoint, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return smithyendpoints.Endpoint{URI: url.URL{Scheme: "https", Host: aws.ToString(p.Region) + aws.ToString(p.AccountId)}}, c.err
}

func TestEndpoints_TheSameQuestionIsAskedOnce(t *testing.T) {
	is := is.New(t)
	rules := &counted{}
	c := &endpoints{rules: rules}
	params := func() dynamodb.EndpointParameters { // new pointers each time, as the SDK makes them
		return dynamodb.EndpointParameters{Region: aws.String("eu-west-1"), UseFIPS: aws.Bool(false), AccountIdEndpointMode: aws.String("preferred")}
	}
	for range 3 {
		e, err := c.ResolveEndpoint(t.Context(), params())
		is.NoErr(err)
		is.Equal(e.URI.Host, "eu-west-1")
	}
	is.Equal(rules.n, 1)
}

// If any parameter differs, the rules are called again; nil differs from empty.
func TestEndpoints_AnyOtherQuestionIsAskedAnew(t *testing.T) {
	is := is.New(t)
	is.True(allParameters) // true for the SDK in go.mod
	typ := reflect.TypeFor[dynamodb.EndpointParameters]()
	for i := range typ.NumField() {
		rules := &counted{}
		c := &endpoints{rules: rules}
		ask := func(set any) {
			var p dynamodb.EndpointParameters
			if f := reflect.ValueOf(&p).Elem().Field(i); set != nil {
				f.Set(reflect.ValueOf(set))
			}
			_, err := c.ResolveEndpoint(t.Context(), p)
			is.NoErr(err)
		}
		ask(nil)
		switch typ.Field(i).Type {
		case reflect.TypeFor[*string]():
			ask(aws.String(""))
			ask(aws.String("x"))
		case reflect.TypeFor[*bool]():
			ask(aws.Bool(false))
			ask(aws.Bool(true))
		case reflect.TypeFor[[]string]():
			ask([]string{})
			ask([]string{"x"})
		default:
			t.Fatalf("EndpointParameters.%s is of a type that the test doesn't know", typ.Field(i).Name)
		}
		is.Equal(rules.n, 3) // the parameter makes a difference
		ask(nil)
		is.True(rules.n == 4 || typ.Field(i).Type == reflect.TypeFor[[]string]()) // lists are not remembered
	}
}

func TestEndpoints_AListIsNotRemembered(t *testing.T) {
	is := is.New(t)
	rules := &counted{}
	c := &endpoints{rules: rules}
	for _, list := range [][]string{{"x"}, nil} {
		_, err := c.ResolveEndpoint(t.Context(), dynamodb.EndpointParameters{ResourceArnList: list})
		is.NoErr(err)
	}
	is.Equal(rules.n, 2)
}

func TestEndpoints_AnErrorIsNotRemembered(t *testing.T) {
	is := is.New(t)
	rules := &counted{err: errors.New("no such region")}
	c := &endpoints{rules: rules}
	for range 2 {
		_, err := c.ResolveEndpoint(t.Context(), dynamodb.EndpointParameters{})
		is.True(err != nil)
	}
	is.Equal(rules.n, 2)
}

// An application's resolver may return another endpoint the next time, so it is called each time.
func TestEndpoints_OnlyTheSDKsOwnRulesAreRemembered(t *testing.T) {
	is := is.New(t)
	e, own := newEndpoints(), &counted{}
	o := dynamodb.New(dynamodb.Options{Region: "us-east-1", EndpointResolverV2: own}).Options()
	e.remember(&o)
	is.Equal(o.EndpointResolverV2, own)

	o = dynamodb.New(dynamodb.Options{Region: "us-east-1"}).Options()
	e.remember(&o)
	is.Equal(o.EndpointResolverV2, e) // otherwise each call would resolve its endpoint
	e.remember(&o)
	is.Equal(o.EndpointResolverV2, e)
}

func TestEndpoints_AskedAtTheSameTime(t *testing.T) {
	is := is.New(t)
	shared := &endpoints{rules: &counted{}}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 200 {
				account := string(rune('a' + (i+n)%3))
				e, err := shared.ResolveEndpoint(t.Context(), dynamodb.EndpointParameters{Region: aws.String("r"), AccountId: &account})
				is.NoErr(err)
				is.Equal(e.URI.Host, "r"+account) // never another's
			}
		})
	}
	wg.Wait()
}
