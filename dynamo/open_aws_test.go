package dynamo_test

import (
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
)

func TestOpenKeepsConnectionsForManyClients(t *testing.T) {
	is := is.New(t)
	noAWS(t)
	client, err := dynamo.NewClient(t.Context(), &dynamo.OpenConfig{Endpoint: "http://127.0.0.1:8000"})
	is.NoErr(err)
	transport := client.Options().HTTPClient.(*awshttp.BuildableClient).GetTransport()
	is.Equal(transport.MaxIdleConnsPerHost, 256)
	is.Equal(transport.MaxIdleConns, 256)
}
