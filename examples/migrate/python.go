package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// python stands for the Python service: it makes the calls that dynamodb-session-web makes.
type python struct{ client *dynamodb.Client }

// save stores a session as Python does, under the ID itself, and returns the ID.
func (p *python) save(ctx context.Context, data string) (string, error) {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	id, now := base64.RawURLEncoding.EncodeToString(b), time.Now().UTC()
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	number := func(n int64) types.AttributeValue {
		return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
	}
	at := text(now.Format("2006-01-02T15:04:05.000000+00:00"))
	_, err := p.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(table), Item: map[string]types.AttributeValue{
		"id": text(id), "created": at, "accessed": at, "expires": number(now.Unix() + 7200), "idle_timeout": number(7200),
		"absolute_timeout": number(43200), "data": text(data),
	}})
	return id, err
}

// load returns the data that Python reads under an ID; "" if there is none.
func (p *python) load(ctx context.Context, id string) (string, error) {
	out, err := p.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: aws.String(table), ConsistentRead: aws.Bool(true),
		Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: id}},
	})
	if err != nil {
		return "", err
	}
	data, ok := out.Item["data"].(*types.AttributeValueMemberS)
	if !ok {
		return "", nil
	}
	return data.Value, nil
}
