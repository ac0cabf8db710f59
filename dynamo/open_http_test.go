package dynamo_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
)

// opened returns the transport of the client that Open makes.
func opened(t *testing.T, timeout time.Duration) *http.Transport {
	t.Helper()
	noAWS(t)
	client, err := dynamo.NewClient(t.Context(), &dynamo.OpenConfig{Endpoint: "http://127.0.0.1:8000", Timeout: timeout})
	is.New(t).NoErr(err)
	return client.Options().HTTPClient.(*awshttp.BuildableClient).GetTransport()
}

// These are what the comment of NewClient and docs/operations.md say.
func TestOpenHTTP_IsAsDocumented(t *testing.T) {
	is := is.New(t)
	transport := opened(t, 0)
	is.Equal(transport.MaxIdleConns, 256)
	is.Equal(transport.MaxIdleConnsPerHost, 256)
	is.Equal(transport.IdleConnTimeout, 90*time.Second)
	is.Equal(transport.TLSHandshakeTimeout, time.Second)
	is.Equal(transport.ResponseHeaderTimeout, dynamo.DefaultTimeout/2)
	is.True(transport.DisableCompression)
	is.Equal(opened(t, 500*time.Millisecond).ResponseHeaderTimeout, 250*time.Millisecond)
}

// A connection that has died, and tells nobody, costs half of the call's time and not all of it: the rest is for another attempt.
func TestOpenHTTP_AnAnswerThatDoesNotComeLeavesTimeForAnotherAttempt(t *testing.T) {
	transport := opened(t, 0)
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		dials := 0
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			dials++
			client, server := net.Pipe()
			go serve(server, dials > 1) // the first connection is dead
			return client, nil
		}
		defer transport.CloseIdleConnections()
		store, err := dynamo.NewStore(dynamodb.New(dynamodb.Options{
			Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("x", "x", ""),
			HTTPClient: &http.Client{Transport: transport}, BaseEndpoint: aws.String("http://dynamodb.test"),
		}), nil)
		is.NoErr(err)
		begun := time.Now()
		_, err = store.Load(t.Context(), "k")
		is.NoErr(err)
		is.Equal(dials, 2)
		took := time.Since(begun) // by the bubble's clock
		is.True(took >= dynamo.DefaultTimeout/2)
		is.True(took < dynamo.DefaultTimeout)
		synctest.Wait()                               // until the connection is idle again
		is.NoErr(store.Create(t.Context(), record())) // and the new one goes on being used
		is.Equal(dials, 2)
	})
}

// serve reads requests from a connection, and answers them after a while or never does. An answer that comes before net/http has noticed that
// the request was sent would make it drop the connection, as the SDK closes the request's body then.
func serve(c net.Conn, answers bool) {
	defer c.Close()
	for r := bufio.NewReader(c); ; {
		request, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return
		}
		if answers {
			<-time.After(time.Millisecond)
			body := `{"Item":{` + whole + `}}`
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		}
	}
}
