package dynamo_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
)

// noAWS hides this machine's AWS configuration.
func noAWS(t *testing.T) {
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent/config")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func TestOpenForAnEngineOnThisMachineNeedsNothing(t *testing.T) {
	is := is.New(t)
	noAWS(t)
	for _, endpoint := range []string{"http://127.0.0.1:8000", "http://localhost:8000", "http://LocalHost:8000", "http://[::1]:8000", "https://127.0.0.2"} {
		client, err := dynamo.NewClient(t.Context(), &dynamo.OpenConfig{Endpoint: endpoint})
		is.NoErr(err)
		is.Equal(client.Options().Region, "us-east-1")
		is.Equal(*client.Options().BaseEndpoint, endpoint)
		creds, err := client.Options().Credentials.Retrieve(t.Context())
		is.NoErr(err)
		is.Equal(creds.AccessKeyID, "local")
	}
}

// Nor does it need anything else if the environment or a profile names the engine.
func TestOpenForAnEngineThatTheEnvironmentNames(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "config")
	is.New(t).NoErr(os.WriteFile(profile, []byte("[default]\nendpoint_url = http://127.0.0.1:8000\n"), 0o600))
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:8000", "AWS_ENDPOINT_URL": "http://127.0.0.1:8000", "AWS_CONFIG_FILE": profile,
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			noAWS(t)
			t.Setenv(name, value)
			client, err := dynamo.NewClient(t.Context(), nil)
			is.NoErr(err)
			is.Equal(client.Options().Region, "us-east-1")
			is.Equal(*client.Options().BaseEndpoint, "http://127.0.0.1:8000")
			creds, err := client.Options().Credentials.Retrieve(t.Context())
			is.NoErr(err)
			is.Equal(creds.AccessKeyID, "local")

			client, err = dynamo.NewClient(t.Context(), &dynamo.OpenConfig{Region: "eu-west-1", Endpoint: "http://dynamodb.invalid"})
			is.NoErr(err)
			is.Equal(*client.Options().BaseEndpoint, "http://dynamodb.invalid")
			_, err = client.Options().Credentials.Retrieve(t.Context())
			is.True(err != nil)
		})
	}
}

func TestOpenUsesTheEnvironmentWhereThereIsOne(t *testing.T) {
	is := is.New(t)
	noAWS(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_REGION", "eu-central-1")
	for _, endpoint := range []string{"", "http://127.0.0.1:8000", "https://dynamodb.eu-west-1.amazonaws.com"} {
		client, err := dynamo.NewClient(t.Context(), &dynamo.OpenConfig{Endpoint: endpoint})
		is.NoErr(err)
		is.Equal(client.Options().Region, "eu-central-1")
		creds, err := client.Options().Credentials.Retrieve(t.Context())
		is.NoErr(err)
		is.Equal(creds.AccessKeyID, "AKIDEXAMPLE")
	}
	client, err := dynamo.NewClient(t.Context(), &dynamo.OpenConfig{Region: "eu-west-1"})
	is.NoErr(err)
	is.Equal(client.Options().Region, "eu-west-1") // the given region wins
}

// Placeholders are used only on this machine: elsewhere they would hide that credentials are
// missing.
func TestOpenInventsNoCredentialsForOthers(t *testing.T) {
	is := is.New(t)
	noAWS(t)
	store, err := dynamo.Open(t.Context(), &dynamo.OpenConfig{Region: "us-east-1", Endpoint: "http://dynamodb.invalid"})
	is.NoErr(err)
	_, err = store.Load(t.Context(), "k")
	is.True(err != nil)
	is.True(strings.Contains(err.Error(), "no AWS credentials: set"))

	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	store, err = dynamo.Open(t.Context(), nil)
	is.NoErr(err)
	_, err = store.Load(t.Context(), "k")
	is.True(err != nil)
	is.True(strings.Contains(err.Error(), "no AWS region: set"))
}

func TestOpenErrorsNameTheField(t *testing.T) {
	is := is.New(t)
	for _, endpoint := range []string{"127.0.0.1:8000", "localhost", "ftp://x", "http://", "::"} {
		_, err := dynamo.Open(t.Context(), &dynamo.OpenConfig{Endpoint: endpoint})
		is.True(err != nil)
		is.True(strings.Contains(err.Error(), "OpenConfig.Endpoint: must be a URL such as http://127.0.0.1:8000"))
	}
	for _, timeout := range []time.Duration{-time.Second, 1, 9 * time.Millisecond} { // a client would wait for ever
		_, err := dynamo.Open(t.Context(), &dynamo.OpenConfig{Timeout: timeout, Endpoint: "http://127.0.0.1:1"})
		is.True(err != nil && strings.Contains(err.Error(), "OpenConfig.Timeout"))
		_, err = dynamo.NewClient(t.Context(), &dynamo.OpenConfig{Timeout: timeout, Endpoint: "http://127.0.0.1:1"})
		is.True(err != nil && strings.Contains(err.Error(), "must be at least 10ms"))
	}
}

// Otherwise the client of Open is AWS's: it uses the environment's certificates, for example.
func TestOpenAWS_ReadsTheSharedConfiguration(t *testing.T) {
	is := is.New(t)
	noAWS(t)
	t.Setenv("AWS_CA_BUNDLE", "/nonexistent/bundle.pem")
	_, err := dynamo.NewClient(t.Context(), &dynamo.OpenConfig{Endpoint: "http://127.0.0.1:8000"})
	is.True(err != nil)
}
