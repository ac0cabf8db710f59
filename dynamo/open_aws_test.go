package dynamo_test

import (
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
)

// The client of Open is AWS's otherwise: what the environment says of certificates counts, say.
func TestOpenAWS_ReadsTheSharedConfiguration(t *testing.T) {
	is := is.New(t)
	noAWS(t)
	t.Setenv("AWS_CA_BUNDLE", "/nonexistent/bundle.pem")
	_, err := dynamo.NewClient(t.Context(), &dynamo.OpenConfig{Endpoint: "http://127.0.0.1:8000"})
	is.True(err != nil)
}
