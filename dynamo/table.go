package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/dynamo/internal/item"
)

// tableWait bounds how long CreateTable waits for the table: on AWS it takes some seconds. The
// context may bound it further.
const tableWait = 2 * time.Minute

// CreateTable creates the table of a [Store], billed on demand, with TTL on `expires`, and waits
// until it is ready. If the table exists already, CreateTable enables its TTL if necessary, changes
// nothing else, and returns an error if its key or TTL attribute is wrong. Call it when deploying,
// not when serving.
func CreateTable(ctx context.Context, api TableAPI, table string) error {
	if err := checkTableName("table", table); err != nil {
		return fmt.Errorf("dynamo: CreateTable: %w", err)
	}
	_, err := api.CreateTable(ctx, createTableInput(table))
	var exists *types.ResourceInUseException
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("dynamo: create table %q: %w", table, advise(err, table, regionOf(api)))
	}
	waiter := dynamodb.NewTableExistsWaiter(api, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 100*time.Millisecond, 5*time.Second
	})
	if err := waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &table}, tableWait); err != nil {
		return fmt.Errorf("dynamo: wait for table %q: %w", table, err)
	}
	if err := enableTTL(ctx, api, table); err != nil {
		return err
	}
	r, err := Inspect(ctx, api, table)
	if err != nil {
		return err
	}
	return r.wrong(CheckKey, CheckTTL)
}

func createTableInput(table string) *dynamodb.CreateTableInput {
	return &dynamodb.CreateTableInput{
		TableName:            &table,
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String(item.IDName), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String(item.IDName), KeyType: types.KeyTypeHash}},
	}
}

// enableTTL switches TTL on unless it is on already, on whatever attribute: AWS accepts one change
// an hour.
func enableTTL(ctx context.Context, api TableAPI, table string) error {
	ttl, err := describeTTL(ctx, api, table)
	if err != nil {
		return err
	}
	if ttl.on {
		return nil
	}
	_, err = api.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: &table,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(item.ExpiresName), Enabled: aws.Bool(true),
		},
	})
	if err == nil {
		return nil
	}
	// Another deployment may have been faster: what counts is that it is on.
	if ttl, again := describeTTL(ctx, api, table); again == nil && ttl.on {
		return nil
	}
	return fmt.Errorf("dynamo: enable TTL of table %q: %w", table, err)
}

func describeTTL(ctx context.Context, api ttlAPI, table string) (ttlState, error) {
	out, err := api.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &table})
	if err != nil {
		return ttlState{}, fmt.Errorf("dynamo: describe TTL of table %q: %w", table, advise(err, table, regionOf(api)))
	}
	return ttlOf(out), nil
}

// maxTableName is the length of the longest table ARN that DynamoDB takes.
const maxTableName = 1024

func checkTableName(field, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%s is empty: must name a table", field)
	case len(name) > maxTableName:
		return fmt.Errorf("%s has %d characters: must have at most %d", field, len(name), maxTableName)
	}
	return nil
}

func ttlOf(out *dynamodb.DescribeTimeToLiveOutput) ttlState {
	d := out.TimeToLiveDescription
	if d == nil {
		return ttlState{}
	}
	on := d.TimeToLiveStatus == types.TimeToLiveStatusEnabled || d.TimeToLiveStatus == types.TimeToLiveStatusEnabling
	return ttlState{on: on, attribute: aws.ToString(d.AttributeName)}
}
