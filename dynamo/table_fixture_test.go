package dynamo_test

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// tables is a service with at most one table, and a log of its changes.
type tables struct {
	table   *types.TableDescription
	ttl     types.TimeToLiveDescription
	created int // how many DescribeTable calls until it is active
	deleted int // how many of them until it is gone, if it is being deleted
	changes []string
	failTTL func(*tables) error
}

func (s *tables) CreateTable(_ context.Context, in *dynamodb.CreateTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error) {
	if s.table != nil {
		return nil, &types.ResourceInUseException{}
	}
	s.changes = append(s.changes, "create "+string(in.BillingMode))
	s.table = &types.TableDescription{TableStatus: types.TableStatusCreating, KeySchema: in.KeySchema, AttributeDefinitions: in.AttributeDefinitions}
	return &dynamodb.CreateTableOutput{TableDescription: s.table}, nil
}

func (s *tables) DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	if s.table == nil {
		return nil, &types.ResourceNotFoundException{}
	}
	if s.table.TableStatus == types.TableStatusDeleting {
		if s.deleted--; s.deleted < 0 {
			s.table = nil
			return nil, &types.ResourceNotFoundException{}
		}
		return &dynamodb.DescribeTableOutput{Table: s.table}, nil
	}
	if s.created--; s.created < 0 && s.table.TableStatus == types.TableStatusCreating {
		s.table.TableStatus = types.TableStatusActive
	}
	return &dynamodb.DescribeTableOutput{Table: s.table}, nil
}

func (s *tables) DescribeTimeToLive(context.Context, *dynamodb.DescribeTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error) {
	ttl := s.ttl
	return &dynamodb.DescribeTimeToLiveOutput{TimeToLiveDescription: &ttl}, nil
}

func (s *tables) UpdateTimeToLive(_ context.Context, in *dynamodb.UpdateTimeToLiveInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateTimeToLiveOutput, error) {
	if s.failTTL != nil {
		return nil, s.failTTL(s)
	}
	spec := in.TimeToLiveSpecification
	s.changes = append(s.changes, "ttl on "+*spec.AttributeName)
	s.ttl = types.TimeToLiveDescription{AttributeName: spec.AttributeName, TimeToLiveStatus: types.TimeToLiveStatusEnabling}
	return &dynamodb.UpdateTimeToLiveOutput{}, nil
}

// existing returns a service that has a table with these keys, and TTL on this attribute; "" means
// off.
func existing(ttl string, typ types.ScalarAttributeType, keys ...string) *tables {
	s := &tables{table: &types.TableDescription{TableStatus: types.TableStatusActive}}
	for _, k := range keys {
		s.table.KeySchema = append(s.table.KeySchema, types.KeySchemaElement{AttributeName: aws.String(k), KeyType: types.KeyTypeHash})
		s.table.AttributeDefinitions = append(s.table.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String(k), AttributeType: typ})
	}
	s.ttl.TimeToLiveStatus = types.TimeToLiveStatusDisabled
	if ttl != "" {
		s.ttl = types.TimeToLiveDescription{AttributeName: aws.String(ttl), TimeToLiveStatus: types.TimeToLiveStatusEnabled}
	}
	return s
}
