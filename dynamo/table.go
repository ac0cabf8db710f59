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

// CheckTable returns nil if a [Store] can use the table as it is, else an error that says everything that is wrong with it and
// how to mend that: a key other than `id`, a string, without a sort key; TTL that is off, or on another attribute. It
// changes nothing. It needs dynamodb:DescribeTable and DescribeTimeToLive.
func CheckTable(ctx context.Context, api TableAPI, table string) error {
	if err := checkTableName("table", table); err != nil {
		return fmt.Errorf("dynamo: CheckTable: %w", err)
	}
	out, err := api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		return fmt.Errorf("dynamo: describe table %q: %w", table, advise(err, table, regionOf(api)))
	}
	ttl, err := describeTTL(ctx, api, table)
	if err != nil {
		return err
	}
	if err := errors.Join(checkKey(out.Table), checkTTL(ttl)); err != nil {
		return fmt.Errorf("dynamo: table %q: %w", table, err)
	}
	return nil
}

func checkKey(table *types.TableDescription) error {
	if table == nil {
		return errors.New("DynamoDB described no table")
	}
	if len(table.KeySchema) != 1 || aws.ToString(table.KeySchema[0].AttributeName) != item.IDName {
		return fmt.Errorf("its key is %s, must be `id` alone: a table's key can't be changed, create another", keyNames(table.KeySchema))
	}
	for _, a := range table.AttributeDefinitions {
		if aws.ToString(a.AttributeName) == item.IDName && a.AttributeType != types.ScalarAttributeTypeS {
			return fmt.Errorf("its key `id` is of type %s, must be S: a table's key can't be changed, create another", a.AttributeType)
		}
	}
	return nil
}

func keyNames(schema []types.KeySchemaElement) string {
	names := ""
	for i, k := range schema {
		if i > 0 {
			names += " and "
		}
		names += "`" + aws.ToString(k.AttributeName) + "`"
	}
	return names
}

// ttlState is what TTL deletes by, if it is on.
type ttlState struct {
	on        bool
	attribute string
}

func describeTTL(ctx context.Context, api TableAPI, table string) (ttlState, error) {
	out, err := api.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &table})
	if err != nil {
		return ttlState{}, fmt.Errorf("dynamo: describe TTL of table %q: %w", table, advise(err, table, regionOf(api)))
	}
	d := out.TimeToLiveDescription
	if d == nil {
		return ttlState{}, nil
	}
	on := d.TimeToLiveStatus == types.TimeToLiveStatusEnabled || d.TimeToLiveStatus == types.TimeToLiveStatusEnabling
	return ttlState{on: on, attribute: aws.ToString(d.AttributeName)}, nil
}

func checkTTL(ttl ttlState) error {
	switch {
	case !ttl.on:
		return errors.New("TTL is off, dead sessions stay for ever: enable it on the attribute `expires`, " +
			"by dynamo.CreateTable or aws dynamodb update-time-to-live")
	case ttl.attribute != item.ExpiresName:
		return fmt.Errorf("TTL is on the attribute `%s`, must be on `expires`: disable it, wait an hour, enable it again", ttl.attribute)
	}
	return nil
}

// tableWait bounds how long CreateTable waits for the table: on AWS it takes some seconds. The context may bound it further.
const tableWait = 2 * time.Minute

// CreateTable creates the table of a [Store], billed on demand, with TTL on `expires`, and returns when it can be used. If the
// table exists already, CreateTable switches its TTL on if need be, changes nothing else, and returns the error of
// [CheckTable] if the table does not fit. It is a step of deployment, not of a request.
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
	return CheckTable(ctx, api, table)
}

func createTableInput(table string) *dynamodb.CreateTableInput {
	return &dynamodb.CreateTableInput{
		TableName:            &table,
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String(item.IDName), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String(item.IDName), KeyType: types.KeyTypeHash}},
	}
}

// enableTTL switches TTL on unless it is on already, on whatever attribute: AWS accepts one change an hour.
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
