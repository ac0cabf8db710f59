// Lambda is a function with sessions, behind an API Gateway HTTP API (payload format 2.0) or a
// function URL.
//
//	GOOS=linux GOARCH=arm64 go build -tags lambda.norpc -o bootstrap ./examples/lambda && zip function.zip bootstrap
//
// The environment variable TABLE is the table's name. docs/lambda.md covers the role, timeouts,
// cold starts, and why a function still answers after being frozen for a minute.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"

	"github.com/dynasession/dynasession/dynamo"
)

func main() {
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	// Open the store once, before the first event, so that all invocations of this process
	// share its connections.
	store, err := dynamo.Open(context.Background(), &dynamo.OpenConfig{Table: os.Getenv("TABLE")})
	if err != nil {
		logger.Error("open the store", "error", err)
		os.Exit(1)
	}
	handler, err := newApp(store, logger)
	if err != nil {
		logger.Error("set up the application", "error", err)
		os.Exit(1)
	}
	lambda.Start(httpadapter.NewV2(handler).ProxyWithContext)
}
