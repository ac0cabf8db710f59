package main

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions"
)

// BenchmarkColdStart measures the work of a process before its first response: it reads the
// configuration, makes a client, dials a connection and reads one item. docs/lambda.md has the
// figures.
func BenchmarkColdStart(b *testing.B) {
	endpoint, table := engine.Endpoint(b), engine.NewTable(b)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": endpoint, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
		"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
	} {
		b.Setenv(name, value)
	}
	const id = "WaHnSSou4d5Rq0k11vFGafe4sjMrkwiVhNziIWLLwMc" // a well-formed ID of no session
	ctx := context.Background()

	open := func() (*sessions.Manager[visitor], error) {
		store, err := dynamo.Open(ctx, &dynamo.OpenConfig{Table: table})
		if err != nil {
			return nil, err
		}
		return sessions.New[visitor](store, nil)
	}
	bare := func() (*dynamodb.Client, error) {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, err
		}
		return dynamodb.NewFromConfig(cfg), nil
	}

	b.Run("open/dynasession", func(b *testing.B) {
		for b.Loop() {
			if _, err := open(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open/sdk", func(b *testing.B) {
		for b.Loop() {
			if _, err := bare(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("first read/dynasession", func(b *testing.B) {
		for b.Loop() {
			m, err := open()
			if err != nil {
				b.Fatal(err)
			}
			if _, err := m.Load(ctx, id); !errors.Is(err, sessions.ErrNotFound) {
				b.Fatal(err)
			}
		}
	})
	b.Run("first read/sdk", func(b *testing.B) {
		for b.Loop() {
			client, err := bare()
			if err != nil {
				b.Fatal(err)
			}
			out, err := client.GetItem(ctx, &dynamodb.GetItemInput{
				TableName: &table, ConsistentRead: aws.Bool(true),
				Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: id}},
			})
			if err != nil || out.Item != nil {
				b.Fatal(err)
			}
		}
	})
}
