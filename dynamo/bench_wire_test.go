package dynamo_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// canned is a connection at whose other end there is nobody: each request, which comes in one write, is answered by the same
// bytes at once. So a benchmark runs the whole of net/http's client, and no network.
type canned struct {
	net.Conn // none; only what is overwritten is called
	answer   []byte
	due      chan struct{} // one for each request that was written
	closed   chan struct{}
	once     sync.Once
	rest     bytes.Reader
}

func newCanned(body string) *canned {
	return &canned{
		answer: fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n%s", len(body), body),
		due:    make(chan struct{}, 1), closed: make(chan struct{}),
	}
}

func (c *canned) Write(p []byte) (int, error) {
	c.due <- struct{}{}
	return len(p), nil
}

func (c *canned) Read(p []byte) (int, error) {
	if c.rest.Len() == 0 {
		select {
		case <-c.due:
			c.rest.Reset(c.answer)
		case <-c.closed:
			return 0, net.ErrClosed
		}
	}
	return c.rest.Read(p)
}

func (c *canned) Close() error                     { c.once.Do(func() { close(c.closed) }); return nil }
func (c *canned) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *canned) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *canned) SetDeadline(time.Time) error      { return nil }
func (c *canned) SetReadDeadline(time.Time) error  { return nil }
func (c *canned) SetWriteDeadline(time.Time) error { return nil }

// cannedClient returns a client that gets body as the answer to every request.
func cannedClient(body string) *dynamodb.Client {
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return newCanned(body), nil }}
	return dynamodb.New(dynamodb.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("x", "x", ""),
		HTTPClient: &http.Client{Transport: transport}, BaseEndpoint: aws.String("http://dynamodb.test"),
	})
}
