package engine

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/dynasession/dynasession/dynamo"
)

// NewTable creates a table of this test's alone, as [dynamo.CreateTable] does, and returns its name.
func NewTable(t testing.TB) string {
	t.Helper()
	client, table := Client(t), Table(t)
	if err := dynamo.CreateTable(t.Context(), client, table); err != nil {
		t.Fatal(err)
	}
	return table
}

// Store returns a [dynamo.Store] on the table, with a client of its own. The functions may change every option of the client.
func Store(t testing.TB, table string, optFns ...func(*dynamodb.Options)) *dynamo.Store {
	t.Helper()
	store, err := dynamo.NewStore(Client(t, optFns...), &dynamo.Config{Table: table})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// Count returns how many sessions the table has, rosters and what others keep there not counted.
func Count(t testing.TB, table string) int {
	t.Helper()
	count := 0
	for pages := dynamodb.NewScanPaginator(Client(t), &dynamodb.ScanInput{
		TableName: &table, ConsistentRead: new(true), FilterExpression: new("attribute_exists(idle_timeout)"),
	}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		count += int(page.Count)
	}
	return count
}
