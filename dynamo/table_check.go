package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
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
		return fmt.Errorf("dynamo: describe table %q: %w", table, advise(err))
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
	if len(table.KeySchema) != 1 || aws.ToString(table.KeySchema[0].AttributeName) != attrID {
		return fmt.Errorf("its key is %s, must be `id` alone: a table's key can't be changed, create another", keyNames(table.KeySchema))
	}
	for _, a := range table.AttributeDefinitions {
		if aws.ToString(a.AttributeName) == attrID && a.AttributeType != types.ScalarAttributeTypeS {
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
		return ttlState{}, fmt.Errorf("dynamo: describe TTL of table %q: %w", table, advise(err))
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
	case ttl.attribute != attrExpires:
		return fmt.Errorf("TTL is on the attribute `%s`, must be on `expires`: disable it, wait an hour, enable it again", ttl.attribute)
	}
	return nil
}
